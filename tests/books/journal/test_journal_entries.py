"""What is booked where: worked by hand."""

import hashlib
from pathlib import Path

import pytest
from journals import ACCOUNTS, BETWEEN, TEAMS, line, made_chart, october, shown

from everyline.books.journal.chart import Chart
from everyline.books.journal.entries import Asked, Left, document_id, journal, own_groups


@pytest.fixture
def chart(tmp_path: Path) -> Chart:
    return made_chart(tmp_path)


def problems(chart: Chart, *lines: object) -> list[str]:
    made = october(chart, *lines)  # type: ignore[arg-type]
    return [
        f"{p.place} {p.level} {p.name}: {p.sentence}; {p.cost} {p.currency}" for p in made.problems
    ]


def test_owners_are_debited_and_clearing_is_credited_for_each_entity_and_currency(
    chart: Chart,
) -> None:
    made = october(
        chart,
        line("search", "30.00"),
        line("search", "12.50", layer="platform"),
        line("search", "0.25"),
        line("ops", "7.25", layer="platform"),
        line("support", "20.00"),
        line("support", "1500", currency="JPY"),
        line("support", "1.234", currency="KWD"),
    )
    assert made.problems == []
    assert [(d.entity, d.currency, shown(d)) for d in made.documents] == [
        ("GMBH", "JPY", [("6401", "200", "1500", ""), ("6400", "", "", "1500")]),
        ("GMBH", "KWD", [("6401", "200", "1.234", ""), ("6400", "", "", "1.234")]),
        ("GMBH", "USD", [("6401", "200", "20.00", ""), ("6400", "", "", "20.00")]),
        (
            "INC",
            "USD",
            [
                ("6402", "900", "7.25", ""),
                ("6401", "110", "30.25", ""),
                ("6402", "110", "12.50", ""),
                ("6400", "", "", "50.00"),
            ],
        ),
    ]
    assert {document.day.isoformat() for document in made.documents} == {"2026-10-31"}


def test_a_credit_swaps_the_sides_and_what_comes_to_nothing_is_no_line(chart: Chart) -> None:
    refund = (line("support", "-3.00"), line("support", "1.00"), line("support", "-1.00"))
    (document,) = october(chart, *refund, line("search", "5"), line("search", "-5")).documents
    assert shown(document) == [("6401", "200", "", "3.00"), ("6400", "", "3.00", "")]


def test_what_nobody_owns_and_what_was_billed_for_another_month_stays_on_clearing(
    chart: Chart,
) -> None:
    """1,000 is billed in advance; 240 of it is used this month, and 26.71 nobody owns yet."""
    made = october(
        chart,
        line("search", "0.00", billed="1000.00"),
        line("search", "240.00", billed="0.00"),
        line("support", "60.00"),
        line(None, "26.71"),
        line("search", "9.99", basis="estimated"),
    )
    assert [shown(document) for document in made.documents] == [
        [("6401", "200", "60.00", ""), ("6400", "", "", "60.00")],
        [("6401", "110", "240.00", ""), ("6400", "", "", "240.00")],
    ]
    left = Left(
        "USD", 2, billed=108671, moved=30000, unallocated=2671, prepaid=76000, estimated=999
    )
    assert made.left == [left]
    assert left.billed == left.moved + left.unallocated + left.prepaid


def test_billed_cost_is_moved_where_the_project_says_so(tmp_path: Path) -> None:
    made = october(made_chart(tmp_path, cost="BilledCost"), line("support", "1.00", billed="4.00"))
    assert shown(made.documents[0])[0] == ("6401", "200", "4.00", "")
    assert (made.left[0].moved, made.left[0].prepaid) == (400, 0)


def test_a_correction_goes_where_the_first_booking_went_and_names_it(chart: Chart) -> None:
    """In September `search` was cost centre 100; since October it is 110."""
    booked = own_groups([line("search", "10.00")], chart, Asked("2026-09"))
    assert booked == {("INC", "USD", "2026-09")}
    lines = [
        line("search", "30.00"),
        line("search", "-4.00", corrects="2026-09"),
        line("support", "6.00", corrects="2026-09"),
    ]
    made = journal(lines, chart, Asked("2026-10", earlier=booked))
    gmbh, own, correction = made.documents
    assert shown(own) == [("6401", "110", "30.00", ""), ("6400", "", "", "30.00")]
    assert (own.corrects, own.reverses) == (None, None)
    assert shown(correction) == [("6401", "100", "", "4.00"), ("6400", "", "4.00", "")]
    assert (correction.corrects, correction.title) == (
        "2026-09",
        "AI cost 2026-10, corrects 2026-09",
    )
    assert correction.reverses == document_id("Acme", "INC", "2026-09", "USD", 1)
    # GMBH had no document in September, so there is none to name.
    assert (gmbh.corrects, gmbh.reverses) == ("2026-09", None)


def test_a_move_between_owners_of_one_entity_does_not_touch_clearing(chart: Chart) -> None:
    moved = (
        line("search", "-4.00", corrects="2026-09"),
        line("ops", "4.00", corrects="2026-09"),
    )
    (document,) = october(chart, *moved).documents
    assert shown(document) == [("6401", "900", "4.00", ""), ("6401", "100", "", "4.00")]


def test_with_a_payer_the_entities_owe_each_other(tmp_path: Path) -> None:
    paid = made_chart(tmp_path, between=BETWEEN)
    gmbh, inc = october(paid, line("search", "30.00"), line("support", "20.00")).documents
    assert shown(gmbh) == [("6401", "200", "20.00", ""), ("2100", "", "", "20.00")]
    assert shown(inc) == [
        ("6401", "110", "30.00", ""),
        ("1300", "", "20.00", ""),
        ("6400", "", "", "50.00"),
    ]
    (_, inc) = october(paid, line("support", "-20.00")).documents
    assert shown(inc) == [("1300", "", "", "20.00"), ("6400", "", "20.00", "")]
    booked = own_groups([line("support", "1")], paid, Asked("2026-10"))
    assert booked == {("GMBH", "USD", "2026-10"), ("INC", "USD", "2026-10")}


def test_an_owner_without_a_row_or_an_account_is_named_with_its_amount(chart: Chart) -> None:
    lines = (
        line("new", "5.00"),
        line("new", "2.50", layer="data"),
        line("ops", "-1", layer="data"),
    )
    assert problems(chart, *lines, line("search", "1.00")) == [
        (
            "accounts.csv configuration cost-centre-missing: no row says where `new` is booked on"
            " 2026-10-01; 7.50 USD"
        ),
        (
            "accounts.csv:5 configuration account-missing: `ops` has cost of the layer `data`, and"
            " no account for it; -1.00 USD"
        ),
    ]


def test_cost_that_comes_to_nothing_needs_no_row(chart: Chart) -> None:
    assert problems(chart, line("new", "5.00"), line("new", "-5.00")) == []


def test_cost_that_was_closed_with_another_lead_key_is_not_taken_for_nobodys(chart: Chart) -> None:
    other = line("search", "5.00")._replace(owner=(("squad", "search"),))
    assert problems(chart, other) == [
        (
            "accounts.csv configuration cost-centre-missing: cost of 2026-10 was booked by another"
            " lead key than `team`; 5.00 USD"
        )
    ]


def test_a_row_of_a_former_name_counts_for_its_successor(tmp_path: Path) -> None:
    teams = TEAMS.replace("search,,,", "search,discovery,,2026-10-01\ndiscovery,,2026-10-01,")
    chart = made_chart(tmp_path, teams=teams)
    (document,) = october(chart, line("discovery", "5.00")).documents
    assert shown(document)[0] == ("6401", "110", "5.00", "")
    both = made_chart(tmp_path, ACCOUNTS + "discovery,INC,120,6401,,,2026-10-01,\n", teams)
    (document,) = october(both, line("discovery", "5.00")).documents
    assert shown(document)[0] == ("6401", "120", "5.00", "")


def test_two_rows_for_one_owner_are_not_chosen_between(tmp_path: Path) -> None:
    teams = "value,aliases\nsearch,find\n"
    accounts = "team,legal_entity,cost_centre,account_model\nsearch,INC,1,6401\nfind,INC,2,6401\n"
    assert problems(made_chart(tmp_path, accounts, teams), line("search", "5.00")) == [
        (
            "accounts.csv:2 configuration cost-centre-twice: `search` has two rows on 2026-10-01:"
            " the other is accounts.csv:3; 5.00 USD"
        )
    ]


def test_an_id_hangs_on_organisation_entity_month_currency_and_sequence() -> None:
    text = '["Acme","GmbH \\"Süd\\"","2026-10","USD",2]'
    expected = "J" + hashlib.sha256(text.encode("utf-8")).hexdigest().upper()[:15]
    assert document_id("Acme", 'GmbH "Süd"', "2026-10", "USD", 2) == expected
    assert document_id("Acme", "INC", "2026-10", "USD", 1) == "JD9310E669CCEC1C"


def test_amounts_of_more_digits_than_a_double_or_a_context_holds_are_exact(chart: Chart) -> None:
    huge = "12345678901234567890123456789012.37"
    (document,) = october(chart, line("support", huge)).documents
    assert shown(document) == [("6401", "200", huge, ""), ("6400", "", "", huge)]
