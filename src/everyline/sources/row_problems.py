"""What a source says of single rows while it reads them: like things once, with how often.

The landing makes problems of `RowProblems.told` when all rows of a file have been read.
"""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """One thing that can be odd about a row.

    Attributes:
        name: words joined by hyphens, as in the documentation.
        level: `stop` or `warn`.
        sentence: what is wrong, without a full stop; `{}` stands for the subject.
        hint: what to do next.
    """

    name: str
    level: Literal["stop", "warn"]
    sentence: str
    hint: str


@dataclass(slots=True)
class RowProblems:
    """The oddities of one file, in the order in which they were first met.

    Attributes:
        told: as `facts["problems"]` has them: name, level, sentence, line, subject, hint, count.
    """

    told: list[dict[str, object]] = field(default_factory=list)
    _places: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def tell(self, what: RowProblem, line: int, subject: str) -> None:
        """Say `what` of the row at `line`; of equal ones the first line stands."""
        key = (what.name, what.level, subject)
        if key in self._places:
            entry = self.told[self._places[key]]
            entry["count"] = int(str(entry["count"])) + 1
            return
        self._places[key] = len(self.told)
        self.told.append(
            {
                "name": what.name,
                "level": what.level,
                "sentence": what.sentence.format(f"`{subject}`"),
                "line": line,
                "subject": subject,
                "hint": what.hint,
                "count": 1,
            }
        )
