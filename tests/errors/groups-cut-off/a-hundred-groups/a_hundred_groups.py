"""A page of Anthropic's analytics report with as many groups as one bucket can have."""

import json
from pathlib import Path


def write(folder: Path) -> None:
    groups = [
        {
            "uncached_input_tokens": 10,
            "output_tokens": 2,
            "product": "api",
            "account_id": f"user_{at}",
        }
        for at in range(100)
    ]
    start, end = "2026-10-01T00:00:00Z", "2026-10-02T00:00:00Z"
    page = {
        "data": [{"starting_at": start, "ending_at": end, "results": groups}],
        "has_more": False,
    }
    (folder / "usage").mkdir()
    (folder / "usage" / "01.json").write_text(json.dumps(page, indent=2))
