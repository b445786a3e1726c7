"""A page of JSON that is nothing but brackets."""

from pathlib import Path


def write(folder: Path) -> None:
    (folder / "bills" / "01.json").write_text("[" * 100_000 + "]" * 100_000)
