"""What the API says of itself: `/api/openapi.json`, and `/api/relations`, of the data dictionary.

Columns that stand for several are spelt out for the taxonomy of the run.
"""

from collections.abc import Iterator, Mapping, Sequence

from everyline import __version__
from everyline.answers import selection
from everyline.relations import GROUP_KEY, K_RULE, K_TAG, KEYS, RELATIONS, Column, Relation
from everyline.web.api.call import RUN, Call, Parameter, Service
from everyline.web.api.explained import CHARGE, FIGURE
from everyline.web.api.rows import IN_NO_RUN, ROWS
from everyline.web.api.runs import RUNS

Json = dict[str, object]

_OPEN = (GROUP_KEY, "*")
"""What stands for columns that no dictionary names: those of the bill."""

_ENDS: Mapping[str, Sequence[str]] = {
    KEYS: ("", "_evidence"),
    K_TAG: ("_tag",),
    K_RULE: ("_rule",),
}
_NULL = "null"
_SCHEMAS: Mapping[str, Mapping[str, object]] = {
    "text": {"type": ["string", _NULL]},
    "integer": {"type": ["integer", "string", _NULL], "pattern": "^-?[0-9]+$"},
    "decimal": {"type": ["string", _NULL], "pattern": r"^-?[0-9]+(\.[0-9]+)?$"},
    "timestamp": {"type": ["string", _NULL], "format": "date-time"},
    "boolean": {"type": ["boolean", _NULL]},
}
_SUMMED: Json = {"type": ["string", "integer", "boolean", _NULL]}
_ERROR: Json = {
    "type": "object",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["status", "says", "hint"],
            "additionalProperties": False,
            "properties": {
                "status": {"type": "integer", "description": "The status of the answer."},
                "says": {"type": "string", "description": "What is wrong, a sentence."},
                "hint": {"type": "string", "description": "What to do; empty if nothing helps."},
            },
        }
    },
}
_NODE: Json = {
    "type": "object",
    "required": ["kind", "name", "amount", "BillingCurrency", "facts"],
    "description": "Nodes of each list in it sum to its amount.",
    "properties": {
        "kind": {"type": "string"},
        "name": {"type": "string"},
        "amount": _SCHEMAS["decimal"],
        "BillingCurrency": {"type": "string"},
        "x_LineCount": {"type": "integer"},
        "facts": {"type": "object", "additionalProperties": {"type": "string"}},
        "tags": {"type": "object"},
        **{
            name: {"type": "array", "items": {"$ref": "#/components/schemas/node"}}
            for name in ("children", "shares", "usage")
        },
    },
}
_REFUSALS = {
    "400": "The question is not one that this can answer.",
    "403": "The asker may not see it.",
    "404": "It is not there, or nothing has been run.",
    "409": "What lies in the project is not what the run was made of.",
    "500": "A fault of everyline's own.",
}


def relations(call: Call) -> Mapping[str, object]:
    """Every relation with its columns and what they mean."""
    return {"relations": [_relation(call, one) for one in RELATIONS]}


def _relation(call: Call, one: Relation) -> Json:
    keys = call.opened.keys
    return {
        "relation": one.name,
        "grain": one.grain,
        "key": selection.expanded(one.key, keys),
        "rows": None if one.name in IN_NO_RUN else _address(ROWS.path, one.name),
        "stored": one.stored,
        "columns": [
            {"column": name, "type": column.kind, "means": column.meaning}
            for name, column in _columns(one, keys)
        ],
    }


def _columns(one: Relation, keys: Sequence[str]) -> Iterator[tuple[str, Column]]:
    for column in one.columns:
        ends = _ENDS.get(column.name)
        if ends is None:
            yield column.name, column
        else:
            yield from ((key + end, column) for key in keys for end in ends)


def description(call: Call) -> Json:
    """The API in OpenAPI 3.1."""
    keys = call.opened.keys
    rows = [one for one in RELATIONS if one.name not in IN_NO_RUN]
    paths = {
        DESCRIPTION.path: _path(DESCRIPTION, {"type": "object"}),
        RUNS.path: _path(RUNS, _listed("runs", _of(run="string", current="boolean"))),
        RELATIONS_.path: _path(RELATIONS_, _listed("relations", {"type": "object"})),
        FIGURE.path: _path(FIGURE, {"type": "array", "items": _ref("node")}),
        CHARGE.path.replace("{value}", "{charge}"): _path(CHARGE, {"type": "object"}, "charge"),
    }
    for one in rows:
        paths[_address(ROWS.path, one.name)] = _path(ROWS, _ref(f"{one.name}_rows"), of=one)
    schemas: Json = {"error": _ERROR, "node": _NODE}
    for one in rows:
        schemas[one.name] = _row(one, keys)
        schemas[f"{one.name}_rows"] = _rows(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "everyline",
            "version": __version__,
            "summary": "AI cost with its owners, as the pages show it.",
            "description": "Everything is read and nothing is written. Amounts are text with every"
            " digit. An answer names its run; asked for with `run`, it stays what it is.",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _path(
    service: Service, schema: Json, value: str | None = None, of: Relation | None = None
) -> Json:
    in_path: list[Json] = []
    if value is not None:
        said = "An id, or how it begins."
        in_path = [
            {
                "name": value,
                "in": "path",
                "required": True,
                "description": said,
                "schema": {"type": "string"},
            }
        ]
    refusals: Json = {
        status: {"description": means, "content": _content(_ref("error"))}
        for status, means in _REFUSALS.items()
    }
    name = service.path.removeprefix("/api/").split("/")[0].removesuffix(".json")
    return {
        "get": {
            "operationId": "_".join(filter(None, (name, value, of.name if of else None))),
            "summary": f"{of.grain[0].upper()}{of.grain[1:]}." if of else service.does,
            "description": service.does,
            "parameters": [*in_path, *map(_parameter, service.takes)],
            "responses": refusals | {"200": {"description": "It.", "content": _content(schema)}},
        }
    }


def _parameter(one: Parameter) -> Json:
    schema: Json = dict(one.schema or {"type": "string"})
    if one.repeats:
        schema = {"type": "array", "items": schema}
    return {"name": one.name, "in": "query", "description": one.does, "schema": schema}


def _row(one: Relation, keys: Sequence[str]) -> Json:
    """A row; sums have some of its columns, and how many rows each holds."""
    properties: Json = {}
    for name, column in _columns(one, keys):
        if name not in _OPEN:
            properties[name] = {**_SCHEMAS[column.kind], "description": column.meaning}
    properties[selection.ROWS] = {"type": "integer", "description": "of sums: rows in it"}
    made: Json = {"type": "object", "description": one.grain, "properties": properties}
    is_open = any(column.name in _OPEN for column in one.columns)
    made["additionalProperties"] = _SUMMED if is_open else False
    return made


def _rows(one: Relation) -> Json:
    properties = {
        "relation": {"const": one.name},
        "run": {"type": "string"},
        "count": {"type": "integer", "description": "of all pages"},
        "rows": {"type": "array", "items": _ref(one.name)},
        "next": {"type": ["string", _NULL], "description": "the address of the rows after these"},
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def _listed(name: str, items: Json) -> Json:
    return {"type": "object", "properties": {name: {"type": "array", "items": items}}}


def _of(**kinds: str) -> Json:
    return {
        "type": "object",
        "required": list(kinds),
        "properties": {name: {"type": kind} for name, kind in kinds.items()},
    }


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _content(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _address(path: str, value: str) -> str:
    return path.replace("{value}", value)


RELATIONS_ = Service(
    "/api/relations", "Every relation: its grain, its key, and what its columns mean.", relations
)
DESCRIPTION = Service("/api/openapi.json", "This description.", description, takes=(RUN,))
