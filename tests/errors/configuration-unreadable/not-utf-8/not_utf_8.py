"""everyline.yaml saved as UTF-16."""

from pathlib import Path


def write(folder: Path) -> None:
    (folder / "everyline.yaml").write_text("taxonomy: {}\n", encoding="utf-16")
