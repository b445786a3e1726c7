"""The lines of a bill as the sources hand them over and the charges stage takes them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BillLines:
    """The lines of one file of a bill, or of several that replace one another.

    Attributes:
        source: the bill's name (x_Source).
        fingerprint: SHA-256 over the bytes of the files and how they are read.
        file: the one x_SourceFile of all lines; None where there are several.
        relation: SQL of a relation, one row a line: `columns`, x_SourceFile, x_SourceRow. Costs and
            quantities are exact decimals or integers, instants are UTC, Tags is the JSON text of an
            object whose values are texts, the rest is text; null is absent.
        columns: FOCUS 1.4 and `x_` columns that it has.
        tag_keys: every key found in Tags, as billed.
        place: file and row to the place that a problem names, `file:line`.
        rounded: column to how many numbers were rounded to 18 decimals and the exact sum lost (R2).
    """

    source: str
    fingerprint: str
    file: str | None
    relation: str
    columns: tuple[str, ...]
    tag_keys: tuple[str, ...]
    place: Callable[[str, int], str]
    rounded: Mapping[str, tuple[int, str]]
