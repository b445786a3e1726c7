"""A workbook with a text where the cost should be."""

from pathlib import Path

import xlsxwriter  # type: ignore[import-untyped]


def write(folder: Path) -> None:
    with xlsxwriter.Workbook(folder / "bills" / "seats.xlsx") as book:
        sheet = book.add_worksheet("Seats")
        sheet.write_row(0, 0, ["day", "amount"])
        sheet.write_row(3, 0, ["2026-10-01", 12.5])
        sheet.write_row(5, 0, ["2026-10-02", "three"])
