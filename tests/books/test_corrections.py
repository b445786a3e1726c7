"""Pending corrections (R25), with arithmetic by hand; and the two forms of lines."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stated_lines import line, rounded, sums

from everyline.books.corrections import due, pending
from everyline.books.lines import Line, read, written

KEYS = ("team", "use_case")
OCTOBER, NOVEMBER, DECEMBER = "2026-10", "2026-11", "2026-12"


def _told(lines: list[Line]) -> list[tuple[str | None, str | None, str, str]]:
    return [
        (
            one.corrects,
            one.value("team"),
            f"{one.effective.normalize():f}",
            f"{one.effective_amount}",
        )
        for one in lines
    ]


def _moved(booked: list[Line], now: list[Line]) -> list[tuple[str | None, str | None, str, str]]:
    made = pending(rounded(booked, KEYS), rounded(now, KEYS), NOVEMBER, KEYS)
    assert all(one.period == NOVEMBER for one in made)
    return _told(made)


def test_nothing_is_pending_without_books_or_without_a_change() -> None:
    lines = rounded([line(OCTOBER, "1.005", "search")], KEYS)
    assert pending([], lines, NOVEMBER, KEYS) == []
    assert pending(lines, lines, NOVEMBER, KEYS) == []


def test_one_changed_line_moves_no_cent_of_another() -> None:
    """0.333 + 0.333 = 0.666 was booked as 0.67: search 0.34, support 0.33.

    Now support has 0.337. Rounded anew the cent would go to support, 0.33 and 0.34; but the
    issuer's total stays 0.67, so the change of 0.004 is booked as 0.00.
    """
    booked = [line(OCTOBER, "0.333", "search"), line(OCTOBER, "0.333", "support")]
    now = [line(OCTOBER, "0.333", "search"), line(OCTOBER, "0.337", "support")]
    assert [f"{one.effective_amount}" for one in rounded(now, KEYS)] == ["0.33", "0.34"]
    assert _moved(booked, now) == [(OCTOBER, "support", "0.004", "0.00")]


@pytest.mark.parametrize(
    ("before", "now", "exact", "amount"),
    [
        ("1.004", "1.006", "0.002", "0.01"),  # 1.00 becomes 1.01
        ("1.006", "1.004", "-0.002", "-0.01"),
        ("1.005", "1.014", "0.009", "0.00"),  # 1.01 stays
        ("-0.005", "-0.006", "-0.001", "-0.01"),  # floor(-0.5 + 0.5) = 0 becomes -1
        ("0.005", None, "-0.005", "-0.01"),
    ],
)
def test_a_change_is_rounded_to_the_change_of_the_total(
    before: str, now: str | None, exact: str, amount: str
) -> None:
    stated = [] if now is None else [line(OCTOBER, now, "search")]
    assert _moved([line(OCTOBER, before, "search")], stated) == [(OCTOBER, "search", exact, amount)]


def test_a_renamed_team_is_taken_back_and_booked_again() -> None:
    """-10.005 and +10.005 are floored to -10.01 and 10.00; the missing cent of the total 0.00
    goes to the largest fraction, a tie, hence to `["find"]` before `["search"]`."""
    assert _moved([line(OCTOBER, "10.005", "search")], [line(OCTOBER, "10.005", "find")]) == [
        (OCTOBER, "find", "10.005", "10.01"),
        (OCTOBER, "search", "-10.005", "-10.01"),
    ]


def test_issuers_bases_and_currencies_are_rounded_apart() -> None:
    """Each change of 0.004 lifts its own total: 0.003 is 0.00, 0.007 is 0.01; 0.5 yen is 1."""
    told = ({"issuer": "A"}, {"issuer": "B"}, {"issuer": "A", "basis": "metered"})
    booked = [line(OCTOBER, "0.003", "search", **more) for more in told]
    now = [line(OCTOBER, "0.007", "search", **more) for more in told]
    booked.append(line(OCTOBER, "0.4", "search", currency="JPY"))
    now.append(line(OCTOBER, "0.5", "search", currency="JPY"))
    assert sorted(_moved(booked, now)) == [
        (OCTOBER, "search", "0.004", "0.01"),
        (OCTOBER, "search", "0.004", "0.01"),
        (OCTOBER, "search", "0.004", "0.01"),
        (OCTOBER, "search", "0.1", "1"),
    ]


def test_what_was_corrected_before_is_not_corrected_again() -> None:
    """October was 10, then 12 (+2 in November), now 9: December books -3."""
    october = rounded([line(OCTOBER, "10", "search")], KEYS)
    november = rounded([line(OCTOBER, "12", "search"), line(NOVEMBER, "5", "search")], KEYS)
    second = due(october, november, NOVEMBER, KEYS)
    assert _told(second) == [
        (None, "search", "5", "5.00"),
        (OCTOBER, "search", "2", "2.00"),
    ]
    december = [line(OCTOBER, "9", "search"), line(NOVEMBER, "5", "search")]
    third = pending([*october, *second], december, DECEMBER, KEYS)
    assert _told(third) == [(OCTOBER, "search", "-3", "-3.00")]


def test_a_month_passed_over_gets_its_late_lines_and_earlier_months_do_not() -> None:
    booked = [line(OCTOBER, "1", "search"), line(DECEMBER, "1", "search")]
    late = [line("2026-09", "4", "search"), line(NOVEMBER, "3", "search"), *booked]
    assert _told(pending(booked, late, "2027-01", KEYS)) == [(NOVEMBER, "search", "3", "3.00")]


def test_a_key_that_was_dropped_is_taken_back_under_its_name() -> None:
    booked = rounded([line(OCTOBER, "1", "search", use_case="chat")], KEYS)
    now = rounded([line(OCTOBER, "1", "search")], ("team",))
    made = pending(booked, now, NOVEMBER, ("team",))
    assert [(one.owner, f"{one.billed_amount}") for one in made] == [
        ((("team", "search"), ("use_case", "chat")), "-1.00"),
        ((("team", "search"),), "1.00"),
    ]
    header, *_ = written(made, ("team",)).decode().splitlines()
    assert ",team,use_case,x_Method," in header


def test_the_file_is_sorted_and_plain() -> None:
    lines = rounded(
        [
            line(NOVEMBER, "1234567890123456.5", "support", currency="JPY"),
            line(NOVEMBER, "0.0050", 'a "b",\nc', use_case="=1+1"),
            line(NOVEMBER, "-7E-7", None, corrects=OCTOBER),
        ],
        KEYS,
    )
    assert written(lines, KEYS).decode().split("\n", 1)[1] == (
        "2026-11,,JPY,invoiced,support,,direct,,model,OpenAI,OpenAI,API,"
        "1234567890123456.5,1234567890123456.5,1234567890123457,1234567890123457\n"
        '2026-11,,USD,invoiced,"a ""b"",\nc",=1+1,direct,,model,OpenAI,OpenAI,API,'
        "0.005,0.005,0.00,0.00\n"
        "2026-11,2026-10,USD,invoiced,,,direct,,model,OpenAI,OpenAI,API,"
        "-0.0000007,-0.0000007,0.00,0.00\n"
    )


_texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)


@given(
    st.lists(
        st.tuples(_texts, st.none() | _texts, st.integers(-(10**38) + 1, 10**38 - 1)), max_size=5
    )
)
def test_what_is_written_is_read_again(rows: list[tuple[str, str | None, int]]) -> None:
    """Whatever a name holds: quotes, line ends, nulls of C, formulas."""
    lines = [
        line(OCTOBER, f"{units}E-18", team, service=service, pool=service)
        for team, service, units in rows
    ]
    raw = written(lines, KEYS)
    found = read(raw)
    assert sums(found) == sums(lines)
    assert written(found, KEYS) == raw
    assert written(list(reversed(lines)), KEYS) == raw


@pytest.mark.parametrize("text", ["", "x\n", "x_Period\n2026-10\n", '"', "\udcff"], ids=json.dumps)
def test_what_is_no_such_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(text.encode("utf-8", "surrogateescape"))


def test_a_line_with_a_cell_too_few_or_no_number_is_refused() -> None:
    raw = written([line(OCTOBER, "1.5", "search")], KEYS)
    changes = {b",1.5,1.5": b",1.5", b"1.5": b"x", b",1.5": b",NaN", b"API,": b"API", b"USD": b""}
    for old, new in changes.items():
        broken = raw.replace(old, new)
        with pytest.raises(ValueError, match=r"."):
            read(broken)
    assert read(raw)[0].billed == Decimal("1.5")
