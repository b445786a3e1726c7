"""Workbooks for tests: by xlsxwriter, and from raw XML what no good program would write."""

import io
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped]

from everyline.sources.unreadable import Unreadable
from everyline.sources.workbook import rows

TRANSITIONAL = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT_LINKS = "http://purl.oclc.org/ooxml/officeDocument/relationships"
SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
BILL = '<sheets><sheet name="Bill" sheetId="1" r:id="worksheet"/></sheets>'
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def written(fill: Callable[[Any, Any], None], **options: Any) -> io.BytesIO:
    """A workbook by xlsxwriter; `fill` gets the workbook and its first sheet."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, **options})
    fill(book, book.add_worksheet("Bill"))
    book.close()
    return stream


def by_hand(
    sheet_data: str,
    *,
    strings: str = "",
    codes: tuple[str, ...] = (),
    strict: bool = False,
    parts: Mapping[str, str | bytes] | None = None,
) -> io.BytesIO:
    """A workbook from raw XML. `codes`: formats of the styles 1, 2, ...; `parts` replace or add."""
    space = STRICT if strict else TRANSITIONAL
    links = STRICT_LINKS if strict else LINKS
    listed = "".join(
        f'<numFmt numFmtId="{200 + n}" formatCode="{c}"/>' for n, c in enumerate(codes)
    )
    styles = "".join(f'<xf numFmtId="{200 + n}"/>' for n, _ in enumerate(codes))
    contents: dict[str, str | bytes] = {
        "_rels/.rels": linked(links, officeDocument="xl/workbook.xml"),
        "xl/_rels/workbook.xml.rels": linked(
            links,
            worksheet="worksheets/sheet1.xml",
            sharedStrings="/xl/sharedStrings.xml",
            styles="styles.xml",
        ),
        "xl/workbook.xml": f'<workbook xmlns="{space}" xmlns:r="{links}">{BILL}</workbook>',
        STRINGS: f'<sst xmlns="{space}">{strings}</sst>',
        "xl/styles.xml": f'<styleSheet xmlns="{space}"><numFmts>{listed}</numFmts>'
        f'<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
        f'<cellXfs><xf numFmtId="0"/>{styles}</cellXfs></styleSheet>',
        SHEET: f'<worksheet xmlns="{space}"><sheetData>{sheet_data}</sheetData></worksheet>',
    }
    return zipped({**contents, **(parts or {})})


def linked(links: str, **targets: str) -> str:
    inside = "".join(
        f'<Relationship Id="{kind}" Type="{links}/{kind}" Target="{target}"/>'
        for kind, target in targets.items()
    )
    return f'<Relationships xmlns="{PACKAGE}">{inside}</Relationships>'


def zipped(contents: Mapping[str, str | bytes]) -> io.BytesIO:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in contents.items():
            file.writestr(name, content)
    return stream


def refusal(data: io.BytesIO, sheet: str | None = None) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        list(rows(data, sheet))
    assert not caught.value.sentence.endswith(".")
    return caught.value
