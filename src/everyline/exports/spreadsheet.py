"""A workbook (XLSX) of texts, amounts and formulas that carry their values; the same bytes always.

Only what a statement needs. Texts are inline and marked as texts, so none becomes a formula, not
even when somebody edits its cell.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from html import escape
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from everyline import figures

_TEXT_MAX = 32_767
_WIDE, _NARROW = 34, 16
_DIGITS = range(5)
_TEXT, _BOLD, _MONEY = 1, 2, 3
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_FORBIDDEN = re.compile("_(?=x[0-9A-Fa-f]{4}_)|[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_A4_LANDSCAPE = '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/>'


class Sheet:
    """A sheet that is written from the top: in any order of rows, each row from the left.

    Attributes:
        row: where cells are written now, from 0.
    """

    def __init__(self, name: str, digits: int = 0) -> None:
        """An empty sheet.

        Args:
            name: at most 31 characters, without brackets and the like; unique in its workbook.
            digits: decimals that amounts show, 0 to 4.
        """
        self.name = name
        self.row = 0
        self._digits = digits
        self._money = _MONEY + 2 * digits
        self._rows: dict[int, list[str]] = {}
        self._columns = ""
        self._pane = ""
        self._is_paper = False

    def widths(self, first: int, others: int) -> None:
        """Columns wide enough for names, then for figures."""
        self._columns = (
            f'<cols><col min="1" max="{first}" width="{_WIDE}" customWidth="1"/>'
            f'<col min="{first + 1}" max="{first + others}" width="{_NARROW}" customWidth="1"/>'
            "</cols>"
        )

    def freeze(self) -> None:
        """Keeps what stands above this row in sight."""
        below = f'topLeftCell="A{self.row + 1}" activePane="bottomLeft"'
        self._pane = f'<pane ySplit="{self.row}" {below} state="frozen"/>'

    def paper(self) -> None:
        """Prints on A4, one page wide."""
        self._is_paper = True

    def say(self, text: str, *, bold: bool = False) -> None:
        """A line of text."""
        self.text(0, text, bold=bold)
        self.row += 1

    def heads(self, *names: str) -> None:
        """Headings; an empty one leaves its cell empty."""
        for column, name in enumerate(names):
            self.text(column, name or None, bold=True)
        self.row += 1

    def text(self, column: int, text: str | None, *, bold: bool = False) -> None:
        """A text as it is; nothing where there is none."""
        if text is not None:
            held = _text(text)
            space = ' xml:space="preserve"' if held != held.strip() else ""
            style = _BOLD if bold else _TEXT
            self._put(column, f'{style}" t="inlineStr', f"<is><t{space}>{held}</t></is>")

    def number(self, column: int, value: Decimal) -> None:
        """An amount, every digit of it."""
        self._put(column, str(self._money), f"<v>{figures.exact(value)}</v>")

    def formula(self, column: int, formula: str, value: Decimal, *, is_sum: bool = False) -> None:
        """A formula, and the value that it has; a sum has a line above."""
        inside = f"<f>{escape(formula, quote=False)}</f><v>{figures.exact(value)}</v>"
        self._put(column, str(self._money + is_sum), inside)

    def difference(self, column: int, value: Decimal) -> None:
        """What the second cell to the left has more than the first, rounded: cells are binary."""
        more, less = (f"{letters(column - back)}{self.row + 1}" for back in (2, 1))
        self.formula(column, f"ROUND({more}-{less},{self._digits})", value)

    def xml(self, *, is_first: bool) -> str:
        """The sheet's part of the workbook."""
        fits = '<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>' if self._is_paper else ""
        selected = ' tabSelected="1"' if is_first else ""
        rows = "".join(
            f'<row r="{row + 1}">{"".join(cells)}</row>'
            for row, cells in sorted(self._rows.items())
        )
        return (
            f'{_HEAD}<worksheet xmlns="{_MAIN}">{fits}<sheetViews><sheetView{selected}'
            f' workbookViewId="0">{self._pane}</sheetView></sheetViews>{self._columns}'
            f"<sheetData>{rows}</sheetData>{_A4_LANDSCAPE if self._is_paper else ''}</worksheet>"
        )

    def _put(self, column: int, style: str, inside: str) -> None:
        cell = f'<c r="{letters(column)}{self.row + 1}" s="{style}">{inside}</c>'
        self._rows.setdefault(self.row, []).append(cell)


def letters(column: int) -> str:
    """A column's letters: A is 0, and there are 26."""
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[column]


def workbook(title: str, day: str, sheets: Iterable[Sheet]) -> bytes:
    """The bytes of a workbook; `day` is when it says it was made, as no clock is read."""
    listed = list(sheets)
    made = BytesIO()
    with ZipFile(made, "w") as archive:
        for name, content in _parts(title, day, listed).items():
            entry = ZipInfo(name)
            entry.compress_type = ZIP_DEFLATED
            entry.create_system, entry.external_attr = 3, 0o600 << 16  # the same on every system
            archive.writestr(entry, content)
    return made.getvalue()


def _parts(title: str, day: str, sheets: list[Sheet]) -> dict[str, str]:
    """The files of a workbook, by path."""
    numbers = range(1, len(sheets) + 1)
    named = "".join(
        f'<sheet name="{escape(sheet.name)}" sheetId="{n}" r:id="rId{n}"/>'
        for n, sheet in zip(numbers, sheets, strict=True)
    )
    related = [_relation(f"rId{n}", "worksheet", f"worksheets/sheet{n}.xml") for n in numbers]
    styles = _relation("rIdStyles", "styles", "styles.xml")
    book = (
        f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATED}"><sheets>{named}</sheets></workbook>'
    )
    core = (
        f'{_HEAD}<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{_text(title)}</dc:title>"
        f'<dcterms:created xsi:type="dcterms:W3CDTF">{day}T00:00:00Z</dcterms:created>'
        "</cp:coreProperties>"
    )
    return {
        "[Content_Types].xml": _content_types(numbers),
        "_rels/.rels": _ROOT,
        "docProps/core.xml": core,
        "xl/workbook.xml": book,
        "xl/_rels/workbook.xml.rels": _relations([*related, styles]),
        "xl/styles.xml": _STYLES,
        **{
            f"xl/worksheets/sheet{n}.xml": sheet.xml(is_first=n == 1)
            for n, sheet in zip(numbers, sheets, strict=True)
        },
    }


def _text(text: str) -> str:
    """A text in XML, as long as a cell can be; what XML can't hold is written `_x001B_`."""
    text = text[:_TEXT_MAX]
    if _FORBIDDEN.search(text):
        text = _FORBIDDEN.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    return escape(text, quote=False)


def _relation(identity: str, kind: str, target: str, base: str = _RELATED) -> str:
    return f'<Relationship Id="{identity}" Type="{base}/{kind}" Target="{target}"/>'


def _relations(listed: Iterable[str]) -> str:
    return (
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{"".join(listed)}</Relationships>'
    )


def _content_types(sheets: Iterable[int]) -> str:
    kind = "application/vnd.openxmlformats-"
    spreadsheet = f"{kind}officedocument.spreadsheetml."
    parts = {
        "xl/workbook.xml": f"{spreadsheet}sheet.main+xml",
        "xl/styles.xml": f"{spreadsheet}styles+xml",
        "docProps/core.xml": f"{kind}package.core-properties+xml",
    } | {f"xl/worksheets/sheet{n}.xml": f"{spreadsheet}worksheet+xml" for n in sheets}
    listed = "".join(
        f'<Override PartName="/{name}" ContentType="{type_}"/>' for name, type_ in parts.items()
    )
    return (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        f'<Default Extension="rels" ContentType="{kind}package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{listed}</Types>'
    )


def _styles() -> str:
    """Plain cells, texts, bold texts; then for each number of digits amounts, and their sums."""
    forms = "".join(
        f'<numFmt numFmtId="{164 + n}" formatCode="#,##0{"." * bool(n)}{"0" * n}"/>'
        for n in _DIGITS
    )
    text = ' fillId="0" quotePrefix="1" xfId="0"'
    amounts = "".join(
        f'<xf numFmtId="{164 + n}" fontId="{font}" fillId="0" borderId="{font}" xfId="0"'
        ' applyNumberFormat="1" applyFont="1" applyBorder="1"/>'
        for n in _DIGITS
        for font in (0, 1)
    )
    font = '<sz val="11"/><name val="Calibri"/><family val="2"/></font>'
    sides = "<bottom/><diagonal/></border>"
    return (
        f'{_HEAD}<styleSheet xmlns="{_MAIN}"><numFmts count="{len(_DIGITS)}">{forms}</numFmts>'
        f'<fonts count="2"><font>{font}<font><b/>{font}</fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        f'<borders count="2"><border><left/><right/><top/>{sides}'
        f'<border><left/><right/><top style="thin"><color auto="1"/></top>{sides}</borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
        f'</cellStyleXfs><cellXfs count="{_MONEY + 2 * len(_DIGITS)}">'
        '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
        f'<xf numFmtId="0" fontId="0" borderId="0"{text}/>'
        f'<xf numFmtId="0" fontId="1" borderId="0"{text} applyFont="1"/>{amounts}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
        "</styleSheet>"
    )


_STYLES = _styles()
_ROOT = _relations(
    [
        _relation("rId1", "officeDocument", "xl/workbook.xml"),
        _relation(
            "rId2",
            "metadata/core-properties",
            "docProps/core.xml",
            f"{_PACKAGE}/relationships",
        ),
    ]
)
