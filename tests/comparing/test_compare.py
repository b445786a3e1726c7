"""Two runs, or two months of one, whose changes and causes are worked out by hand."""

from pathlib import Path

import pytest
from two_sides import ACCOUNTS, HEADER, OCTOBER, YAML, between, line, months, ran, told

import made
from everyline.comparing import Side


def test_price_and_quantity(tmp_path: Path) -> None:
    """search: 100 for 10, then 180 for 15. support: 7 without a quantity, then 9."""
    bill = [
        line("Model", "100", "search", quantity="10"),
        line("Model", "180", "search", quantity="15", **OCTOBER),
        line("Seats", "7", "support"),
        line("Seats", "9", "support", **OCTOBER),
    ]
    assert months(tmp_path, bill) == {
        "search": {"quantity": "50", "price": "30"},
        "support": {"price": "2"},
    }


def test_the_same_cost_at_half_the_price_is_told(tmp_path: Path) -> None:
    bill = [
        line("Model", "100", "search", quantity="10"),
        line("Model", "100", "search", quantity="20", **OCTOBER),
    ]
    assert months(tmp_path, bill) == {"search": {"quantity": "100", "price": "-100"}}


def test_a_new_service_and_one_that_ended(tmp_path: Path) -> None:
    bill = [
        line("Old", "12.5", "search"),
        line("New", "20", "search", **OCTOBER),
    ]
    assert months(tmp_path, bill) == {"search": {"new": "20", "ended": "-12.5"}}


def test_an_invoice_that_came_is_no_change(tmp_path: Path) -> None:
    """InvoiceId makes September invoiced, while October is metered still."""
    lines = [line("Seats", "7", "support"), line("Seats", "7", "support", **OCTOBER)]
    ran(tmp_path, lines)
    bill = tmp_path / "bills" / "bill.csv"
    header, first, second = bill.read_text().splitlines()
    bill.write_text(f"{header},InvoiceId\n{first},INV-1\n{second},\n")
    run = made.run(tmp_path)
    assert told(Side("A", run, "2026-09"), Side("B", run, "2026-10")) == {}


def test_a_team_renamed_in_the_registry(tmp_path: Path) -> None:
    """acct-1 is of `help` from October on; cost grew by 10 before that is looked at."""
    accounts = (
        "SubAccountId,team,valid_from,valid_to\nacct-1,support,,2026-10-01\n"
        "acct-1,help,2026-10-01,\nacct-2,search,,\n"
    )
    bill = [
        line("Seats", "30", account="acct-1"),
        line("Seats", "40", account="acct-1", **OCTOBER),
        line("Seats", "5", account="acct-2"),
        line("Seats", "5", account="acct-2", **OCTOBER),
    ]
    yaml = YAML + "owners:\n" + ACCOUNTS
    assert months(tmp_path, bill, yaml=yaml, accounts=accounts) == {
        "support": {"price": "10", "evidence": "-40"},
        "help": {"evidence": "40"},
    }


def test_a_rule_added_for_what_had_no_owner(tmp_path: Path) -> None:
    rule = "owners:\n  - {rule: seats, when: {ServiceName: Seats}, set: {team: ads}}\n"
    bill = [line("Seats", "25"), line("Model", "5", "search")]
    found = between(tmp_path, (bill, {}), (bill, {"yaml": YAML + rule}))
    assert found == {None: {"rules": "-25"}, "ads": {"rules": "25"}}


def test_a_rule_that_looks_at_a_column_more(tmp_path: Path) -> None:
    """The groups of B are finer, since its rule looks at accounts' names; things are the same."""
    rule = "owners:\n  - {rule: vip, when: {ChargeDescription: vip}, set: {team: ads}}\n"
    bill = [line("Seats", "25") + ",vip", line("Seats", "15") + ",plain"]
    sides = []
    for name, yaml in {"a": YAML, "b": YAML + rule}.items():
        ran(tmp_path / name, [line("Seats", "40")], yaml)
        file = tmp_path / name / "bills" / "bill.csv"
        file.write_text("\n".join([f"{HEADER},ChargeDescription", *bill]) + "\n")
        sides.append(Side(name, made.run(tmp_path / name)))
    assert told(*sides) == {None: {"rules": "-25"}, "ads": {"rules": "25"}}


def test_cost_that_was_tagged(tmp_path: Path) -> None:
    """60 of 100 without a tag in September are tagged in October, and 20 of search are new."""
    bill = [
        line("Model", "100"),
        line("Model", "40", **OCTOBER),
        line("Model", "80", "search", **OCTOBER),
    ]
    assert months(tmp_path, bill) == {
        None: {"evidence": "-60"},
        "search": {"evidence": "60", "new": "20"},
    }


def test_a_team_that_begins_takes_nothing_from_what_grew_beside_it(tmp_path: Path) -> None:
    bill = [
        line("Model", "100"),
        line("Model", "110", **OCTOBER),
        line("Model", "80", "search", **OCTOBER),
    ]
    assert months(tmp_path, bill) == {None: {"price": "10"}, "search": {"new": "80"}}


def test_a_correction_of_the_provider(tmp_path: Path) -> None:
    bill = [
        line("Model", "100", "search"),
        line("Model", "100", "search", **OCTOBER),
        line("Model", "-7", "search", correction="Correction", **OCTOBER),
    ]
    assert months(tmp_path, bill) == {"search": {"corrections": "-7"}}


def test_a_bill_in_another_currency(tmp_path: Path) -> None:
    """The same service, billed in EUR from October on: neither new nor ended, and never netted."""
    bill = [
        line("Model", "100", "search"),
        line("Model", "90", "search", currency="EUR", **OCTOBER),
        line("Seats", "3", "ads", currency="EUR", **OCTOBER),
    ]
    assert months(tmp_path, bill) == {
        "search": {"currency": "-100"},
        "search EUR": {"currency": "90"},
        "ads EUR": {"new": "3"},
    }


def test_a_layer_that_brings_cost_into_scope(tmp_path: Path) -> None:
    """The bill is the same; 50 that were no AI cost are now."""
    layers = "layers:\n  - {when: {ServiceName: Web shop}, layer: none}\n"
    bill = [line("Web shop", "50", "ads"), line("Model", "5", "search")]
    found = between(tmp_path, (bill, {"yaml": YAML + layers}), (bill, {}))
    assert found == {"(out)": {"rules": "-50"}, "ads": {"rules": "50"}}


def test_a_new_month_of_two_runs_is_new(tmp_path: Path) -> None:
    """Runs are compared month by month."""
    before = [line("Model", "5", "search", quantity="1")]
    after = [*before, line("Model", "9", "search", quantity="1", **OCTOBER)]
    assert between(tmp_path, (before, {}), (after, {})) == {"search": {"new": "9"}}


@pytest.mark.parametrize("turned", [False, True])
def test_owners_of_one_side_only_are_there(tmp_path: Path, turned: bool) -> None:
    one, two = [line("Model", "5", "search")], [line("Model", "5", "search"), line("B", "2", "ads")]
    before, after = (two, one) if turned else (one, two)
    expected = {"ended": "-2"} if turned else {"new": "2"}
    assert between(tmp_path, (before, {}), (after, {})) == {"ads": expected}
