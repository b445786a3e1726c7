"""A workbook of which the last half never arrived."""

from pathlib import Path

import xlsxwriter  # type: ignore[import-untyped]


def write(folder: Path) -> None:
    target = folder / "bills" / "seats.xlsx"
    with xlsxwriter.Workbook(target) as book:
        book.add_worksheet("Seats").write_row(0, 0, ["day", "amount"])
    data = target.read_bytes()
    target.write_bytes(data[: len(data) // 2])
