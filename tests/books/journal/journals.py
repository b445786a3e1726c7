"""Booked lines and charts made by hand, and a reader of each form that knows none of its code."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from beancount import loader

from everyline import config
from everyline.books.journal import FORMS
from everyline.books.journal.chart import Chart, chart
from everyline.books.journal.entries import Asked, Document, Made, journal
from everyline.books.journal.form import written
from everyline.books.lines import Line

CLOSED_ON = date(2026, 11, 5)

ACCOUNTS = """\
team,legal_entity,cost_centre,account_model,account_platform,account_data,valid_from,valid_to
search,INC,100,6401,6402,6403,,2026-10-01
search,INC,110,6401,6402,6403,2026-10-01,
support,GMBH,200,6401,6402,6403,,
ops,INC,900,6401,6402,,,
"""
TEAMS = "value,successor,valid_from,valid_to\nsearch,,,\nsupport,,,\nops,,,\nnew,,,\n"

BETWEEN = ", between: {payer: INC, due_to: '2100', due_from: '1300'}"
CSV_HOSTILE = '=HYPERLINK("http://example.com", "x");\tné\n-2'


def made_chart(
    folder: Path,
    accounts: str = ACCOUNTS,
    teams: str = TEAMS,
    *,
    cost: str = "EffectiveCost",
    between: str = "",
) -> Chart:
    """The chart of a project with these two files."""
    text = f"""\
organisation: Acme
taxonomy:
  team: {{required: true, tags: [team], values: teams.csv}}
  product: {{tags: [product]}}
chargeback:
  cost: {cost}
  journal: {{accounts: accounts.csv, clearing: "6400", format: netsuite{between}}}
"""
    for name, content in (
        ("everyline.yaml", text),
        ("accounts.csv", accounts),
        ("teams.csv", teams),
    ):
        (folder / name).write_text(content, encoding="utf-8")
    loaded = config.load(folder)
    assert loaded.configuration is not None, loaded.problems
    assert not loaded.problems
    found = chart(loaded.configuration)
    assert found is not None
    return found


def line(
    owner: str | None,
    effective: str,
    billed: str | None = None,
    *,
    currency: str = "USD",
    layer: str = "model",
    corrects: str | None = None,
    basis: str = "invoiced",
) -> Line:
    """A line booked in October; exact and rounded amounts are the same."""
    costs = Decimal(billed if billed is not None else effective), Decimal(effective)
    return Line(
        "2026-10",
        corrects,
        currency,
        basis,
        () if owner is None else (("product", "p"), ("team", owner)),
        "unallocated" if owner is None else "direct",
        None,
        layer,
        "OpenAI",
        "OpenAI",
        "OpenAI API",
        *costs,
        *costs,
    )


def october(chart: Chart, *lines: Line, lines_max: int | None = None) -> Made:
    """The journal of October."""
    return journal(lines, chart, Asked("2026-10", lines_max))


def shown(document: Document) -> list[tuple[str, str, str, str]]:
    """Account, cost centre, debit and credit of each posting."""
    return [
        (p.account, p.cost_centre or "", document.debit(p), document.credit(p))
        for p in document.postings
    ]


class Cell(NamedTuple):
    """A line of a journal as a system would read it; `batch` where the system knows such."""

    document: str
    entity: str
    day: str
    currency: str
    account: str
    cost_centre: str
    debit: Decimal
    credit: Decimal
    batch: str = ""


def table(form: str, documents: Sequence[Document]) -> list[dict[str, str]]:
    """The rows of a form, by column, read back from its text."""
    text, problems = written(FORMS[form], documents, CLOSED_ON)
    assert problems == []
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def _number(text: str) -> Decimal:
    return Decimal(text) if text else Decimal(0)


def _generic(row: dict[str, str]) -> Cell:
    amounts = _number(row["DebitAmount"]), _number(row["CreditAmount"])
    named = row["Document"], row["LegalEntity"], row["JournalDate"], row["Currency"]
    return Cell(*named, row["AccountNumber"], row["CostCentre"], *amounts)


def _netsuite(row: dict[str, str]) -> Cell:
    of = {name.removeprefix("Journal Entry - Line: "): cell for name, cell in row.items()}
    amounts = _number(of["Debit"]), _number(of["Credit"])
    named = of["External ID"], of["Subsidiary"], of["Date"], of["Currency"]
    return Cell(*named, of["Account"], of["Department"], *amounts)


def _oracle(row: dict[str, str]) -> Cell:
    amounts = _number(row["ENTERED_DR"]), _number(row["ENTERED_CR"])
    day = row["ACCOUNTING_DATE"].replace("/", "-")
    named = row["REFERENCE4"], row["SEGMENT1"], day, row["CURRENCY_CODE"]
    return Cell(*named, row["SEGMENT3"], row["SEGMENT2"], *amounts)


def _dynamics(row: dict[str, str]) -> Cell:
    account, _, centre = row["ACCOUNTDISPLAYVALUE"].partition("-")
    amounts = _number(row["DEBITAMOUNT"]), _number(row["CREDITAMOUNT"])
    named = row["VOUCHER"], "", row["TRANSDATE"], row["CURRENCYCODE"]
    return Cell(*named, account, centre, *amounts, row["JOURNALBATCHNUMBER"])


def _sap(row: dict[str, str]) -> Cell:
    amount = Decimal(row["AMT_DOCCUR"])
    day = date.fromisoformat(row["PSTNG_DATE"]).isoformat()
    named = row["REF_DOC_NO"], row["COMP_CODE"], day, row["CURRENCY"]
    both = max(amount, Decimal(0)), max(-amount, Decimal(0))
    return Cell(*named, row["GL_ACCOUNT"], row["COSTCENTER"], *both)


READERS: dict[str, Callable[[dict[str, str]], Cell]] = {
    "generic": _generic,
    "netsuite": _netsuite,
    "oracle": _oracle,
    "dynamics": _dynamics,
    "sap": _sap,
}


def read_back(form: str, documents: Sequence[Document]) -> list[Cell]:
    """What a system would read."""
    return [READERS[form](row) for row in table(form, documents)]


def errors_in_beancount(cells: Sequence[Cell]) -> list[str]:
    """What beancount, which knows nothing of us, finds wrong with a journal.

    Each document becomes a transaction in accounts of its legal entity, so that beancount balances
    it; and each of those accounts must have the balance that the journal's lines sum to.
    """
    accounts = {cell: f"Assets:X{n}" for n, cell in enumerate(sorted({_account(c) for c in cells}))}
    text = [f"2000-01-01 open {name}" for name in accounts.values()]
    for document in dict.fromkeys(cell.document for cell in cells):
        own = [cell for cell in cells if cell.document == document]
        text.append(f'{own[0].day} * "{document}"')
        text += [f"  {accounts[_account(c)]}  {c.debit - c.credit:f} {c.currency}" for c in own]
    text += _balances(cells, accounts)
    _, errors, _ = loader.load_string("\n".join(text) + "\n")
    return [str(error.message) for error in errors]


def _account(cell: Cell) -> tuple[str, str, str]:
    return cell.entity, cell.account, cell.cost_centre


def _balances(cells: Sequence[Cell], accounts: dict[tuple[str, str, str], str]) -> Iterator[str]:
    sums: dict[tuple[str, str], Decimal] = {}
    for cell in cells:
        key = accounts[_account(cell)], cell.currency
        sums[key] = sums.get(key, Decimal(0)) + cell.debit - cell.credit
    for (account, currency), total in sums.items():
        yield f"2030-01-01 balance {account}  {total:f} ~ 0 {currency}"
