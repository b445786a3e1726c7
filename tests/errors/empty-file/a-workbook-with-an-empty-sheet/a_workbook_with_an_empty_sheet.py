"""A workbook whose only sheet is empty."""

from pathlib import Path

import xlsxwriter  # type: ignore[import-untyped]


def write(folder: Path) -> None:
    with xlsxwriter.Workbook(folder / "bills" / "seats.xlsx") as book:
        book.add_worksheet("Seats")
