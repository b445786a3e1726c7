"""XLSX workbooks as text: every cell as the file spells it, nothing lost, nothing guessed."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from workbooks import BILL, LINKS, TRANSITIONAL, by_hand, refusal, written

from everyline.sources.workbook import Sheet, rows, sheets


def only_cell(xml: str, **more: Any) -> str | None:
    """The text of the one cell `xml`, an element `c` of row 1."""
    found = list(rows(by_hand(f"<row>{xml}</row>", **more)))
    return found[0][1][0] if found else None


# --- cells ----------------------------------------------------------------------------------------


def test_a_workbook_gives_the_text_that_was_written() -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, ["vendor", "amount", "paid"])
        sheet.write_row(1, 0, ["Acme & Söhne <GmbH>", 1234.5, True])
        sheet.write_row(3, 1, [-0.25, False])

    assert list(rows(written(fill))) == [
        (1, ["vendor", "amount", "paid"]),
        (2, ["Acme & Söhne <GmbH>", "1234.5", "true"]),
        (4, [None, "-0.25", "false"]),
    ]


def test_a_workbook_in_a_file_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "bill.xlsx"
    path.write_bytes(written(lambda book, sheet: sheet.write("B2", 7)).getvalue())
    assert list(rows(path)) == [(2, [None, "7"])]
    assert sheets(path) == [Sheet("Bill", hidden=False)]


@pytest.mark.parametrize(
    "text", ["1234.5", "1.0E-2", "0.30000000000000004", "-0", "1E400", "12345678901234567890.10"]
)
def test_a_number_stays_as_the_file_spells_it(text: str) -> None:
    assert only_cell(f"<c><v>{text}</v></c>") == text


@pytest.mark.parametrize(
    ("saved", "typed"),
    [
        ("8.8000000000000007", "8.8"),
        ("19.989999999999998", "19.99"),
        ("-7.0000000000000007E-2", "-0.07"),
    ],
)
def test_a_number_that_was_saved_as_a_double_is_what_its_author_typed(
    saved: str, typed: str
) -> None:
    assert only_cell(f"<c><v>{saved}</v></c>") == typed


def decimals_kept(number: Decimal) -> bool:
    """Texts of 16 or 17 digits may spell a double; all others stay as they are."""
    return len("".join(map(str, number.as_tuple().digits)).strip("0")) not in (16, 17)


@given(
    st.lists(
        st.decimals(allow_nan=False, allow_infinity=False).filter(decimals_kept),
        min_size=1,
        max_size=20,
    )
)
@settings(deadline=None)
def test_every_decimal_text_comes_back(numbers: list[Decimal]) -> None:
    cells = "".join(f"<c><v>{number}</v></c>" for number in numbers)
    assert list(rows(by_hand(f"<row>{cells}</row>"))) == [(1, [str(n) for n in numbers])]


TEXTS = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00\r￾￿"), max_size=20
)


@given(st.lists(TEXTS, min_size=1, max_size=8), st.booleans())
@settings(deadline=None)
def test_every_text_comes_back(texts: list[str], inline: bool) -> None:
    def fill(book: Any, sheet: Any) -> None:
        for column, text in enumerate(texts):
            sheet.write_string(0, column, text)

    # Without `in_memory`, `constant_memory` makes xlsxwriter write inline strings.
    stream = written(fill, in_memory=not inline, constant_memory=inline)
    found = dict(rows(stream)).get(1, [])
    assert [text or "" for text in found] + [""] * (len(texts) - len(found)) == texts


def test_runs_of_rich_text_are_joined_and_phonetic_hints_left_out() -> None:
    strings = (
        '<si><r><t xml:space="preserve">Acme </t></r><r><rPr><b/></rPr><t>Cloud</t></r></si>'
        '<si><t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh><phoneticPr fontId="1"/></si>'
    )
    cells = '<c t="s"><v>0</v></c><c t="s"><v>1</v></c>'
    assert list(rows(by_hand(f"<row>{cells}</row>", strings=strings))) == [
        (1, ["Acme Cloud", "東京"])
    ]


def test_blanks_around_text_count_only_where_the_file_preserves_them() -> None:
    assert only_cell('<c t="inlineStr"><is><t> a </t></is></c>') == "a"
    assert only_cell('<c t="inlineStr"><is><t xml:space="preserve"> a </t></is></c>') == " a "


def test_escaped_characters_are_made_what_they_stand_for() -> None:
    text = "a_x000D_b_x005F_x0041_ c_xD83D_ d_x1_"
    expected = "a\rb_x0041_ c_xD83D_ d_x1_"
    assert only_cell(f'<c t="inlineStr"><is><t>{text}</t></is></c>') == expected


def test_the_value_kept_with_a_formula_is_its_text() -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.write_formula("A1", "=SUM(B1:C1)", None, 10.25)
        sheet.write_formula("B1", '="a"&"b"', None, "ab")
        sheet.write_formula("C1", "=1=1", None, True)

    assert list(rows(written(fill))) == [(1, ["10.25", "ab", "true"])]


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="A1"><f>SUM(B1)</f></c>',
        '<c r="A1"><f>SUM(B1)</f><v/></c>',
        '<c r="A1" t="str"><f>B1</f></c>',
        '<c><f t="shared" si="0"/></c>',
    ],
)
def test_a_formula_without_its_value_is_refused_by_cell(cell: str) -> None:
    refused = refusal(by_hand(f"<row>{cell}</row>"))
    assert refused.sentence == "cell `A1` has a formula whose value is not in the file"
    assert refused.hint == "open it in a spreadsheet program and save it again"
    assert refused.line == 1


def test_a_placeholder_of_a_formula_that_nobody_calculated_is_no_zero() -> None:
    stream = written(lambda book, sheet: sheet.write_formula("B7", "=1+1"))
    assert "cell `B7` has a formula" in refusal(stream).sentence


def test_a_calculated_zero_is_a_zero() -> None:
    assert only_cell("<c><f>1-1</f><v>0</v></c>") == "0"


def test_a_formula_may_give_empty_text() -> None:
    assert list(rows(by_hand('<row><c t="str"><f>""</f><v></v></c></row>'))) == []


def test_an_error_value_is_refused_by_cell() -> None:
    refused = refusal(by_hand('<row r="3"><c r="AB3" t="e"><f>X</f><v>#REF!</v></c></row>'))
    assert refused.sentence == "cell `AB3` holds the error `#REF!`"
    assert refused.line == 3


@pytest.mark.parametrize("index", ["1", "-1", "x", "99999999999999999999"])
def test_a_text_number_that_the_workbook_lacks_is_refused(index: str) -> None:
    data = by_hand(f'<row><c t="s"><v>{index}</v></c></row>', strings="<si><t>a</t></si>")
    assert "cell `A1` points at text number" in refusal(data).sentence


def test_a_cell_of_an_unknown_type_is_refused() -> None:
    assert "unknown type `q`" in refusal(by_hand('<row><c t="q"><v>1</v></c></row>')).sentence


# --- dates ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("epoch_1904", [False, True])
def test_dates_and_times_are_iso_text(epoch_1904: bool) -> None:
    moments = (
        (date(2026, 10, 1), "yyyy-mm-dd", "2026-10-01"),
        (datetime(2026, 10, 1, 12, 30), "d mmm yy hh:mm", "2026-10-01T12:30:00"),  # noqa: DTZ001
        (datetime(2026, 2, 28, 23, 59, 59), "m/d/yy h:mm", "2026-02-28T23:59:59"),  # noqa: DTZ001
        (datetime(2026, 1, 1, 0, 0, 0, 250_000), "ss.000", "2026-01-01T00:00:00.250"),  # noqa: DTZ001
        (timedelta(hours=36), "[h]:mm:ss", "36:00:00"),
    )

    def fill(book: Any, sheet: Any) -> None:
        for column, (moment, code, _) in enumerate(moments):
            sheet.write(0, column, moment, book.add_format({"num_format": code}))

    stream = written(fill, default_date_format="yyyy", date_1904=epoch_1904)
    assert list(rows(stream)) == [(1, [text for _, _, text in moments])]


def test_a_time_of_no_day_is_a_time() -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.write(0, 0, time(12, 30), book.add_format({"num_format": "hh:mm"}))

    assert list(rows(written(fill))) == [(1, ["12:30:00"])]


def test_a_workbook_may_count_its_days_from_1904() -> None:
    book = f'<workbook xmlns="{TRANSITIONAL}" xmlns:r="{LINKS}"><workbookPr date1904="1"/>{BILL}'
    parts = {"xl/workbook.xml": book + "</workbook>"}
    cell = '<c s="1"><v>44834</v></c>'
    assert only_cell(cell, codes=("yyyy",), parts=parts) == "2026-10-01"


def test_a_style_that_is_only_a_base_of_others_makes_no_date() -> None:
    # `cellStyleXfs` begins with a date format, `cellXfs` with a plain one.
    assert only_cell("<c><v>46296</v></c>") == only_cell('<c s="0"><v>46296</v></c>') == "46296"


@given(st.datetimes(datetime(1900, 3, 1), datetime(9999, 12, 31)))  # noqa: DTZ001
@settings(deadline=None, max_examples=50)
def test_every_second_comes_back(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)

    def fill(book: Any, sheet: Any) -> None:
        sheet.write(0, 0, moment, book.add_format({"num_format": 22}))

    expected = moment.isoformat() if moment.time() != time() else moment.date().isoformat()
    assert list(rows(written(fill))) == [(1, [expected])]


def test_text_in_a_date_format_is_text_and_an_iso_cell_stays() -> None:
    cells = '<c s="1" t="str"><v>7</v></c><c s="1" t="d"><v>2026-10-01T00:00:00</v></c>'
    assert list(rows(by_hand(f"<row>{cells}</row>", codes=("yyyy",)))) == [
        (1, ["7", "2026-10-01T00:00:00"])
    ]


# --- rows and sheets ------------------------------------------------------------------------------


def test_rows_and_cells_stand_where_they_say_or_after_the_one_before() -> None:
    data = by_hand(
        '<row><c><v>1</v></c><c r="D1"><v>2</v></c><c><v>3</v></c></row>'
        '<row r="5"><c r="XFD5" s="1"/></row><row><c r="B6"><v>4</v></c></row>'
    )
    assert list(rows(data)) == [(1, ["1", None, None, "2", "3"]), (6, [None, "4"])]


@pytest.mark.parametrize(
    "row",
    [
        '<row r="2"/><row r="2"/>',
        '<row r="2"/><row r="1"/>',
        '<row r="0"/>',
        '<row r="x"/>',
        '<row r="1048577"/>',
        '<row r="1048576"/><row/>',
    ],
)
def test_rows_doubled_out_of_order_or_beyond_the_last_are_refused(row: str) -> None:
    assert "rows rise, to 1,048,576" in refusal(by_hand(row)).sentence


@pytest.mark.parametrize(
    "cells",
    [
        '<c r="B1"/><c r="B1"/>',
        '<c r="B1"/><c r="A1"/>',
        '<c r="A2"/>',
        '<c r="1A"/>',
        '<c r="XFE1"/>',
        '<c r="ZZZZ1"/>',
        '<c r="XFD1"/><c/>',
    ],
)
def test_cells_doubled_out_of_order_or_beyond_the_last_are_refused(cells: str) -> None:
    assert "columns rise, to 16,384" in refusal(by_hand(f"<row>{cells}</row>")).sentence


def several(book: Any, sheet: Any) -> None:
    sheet.hide()
    for name in ("Kept", "Other"):
        book.add_worksheet(name).write("A1", name)
    book.add_chartsheet("Chart")
    book.worksheets()[1].activate()
    book.worksheets()[1].set_first_sheet()
    sheet.write("A1", "hidden")


def test_the_first_sheet_that_is_not_hidden_is_read_unless_one_is_named() -> None:
    assert list(rows(written(several))) == [(1, ["Kept"])]
    assert list(rows(written(several), "Other")) == [(1, ["Other"])]
    assert list(rows(written(several), "Bill")) == [(1, ["hidden"])]


def test_the_sheets_are_listed_without_charts() -> None:
    assert sheets(written(several)) == [
        Sheet("Bill", hidden=True),
        Sheet("Kept", hidden=False),
        Sheet("Other", hidden=False),
    ]


def test_a_sheet_that_is_not_there_is_refused_with_the_nearest_name() -> None:
    refused = refusal(written(several), "Othr")
    assert refused.sentence == "the workbook has no sheet `Othr`"
    assert refused.hint == "did you mean `Other`?"


def test_a_workbook_that_hides_all_its_sheets_is_refused() -> None:
    book = (
        f'<workbook xmlns="{TRANSITIONAL}" xmlns:r="{LINKS}"><sheets>'
        '<sheet name="Bill" state="veryHidden" r:id="worksheet"/></sheets></workbook>'
    )
    assert "hides all its sheets" in refusal(by_hand("", parts={"xl/workbook.xml": book})).sentence


def test_a_strict_workbook_is_read_alike() -> None:
    data = by_hand(
        '<row><c t="s"><v>0</v></c><c s="1"><v>46296</v></c></row>',
        strings="<si><t>Acme</t></si>",
        codes=("yyyy",),
        strict=True,
    )
    assert list(rows(data)) == [(1, ["Acme", "2026-10-01"])]
