"""A Parquet file of no bytes."""

from pathlib import Path


def write(folder: Path) -> None:
    (folder / "bills" / "october.parquet").write_bytes(b"")
