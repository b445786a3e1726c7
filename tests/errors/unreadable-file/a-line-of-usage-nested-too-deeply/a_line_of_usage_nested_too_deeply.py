"""A line of traces that is well, and one in which 100,000 lists lie in each other."""

from pathlib import Path


def write(folder: Path) -> None:
    deep = '{"resourceSpans": ' + "[" * 100_000 + "]" * 100_000 + "}"
    (folder / "usage").mkdir()
    (folder / "usage" / "01.jsonl").write_text('{"resourceSpans": []}\n' + deep + "\n")
