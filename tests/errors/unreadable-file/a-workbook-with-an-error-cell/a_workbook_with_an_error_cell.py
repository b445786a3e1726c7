"""A workbook whose cost is a formula that divided by zero."""

from pathlib import Path

import xlsxwriter  # type: ignore[import-untyped]


def write(folder: Path) -> None:
    with xlsxwriter.Workbook(folder / "bills" / "seats.xlsx") as book:
        sheet = book.add_worksheet("Seats")
        sheet.write_row(0, 0, ["day", "amount", "plan"])
        sheet.write_row(1, 0, ["2026-10-01", 12.5, "Business"])
        sheet.write(2, 0, "2026-10-02")
        sheet.write_formula(2, 1, "=1/0", value="#DIV/0!")
