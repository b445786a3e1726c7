"""Dates in workbooks: numbers of days, told from other numbers by their format."""

import pytest

from everyline.sources.serial_date import Style, date_text, style_of


@pytest.mark.parametrize(
    ("serial", "text"),
    [
        ("1", "1900-01-01"),
        ("59", "1900-02-28"),
        ("60", "1900-02-29"),  # a day that never was; the spreadsheet shows it
        ("61", "1900-03-01"),
        ("46296", "2026-10-01"),
        ("46296.0", "2026-10-01"),
        ("4.6296E4", "2026-10-01"),
        ("46296.520833333336", "2026-10-01T12:30:00"),
        ("46295.999999999999", "2026-10-01"),  # a ten-millionth of a second before midnight
        ("0.5", "12:00:00"),
        ("2958465", "9999-12-31"),
    ],
)
def test_days_count_from_1900_with_a_leap_day_that_never_was(serial: str, text: str) -> None:
    assert date_text(serial, Style.DATE, from_1904=False) == text


@pytest.mark.parametrize(
    ("serial", "text"),
    [
        ("0", "1904-01-01"),
        ("0.5", "1904-01-01T12:00:00"),
        ("44834", "2026-10-01"),  # 46296 less the 1462 days between the two counts
        ("2957003", "9999-12-31"),
        ("2957004", "2957004"),
    ],
)
def test_days_count_from_1904_where_the_workbook_says_so(serial: str, text: str) -> None:
    assert date_text(serial, Style.DATE, from_1904=True) == text


@pytest.mark.parametrize(
    "number",
    ["2958465.9999999999", "2958466", "-1", "1E99", "1E999999999", "soon", "", "9" * 100_000],
)
def test_what_no_spreadsheet_shows_as_a_date_stays_as_written(number: str) -> None:
    assert date_text(number, Style.DATE, from_1904=False) == number


def test_elapsed_time_counts_hours_beyond_a_day() -> None:
    assert date_text("1.5", Style.ELAPSED, from_1904=False) == "36:00:00"
    assert date_text("46296", Style.ELAPSED, from_1904=True) == "1111104:00:00"  # 46296 x 24


@pytest.mark.parametrize("style", list(Style))
def test_only_a_date_format_makes_a_date(style: Style) -> None:
    assert (date_text("46296", style, from_1904=False) == "2026-10-01") == (style is Style.DATE)


@pytest.mark.parametrize(
    "code",
    [
        "General",
        "0.00",
        '#,##0.00 "USD/day"',
        r"0\d",
        "[$USD-409] #,##0.00",
        "[Red]0;[Black]-0",
        "0.00E+00",
        "_d0*m",
        "@",
    ],
)
def test_a_format_without_a_part_of_a_date_leaves_a_number(code: str) -> None:
    assert style_of("164", code) is Style.NUMBER


@pytest.mark.parametrize("code", ["d/m", "MMM", "[$-409]d mmm yyyy;@", '"on" yy', "h:mm AM/PM"])
def test_a_format_with_a_part_of_a_date_makes_a_date(code: str) -> None:
    assert style_of("164", code) is Style.DATE


@pytest.mark.parametrize("code", ["[h]:mm:ss", "[MM]:ss", "[ss].000"])
def test_a_format_with_bracketed_hours_makes_elapsed_time(code: str) -> None:
    assert style_of("164", code) is Style.ELAPSED


@pytest.mark.parametrize(
    ("ids", "style"),
    [
        ((14, 17, 22, 27, 36, 45, 47, 50, 58), Style.DATE),
        ((0, 1, 2, 4, 10, 13, 23, 26, 37, 44, 48, 49, 59, 164), Style.NUMBER),
        ((46,), Style.ELAPSED),
    ],
)
def test_built_in_formats_are_known_by_number(ids: tuple[int, ...], style: Style) -> None:
    assert {style_of(str(number), None) for number in ids} == {style}


def test_a_code_in_the_file_stands_over_a_built_in_format() -> None:
    assert style_of("14", "0.00") is Style.NUMBER
