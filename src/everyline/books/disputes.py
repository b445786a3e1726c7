"""Disputes: `books/disputes.csv`, which people write; read and checked, and no part of the chain.

    who,period,owner,charge,rule,BillingCurrency,amount,reason,state,settled_by

A row says who objects to what: a charge (x_ChargeId, or how it begins) or a rule (an entry of
`owners`, a trace or a pool). `state` is open, settled or withdrawn. What is settled says by what:
the rule that was written, or the row of a registry, `owners/keys.csv:12`.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from everyline.books.read import FOLDER
from everyline.config.cells import (
    CURRENCY,
    MONTH,
    amount,
    check_header,
    filled,
    matching,
    not_understood,
)
from everyline.config.configuration import Configuration
from everyline.config.reading import Reading
from everyline.config.rules import OwnerRule
from everyline.problems import Problem

FILE = f"{FOLDER}/disputes.csv"
STATES = ("open", "settled", "withdrawn")

_NEEDED = ("who", "period", "owner", "BillingCurrency", "amount", "reason", "state")
_MORE = ("charge", "rule", "settled_by")
_CHARGE = re.compile("[0-9a-f]{8,64}")


class Dispute(NamedTuple):
    """One objection.

    Attributes:
        place: file and line.
        owner: the value of the lead key whose statement it is.
        charge: x_ChargeId, or how it begins; None where it is about a rule.
        rule: the name of a rule, a trace or a pool, or `file:line` of a registry.
        currency: of `amount`, which is how much is disputed, greater than 0.
        settled_by: what has settled it; None where nothing has.
    """

    place: str
    who: str
    period: str
    owner: str
    charge: str | None
    rule: str | None
    currency: str
    amount: Decimal
    reason: str
    state: str
    settled_by: str | None


def disputes(project: Path, configuration: Configuration) -> tuple[list[Dispute], list[Problem]]:
    """All disputes, in the order of the file, and what is wrong with it; none without a file."""
    reading = Reading(project)
    table = reading.table(FILE) if reading.has(FILE) else None
    rows: list[Dispute] = []
    if table and check_header(table, reading, needed=_NEEDED, more=_MORE):
        rules = set(_rules(configuration))
        found = (_dispute(reading, place, cells) for place, cells in table.named())
        rows = [row for row in found if row]
        for row in rows:
            _check(reading, row, configuration, rules)
    return rows, list(reading.problems)


def _dispute(reading: Reading, place: str, cells: dict[str, str | None]) -> Dispute | None:
    who, owner, reason = (filled(reading, cells, c, place) for c in ("who", "owner", "reason"))
    period = matching(reading, cells, "period", place, form=MONTH)
    currency = matching(reading, cells, "BillingCurrency", place, form=CURRENCY)
    disputed = amount(reading, cells, "amount", place)
    state = cells["state"]
    if disputed is not None and disputed <= 0:
        not_understood(reading, ("amount", cells["amount"]), "greater than 0", place)
    if state not in STATES:
        not_understood(reading, ("state", state), f"one of {', '.join(STATES)}", place)
        return None
    charge, rule, by = (cells.get(name) for name in _MORE)
    if not (who and owner and reason and period and currency and disputed):
        return None
    return Dispute(place, who, period, owner, charge, rule, currency, disputed, reason, state, by)


def _check(reading: Reading, row: Dispute, configuration: Configuration, rules: set[str]) -> None:
    """Notes what does not fit together, or names what the project does not have."""
    if bool(row.charge) == bool(row.rule):
        not_understood(reading, ("charge", row.charge), "filled where `rule` is empty", row.place)
    if row.charge and not _CHARGE.fullmatch(row.charge):
        wanted = "an x_ChargeId, or its first 8 or more characters"
        not_understood(reading, ("charge", row.charge), wanted, row.place)
    if row.rule and not _is_known(reading, row.rule, rules):
        wanted = "the name of a rule, a trace or a pool, or `file:line` of a registry"
        not_understood(reading, ("rule", row.rule), wanted, row.place)
    if (row.state == "settled") != bool(row.settled_by):
        wanted = "filled where `state` is settled, and empty where it is not"
        not_understood(reading, ("settled_by", row.settled_by), wanted, row.place)
    elif row.settled_by and not _is_known(reading, row.settled_by, rules):
        wanted = "the name of a rule, a trace or a pool, or `file:line` of a registry"
        not_understood(reading, ("settled_by", row.settled_by), wanted, row.place)
    values = configuration.lead.values
    if values and row.owner not in values.values:
        wanted = f"a value of `{configuration.lead.name}`"
        not_understood(reading, ("owner", row.owner), wanted, row.place)


def _rules(configuration: Configuration) -> Iterable[str]:
    yield from (entry.rule for entry in configuration.owners if isinstance(entry, OwnerRule))
    yield from (trace.rule for trace in configuration.trace)
    yield from (pool.pool for pool in configuration.pools)


def _is_known(reading: Reading, name: str, rules: set[str]) -> bool:
    """Whether it is a rule, or a line of a CSV of the project; lines count from 1, the header's."""
    if name in rules:
        return True
    file, _, line = name.rpartition(":")
    if ".." in file or not line.isdecimal() or not file.endswith(".csv") or not reading.has(file):
        return False
    table = reading.table(file)
    return table is not None and int(line) in {row.line for row in table.rows}
