"""Random booked lines: journals balance, lose nothing, and beancount agrees."""

from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journals import BETWEEN, CLOSED_ON, errors_in_beancount, line, made_chart, october, read_back

from everyline.books.journal import FORMS
from everyline.books.journal.chart import Chart
from everyline.books.journal.entries import Document
from everyline.books.journal.form import written
from everyline.books.lines import Line

OWNERS = {"search": "INC", "support": "GMBH", "ops": "INC"}
DIGITS = {"JPY": 0, "USD": 2, "KWD": 3}


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Chart:
    return made_chart(tmp_path_factory.mktemp("acme"))


@pytest.fixture(scope="module")
def paid(tmp_path_factory: pytest.TempPathFactory) -> Chart:
    """The same, where one legal entity pays for all."""
    return made_chart(tmp_path_factory.mktemp("acme"), between=BETWEEN)


@st.composite
def booked(draw: st.DrawFn, currencies: tuple[str, ...] = tuple(DIGITS)) -> Line:
    """A line of any owner or none, of either sign, in a currency of 0, 2 or 3 decimals."""
    currency = draw(st.sampled_from(currencies))
    figures = st.integers(-(10**9), 10**9) | st.integers(-3, 3)
    effective, billed = (Decimal(draw(figures)).scaleb(-DIGITS[currency]) for _ in range(2))
    return line(
        draw(st.sampled_from([*OWNERS, None])),
        f"{effective:f}",
        f"{billed:f}",
        currency=currency,
        layer=draw(st.sampled_from(["model", "platform"])),
        corrects=draw(st.sampled_from([None, None, "2026-08", "2026-09"])),
        basis=draw(st.sampled_from(["invoiced", "metered", "estimated"])),
    )


lists = st.lists(booked(), max_size=30)
limits = st.sampled_from([2, 3, 10, None])


@given(lists, limits)
def test_documents_balance_and_no_cost_of_an_owner_is_lost(
    chart: Chart, lines: list[Line], lines_max: int | None
) -> None:
    made = october(chart, *lines, lines_max=lines_max)
    assert made.problems == []
    cells = read_back("generic", made.documents)
    sums: defaultdict[str, list[Decimal]] = defaultdict(list)
    for cell in cells:
        assert min(cell.debit, cell.credit) == 0 < max(cell.debit, cell.credit)
        assert (cell.debit + cell.credit).as_tuple().exponent == -DIGITS[cell.currency]
        sums[cell.document].append(cell.debit - cell.credit)
    assert all(sum(amounts) == 0 and len(amounts) >= 2 for amounts in sums.values())
    assert lines_max is None or all(len(amounts) <= lines_max for amounts in sums.values())
    assert len(sums) == len(made.documents)
    assert len({(cell.document, cell.entity, cell.currency) for cell in cells}) == len(sums)

    moved: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for one in lines:
        owner = one.value("team")
        if owner is not None and one.basis != "estimated":
            moved[OWNERS[owner], one.currency] += one.effective_amount
    for cell in cells:
        if cell.account != "6400":
            moved[cell.entity, cell.currency] -= cell.debit - cell.credit
    assert set(moved.values()) <= {Decimal(0)}
    for left in made.left:
        assert left.billed == left.moved + left.unallocated + left.prepaid


@given(lists, st.randoms(use_true_random=False))
def test_the_order_of_lines_changes_no_byte(
    chart: Chart, lines: list[Line], random: object
) -> None:
    def text(lines: list[Line]) -> str:
        return written(FORMS["generic"], october(chart, *lines).documents, CLOSED_ON)[0]

    shuffled = list(lines)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert text(shuffled) == text(lines)


@settings(max_examples=20)
@given(st.lists(booked(currencies=("JPY", "USD")), min_size=1, max_size=30))
def test_beancount_reads_every_form_back_and_it_balances(chart: Chart, lines: list[Line]) -> None:
    for name, form in FORMS.items():
        cells = read_back(name, october(chart, *lines, lines_max=form.lines_max).documents)
        assert errors_in_beancount(cells) == []


@settings(max_examples=20)
@given(lists)
def test_between_entities_what_one_owes_the_other_is_owed(paid: Chart, lines: list[Line]) -> None:
    documents = october(paid, *lines, lines_max=5).documents
    cells = read_back("generic", documents)
    assert errors_in_beancount(cells) == []
    owed: defaultdict[str, Decimal] = defaultdict(Decimal)
    for cell in cells:
        if cell.account in ("1300", "2100"):
            owed[cell.currency] += cell.debit - cell.credit
        assert cell.account != "6400" or cell.entity == "INC"
    assert set(owed.values()) <= {Decimal(0)}


def test_beancount_would_find_a_document_that_does_not_balance(chart: Chart) -> None:
    cells = read_back("generic", october(chart, line("search", "5.00")).documents)
    assert errors_in_beancount(cells) == []
    wrong = [cells[0], cells[1]._replace(credit=Decimal("5.01"))]
    assert errors_in_beancount(wrong) == ["Transaction does not balance: (-0.01 USD)"]


def test_the_same_journal_has_the_same_ids_and_another_month_has_others(chart: Chart) -> None:
    lines = [line("search", "5.00"), line("support", "6.00")]

    def ids(documents: list[Document]) -> list[str]:
        return [document.id for document in documents]

    assert ids(october(chart, *lines).documents) == ids(october(chart, *lines).documents)
    assert len(set(ids(october(chart, *lines * 3, lines_max=2).documents))) == 2
