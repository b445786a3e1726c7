"""A log of calls that a Windows shell has redirected into a file."""

from pathlib import Path


def write(folder: Path) -> None:
    call = '{"schemaType": "ModelInvocationLog", "modelId": "anthropic.claude-sonnet-4-5"}\n'
    (folder / "usage").mkdir()
    (folder / "usage" / "01.jsonl").write_text(call, encoding="utf-16")
