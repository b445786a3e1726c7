"""What readers of telemetry make of files: native rows, and rows as a run has them."""

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from everyline.config.load import load
from everyline.config.sources import UsageSource
from everyline.engines.duckdb import Engine
from everyline.problems import Problem
from everyline.sources.deliveries import deliveries
from everyline.sources.format import Facts, Rows
from everyline.sources.telemetry import Telemetry
from everyline.sources.usages import usages

SAMPLES = Path(__file__).parents[1] / "samples"

Row = Mapping[str, str | None]


def read(form: Telemetry, path: Path, pattern: str = "usage/*") -> tuple[list[Row], dict[str, Any]]:
    """The native rows of one file, and its facts when all rows have been read."""
    source = UsageSource(name="usage", format=form.name, path=pattern)  # type: ignore[arg-type]
    (native,) = form.read(path, source, path.parent)
    assert isinstance(native, Rows)
    rows: list[Row] = [dict(zip(native.header, row, strict=True)) for row in native.rows]
    # The cache keeps facts as JSON.
    facts: dict[str, Any] = json.loads(json.dumps(native.facts))
    return rows, facts


def problems(form: Telemetry, *paths: Path, pattern: str = "usage/*") -> list[Problem]:
    """What is found between files."""
    return form.across([Facts(path.name, read(form, path, pattern)[1]) for path in paths])


def meters(rows: Iterable[Row]) -> dict[str, int]:
    """Sums of amounts by meter; meters of which nothing was used left out."""
    sums: Counter[str] = Counter()
    for row in rows:
        sums[str(row["x_Meter"])] += int(row["x_Quantity"] or 0)
    return {meter: quantity for meter, quantity in sums.items() if quantity}


def told(facts: Mapping[str, Any]) -> list[tuple[str, str, int, int]]:
    """Problems of rows: name, level, line, how often."""
    return [(p["name"], p["level"], p["line"], p["count"]) for p in facts["problems"]]


def project(folder: Path, form: str, files: Sequence[Path], path: str = "usage/*") -> Path:
    """A project whose only source are copies of `files`, one after the other in natural order."""
    for at, file in enumerate(files):
        target = folder / "usage" / f"{at}-{file.name}"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    (folder / "everyline.yaml").write_text(
        "taxonomy:\n  team: {tags: [team]}\n"
        f'usage:\n  - {{name: sample, format: {form}, path: "{path}"}}\n'
    )
    return folder


def landed(folder: Path) -> tuple[list[dict[str, Any]], list[Problem]]:
    """The typed rows of a project's one source, replaced ones left out; and all problems."""
    loaded = load(folder)
    assert loaded.configuration
    assert not loaded.problems
    engine, read = Engine(), loaded.configuration
    delivered = [deliveries(folder, source) for source in read.usage]
    cache = folder / ".everyline"
    found = usages(engine, read, delivered, cache=cache, progress=lambda _: None)
    rows = []
    for source in found.rows:
        columns = engine.columns(source.relation)
        listed = engine.rows(f"SELECT * FROM {source.relation}")
        rows += [dict(zip(columns, row, strict=True)) for row in listed]
    engine.close()
    return rows, found.problems


def sums(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> dict[str, Decimal]:
    """Sums of some columns of typed rows."""
    listed = list(rows)
    return {name: sum((r[name] or Decimal(0) for r in listed), Decimal(0)) for name in columns}
