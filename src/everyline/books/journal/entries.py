"""Double entry out of the booked lines of a closed month and the chart of accounts (R25).

The issuers' invoices lie on the clearing account. The journal takes from there what has an owner:
debit the owner's cost centre, credit clearing. What has none stays there, and so does what was
billed in this month and belongs to another (BilledCost - EffectiveCost, of prepayments). Amounts
are integers of the currency's minor unit, debits above 0 and credits below.
"""

import calendar
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from everyline.books.journal.chart import Account, Chart, Missing
from everyline.books.lines import Line, digits_of
from everyline.config.configuration import Between
from everyline.problems import Problem

Group = tuple[str, str, str]
"""Legal entity, currency, and the month that is corrected, empty for none."""


class Posting(NamedTuple):
    """One line of a document.

    Attributes:
        cost_centre: None on clearing and between entities.
        owner: the value of the lead key; None likewise.
        units: minor units, never 0: a debit above, a credit below.
        text: what it is, in words.
        place: the row of the chart, or the setting, that names the account.
    """

    account: str
    cost_centre: str | None
    owner: str | None
    units: int
    text: str
    place: str


@dataclass(frozen=True, slots=True)
class Document:
    """A balanced document of one legal entity and currency.

    Attributes:
        id: the same for the same organisation, entity, month, currency and sequence.
        period: the month in which it is booked.
        digits: of the currency's minor unit.
        corrects: the month whose booking it corrects; None for the month's own cost.
        reverses: the id of the first document of that month, where there is one.
    """

    id: str
    entity: str
    period: str
    currency: str
    digits: int
    corrects: str | None
    reverses: str | None
    postings: tuple[Posting, ...]

    @property
    def day(self) -> date:
        """The last day of the month."""
        first = date.fromisoformat(f"{self.period}-01")
        return first.replace(day=calendar.monthrange(first.year, first.month)[1])

    @property
    def title(self) -> str:
        """What the document is, in words."""
        more = f", corrects {self.corrects}" if self.corrects else ""
        return f"AI cost {self.period}{more}"

    def debit(self, posting: Posting, decimals: int = 0) -> str:
        """The amount as text, empty for a credit; with at least so many `decimals`."""
        return self._amount(posting.units, decimals) if posting.units > 0 else ""

    def credit(self, posting: Posting, decimals: int = 0) -> str:
        """The amount as text, empty for a debit; with at least so many `decimals`."""
        return self._amount(-posting.units, decimals) if posting.units < 0 else ""

    def _amount(self, units: int, decimals: int) -> str:
        more = max(decimals - self.digits, 0)
        return f"{amount(units * 10**more, self.digits + more):f}"


class Left(NamedTuple):
    """What a month comes to in one currency, in minor units; billed = moved + all that stays.

    Attributes:
        billed: BilledCost: what the invoices put on the clearing account.
        moved: the cost of owners, which leaves it.
        unallocated: stays, since nobody owns it yet.
        prepaid: stays: BilledCost less the cost that is charged back.
        estimated: cost at list price, which no invoice holds and no journal books; in no sum.
    """

    currency: str
    digits: int
    billed: int
    moved: int
    unallocated: int
    prepaid: int
    estimated: int


class Asked(NamedTuple):
    """Which journal.

    Attributes:
        lines_max: how many lines the importing system takes in a document; None for any number.
        earlier: the legal entities, currencies and closed months that have documents.
    """

    period: str
    lines_max: int | None = None
    earlier: Collection[Group] = ()


class Made(NamedTuple):
    """The documents of a month, what stays on clearing, and what can't be booked."""

    documents: list[Document]
    left: list[Left]
    problems: list[Problem]


def journal(lines: Iterable[Line], chart: Chart, asked: Asked) -> Made:
    """The journal of the month `asked.period`; with a problem its documents lack that cost."""
    lines = list(lines)
    groups, problems = _postings(lines, chart, asked)
    documents = list(_documents(groups, chart, asked))
    left = _left(lines, chart.cost)
    moved = Counter[str]()
    for document in documents:
        moved[document.currency] += sum(p.units for p in document.postings if p.owner is not None)
    assert problems or all(moved[one.currency] == one.moved for one in left), "cost is lost"
    return Made(documents, left, problems)


def own_groups(lines: Iterable[Line], chart: Chart, asked: Asked) -> set[Group]:
    """Whose own cost of a month has documents: legal entity, currency, and the month."""
    groups, _ = _postings([line for line in lines if line.corrects is None], chart, asked)
    return {(entity, currency, asked.period) for entity, currency, _ in groups}


def document_id(organisation: str, entity: str, period: str, currency: str, sequence: int) -> str:
    """The id of a document: `J` and 15 hex digits of the SHA-256 of the five as a JSON array.

    16 characters, which every system takes as a reference; the letter keeps spreadsheets from
    reading it as a number.
    """
    key = [organisation, entity, period, currency, sequence]
    text = json.dumps(key, ensure_ascii=False, separators=(",", ":"))
    return "J" + hashlib.sha256(text.encode()).hexdigest()[:15].upper()


def amount(units: int, digits: int) -> Decimal:
    """Minor units as an amount of the currency; made from text, since arithmetic would round."""
    return Decimal(f"{units}E-{digits}")


def _units(value: Decimal, digits: int) -> int:
    numerator, denominator = value.as_integer_ratio()
    units, rest = divmod(numerator * int(10**digits), denominator)
    assert rest == 0, "a booked amount has parts of a minor unit"
    return units


def _is_moved(line: Line) -> bool:
    """Whether a line has an owner and stands on an invoice."""
    return line.method != "unallocated" and line.basis != "estimated"


def _cost(line: Line, cost: str) -> int:
    """What is charged back of a line, in minor units."""
    value = line.effective_amount if cost == "EffectiveCost" else line.billed_amount
    return _units(value, digits_of(line.currency))


def _postings(
    lines: Sequence[Line], chart: Chart, asked: Asked
) -> tuple[defaultdict[Group, list[Posting]], list[Problem]]:
    """The owners' sides, by group, in a fixed order; and what can't be booked."""
    sums: Counter[tuple[str, str, str, str]] = Counter()
    for line in lines:
        if _is_moved(line):
            owner = line.value(chart.lead.name) or ""
            key = (line.corrects or "", line.currency, owner, line.layer or "none")
            sums[key] += _cost(line, chart.cost)
    groups: defaultdict[Group, list[Posting]] = defaultdict(list)
    missing: Counter[tuple[Missing, str, str]] = Counter()
    for (corrects, currency, owner, layer), units in sorted(sums.items()):
        about = corrects or asked.period
        found = chart.account(owner, layer, about)
        if units and isinstance(found, Account):
            text = f"AI cost {about}: {owner}, {layer}"
            posting = Posting(found.account, found.cost_centre, owner, units, text, found.place)
            groups[found.legal_entity, currency, corrects].append(posting)
        elif units and isinstance(found, Missing):
            missing[found, about, currency] += units
    if chart.between is not None:
        _owe(groups, chart.between, chart.settings.place, asked.period)
    return groups, [_problem(*key, units) for key, units in missing.items()]


def _problem(missing: Missing, about: str, currency: str, units: int) -> Problem:
    return Problem(
        name=missing.name,
        level="configuration",
        sentence=missing.sentence,
        place=missing.place,
        subject=missing.subject,
        period=about,
        currency=currency,
        cost=amount(units, digits_of(currency)),
        hint=missing.hint,
    )


def _owe(
    groups: defaultdict[Group, list[Posting]], between: Between, place: str, period: str
) -> None:
    """Adds to the payer's documents what the other entities owe it."""
    for (entity, currency, corrects), postings in sorted(groups.items()):
        units = sum(posting.units for posting in postings)
        if entity != between.payer and units:
            text = f"AI cost {corrects or period}: due from {entity}"
            owed = Posting(between.due_from, None, None, units, text, place)
            groups[between.payer, currency, corrects].append(owed)


def _documents(
    groups: defaultdict[Group, list[Posting]], chart: Chart, asked: Asked
) -> Iterator[Document]:
    """Documents in order; the month's own cost before corrections, which sets the sequence."""
    sequences: Counter[tuple[str, str]] = Counter()
    for (entity, currency, corrects), postings in sorted(groups.items()):
        for part in _parts(postings, asked.lines_max):
            sequences[entity, currency] += 1
            sequence = sequences[entity, currency]
            first = (entity, currency, corrects) in asked.earlier
            yield Document(
                id=document_id(chart.organisation, entity, asked.period, currency, sequence),
                entity=entity,
                period=asked.period,
                currency=currency,
                digits=digits_of(currency),
                corrects=corrects or None,
                reverses=document_id(chart.organisation, entity, corrects, currency, 1)
                if first
                else None,
                postings=_balanced(part, entity, corrects or asked.period, chart),
            )


def _parts(postings: list[Posting], lines_max: int | None) -> Iterator[list[Posting]]:
    """As many of them at a time as leave room for the line that balances them."""
    size = len(postings) if lines_max is None else lines_max - 1
    for start in range(0, len(postings), size):
        yield postings[start : start + size]


def _balanced(
    postings: list[Posting], entity: str, about: str, chart: Chart
) -> tuple[Posting, ...]:
    """The postings, and the line that balances them, unless they do so themselves."""
    units = sum(posting.units for posting in postings)
    account, what = chart.settings.clearing, "clearing"
    if chart.between is not None and entity != chart.between.payer:
        account, what = chart.between.due_to, f"due to {chart.between.payer}"
    last = Posting(account, None, None, -units, f"AI cost {about}: {what}", chart.settings.place)
    made = (*postings, last) if units else tuple(postings)
    assert sum(posting.units for posting in made) == 0, "a document does not balance"
    return made


def _left(lines: Sequence[Line], cost: str) -> list[Left]:
    """What each currency comes to; the sums are made apart from those of the documents."""
    sums = defaultdict[str, Counter[str]](Counter)
    for line in lines:
        units, of = _cost(line, cost), sums[line.currency]
        if line.basis == "estimated":
            of["estimated"] += units
            continue
        billed = _units(line.billed_amount, digits_of(line.currency))
        of["billed"] += billed
        of["prepaid"] += billed - units
        of["moved" if _is_moved(line) else "unallocated"] += units
    names = Left._fields[2:]
    return [
        Left(currency, digits_of(currency), *(of[name] for name in names))
        for currency, of in sorted(sums.items())
    ]
