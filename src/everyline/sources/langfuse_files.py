"""The files that hold Langfuse observations, each observation by the names of the blob export."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from everyline.engines.duckdb import Engine, lines_to, literal, one_file, parquet, quoted
from everyline.problems import Problem
from everyline.sources import delimited, json_text, json_values
from everyline.sources.format import Facts
from everyline.sources.unreadable import Unreadable

FIELDS: Mapping[str, tuple[str, ...]] = {
    "id": (),
    "trace_id": ("traceId",),
    "project_id": ("projectId",),
    "parent_observation_id": ("parentObservationId",),
    "type": (),
    "start_time": ("startTime",),
    "updated_at": ("updatedAt",),
    "level": (),
    "environment": (),
    "user_id": ("userId",),
    "session_id": ("sessionId",),
    "tags": (),
    "trace_name": ("traceName",),
    "release": (),
    "metadata": (),
    "model": ("provided_model_name", "providedModelName"),
    "usage_details": ("usageDetails",),
    "usage": (),
    "total_cost": ("totalCost", "calculatedTotalCost"),
}
"""What is read of an observation, and its other names. All else, prompts above all, is not."""

_OF_TRACE = {
    "tags": "tags",
    "userId": "user_id",
    "sessionId": "session_id",
    "name": "trace_name",
    "release": "release",
    "environment": "environment",
    "projectId": "project_id",
}
_TITLE = "file of Langfuse observations"
_LINE_BYTES_MAX = 64_000_000
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d{1,9})?Z?")

Observation = Mapping[str, Any]


def observations(path: Path, facts: dict[str, object]) -> Iterator[tuple[int, Observation]]:
    """Each observation and the line at which it, or the page around it, begins.

    `facts` is told which page of an answer the file is.

    Raises:
        Unreadable: the file is of none of the forms above, or damaged.
    """
    with path.open("rb") as file:
        sign = file.read(4)
    name = path.name.lower()
    if sign == b"PAR1":
        yield from _columnar(path)
    elif name.endswith((".csv", ".csv.gz")):
        yield from _delimited(path)
    else:
        for line, value in json_values.values(path):
            yield from ((line, _read(one, line)) for one in _of_value(value, line, facts))


def instant(text: str | None) -> str | None:
    """An instant without zone is UTC; what is no instant stays as it is, to be named."""
    found = _INSTANT.fullmatch(text) if text else None
    return f"{found[1]}T{found[2]}Z" if found else text


def ordered(text: str | None) -> str:
    """An instant in a form that sorts, whichever of the two spellings it has."""
    return (text or "").replace("T", " ").removesuffix("Z")


def _of_value(value: Any, line: int, facts: dict[str, object]) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        for one in value:
            yield from _of_value(one, line, facts)
        return
    if not isinstance(value, dict):
        raise Unreadable(f"the file is no {_TITLE}", "expected JSON objects", line=line)
    if isinstance(inside := value.get("observations"), list) and "type" not in value:
        trace = value.get("trace")
        trace = trace if isinstance(trace, dict) else {}
        of_trace = {ours: trace.get(theirs) for theirs, ours in _OF_TRACE.items()}
        for one in inside:
            known = one if isinstance(one, dict) else {}
            yield {**{k: v for k, v in of_trace.items() if v is not None}, **known}
    elif isinstance(inside := value.get("data"), list) and "type" not in value:
        if any(isinstance(one, dict) and "type" not in one for one in inside):
            hint = "sums can't be told apart by call: fetch `/api/public/v2/observations` instead"
            raise Unreadable("the page holds sums, no observations", hint, line=line)
        _say_page(value.get("meta"), facts)
        yield from (one for one in inside if isinstance(one, dict))
    elif "error" in value and "id" not in value:
        hint = "fetch the page again: the answer is an error message"
        raise Unreadable(f"the file is no {_TITLE}", hint, line=line)
    else:
        yield value


def _say_page(meta: Any, facts: dict[str, object]) -> None:
    if not isinstance(meta, dict):
        return
    if "totalPages" in meta:
        page, total = json_text.cell(meta.get("page")), json_text.cell(meta.get("totalPages"))
        facts["page"], facts["total_pages"] = page or "1", total or "1"
    else:
        facts["has_more"] = json_text.cell(meta.get("cursor")) is not None


def _read(given: Mapping[str, Any], line: int) -> Observation:
    found: dict[str, Any] = {}
    for name, others in FIELDS.items():
        value = next((given[n] for n in (name, *others) if given.get(n) not in (None, "")), None)
        if value is not None:
            found[name] = value
    for name in ("usage_details", "usage", "tags"):
        if isinstance(found.get(name), str):
            found[name] = json_text.load(found[name].encode(), first_line=line)
    if not isinstance(found.get("tags", []), list):
        raise Unreadable("`tags` of an observation is no list", "expected texts", line=line)
    if isinstance(text := found.get("metadata"), str):
        # Free text is as lawful as JSON here, and says nothing of an owner.
        try:
            found["metadata"] = json_text.load(text.encode(), first_line=line)
        except Unreadable:
            del found["metadata"]
    return found


def _columnar(path: Path) -> Iterator[tuple[int, Observation]]:
    engine = Engine()
    try:
        kinds = engine.columns(parquet(path))
        wanted = _wanted(list(kinds))
        nested = {n for n in wanted if kinds[n].startswith(("MAP", "STRUCT")) or "[]" in kinds[n]}
        picked = (
            f"{f'to_json({quoted(n)})' if n in nested else quoted(n)}::VARCHAR" for n in wanted
        )
        yield from _rows(engine, f"SELECT {', '.join(picked)} FROM {parquet(path)}", wanted)
    finally:
        engine.close()


def _delimited(path: Path) -> Iterator[tuple[int, Observation]]:
    header, delimiter = delimited.header(path, _LINE_BYTES_MAX)
    wanted = _wanted(header)
    columns = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(header)))
    relation = (
        f"read_csv({one_file(path)}, auto_detect=false, header=true, nullstr='',"
        f" delim={literal(delimiter)}, quote='\"', escape='\"', columns={{{columns}}},"
        f" {lines_to(_LINE_BYTES_MAX)})"
    )
    picked = ", ".join(f"c{header.index(name)}" for name in wanted)
    engine = Engine()
    try:
        for row, found in _rows(engine, f"SELECT {picked} FROM {relation}", wanted):
            yield delimited.line(path, row), found
    finally:
        engine.close()


def _rows(engine: Engine, sql: str, names: Sequence[str]) -> Iterator[tuple[int, Observation]]:
    with engine.in_order():
        found = engine.rows(sql)
    for row, cells in enumerate(found, 1):
        yield row, _read(dict(zip(names, cells, strict=True)), row)


def _wanted(header: Sequence[str]) -> list[str]:
    names = {name for one, others in FIELDS.items() for name in (one, *others)}
    found = [name for name in header if name in names]
    if "id" not in found or not {"type", "timestamp"} & set(header):
        hint = "expected columns such as `id`, `type`, `start_time`, `usage_details`"
        raise Unreadable(f"the file is no {_TITLE}", hint, line=1)
    return found


def across(files: Sequence[Facts]) -> list[Problem]:
    """Pages that an answer says there are, and no file has (R1)."""
    pages = {str(one.facts["page"]) for one in files if "page" in one.facts}
    found = []
    for one in files:
        total = str(one.facts.get("total_pages", ""))
        wanted = range(1, int(total) + 1) if re.fullmatch("[0-9]{1,6}", total) else ()
        if missing := next((str(n) for n in wanted if str(n) not in pages), None):
            found.append(_missing(one.file, f"page {missing}"))
            break
    cursors = [one for one in files if "has_more" in one.facts]
    if cursors and all(one.facts["has_more"] for one in cursors):
        found.append(_missing(cursors[-1].file, "the page after its cursor"))
    return found


def _missing(file: str, page: str) -> Problem:
    return Problem(
        name="missing-page",
        level="stop",
        sentence="the answer goes on, but no file has its next page",
        place=file,
        subject=page,
        hint=f"fetch {page}, and run again",
    )
