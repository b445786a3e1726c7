"""Workbooks of statements opened, calculated and saved by LibreOffice.

The values that formulas carry are overwritten before, so no figure here is one that Python wrote.
"""

import re
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
import sums
from sums import BEFORE, DIGITS, MONTH, Names, Sum

import programs
import stated
from everyline.cli import main
from everyline.exports.folder import file_names
from everyline.sources.workbook import letters_of, rows, sheets

CHECK = "check: tables less lines, must be 0"
WRONG = b"12345"
"""What every formula is said to come to, before LibreOffice calculates."""

_ALWAYS_CALCULATES = """\
<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop>
</item>
</oor:items>
"""
_PATIENCE = 120
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_CALC = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_WIDE = 20
"""Columns that are looked at."""


class Cell(NamedTuple):
    """A cell: as shown, its type (float, string, error, or none where it is empty), a formula."""

    shown: str
    type: str
    formula: str | None


Sheet = list[list[Cell]]
EMPTY = Cell("", "", None)


class Opened(NamedTuple):
    """A workbook after LibreOffice saved it, and of whom it tells."""

    owner: str
    sheets: Mapping[str, Sheet]
    owners: Mapping[str | None, Mapping[str, sums.Block]]

    def blocks(self) -> Iterator[tuple[str, sums.Block, Sheet]]:
        """Currency, rows of the relation, and the sheet that has their sums."""
        blocks = self.owners[self.owner]
        assert list(self.sheets) == [*_named(self.sheets, blocks), "about"]
        for currency, found in blocks.items():
            yield currency, found, self.sheets[currency]


def _named(found: Mapping[str, Sheet], blocks: Mapping[str, sums.Block]) -> list[str]:
    order = [name for name in found if name in blocks]
    assert sorted(order) == sorted(blocks)
    return [name for currency in order for name in (currency, f"{currency} lines")]


@pytest.fixture(scope="module")
def opened(worked: Path, odd: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Opened]:
    """All workbooks by owner, and as `raised` and `renamed` that of search after an edit."""
    program, folder = programs.libreoffice(), tmp_path_factory.mktemp("calculated")
    given, kept = folder / "given", {}
    given.mkdir()
    for project in (worked, odd):
        owners = sums.blocks(project)
        written = folder / project.name
        where = ("--project", str(project), "--out", str(written))
        assert main(["statement", MONTH, "--all", "--as", "xlsx", *where]) == 0
        for owner, name in file_names((o for o in owners if o is not None), "xlsx").items():
            (given / name).write_bytes(_spoiled((written / name).read_bytes()))
            kept[owner] = name, owner, owners
    search = (given / kept["search"][0]).read_bytes()
    for name, edit in (("raised", _raised), ("renamed", _renamed)):
        (given / f"{name}.xlsx").write_bytes(edit(search))
        kept[name] = f"{name}.xlsx", "search", kept["search"][2]
    _convert(program, given, folder / "saved")
    return {
        key: Opened(owner, _sheets(folder / "saved" / name.replace(".xlsx", ".ods")), owners)
        for key, (name, owner, owners) in kept.items()
    }


def _convert(program: str, given: Path, saved: Path) -> None:
    """All workbooks of a folder, by one LibreOffice that calculates whatever it opens."""
    profile = given.with_name("profile")
    settings = profile / "user" / "registrymodifications.xcu"
    settings.parent.mkdir(parents=True)
    settings.write_text(_ALWAYS_CALCULATES, encoding="utf-8")
    files = sorted(map(str, given.iterdir()))
    own = f"-env:UserInstallation={profile.as_uri()}"
    command = [program, own, "--headless", "--norestore", "--convert-to", "ods"]
    done = subprocess.run(
        [*command, "--outdir", str(saved), *files],
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    assert len(list(saved.glob("*.ods"))) == len(files), done.stdout + done.stderr


# Workbooks before they are opened


def _edited(data: bytes, edit: Callable[[str, bytes], bytes]) -> bytes:
    """A workbook whose sheets went through `edit`: their name and XML."""
    names = {
        f"xl/worksheets/sheet{at}.xml": sheet.name
        for at, sheet in enumerate(sheets(BytesIO(data)), 1)
    }
    made = BytesIO()
    with ZipFile(BytesIO(data)) as old, ZipFile(made, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, edit(names[name], part) if name in names else part)
    return made.getvalue()


def _spoiled(data: bytes) -> bytes:
    """All values that formulas carry are wrong."""

    def edit(name: str, xml: bytes) -> bytes:
        spoiled, count = re.subn(rb"(</f><v>)[^<]*", rb"\g<1>" + WRONG, xml)
        assert count == xml.count(b"</f>")
        return spoiled

    return _edited(data, edit)


def _raised(data: bytes) -> bytes:
    """Bedrock's 30.00 in `USD lines` is 31.50."""
    return _with(data, "30", b"<v>31.5</v>")


def _renamed(data: bytes) -> bytes:
    """Bedrock's line of 30.00 is of a service that no table has."""
    return _with(data, "Amazon Bedrock", b"<is><t>Unheard-of</t></is>", b' t="inlineStr"')


def _with(data: bytes, old: str, inside: bytes, type_: bytes = b"") -> bytes:
    """Another cell in place of the first that says `old` in the line of Bedrock's 30.00."""
    lines = rows(BytesIO(data), "USD lines")
    row, cells = next((n, cells) for n, cells in lines if {"Amazon Bedrock", "30"} <= set(cells))
    at = f"{letters_of(list(cells).index(old) + 1)}{row}".encode()

    def edit(name: str, xml: bytes) -> bytes:
        if name != "USD lines":
            return xml
        changed, count = re.subn(
            rb'<c r="%b"[^>]*>.*?</c>' % at, rb'<c r="%b"%b>%b</c>' % (at, type_, inside), xml
        )
        assert count == 1
        return changed

    return _edited(data, edit)


# Workbooks as LibreOffice saved them


def _sheets(file: Path) -> dict[str, Sheet]:
    with ZipFile(file) as archive:
        root = ElementTree.fromstring(archive.read("content.xml"))
    return {
        table.attrib[f"{_TABLE}name"]: [
            [cell for found in row.findall(f"{_TABLE}table-cell") for cell in _cells(found)][:_WIDE]
            for row in table.iter(f"{_TABLE}table-row")
        ]
        for table in root.iter(f"{_TABLE}table")
    }


def _cells(found: ElementTree.Element) -> list[Cell]:
    paragraphs = ["".join(text.itertext()) for text in found.findall(f"{_TEXT}p")]
    type_ = found.get(f"{_CALC}value-type") or found.get(f"{_OFFICE}value-type") or ""
    cell = Cell("\n".join(paragraphs), type_, found.get(f"{_TABLE}formula"))
    return [cell] * min(_WIDE, int(found.get(f"{_TABLE}number-columns-repeated", 1)))


def _table(sheet: Sheet, title: str) -> tuple[Sheet, list[str]]:
    """The rows of a table, and the figures of its total."""
    start = next(at for at, row in enumerate(sheet) if row[0].shown == title) + 2
    end = next(at for at in range(start, len(sheet)) if sheet[at][0].shown == "total")
    return sheet[start:end], [cell.shown for cell in sheet[end][3:6]]


def _untouched(opened: Mapping[str, Opened]) -> list[Opened]:
    return [one for key, one in opened.items() if key == one.owner]


def _line(sheet: Sheet, title: str) -> list[Cell]:
    return next(row for row in sheet if row[0].shown == title)


def _shown(cells: Sequence[Cell]) -> list[str]:
    assert {cell.type for cell in cells} <= {"float"}
    return [cell.shown for cell in cells]


def _names(row: Sequence[Cell], count: int) -> Names:
    assert {cell.type for cell in row[:count]} <= {"string", ""}
    return tuple(cell.shown if cell.type else None for cell in row[:count])


def _ordered(listed: Iterable[tuple[Names, Sequence[Cell]]]) -> list[tuple[Names, list[str]]]:
    """Names and figures as shown; what stands twice is twice in it."""
    return sorted(((names, _shown(cells)) for names, cells in listed), key=repr)


def _amounts(values: Iterable[Decimal], currency: str) -> list[str]:
    found = list(values)
    assert found == [round(value, DIGITS[currency]) for value in found]
    return [f"{value:,.{DIGITS[currency]}f}" for value in found]


def _figures(found: Sum, currency: str) -> list[str]:
    return _amounts((found.now, found.before, found.change), currency)


# What they come to


def test_every_formula_was_calculated_and_none_is_an_error(opened: Mapping[str, Opened]) -> None:
    for one in opened.values():
        for name, sheet in one.sheets.items():
            cells = [cell for row in sheet for cell in row]
            formulas = [cell for cell in cells if cell.formula is not None]
            assert len(formulas) > 10 or name not in one.owners[one.owner]
            assert {cell.type for cell in formulas} <= {"float"}
            assert {cell.type for cell in cells} <= {"float", "string", ""}
            assert not [cell for cell in formulas if cell.shown.replace(",", "") == WRONG.decode()]


def test_totals_are_those_of_the_relation_and_the_check_is_0(
    opened: Mapping[str, Opened],
) -> None:
    for one in _untouched(opened):
        for currency, found, sheet in one.blocks():
            whole = sums.summed(found)[()]
            figures = _figures(whole, currency)
            costs = _amounts((whole.now, whole.billed), currency)
            assert _shown(_line(sheet, "EffectiveCost")[3:6]) == figures
            assert _shown(_line(sheet, "BilledCost")[3:4]) == costs[1:]
            for title in ("Why it changed", "By layer", "How it came to you"):
                assert _table(sheet, title)[1] == figures
            assert _table(sheet, "Who bills it")[1][:2] == costs
            nothing = _amounts((Decimal(0), Decimal(0)), currency)
            assert _shown(_line(sheet, CHECK)[3:5]) == nothing


def test_every_row_is_that_of_the_relation(opened: Mapping[str, Opened]) -> None:
    for one in _untouched(opened):
        for currency, found, sheet in one.blocks():
            part = sums.part_of(found)
            for title, columns in (
                ("Why it changed", (part, "x_Layer", "ServiceName")),
                ("By layer", (part, "x_Layer")),
                ("How it came to you", ("x_Method", "x_Pool")),
            ):
                wanted = sums.summed(found, *columns).items()
                listed = _table(sheet, title)[0]
                assert _ordered((_names(row, len(columns)), row[3:6]) for row in listed) == sorted(
                    ((names, _figures(sum_, currency)) for names, sum_ in wanted), key=repr
                )


def test_issuers_are_those_of_the_relation(opened: Mapping[str, Opened]) -> None:
    for one in _untouched(opened):
        for currency, found, sheet in one.blocks():
            of_all = sums.billed_to_all(one.owners, currency)
            wanted = {
                names: (sum_.now, sum_.billed, of_all[names].billed)
                for names, sum_ in sums.summed(found, "InvoiceIssuerName").items()
            }
            listed = _table(sheet, "Who bills it")[0]
            assert _ordered((_names(row, 1), row[3:6]) for row in listed) == sorted(
                ((names, _amounts(costs, currency)) for names, costs in wanted.items()), key=repr
            )


def test_lines_are_those_of_the_relation(opened: Mapping[str, Opened]) -> None:
    for one in _untouched(opened):
        for currency, found, _ in one.blocks():
            columns = (sums.part_of(found), "x_Layer", "ServiceName", "x_Method", "x_Pool")
            more = ("InvoiceIssuerName", "x_Basis", "x_CorrectsPeriod")
            wanted = sums.summed(found, *columns, *more).items()
            heads, *lines = one.sheets[f"{currency} lines"]
            assert [cell.shown for cell in heads][8:11] == [
                f"EffectiveCost {MONTH}",
                f"EffectiveCost {BEFORE}",
                f"BilledCost {MONTH}",
            ]
            listed = (row for row in lines if set(row) != {EMPTY})
            assert _ordered((_names(row, 8), row[8:11]) for row in listed) == sorted(
                ((names, _amounts(sum_, currency)) for names, sum_ in wanted), key=repr
            )


def test_a_name_that_wants_to_be_a_formula_is_text(opened: Mapping[str, Opened]) -> None:
    """Names of owners stand in titles; they are use cases and services of others as well."""
    seen = set()
    for one in _untouched(opened):
        for sheet in one.sheets.values():
            for cell in (cell for row in sheet for cell in row):
                assert not re.search("HYPERLINK|DDE|WEBSERVICE|cmd|SUM.1.", cell.formula or "")
                if cell.shown in stated.HOSTILE:
                    assert (cell.type, cell.formula) == ("string", None)
                    seen.add(cell.shown)
        for _, _, sheet in one.blocks():
            assert sheet[0][0] == Cell(f"AI cost of team {one.owner} in {MONTH}", "string", None)
    assert seen == set(stated.HOSTILE)


def test_totals_follow_a_cell_that_is_changed(opened: Mapping[str, Opened]) -> None:
    """1.50 more of Bedrock: 86.50 becomes 88.00, and 20.00 of before stays."""
    sheet = opened["raised"].sheets["USD"]
    figures = ["88.00", "20.00", "68.00"]
    assert _shown(_line(sheet, "EffectiveCost")[3:6]) == figures
    for title in ("Why it changed", "By layer", "How it came to you"):
        assert _table(sheet, title)[1] == figures
    assert _shown(_line(sheet, "direct")[3:6]) == ["31.50", "20.00", "11.50"]
    assert _shown(_line(sheet, CHECK)[3:5]) == ["0.00", "0.00"]


def test_the_check_tells_by_how_much_tables_miss_a_line(opened: Mapping[str, Opened]) -> None:
    """Bedrock's 30.00, and 20.00 before, are of a service that the first table does not have."""
    sheet = opened["renamed"].sheets["USD"]
    assert _table(sheet, "Why it changed")[1] == ["56.50", "0.00", "56.50"]
    assert _shown(_line(sheet, "EffectiveCost")[3:4]) == ["86.50"]
    assert _shown(_line(sheet, CHECK)[3:5]) == ["30.00", "20.00"]
