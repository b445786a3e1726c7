"""Statements as data: they sum to the relation `statements`, and each of their tables to them."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import made
import stated
from everyline import runs
from everyline.books.close import Facts, book
from everyline.books.lines import stated as stated_lines
from everyline.books.read import Close
from everyline.engines.duckdb import Engine
from everyline.exports import reading
from everyline.exports import statement_words as words
from everyline.exports.statement import (
    ZERO,
    Amount,
    Around,
    Block,
    Dispute,
    Line,
    Row,
    Statement,
    added,
    block,
    total,
)
from everyline.problems import Problem

MONTHS = ("2026-09", "2026-10")


def _figures(rows: Iterable[Row]) -> tuple[Amount, Amount, Amount]:
    listed = list(rows)
    return (
        total(row.now for row in listed),
        total(row.before for row in listed),
        total(row.change for row in listed),
    )


def _assert_ties(one: Block) -> None:
    """Every table of a block sums to its total, exactly."""
    whole = (one.total.now, one.total.before, one.total.change)
    assert _figures(one.changes) == whole
    assert _figures(one.parts) == whole
    assert _figures(way.row for way in one.ways) == whole
    assert total(issuer.effective for issuer in one.issuers) == one.total.now
    assert total(issuer.billed for issuer in one.issuers) == one.billed.now


@pytest.mark.parametrize("name", ["worked", "odd"])
@pytest.mark.parametrize("period", MONTHS)
def test_amounts_are_those_of_the_relation_statements(
    name: str, period: str, request: pytest.FixtureRequest
) -> None:
    project: Path = request.getfixturevalue(name)
    engine = Engine()
    source = stated.sourced(engine, project)
    rows = [row for row in made.rows(engine, source.statements) if row["x_Period"] == period]
    expected: dict[tuple[str, str], list[Decimal]] = {}
    for row in rows:
        sums = expected.setdefault((row["team"], row["BillingCurrency"]), [Decimal(0)] * 4)
        costs = ("x_EffectiveAmount", "EffectiveCost", "x_BilledAmount", "BilledCost")
        expected[row["team"], row["BillingCurrency"]] = [
            before + row[cost] for before, cost in zip(sums, costs, strict=True)
        ]
    found = {
        (owner, one.currency): [*one.total.now, *one.billed.now]
        for owner, statement in reading.statements(source, period).items()
        for one in statement.blocks
        if one.total.now != ZERO
    }
    for (currency, _), (now, _before) in reading.unowned(source, period).items():
        nobodys = expected.pop((None, currency))  # type: ignore[arg-type]
        assert nobodys[:2] == [*now]
    assert found == expected
    engine.close()


def test_every_table_sums_to_the_total_exactly(
    worked_statements: Mapping[str, Statement], odd_statements: Mapping[str, Statement]
) -> None:
    blocks = [
        one
        for statement in [*worked_statements.values(), *odd_statements.values()]
        for one in statement.blocks
    ]
    assert len(blocks) == 2 + 2 * len(stated.HOSTILE) + 1
    for one in blocks:
        _assert_ties(one)


_AMOUNT = st.integers(-(10**12), 10**12)
_LINES = st.lists(
    st.builds(
        lambda names, cents, rest: Line(
            *names,
            *(
                Amount(Decimal(c).scaleb(-2), Decimal(c).scaleb(-2) + r)
                for c, r in zip(cents, rest, strict=True)
            ),
        ),
        st.tuples(
            st.sampled_from([None, "chat", "*"]),
            st.sampled_from(["model", "platform", "data"]),
            st.sampled_from([None, "A", "a"]),
            st.sampled_from(["direct", "traced", "shared"]),
            st.sampled_from([None, "gpu"]),
            st.sampled_from([None, "AWS", "OpenAI"]),
            st.sampled_from(["metered", "invoiced"]),
            st.sampled_from([None, "2026-09"]),
        ),
        st.tuples(_AMOUNT, _AMOUNT, _AMOUNT, _AMOUNT),
        st.tuples(*[st.integers(-(10**15), 10**15).map(lambda n: Decimal(n).scaleb(-18))] * 4),
    ),
    max_size=12,
)


@given(_LINES)
def test_whatever_the_lines_tables_sum_to_the_total(lines: list[Line]) -> None:
    around = Around(words=lambda row: (), issuers={}, near=())
    made_of = block("USD", estimated=False, lines=lines, around=around)
    _assert_ties(made_of)
    assert made_of.total.now == total(line.now for line in lines)
    corrected = total(row.now for row in made_of.corrections)
    assert corrected == total(line.now for line in lines if line.corrects)
    changes = [abs(row.change.shown) for row in made_of.changes]
    assert changes == sorted(changes, reverse=True)


# The worked case


def test_the_worked_case_by_hand(worked_statements: Mapping[str, Statement]) -> None:
    """86.50 = 6.00 traced + 30.00 direct + 32.50 of the cluster + 18.00 of the platform team."""
    search = worked_statements["search"]
    (usd,) = search.blocks
    assert (search.before, search.part_key) == ("2026-09", "service")
    assert usd.total == Row(
        (), Amount(Decimal("86.5"), Decimal("86.5")), Amount(*[Decimal(20)] * 2)
    )
    changes = [(row.names, row.change.shown) for row in usd.changes]
    assert changes == [
        ((None, "platform", "GPU cluster"), Decimal("32.5")),
        ((None, "data", "Observability"), Decimal(18)),
        ((None, "model", "Amazon Bedrock"), Decimal(10)),
        ((None, "model", "OpenAI API"), Decimal(6)),
    ]
    assert [(row.names[1], row.now.shown) for row in usd.parts] == [
        ("model", Decimal(36)),
        ("platform", Decimal("32.5")),
        ("data", Decimal(18)),
    ]
    assert usd.metered.shown == 6
    by_cost = "in proportion to the other cost that each has"
    assert [(way.row.names, way.words) for way in usd.ways] == [
        (("direct", None), ["Found on the line itself: a tag of the bill line."]),
        (("traced", None), ["Split by who used it: rule openai-by-gateway, by tokens used."]),
        (
            ("shared", "gpu-cluster"),
            ["This is 32.5 % of pool gpu-cluster, which is split by seconds used."],
        ),
        (
            ("shared", "ai-platform"),
            [f"This is 90.0 % of pool ai-platform, which is split {by_cost}."],
        ),
    ]
    aws = next(one for one in usd.issuers if one.name == "AWS")
    assert (aws.billed.shown, aws.billed_of_all.shown) == (Decimal("62.5"), Decimal(130))


def test_the_summary_says_how_much_more_and_what_most(
    worked_statements: Mapping[str, Statement],
) -> None:
    search = worked_statements["search"]
    assert words.summary(search, search.blocks[0]) == [
        "66.50 more than in 2026-09 (332.5 %).",
        "The largest change: (no service), platform, GPU cluster, +32.50, which is new.",
        "6.00 of the total is not invoiced yet.",
    ]
    support = worked_statements["support"]
    assert words.summary(support, support.blocks[0])[0] == "Nothing in 2026-09."


def test_near_is_what_nobody_has_where_the_owner_has_cost_of_its_own(
    worked_statements: Mapping[str, Statement],
) -> None:
    """1.00 of OpenAI was not seen. Of the cluster 25.21 is nobody's, but search only shares it."""
    near = [
        (one.service, one.evidence, one.cost) for one in worked_statements["search"].blocks[0].near
    ]
    assert near == [("OpenAI API", "unseen", Amount(Decimal(1), Decimal(1)))]


def test_near_goes_by_the_account_as_well(odd_statements: Mapping[str, Statement]) -> None:
    """3.333 of Models in a1 is nobody's; owners of other accounts don't see it."""
    near = {
        owner: [one.cost.shown for found in statement.blocks for one in found.near]
        for owner, statement in odd_statements.items()
    }
    in_a1 = {owner for n, owner in enumerate(stated.HOSTILE, 1) if n % 3 == 1}
    assert near == {owner: [Decimal("3.33")] if owner in in_a1 else [] for owner in odd_statements}


def test_freshness_is_the_end_of_the_last_hour_of_each_source(
    worked_statements: Mapping[str, Statement],
) -> None:
    fresh = {one.source: (one.kind, one.until) for one in worked_statements["search"].fresh}
    assert fresh == {
        "bill": ("bill", datetime(2026, 11, 1)),  # noqa: DTZ001
        "gateway": ("usage", datetime(2026, 10, 20, 12)),  # noqa: DTZ001
        "gpu": ("usage", datetime(2026, 10, 1, 1)),  # noqa: DTZ001
    }


def test_the_first_month_is_compared_with_nothing(worked: Path) -> None:
    search = stated.statements(worked, "2026-09")["search"]
    assert search.before is None
    assert words.summary(search, search.blocks[0]) == ["There is no earlier month to compare with."]
    assert all(one.kind == "bill" for one in search.fresh)


def test_cost_that_ended_still_has_a_statement(odd_statements: Mapping[str, Statement]) -> None:
    (usd,) = odd_statements["gone"].blocks
    assert usd.total.now == ZERO
    assert usd.total.before.shown == 5
    assert "which has ended" in " ".join(words.summary(odd_statements["gone"], usd))


# Closed months and objections


def test_a_closed_month_is_told_as_it_was_booked(tmp_path: Path) -> None:
    project = stated.worked(tmp_path)
    _close(project, "2026-10")
    bill = project / "bills" / "bill.csv"
    bill.write_text(bill.read_text("utf-8").replace("USD,30,", "USD,33,"), encoding="utf-8")
    made.run(project)
    search = stated.statements(project)["search"]
    assert search.blocks[0].total.now.shown == Decimal("86.5")
    assert search.closed == "2026-11-05"
    assert words.standing(search).startswith("Closed on 2026-11-05")
    before = stated.statements(project, "2026-09")["search"]
    assert before.closed is None
    assert before.blocks[0].total.now.shown == 20


def test_a_correction_is_told_in_the_month_that_books_it(tmp_path: Path) -> None:
    """3.00 more of Bedrock in September is booked with October: 86.50 + 3.00."""
    project = stated.worked(tmp_path)
    _close(project, "2026-09")
    bill = project / "bills" / "bill.csv"
    bill.write_text(
        bill.read_text("utf-8").replace("10-01,USD,20,", "10-01,USD,23,"), encoding="utf-8"
    )
    made.run(project)
    _close(project, "2026-10")
    search = stated.statements(project)["search"]
    (usd,) = search.blocks
    assert [(row.names, row.now.shown) for row in usd.corrections] == [(("2026-09",), Decimal(3))]
    assert (usd.total.now.shown, usd.total.before.shown) == (Decimal("89.5"), Decimal(20))
    assert "+3.00 of the total corrects 2026-09, which is closed." in words.summary(search, usd)
    _assert_ties(usd)


def _close(project: Path, period: str) -> None:
    engine = Engine()
    run = runs.current(project)
    assert not isinstance(run, Problem)
    facts = Facts(
        period=period,
        by="finance",
        note="",
        closed_on=date(2026, 11, 5),
        run=run.id,
        version="0",
        keys=run.manifest["keys"],
        configuration={},
        inputs={},
    )
    assert isinstance(book(project, stated_lines(engine, run), facts), Close)
    engine.close()


def test_what_is_disputed_stands_in_the_summary(worked: Path) -> None:
    engine = Engine()
    dispute = Dispute("Ada", "rule gpu-cluster", Decimal("12.5"), "USD", "not ours", "open")
    search = reading.statements(
        stated.sourced(engine, worked), "2026-10", "search", {"search": [dispute]}
    )["search"]
    assert "12.50 of the total is disputed (open)." in words.summary(search, search.blocks[0])
    assert search.disputes == [dispute]
    engine.close()


def test_one_owner_is_read_as_among_all(
    worked: Path, worked_statements: Mapping[str, Statement]
) -> None:
    engine = Engine()
    alone = reading.statements(stated.sourced(engine, worked), "2026-10", "support")
    engine.close()
    assert alone == {"support": worked_statements["support"]}


def test_amounts_add_up_beyond_28_digits() -> None:
    """The default context of decimals would round here."""
    large, small = Decimal("1" + "0" * 19), Decimal("0." + "0" * 17 + "1")
    assert added(Amount(large, large), Amount(small, small)).exact == Decimal(
        "10000000000000000000.000000000000000001"
    )
