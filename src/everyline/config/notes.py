"""Problems noted at a path of the document."""

from datetime import date

from everyline.config.document import WrittenMap, find
from everyline.config.reading import FILE, Reading

Path = tuple[str | int, ...]


class Notes:
    """Notes problems at a path of the document."""

    def __init__(self, document: WrittenMap, reading: Reading) -> None:
        self.document = document
        self.reading = reading

    def at(self, path: Path, *, at_key: bool = False) -> str:
        """`everyline.yaml:LINE:COLUMN` of a path."""
        mark = find(self.document, path, at_key=at_key).mark
        return f"{FILE}:{mark.line}:{mark.column}"

    def note(self, name: str, sentence: str, path: Path, hint: str = "") -> None:
        """Note a problem of what stands at `path`."""
        about = ".".join(map(str, path))
        self.reading.report(name, sentence, self.at(path), about=about, hint=hint)

    def validity(self, path: Path, days: tuple[date | None, date | None], *, monthly: bool) -> None:
        """Note an entry whose days are no span, or, if `monthly`, begin within a month (R10)."""
        start, end = days
        if start and end and start >= end:
            what = f"`valid_to` {end} is not after `valid_from` {start}"
            hint = "`valid_to` is the first day that does not belong any more"
            self.note("empty-validity", what, (*path, "valid_to"), hint)
        for name, day in (("valid_from", start), ("valid_to", end)):
            if monthly and day is not None and day.day != 1:
                what = f"`{name}` is `{day}`, and months are never divided here"
                hint = "give the first day of a month"
                self.note("validity-not-on-first-of-month", what, (*path, name), hint)
