"""Statements as workbooks: read back as text, and calculated anew from their formulas."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest

import stated
from everyline.exports.statement import Statement
from everyline.exports.statement_xlsx import workbook
from everyline.sources.workbook import letters_of, rows, sheets

Cells = dict[str, str]
_SUM = re.compile(r"SUM\((.+?)\)")
_PRODUCT = re.compile(r"SUMPRODUCT\((.+)\)")
_EXACT = re.compile(r"EXACT\((.+?),\$([A-Z]+[0-9]+)\)")
_DIFFERENCE = re.compile(r"ROUND\(([A-Z]+[0-9]+)-([A-Z]+[0-9]+),([0-9]+)\)")
_CHECK = re.compile(r"ROUND\((ABS\(.+\)),([0-9]+)\)")


def _read(data: bytes, name: str) -> Cells:
    """The cells of a sheet by name, read by the reader of bills."""
    return {
        f"{letters_of(column)}{row}": text
        for row, cells in rows(BytesIO(data), name)
        for column, text in enumerate(cells, 1)
        if text is not None
    }


def _formulas(data: bytes, name: str) -> dict[str, str]:
    at = [sheet.name for sheet in sheets(BytesIO(data))].index(name) + 1
    with ZipFile(BytesIO(data)) as archive:
        root = ElementTree.fromstring(archive.read(f"xl/worksheets/sheet{at}.xml"))
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    return {
        cell.attrib["r"]: formula.text or ""
        for cell in root.iter(f"{space}c")
        for formula in cell.findall(f"{space}f")
    }


class Calculator:
    """A second opinion on the formulas: exact, by the few functions that they use."""

    def __init__(self, data: bytes, name: str) -> None:
        self.formulas = _formulas(data, name)
        self._cells = _read(data, name)
        self._lines = _read(data, f"{name} lines")

    def text(self, cell: str) -> str:
        return self._cells.get(cell, "")

    def value(self, cell: str) -> Decimal:
        """A cell, calculated anew where it is a formula."""
        formula = self.formulas.get(cell)
        if formula is None:
            return Decimal(self._cells[cell])
        if match := _PRODUCT.fullmatch(formula):
            return self._product(match[1])
        if match := _SUM.fullmatch(formula):
            return sum((self._number(*one) for one in self._range(match[1])), Decimal(0))
        if match := _DIFFERENCE.fullmatch(formula):
            return round(self.value(match[1]) - self.value(match[2]), int(match[3]))
        match = _CHECK.fullmatch(formula)
        assert match, formula
        pairs = re.findall(r"ABS\(([A-Z]+[0-9]+)-([A-Z]+[0-9]+)\)", match[1])
        return sum((abs(self.value(a) - self.value(b)) for a, b in pairs), Decimal(0))

    def _product(self, formula: str) -> Decimal:
        *tests, amounts = re.findall(r"EXACT\([^)]*\)|'[^']*'![$A-Z0-9:]+$", formula)
        kept = [True] * len(list(self._range(amounts)))
        for test in tests:
            match = _EXACT.fullmatch(test)
            assert match, test
            wanted = self.text(match[2])
            equal = [self._lines.get(cell, "") == wanted for _, cell in self._range(match[1])]
            kept = [before and now for before, now in zip(kept, equal, strict=True)]
        chosen = (one for one, keep in zip(self._range(amounts), kept, strict=True) if keep)
        return sum((self._number(*one) for one in chosen), Decimal(0))

    def _range(self, text: str) -> Iterator[tuple[Cells | None, str]]:
        sheet, _, cells = text.rpartition("!")
        first, last = cells.replace("$", "").split(":")
        letters = first.rstrip("0123456789")
        for row in range(int(first[len(letters) :]), int(last[len(letters) :]) + 1):
            yield (self._lines if sheet else None), f"{letters}{row}"

    def _number(self, sheet: Cells | None, cell: str) -> Decimal:
        return self.value(cell) if sheet is None else Decimal(sheet[cell])


@pytest.fixture(scope="module")
def books(
    worked_statements: Mapping[str, Statement], odd_statements: Mapping[str, Statement]
) -> list[tuple[Statement, bytes]]:
    """Every statement with its workbook."""
    every = [*worked_statements.values(), *odd_statements.values()]
    return [(statement, workbook(statement)) for statement in every]


def test_every_formula_gives_the_value_that_is_kept_with_it(
    books: list[tuple[Statement, bytes]],
) -> None:
    for statement, data in books:
        for block in statement.blocks:
            calculator = Calculator(data, block.currency)
            assert len(calculator.formulas) > 10
            for cell in calculator.formulas:
                assert calculator.value(cell) == Decimal(calculator.text(cell)), cell


def test_totals_are_those_of_the_statement_and_the_check_is_0(
    books: list[tuple[Statement, bytes]],
) -> None:
    for statement, data in books:
        for block in statement.blocks:
            cells = _read(data, block.currency)
            row = next(int(name[1:]) for name, text in cells.items() if text == "EffectiveCost")
            figures = (block.total.now, block.total.before, block.total.change)
            found = [Decimal(cells[f"{column}{row}"]) for column in "DEF"]
            assert found == [amount.shown for amount in figures]
            assert Decimal(cells[f"D{row + 1}"]) == block.billed.now.shown
            assert cells[f"A{row + 2}"] == "check: tables less lines, must be 0"
            assert (cells[f"D{row + 2}"], cells[f"E{row + 2}"]) == ("0", "0")


def test_the_worked_case_stands_in_its_cells(worked_statements: Mapping[str, Statement]) -> None:
    data = workbook(worked_statements["search"])
    cells = _read(data, "USD")
    lines = [list(row) for _, row in rows(BytesIO(data), "USD lines")]
    assert [sheet.name for sheet in sheets(BytesIO(data))] == ["USD", "USD lines", "about"]
    assert lines[0][-3:] == ["EffectiveCost 2026-10", "EffectiveCost 2026-09", "BilledCost 2026-10"]
    bedrock = next(row for row in lines if row[2] == "Amazon Bedrock" and row[-3] == "30")
    assert bedrock[1:7] == ["model", "Amazon Bedrock", "direct", None, "AWS", "invoiced"]
    row = next(name[1:] for name, text in cells.items() if text == "GPU cluster")
    assert [cells[f"{column}{row}"] for column in "BCDEF"] == [
        *("platform", "GPU cluster", "32.5", "0", "32.5"),
    ]


def test_names_are_texts_and_never_formulas(odd_statements: Mapping[str, Statement]) -> None:
    """Each hostile name is also the use case and the service of some lines."""
    seen: set[str] = set()
    for statement in odd_statements.values():
        data = workbook(statement)
        for block in statement.blocks:
            assert _formulas(data, f"{block.currency} lines") == {}
            formulas = _formulas(data, block.currency).values()
            assert not [text for text in formulas if "HYPERLINK" in text or "cmd" in text]
            seen |= set(_read(data, f"{block.currency} lines").values())
    assert {name for name in stated.HOSTILE if name.strip() == name} <= seen
    with ZipFile(BytesIO(workbook(odd_statements[stated.FORMULA]))) as archive:
        assert b'quotePrefix="1"' in archive.read("xl/styles.xml")
        assert not [name for name in archive.namelist() if "rels" in name and "sheet" in name]


def test_texts_that_no_tag_can_hold_are_texts_too(
    worked_statements: Mapping[str, Statement],
) -> None:
    search = worked_statements["search"]
    (usd,) = search.blocks
    lines = [line._replace(service="\t=1+1", part="\x00\x1b") for line in usd.lines]
    data = workbook(replace(search, owner="\t=1+1", blocks=[replace(usd, lines=lines)]))
    assert _formulas(data, "USD lines") == {}
    assert _read(data, "USD lines")["C2"] == "\t=1+1"


def test_a_star_is_no_wildcard_and_case_counts(odd_statements: Mapping[str, Statement]) -> None:
    """The use cases `*`, `chat` and `Chat` of one owner each have their own lines only.

    The owner is the third, so `*` has 3 + 7 + 0.1055.
    """
    owner = stated.HOSTILE[-1 - stated.HOSTILE.index(stated.WILD)]
    calculator = Calculator(workbook(odd_statements[owner]), "USD")
    at = next(row for row in range(1, 99) if calculator.text(f"A{row}") == "By layer")
    found = {
        calculator.text(f"A{row}"): calculator.value(f"D{row}")
        for row in range(at + 2, at + 8)
        if calculator.text(f"B{row}") == "model"
    }
    assert (found["chat"], found["Chat"]) == (Decimal("1.11"), Decimal("2.22"))
    assert Decimal("10.09") <= found[stated.WILD] <= Decimal("10.11")


def test_amounts_are_numbers_in_the_format_of_their_currency(
    odd_statements: Mapping[str, Statement],
) -> None:
    with ZipFile(BytesIO(workbook(odd_statements["@SUM(1)"]))) as archive:
        styles = archive.read("xl/styles.xml").decode()
    assert 'formatCode="#,##0.00"' in styles or 'numFmtId="4"' in styles
    assert 'formatCode="#,##0"' in styles or 'numFmtId="3"' in styles


def test_the_same_statement_is_the_same_bytes(worked_statements: Mapping[str, Statement]) -> None:
    search = worked_statements["search"]
    assert workbook(search) == workbook(search)
