"""What a form of policy gives: files, or the problems why it can't say what is asked."""

from collections.abc import Mapping
from dataclasses import dataclass

from everyline.problems import Problem
from everyline.provisioning.policies.asked import Asked, allowed


@dataclass(frozen=True, slots=True)
class Written:
    """A policy in one language.

    Attributes:
        files: name to text, the one to read first at the front.
        problems: why it can't be written whole, all of level `configuration`; then `files` is
            of no use and must not be handed out.
    """

    files: Mapping[str, str]
    problems: tuple[Problem, ...] = ()


def too_long(what: str, size: int, limit: int, place: str, hint: str) -> Problem:
    """Something exceeds the length that its platform takes; both in characters."""
    return Problem(
        name="policy-too-long",
        level="configuration",
        sentence=f"{what} would have {size:,} characters, and {limit:,} are allowed",
        place=place,
        subject=what,
        hint=hint,
    )


class Speech:
    """How a language spells tag keys and values, and what it can't spell at all.

    Attributes:
        problems: one for each text that was asked for and can't be said.
    """

    def __init__(self, language: str, keys: str, values: str) -> None:
        """Takes the patterns that tag keys and values have to match whole."""
        self.problems: list[Problem] = []
        self._language = language
        self._patterns = {"tag key": keys, "value": values}

    def tag(self, ask: Asked) -> str:
        """The tag key that is asked for, as it is spelt there."""
        return self._said("tag key", ask.tag, ask)

    def values(self, ask: Asked) -> list[str]:
        """The declared values as they are spelt there; none where any text is declared."""
        return [self._said("value", value, ask) for value in ask.values or ()]

    def value(self, text: str, ask: Asked) -> str:
        """One value as it is spelt there."""
        return self._said("value", text, ask)

    def _said(self, kind: str, text: str, ask: Asked) -> str:
        said = allowed(text, self._patterns[kind])
        if said is None:
            self.problems.append(
                Problem(
                    name="policy-cannot-say",
                    level="configuration",
                    sentence=f"{self._language} has no {kind} `{text}` of `{ask.key}`",
                    place=ask.place,
                    subject=text,
                    hint=f"declare a {kind} that matches `{self._patterns[kind]}`",
                )
            )
            return text
        return said
