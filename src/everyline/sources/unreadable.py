"""What a reader of files raises when a file cannot be read in full."""


class Unreadable(Exception):  # noqa: N818
    """A file of the user's that cannot be read in full; the caller makes it a `Problem`.

    This is the one exception for a user's data: a reader that stands deep in a stream has no other
    way to stop. It never names the file, which the caller knows.

    Attributes:
        sentence: what is wrong, values in backticks, without a full stop.
        hint: what to do next; may be empty.
        line: the line or row of the file, from 1, where it is known.
        name: the problem's name.
    """

    def __init__(
        self,
        sentence: str,
        hint: str = "",
        *,
        line: int | None = None,
        name: str = "unreadable-file",
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint
        self.line = line
        self.name = name
