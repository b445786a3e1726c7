"""What a source of telemetry is: the shapes in which it hands over who used how much.

A source turns the bytes of one file into native usage rows, every cell text or None, and says which
native column is which of ours. It types nothing, sums nothing and knows no other file. It reads by
a list of fields that are wanted: prompts, responses and tool arguments are never read.

Rows come in one of two forms:

- *calls*: one row a call (or a count of alike calls), with one column for each name in
  `Telemetry.meters`, for instance `requests`, `input_tokens`, `output_tokens`. `usage` makes a row
  of each that is above 0; `requests` always makes one. A native cost belongs to the `requests` row.
- *amounts*: one row a meter, with `x_Meter`, `x_Unit`, `x_Quantity` and `x_RequestCount`.

Columns of both, all optional but `hour`: `hour` (the instant at which it began, ISO text, UTC; it
is cut to the hour later), ServiceProviderName, SubAccountId, x_CredentialId, x_PrincipalId,
ResourceId, x_Model, x_Tier (null: `standard`), x_RequestCount (null: 0; in calls how many the row
stands for, null: 1), Tags (JSON text of an object), x_EstimatedCost and x_EstimatedCurrency (as the
telemetry states them, R11), and the columns of `natural_key`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from everyline.config.sources import UsageSource
from everyline.problems import Problem
from everyline.sources.format import Columnar, Csv, Facts, Naming, Rows
from everyline.sources.row_problems import RowProblem

METERS: Mapping[str, str] = {
    "requests": "requests",
    "input_tokens": "tokens",
    "cached_input_tokens": "tokens",
    "cache_write_tokens": "tokens",
    "output_tokens": "tokens",
}
"""The disjoint meters of a model call, each with its unit (R11)."""

_KINDS = {
    "hour": "timestamp",
    "x_Quantity": "decimal",
    "x_RequestCount": "decimal",
    "x_EstimatedCost": "decimal",
}


@dataclass(frozen=True, slots=True)
class Query:
    """Rows that the engine makes out of a file, for formats of which there are millions.

    Attributes:
        sql: SELECT of text cells (VARCHAR) under the names of `header`, in the file's order.
        header: as of `Rows`.
        otherwise: SELECT of the same rows, taken where the engine refuses `sql`; empty for none.
        facts: what `across` needs to know of the file.
    """

    sql: str
    header: tuple[str, ...]
    otherwise: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


NativeUsage = Rows | Query | Csv | Columnar


def _as_they_are(names: Sequence[str], _: UsageSource) -> Naming:
    return Naming({name: name for name in names})


def _line_under_a_header(_: Path, row: int) -> int:
    return row + 1


def _nothing_to_check(_: Sequence[Facts]) -> list[Problem]:
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """One format of telemetry.

    Attributes:
        name: as `format:` in everyline.yaml spells it.
        title: what it is, in a few words, for the documentation and `init`.
        recognises: whether a file's path and first 64 KiB look like this format.
        read: the native rows of a file; may unpack into the folder given last; raises `Unreadable`.
            What can't be read of a single row is no error of the file: see `Rows.facts`.
        naming: which native column is which of ours.
        constants: columns that every row of the format has, whatever the file says.
        meters: of *calls*: column to unit; empty for *amounts*.
        natural_key: columns whose equality makes a later row replace an earlier one (R1).
        key_needed: SQL of a row's columns: whether it has a key; rows without one all count.
        across: checks between the files of one source (R1).
        line: the line of a file at which a row (from 1) stands.
        null_words: cell texts that mean "absent", beside the empty cell.
        needed: columns that a row can't do without.
        refused: texts that a `Query` gives for `hour` of rows that it could not read at all, and
            what is to be said of them.
    """

    name: str
    title: str
    recognises: Callable[[Path, bytes], bool]
    read: Callable[[Path, UsageSource, Path], Sequence[NativeUsage]]
    naming: Callable[[Sequence[str], UsageSource], Naming] = _as_they_are
    constants: Mapping[str, str] = field(default_factory=dict)
    meters: Mapping[str, str] = field(default_factory=dict)
    natural_key: tuple[str, ...] = ()
    key_needed: str = "true"
    across: Callable[[Sequence[Facts]], list[Problem]] = _nothing_to_check
    line: Callable[[Path, int], int] = _line_under_a_header
    null_words: tuple[str, ...] = ()
    needed: tuple[str, ...] = ("hour",)
    refused: Mapping[str, RowProblem] = field(default_factory=dict)

    def kind_of(self, column: str) -> str:
        """How the cells of one of our columns are read; all meters are decimals."""
        if column == "Tags":
            return "tags"
        return _KINDS.get(column, "decimal" if column in self.meters else "text")
