"""A page of usage in which 100,000 lists lie in each other."""

from pathlib import Path


def write(folder: Path) -> None:
    (folder / "usage").mkdir()
    (folder / "usage" / "01.json").write_text('{"data": ' + "[" * 100_000 + "]" * 100_000 + "}")
