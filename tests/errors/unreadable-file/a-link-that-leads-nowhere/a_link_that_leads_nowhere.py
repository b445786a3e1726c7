"""A symbolic link to a file that is not there."""

from pathlib import Path


def write(folder: Path) -> None:
    (folder / "bills" / "october.csv").symlink_to(folder / "archive" / "october.csv")
