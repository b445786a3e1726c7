"""Files that are no XLSX workbook, or are made to do harm."""

import io

import pytest
from workbooks import LINKS, SHEET, STRINGS, TRANSITIONAL, by_hand, linked, refusal, zipped

from everyline.sources import workbook_xml
from everyline.sources.archive import Limits
from everyline.sources.unreadable import Unreadable
from everyline.sources.workbook import rows


def test_old_encrypted_and_binary_workbooks_are_named() -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    binary = {"_rels/.rels": linked(LINKS, officeDocument="xl/workbook.bin")}
    assert refusal(io.BytesIO(ole)).sentence == "the file is an old `.xls` workbook"
    encrypted = io.BytesIO(ole + "EncryptedPackage".encode("utf-16-le"))
    assert refusal(encrypted).sentence == "the file is a workbook with a password"
    assert refusal(zipped(binary)).sentence == "the file is a binary workbook, `.xlsb`"


@pytest.mark.parametrize("data", [b"", b"vendor,amount\n", b"<html><table>"])
def test_a_file_that_is_no_workbook_is_refused(data: bytes) -> None:
    assert "no XLSX workbook" in refusal(io.BytesIO(data)).sentence


def test_other_zips_and_documents_are_refused() -> None:
    assert "but no XLSX workbook" in refusal(zipped({"a.csv": "1"})).sentence
    letter = {"_rels/.rels": linked(LINKS, officeDocument="word/document.xml")}
    data = zipped({**letter, "word/document.xml": "<document/>"})
    assert refusal(data).sentence == "the file has no worksheet"


def test_a_workbook_cut_off_is_refused() -> None:
    whole = by_hand("<row><c><v>1</v></c></row>").getvalue()
    assert "damaged" in refusal(io.BytesIO(whole[:-30])).sentence


def test_a_part_that_is_missing_is_refused() -> None:
    data = by_hand("", parts={"xl/_rels/workbook.xml.rels": linked(LINKS, worksheet="gone.xml")})
    assert refusal(data).sentence == "the archive has no `xl/gone.xml`"


def test_a_part_that_breaks_off_is_refused_after_the_rows_before_it() -> None:
    part = f'<worksheet xmlns="{TRANSITIONAL}"><sheetData><row><c><v>1</v></c></row><row><c>'
    found = rows(by_hand("", parts={SHEET: part}))
    assert next(found) == (1, ["1"])
    with pytest.raises(Unreadable, match="no well-formed XML"):
        next(found)


def test_a_part_of_two_names_that_differ_only_in_case_is_refused() -> None:
    data = by_hand("", parts={"xl/Worksheets/Sheet1.xml": "<worksheet/>"})
    assert "stands in the archive 2 times" in refusal(data).sentence


DOCTYPE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><sst/>'


@pytest.mark.parametrize("filler", [0, 65_500, 65_530, 65_536])
def test_a_document_type_is_refused_wherever_it_stands(filler: int) -> None:
    part = "<!--" + "x" * filler + "-->" + DOCTYPE.partition("?>")[2]
    data = by_hand("", parts={STRINGS: part})
    assert refusal(data).sentence == "`xl/sharedStrings.xml` declares a document type"


def test_a_document_type_in_another_encoding_is_refused() -> None:
    data = by_hand("", parts={STRINGS: DOCTYPE.encode("utf-16")})
    assert refusal(data).sentence == "`xl/sharedStrings.xml` is not in UTF-8"


def test_a_bomb_is_refused_while_it_unpacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_xml, "PART_LIMITS", Limits(2**30, 1000, ratio_from_bytes=10**6))
    blanks = f'<worksheet xmlns="{TRANSITIONAL}">' + " " * 5_000_000 + "</worksheet>"
    data = by_hand("", parts={SHEET: blanks})
    refused = refusal(data)
    assert refused.sentence == "`xl/worksheets/sheet1.xml` unpacks to more than 1000 times its size"


def test_the_bounds_of_a_part_are_2_gib_and_a_ratio_of_1000_above_10_mb() -> None:
    assert workbook_xml.PART_LIMITS == (2 * 2**30, 1000, 10_000_000)


def test_a_part_over_the_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_xml, "PART_LIMITS", Limits(1000, 1000, 10_000_000))
    data = by_hand("<row><c><v>1</v></c></row>" * 100)
    assert "unpacks to more than" in refusal(data).sentence


def test_a_cell_without_end_and_bottomless_nesting_are_refused() -> None:
    endless = by_hand("<row><c>" + f"<is><t>{'x' * 1000}</t></is>" * 9_000 + "</c></row>")
    assert "too large a cell" in refusal(endless).sentence
    assert "nested too deep" in refusal(by_hand("<a>" * 30_000 + "</a>" * 30_000)).sentence


def test_elements_that_mean_nothing_here_do_not_pile_up() -> None:
    # 9 MB of them: more than may stand in memory for one cell.
    junk = f"<extLst>{'x' * 1000}</extLst>" * 9_000
    assert list(rows(by_hand(f"{junk}<row><c><v>1</v></c></row>{junk}"))) == [(1, ["1"])]
