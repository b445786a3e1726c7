"""A call whose prompt has 40 MB, which the engine would pass over, below one of the usual size."""

import json
from pathlib import Path


def write(folder: Path) -> None:
    call = {"request_id": "r", "startTime": "2026-10-01T00:00:00Z", "call_type": "acompletion"}
    (folder / "usage").mkdir()
    with (folder / "usage" / "01.jsonl").open("w") as file:
        file.write(json.dumps(call) + "\n")
        file.write(json.dumps(call | {"messages": "x" * 40_000_000}) + "\n")
