"""What a source is: the shapes in which a format hands its rows over.

A source turns the bytes of one file into native rows, every cell still as the vendor wrote it, and
says which native column is which of ours. It types nothing, sums nothing and knows no other file;
what must hold between the files of one bill (paging, groupings) it checks in `across`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from everyline.config.sources import Bill
from everyline.problems import Problem
from everyline.sources import cells


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows made in Python, for formats that no engine reads without loss.

    Attributes:
        header: names of the cells of each row.
        rows: cells as text, None where absent; in the order of the file.
        facts: what `across` needs to know of the file.
    """

    header: tuple[str, ...]
    rows: Iterator[Sequence[str | None]]
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Csv:
    """A delimited text file, plain or gzipped, that the engine reads, every cell as text.

    `part` is its name inside the archive it came from, empty where it lies by itself.
    """

    path: Path
    header: tuple[str, ...]
    delimiter: str
    part: str = ""


@dataclass(frozen=True, slots=True)
class Columnar:
    """A Parquet file that the engine reads as it lies."""

    path: Path


Native = Rows | Csv | Columnar


@dataclass(frozen=True, slots=True)
class Naming:
    """Which native column is which of ours.

    Attributes:
        columns: our column (FOCUS or `x_`) to the native one.
        tags: native columns that become entries of Tags under their own names.
        aside: native columns that are neither; they are named in a problem, not read.
    """

    columns: Mapping[str, str]
    tags: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What one file of a bill says of itself, for the checks between files."""

    file: str
    facts: Mapping[str, object]


def _as_they_are(names: Sequence[str], _: Bill) -> Naming:
    return Naming({name: name for name in names})


def _line_under_a_header(_: Path, row: int) -> int:
    return row + 1


def _nothing_to_check(_: Sequence[Facts]) -> list[Problem]:
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format of a bill.

    Attributes:
        name: as `format:` in everyline.yaml spells it.
        title: what it is, in a few words, for the documentation and `init`.
        recognises: whether a file's path and first 64 KiB look like this format.
        read: the native rows of a file, one part or several (an archive); may unpack into the
            folder given last; raises `Unreadable`.
        naming: which native column is which of ours.
        constants: columns that every charge of the format has, whatever the file says.
        natural_key: columns whose equality makes a later row replace an earlier one (R1).
        null_words: cell texts that mean "absent", beside the empty cell.
        across: checks between the files of one bill (R1).
        line: the line of a file at which a row (from 1) stands.
        needed: columns that a row can't do without.
        kind_of: how the cells of one of our columns are read.
    """

    name: str
    title: str
    recognises: Callable[[Path, bytes], bool]
    read: Callable[[Path, Bill, Path], Sequence[Native]]
    naming: Callable[[Sequence[str], Bill], Naming] = _as_they_are
    constants: Mapping[str, str] = field(default_factory=dict)
    natural_key: tuple[str, ...] = ()
    null_words: tuple[str, ...] = ()
    across: Callable[[Sequence[Facts]], list[Problem]] = _nothing_to_check
    line: Callable[[Path, int], int] = _line_under_a_header
    # Other costs are taken from these (R2).
    needed: tuple[str, ...] = ("BilledCost", "BillingCurrency")
    kind_of: Callable[[str], str] = cells.charge_kind
