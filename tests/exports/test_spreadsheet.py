"""The writer of workbooks, by another reader: any text and any amount come back as they were."""

from decimal import Decimal
from io import BytesIO
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from everyline.exports.spreadsheet import Sheet, letters, workbook
from everyline.sources.workbook import rows

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12))


def _made(*sheets: Sheet, title: str = "t") -> bytes:
    return workbook(title, "2026-10-01", sheets)


def _xml(data: bytes, name: str = "xl/worksheets/sheet1.xml") -> str:
    with ZipFile(BytesIO(data)) as archive:
        return archive.read(name).decode()


@given(st.lists(TEXTS, min_size=1, max_size=5))
@example(["_x0041_", "__x000D_x000A_", " a ", "\r\n\t", "\x00\x1f\ufffe\uffff", "]]>", "<&>\"'"])
def test_texts_come_back(texts: list[str]) -> None:
    sheet = Sheet("texts")
    for column, text in enumerate(texts):
        sheet.text(column, text)
    ((_, cells),) = rows(BytesIO(_made(sheet)), "texts")
    assert list(cells) == texts


@given(AMOUNTS, AMOUNTS)
def test_amounts_and_values_of_formulas_come_back_as_numbers(
    first: Decimal, other: Decimal
) -> None:
    sheet = Sheet("amounts", 4)
    sheet.number(0, first)
    sheet.formula(1, "A1", other)
    ((_, cells),) = rows(BytesIO(_made(sheet)), "amounts")
    assert [Decimal(text or "") for text in cells] == [first, other]
    for cell in ElementTree.fromstring(_xml(_made(sheet))).iter():
        assert cell.attrib.get("t") is None


def test_a_cell_holds_no_more_than_a_spreadsheet_takes() -> None:
    sheet = Sheet("long")
    sheet.text(0, "a" * 40_000)
    ((_, cells),) = rows(BytesIO(_made(sheet)), "long")
    assert [len(text or "") for text in cells] == [32_767]


def test_rows_stand_in_order_however_they_were_written() -> None:
    sheet = Sheet("order")
    for sheet.row in (4, 0, 2):
        sheet.text(0, f"row {sheet.row}")
    assert [number for number, _ in rows(BytesIO(_made(sheet)), "order")] == [1, 3, 5]


def test_every_part_is_xml_and_no_clock_is_read() -> None:
    made = _made(Sheet("a"), Sheet("b", 2), title="<&> \x00")
    with ZipFile(BytesIO(made)) as archive:
        for entry in archive.infolist():
            ElementTree.fromstring(archive.read(entry))
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
    assert made == _made(Sheet("a"), Sheet("b", 2), title="<&> \x00")


def test_columns_end_with_z() -> None:
    assert [letters(0), letters(25)] == ["A", "Z"]
    with pytest.raises(IndexError):
        letters(26)
