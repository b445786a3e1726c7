"""A gzipped log of calls of which the last half never arrived."""

import gzip
import json
from pathlib import Path


def write(folder: Path) -> None:
    call = {"schemaType": "ModelInvocationLog", "modelId": "anthropic.claude-sonnet-4-5"}
    calls = (
        call | {"requestId": str(at), "timestamp": "2026-10-01T09:00:00Z"} for at in range(500)
    )
    data = gzip.compress("\n".join(map(json.dumps, calls)).encode(), mtime=0)
    (folder / "usage").mkdir()
    (folder / "usage" / "01.json.gz").write_bytes(data[: len(data) // 2])
