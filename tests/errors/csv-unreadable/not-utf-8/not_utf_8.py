"""A list of values saved as Latin-1."""

from pathlib import Path


def write(folder: Path) -> None:
    (folder / "owners").mkdir()
    (folder / "owners" / "teams.csv").write_text("value\nsearch\ncafé\n", encoding="latin-1")
