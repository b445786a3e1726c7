"""A workbook in which a row has an amount under no header."""

from pathlib import Path

import xlsxwriter  # type: ignore[import-untyped]


def write(folder: Path) -> None:
    with xlsxwriter.Workbook(folder / "bills" / "seats.xlsx") as book:
        sheet = book.add_worksheet("Seats")
        sheet.write_row(0, 0, ["day", "amount"])
        sheet.write_row(1, 0, ["2026-10-01", 12.5])
        sheet.write_row(2, 0, ["2026-10-02", 3, 99.5])
