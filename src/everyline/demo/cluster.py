"""The GPU clusters: OpenCost's answer of a month in steps of a day, by namespace, idle included.

Two clusters have GPUs that nobody has reserved for one team: eight of them train, four serve. What
no namespace used is `__idle__`, so that a day sums to what there is.
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from everyline.demo.company import PERIODS, days
from everyline.demo.noise import noise
from everyline.demo.writing import write_text

GPUS = {"gpu-serve": 4, "gpu-train": 8}
_CORES_A_GPU = 24
_BYTES_A_GPU = 256 * 2**30


class Space(NamedTuple):
    """A namespace: its labels, and GPU hours of an average working day."""

    cluster: str
    name: str
    hours: int
    labels: dict[str, str]


SPACES = (
    Space("gpu-serve", "care-summaries", 34, {"team": "care", "use_case": "chat-assistant"}),
    Space("gpu-serve", "gateway", 6, {"team": "ai-platform", "use_case": "model-serving"}),
    Space("gpu-serve", "tariff-codes", 20, {"team": "customs", "use_case": "hs-code-lookup"}),
    Space("gpu-train", "address-vectors", 46, {"team": "search", "use_case": "semantic-search"}),
    Space("gpu-train", "damage-models", 30, {"team": "depots", "use_case": "damage-check"}),
    Space("gpu-train", "eta-models", 38, {"team": "routing", "use_case": "eta-forecast"}),
    Space("gpu-train", "notebooks", 9, {}),  # nobody labelled it
    Space("gpu-train", "platform-tests", 12, {"team": "ai-platform", "use_case": "model-serving"}),
)


def write_cluster(folder: Path) -> None:
    """Write `folder`/{period}.json."""
    for period in PERIODS:
        answer = {"code": 200, "data": [dict(_allocations(day)) for day in days(period)]}
        write_text(folder / f"{period}.json", json.dumps(answer, indent=1) + "\n")


def used(space: Space, day: datetime) -> int:
    """Hundredths of GPU hours: fewer at weekends, some chance."""
    return (
        space.hours
        * noise(80, 120, "gpu", space.name, day)
        * (10 if day.weekday() < 5 else 7)
        // 10
    )


def _allocations(day: datetime) -> Iterator[tuple[str, dict[str, object]]]:
    for cluster, gpus in GPUS.items():
        left = gpus * 24 * 100
        for space in SPACES:
            if space.cluster == cluster:
                hours = used(space, day)
                left -= hours
                labels = {"kubernetes_io_metadata_name": space.name} | space.labels
                properties: dict[str, object] = {
                    "cluster": cluster,
                    "namespace": space.name,
                    "labels": labels,
                }
                yield (
                    f"{cluster}/{space.name}",
                    _allocation(f"{cluster}/{space.name}", properties, hours, day),
                )
        idle = f"{cluster}/__idle__"
        yield idle, _allocation(idle, {"cluster": cluster}, left, day)


def _allocation(
    name: str, properties: dict[str, object], hundredths: int, day: datetime
) -> dict[str, object]:
    """CPU and memory follow the GPUs, as they do on nodes that are cut up by them."""
    window = {"start": _instant(day), "end": _instant(day + timedelta(days=1))}
    return {
        "name": name,
        "properties": properties,
        "window": window,
        **window,
        "minutes": 1440,
        "cpuCoreHours": hundredths * _CORES_A_GPU / 100,
        "gpuHours": hundredths / 100,
        "ramByteHours": hundredths * _BYTES_A_GPU // 100,
    }


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
