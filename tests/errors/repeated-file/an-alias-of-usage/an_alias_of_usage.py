"""A log of calls, and a link to the same file beside it."""

import json
from pathlib import Path


def write(folder: Path) -> None:
    call = {"schemaType": "ModelInvocationLog", "modelId": "anthropic.claude-sonnet-4-5"}
    call |= {"requestId": "req-01", "timestamp": "2026-10-01T09:00:00Z"}
    (folder / "usage").mkdir()
    (folder / "usage" / "october.jsonl").write_text(json.dumps(call) + "\n")
    (folder / "usage" / "latest.jsonl").symlink_to("october.jsonl")
