"""Registries: tables from identities to owners, and from telemetry's identities to accounts."""

from dataclasses import dataclass
from typing import NamedTuple

from everyline.config.cells import check_header, note_overlaps, unknown_column, validities
from everyline.config.columns import KNOWN, SUMS, column_type
from everyline.config.reading import Reading
from everyline.config.tables import ALWAYS, VALIDITY, Cells, Table, Validity

ACCOUNT_IDENTITIES = ("ResourceId", "x_CredentialId", "x_Model")
ACCOUNT_COLUMNS = ("ServiceProviderName", "SubAccountId")


class RegistryRow(NamedTuple):
    """One row: the line where it begins, its identity cells, its owner cells, its days.

    The cells stand in the order of the registry's `identities` and `keys`, as written; None is an
    empty cell.
    """

    line: int
    identities: Cells
    owners: Cells
    validity: Validity


@dataclass(frozen=True, slots=True)
class RegistryTable:
    """A CSV from identities to values of taxonomy keys.

    Attributes:
        file: its name, relative to the project.
        identities: the columns that a row must equal, in file order.
        keys: the taxonomy keys that it answers for, in file order.
        rows: in file order.
    """

    file: str
    identities: tuple[str, ...]
    keys: tuple[str, ...]
    rows: tuple[RegistryRow, ...]

    def place(self, row: RegistryRow) -> str:
        """`owners/keys.csv:12`, as `k_rule` names a row."""
        return f"{self.file}:{row.line}"


class AccountRow(NamedTuple):
    """One row of a usage source's `accounts` (R11); None is an empty cell."""

    line: int
    identities: Cells
    ServiceProviderName: str | None
    SubAccountId: str | None


@dataclass(frozen=True, slots=True)
class UsageAccounts:
    """A CSV from what telemetry knows to provider and account.

    Attributes:
        file: its name, relative to the project.
        identities: of ResourceId, x_CredentialId and x_Model those that it has, in file order.
        rows: in file order.
    """

    file: str
    identities: tuple[str, ...]
    rows: tuple[AccountRow, ...]


def read_registry(table: Table, reading: Reading) -> RegistryTable:
    """The registry of a CSV; whether its values are declared is checked later."""
    keys = tuple(name for name in table.header if name in reading.keys)
    identities = tuple(name for name in table.header if name not in (*keys, *VALIDITY))
    for name in identities:
        if column_type(name) is None:
            unknown_column(table, reading, name, (*KNOWN, *reading.keys, *VALIDITY))
        elif name in SUMS:
            hint = "name columns that identify a line, such as `SubAccountId`"
            what = f"{table.file} has the column `{name}`, which is a sum and identifies nothing"
            reading.report("unknown-column", what, table.place(), about=name, hint=hint)
    if not keys:
        reading.report(
            "missing-column",
            f"{table.file} has no column for a taxonomy key, so it gives no owner",
            table.place(),
            about=table.file,
            hint="keys: " + ", ".join(f"`{key}`" for key in reading.keys),
        )
    registry = RegistryTable(table.file, identities, keys, _registry_rows(table, reading, keys))
    _check_identities(registry, table, reading)
    return registry


def _registry_rows(
    table: Table, reading: Reading, keys: tuple[str, ...]
) -> tuple[RegistryRow, ...]:
    validity = validities(table, reading)
    owner_at = [table.header.index(name) for name in keys]
    at = [n for n, name in enumerate(table.header) if name not in (*keys, *VALIDITY)]
    return tuple(
        RegistryRow(
            row.line,
            tuple([row.cells[n] for n in at]),
            tuple([row.cells[n] for n in owner_at]),
            validity(row),
        )
        for row in table.rows
    )


def _check_identities(registry: RegistryTable, table: Table, reading: Reading) -> None:
    if not registry.identities:
        reading.report(
            "registry-without-identity",
            f"{registry.file} has no column that identifies a line",
            table.place(),
            about=registry.file,
            hint="add one, such as `SubAccountId`; for a rule without one use `rule` and `when`",
        )
        return
    for row in registry.rows:
        if not any(row.identities):
            reading.report(
                "registry-without-identity",
                "this row has no identity, so it would own every line",
                registry.place(row),
                about=str(row.line),
                hint="fill one of " + ", ".join(f"`{name}`" for name in registry.identities),
            )
    spans = ((row.identities, row.validity, row.line) for row in registry.rows)
    note_overlaps(table, reading, spans, what="identity")


def read_usage_accounts(table: Table, reading: Reading) -> UsageAccounts:
    """The `accounts` of a usage source."""
    identities = tuple(name for name in table.header if name in ACCOUNT_IDENTITIES)
    more = (*ACCOUNT_COLUMNS, *ACCOUNT_IDENTITIES)
    check_header(table, reading, needed=(), more=more)
    if not set(identities) & {"ResourceId", "x_CredentialId"}:
        needed = "`ResourceId` or `x_CredentialId`"
        _lacks(table, reading, needed)
    if not set(table.header) & set(ACCOUNT_COLUMNS):
        _lacks(table, reading, "`ServiceProviderName` or `SubAccountId`")
    rows = []
    for row, (place, cells) in zip(table.rows, table.named(), strict=True):
        found = tuple(cells[name] for name in identities)
        if not any(found) and identities:
            what = "this row has no identity, so it would be the account of all usage"
            reading.report("registry-without-identity", what, place, about=str(row.line))
        provider, account = (cells.get(name) for name in ACCOUNT_COLUMNS)
        rows.append(AccountRow(row.line, found, provider, account))
    spans = ((row.identities, ALWAYS, row.line) for row in rows)
    note_overlaps(table, reading, spans, what="identity")
    return UsageAccounts(table.file, identities, tuple(rows))


def _lacks(table: Table, reading: Reading, names: str) -> None:
    what = f"{table.file} lacks the column {names}"
    reading.report("missing-column", what, table.place(), about=names)
