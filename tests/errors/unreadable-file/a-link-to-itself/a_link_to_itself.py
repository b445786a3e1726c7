"""A symbolic link that leads to itself."""

from pathlib import Path


def write(folder: Path) -> None:
    loop = folder / "bills" / "october.csv"
    loop.symlink_to(loop)
