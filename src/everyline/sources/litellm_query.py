"""SQL that makes usage rows out of LiteLLM spend logs, lines of JSON and CSV alike.

Two traps decide its shape. The engine's JSON takes every number through DOUBLE, which holds fifteen
digits of `spend`. And the same field comes as an object, as JSON text, or as JSON text of JSON
text, by version and way of export. Nearly all files are as the engine's own reader wants them, and
no number is longer than it holds: `of_lines` reads these, and refuses the others. `of_any_lines`
reads each line as text, in which it finds the digits, and takes twice the time.

Only the fields named here leave the line: prompts, responses and error messages do not.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from everyline.engines.duckdb import lines_to, literal, one_file, quoted
from everyline.sources.line_ends import LINE_BYTES_MAX

# Prompts stand in the line where the gateway keeps them, so lines may be long. The engine is
# quickest if its buffer holds little more than one, and then refuses files of which many are.
_LINES = lines_to(LINE_BYTES_MAX)
_USUAL_LINES = f"max_line_size={LINE_BYTES_MAX}, buffer_size={LINE_BYTES_MAX * 17 // 16}"

FIELDS = (
    "request_id",
    "startTime",
    "call_type",
    "custom_llm_provider",
    "model",
    "model_group",
    "model_id",
    "api_key",
    "user",
    "end_user",
    "team_id",
    "status",
    "cache_hit",
    "request_tags",
    "prompt_tokens",
    "completion_tokens",
    "spend",
)
"""Fields of a call that are read, beside `metadata`."""

_USAGE: Mapping[str, object] = {
    "service_tier": "VARCHAR",
    "cache_read_input_tokens": "VARCHAR",
    "cache_creation_input_tokens": "VARCHAR",
    "prompt_tokens_details": {"cached_tokens": "VARCHAR", "cache_creation_tokens": "VARCHAR"},
}

METADATA: Mapping[str, object] = {
    "user_api_key_alias": "VARCHAR",
    "user_api_key_team_alias": "VARCHAR",
    "user_api_key_team_id": "VARCHAR",
    "status": "VARCHAR",
    "usage_object": _USAGE,
    "additional_usage_values": _USAGE,
}
"""Entries of `metadata` that are read, as the engine's JSON functions spell a shape."""

HEADER = (
    "request_id",
    "startTime",
    "hour",
    "ServiceProviderName",
    "x_CredentialId",
    "x_PrincipalId",
    "ResourceId",
    "x_Model",
    "x_Tier",
    "Tags",
    "requests",
    "input_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "output_tokens",
)
COST = ("x_EstimatedCost", "x_EstimatedCurrency")

_SPEND = r'"spend"\s*:\s*(-?[0-9][0-9.eE+-]*)'
# Sixteen digits, or an exponent of three: no DOUBLE holds each such number.
_LONG_SPEND = r'"spend"\s*:\s*-?(?:[0.]*[1-9](?:\.?[0-9]){15}|[0-9.]+[eE][+-]?[0-9]{3})'
# The engine's JSON refuses half of a character, which prompts hold where they were cut.
_HALVES = r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
_PLAIN_TAGS = r'\["[^": \\]+:[^": \\]+"(, ?"[^": \\]+:[^": \\]+")*\]'
_USER_AGENT = r'(, ?)?"User-Agent:[^"\\]*"'


def of_lines(path: Path, *, cost: bool) -> str:
    """Usage rows of a file with one JSON object a line; blank lines are none.

    The engine refuses it where a line is no JSON object or too long, `metadata` is no object, or
    digits of a `spend` would be lost.
    """
    read = [name for name in FIELDS if cost or name != "spend"]
    columns = dict.fromkeys(read, "VARCHAR") | {"metadata": _type(METADATA)}
    listed = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in columns.items())
    spend = f"CASE WHEN ({_rounded(path)}) THEN error('rounded') ELSE spend END"
    replaced = f" REPLACE ({spend} AS spend)" if cost else ""
    return f"""WITH fields AS (SELECT *{replaced}, NULL::VARCHAR AS fault,
    NULL::VARCHAR AS metadata_text
  FROM read_json({one_file(path)}, format='newline_delimited', records=true,
    compression='{_compression(path)}', columns={{{listed}}})),
{_token_classes(cost=cost)}"""


def _rounded(path: Path) -> str:
    """Whether some `spend` has digits that are lost on the way through DOUBLE."""
    every = f"regexp_extract_all(line, {literal(_SPEND)}, 1)"
    held = "TRY_CAST(said AS DOUBLE[])::VARCHAR[]"
    return f"""SELECT coalesce(bool_or({held} IS DISTINCT FROM said), false)
  FROM (SELECT {every} AS said FROM {_texts(path, _USUAL_LINES)}
    WHERE regexp_matches(line, {literal(_LONG_SPEND)}))"""


def of_any_lines(path: Path, *, cost: bool) -> str:
    """As `of_lines`, for any file; what can't be read of a line is said in its `hour`."""
    read = [name for name in FIELDS if cost or name != "spend"]
    shape = dict.fromkeys(read, "VARCHAR") | {"metadata": METADATA}
    fields = ", ".join(f"call.{quoted(name)}" for name in FIELDS if name != "spend")
    fields += f", {_spend()} AS spend" if cost else ""
    whole = f"regexp_replace(line, {literal(_HALVES)}, '?', 'g')"
    return f"""WITH lines AS (SELECT line, {_read("line", shape)} AS call
  FROM {_texts(path, _LINES)}
  WHERE CASE WHEN strlen(line) > 9 THEN true ELSE trim(line, e' \\t\\r') <> '' END),
calls AS (SELECT line, coalesce(call, {_read(whole, shape)}) AS call FROM lines),
fields AS (SELECT {fields}, call.metadata AS metadata, CASE
    WHEN call IS NULL THEN 'no JSON object'
    END AS fault, CASE
    WHEN call.metadata.user_api_key_alias IS NULL AND call.metadata.user_api_key_team_id IS NULL
      AND call.metadata.usage_object IS NULL AND call IS NOT NULL
    THEN coalesce(try(json_extract_string(line, '$.metadata')),
      json_extract_string({whole}, '$.metadata'))
    END AS metadata_text
  FROM calls),
{_token_classes(cost=cost)}"""


def _texts(path: Path, lines: str) -> str:
    # No JSON holds the sign U+0001, so a line is one cell, whatever stands in it.
    return f"""read_csv({one_file(path)}, auto_detect=false, header=false, delim=e'\\x01', quote='',
    escape='', columns={{'line': 'VARCHAR'}}, {lines},
    compression='{_compression(path)}', strict_mode=false)"""


def _compression(path: Path) -> str:
    return "gzip" if path.suffix == ".gz" else "none"


def of_csv(path: Path, header: Sequence[str], delimiter: str, *, cost: bool) -> str:
    """Usage rows of a CSV file as Postgres writes the table; columns may stand in any order."""
    at = {name: f"c{number}" for number, name in enumerate(header)}
    columns = ", ".join(f"'{column}': 'VARCHAR'" for column in at.values())
    fields = ", ".join(f"{at.get(name, 'NULL::VARCHAR')} AS {quoted(name)}" for name in FIELDS)
    return f"""WITH fields AS (SELECT {fields}, NULL::VARCHAR AS fault,
    json_transform(NULL::VARCHAR, {_shape(METADATA)}) AS metadata,
    {at.get("metadata", "NULL::VARCHAR")} AS metadata_text
  FROM read_csv({one_file(path)}, auto_detect=false, header=true, nullstr='',
    delim={literal(delimiter)}, quote='"', escape='"', columns={{{columns}}},
    {_LINES})),
{_token_classes(cost=cost)}"""


def _token_classes(*, cost: bool) -> str:
    """From `fields` to the columns of HEADER, and COST."""
    last = f",\n  spend AS {COST[0]}, 'USD' AS {COST[1]}" if cost else ""
    return f"""known AS (SELECT * EXCLUDE (metadata), CASE
    WHEN nullif(metadata_text, '') IS NULL THEN metadata ELSE {_read("metadata_text", METADATA)}
    END AS metadata, {_unwrapped()} AS tag_text
  FROM fields),
listed AS (SELECT *, {_without_agents()} AS tag_list FROM known),
counted AS (SELECT *, {_began()} AS began, metadata.usage_object AS used,
    metadata.additional_usage_values AS added,
    lower(coalesce(nullif(status, ''), metadata.status, '')) = 'failure' AS is_failed,
    lower(coalesce(cache_hit, '')) = 'true' AS is_kept_answer,
    coalesce(nullif(metadata.user_api_key_team_alias, ''), nullif(team_id, ''),
      nullif(metadata.user_api_key_team_id, '')) AS team,
    nullif(metadata.user_api_key_alias, '') AS key_alias,
    {_first("cache_read_input_tokens", "prompt_tokens_details.cached_tokens")} AS cached,
    {_first("cache_creation_input_tokens", "prompt_tokens_details.cache_creation_tokens")}
      AS written, nullif(prompt_tokens, '0') AS prompt, nullif(completion_tokens, '0') AS output,
    {_tags()} AS tags,
    coalesce(fault, CASE
      WHEN nullif(metadata_text, '') <> 'null' AND metadata IS NULL THEN 'metadata that is no JSON'
      WHEN nullif(startTime, '') IS NULL THEN 'no startTime' END) AS fault_found
  FROM listed)
SELECT request_id, coalesce(epoch_ms(began)::VARCHAR, startTime) AS "startTime",
  coalesce(fault_found, date_trunc('hour', began)::VARCHAR, startTime) AS hour,
  nullif(custom_llm_provider, '') AS "ServiceProviderName",
  nullif(api_key, '') AS "x_CredentialId",
  coalesce(nullif("user", ''), nullif(end_user, '')) AS "x_PrincipalId",
  nullif(model_id, '') AS "ResourceId",
  coalesce(nullif(model, ''), nullif(model_group, '')) AS "x_Model",
  {_tier()} AS "x_Tier",
  {_all_tags()} AS "Tags",
  CASE WHEN is_kept_answer OR is_failed AND prompt IS NULL AND output IS NULL AND cached IS NULL
    AND written IS NULL THEN '0' ELSE '1' END AS requests,
  CASE WHEN is_kept_answer THEN NULL ELSE {_input()} END AS input_tokens,
  CASE WHEN NOT is_kept_answer THEN cached END AS cached_input_tokens,
  CASE WHEN NOT is_kept_answer THEN written END AS cache_write_tokens,
  CASE WHEN NOT is_kept_answer THEN output END AS output_tokens{last}
FROM counted"""


def _shape(shape: Mapping[str, object]) -> str:
    return literal(json.dumps(shape))


def _type(shape: object) -> str:
    """The same as a type of the engine."""
    if not isinstance(shape, Mapping):
        return str(shape)
    return f"STRUCT({', '.join(f'{quoted(n)} {_type(inner)}' for n, inner in shape.items())})"


def _read(text: str, shape: Mapping[str, object]) -> str:
    """Null where `text` is no JSON."""
    return f"try(json_transform({text}, {_shape(shape)}))"


def _spend() -> str:
    """`spend` with its own digits.

    What the engine's JSON says of it is rounded, but tells which of the line's texts is the one:
    prompts may hold the same words, and an inner object the same key.
    """
    every = f"regexp_extract_all(line, {literal(_SPEND)}, 1)"
    same = "try_cast(x AS DOUBLE) = try_cast(call.spend AS DOUBLE)"
    return f"coalesce(list_filter({every}, lambda x: {same})[1], call.spend)"


def _began() -> str:
    """The instant, UTC; null where it is none. A cast to TIMESTAMP would pass over an offset."""
    return """CASE WHEN NOT ends_with(startTime, 'Z')
      AND (contains(substr(startTime, 20), '+') OR contains(substr(startTime, 20), '-'))
    THEN try_cast(startTime AS TIMESTAMPTZ) AT TIME ZONE 'UTC'
    ELSE try_cast(startTime AS TIMESTAMP) END"""


def _first(*names: str) -> str:
    """The first of these figures of the provider's usage that is given and not 0."""
    figures = [
        f"nullif(metadata.{usage}.{name}, '0')"
        for usage in ("usage_object", "additional_usage_values")
        for name in names
    ]
    return f"coalesce({', '.join(figures)})"


def _input() -> str:
    """Input tokens outside the provider's cache: `prompt_tokens` has cached ones inside or beside.

    Figures of which one is no number are joined to a text that is none either, to be named.
    """
    given = "coalesce(prompt, '') || coalesce(cached, '') || coalesce(written, '')"
    return f"""CASE WHEN cached IS NULL AND written IS NULL THEN prompt
    WHEN regexp_full_match({given}, '[0-9]{{0,18}}') THEN {_outside("BIGINT")}
    ELSE coalesce(try({_outside("DECIMAL(38,9)")}), concat_ws(' - ', prompt, cached, written))
    END"""


def _outside(kind: str) -> str:
    """The difference in `kind`, null where one is none; what exceeds the input is beside it."""
    p, c, w = (
        f"try_cast(coalesce({name}, '0') AS {kind})" for name in ("prompt", "cached", "written")
    )
    rest = f"{p} - {c} - {w}"
    beside = f"{c} < 0 OR {w} < 0 OR {rest} < 0"
    return f"CASE WHEN {beside} THEN coalesce(prompt, '0') ELSE ({rest})::VARCHAR END"


def _tier() -> str:
    said = "lower(coalesce(nullif(used.service_tier, ''), nullif(added.service_tier, '')))"
    return f"""CASE WHEN ends_with(call_type, '_batch') THEN 'batch'
    WHEN {said} IN ('default', 'auto', 'on_demand') THEN 'standard' ELSE {said} END"""


def _unwrapped() -> str:
    """`request_tags` as the text of a list; older rows have it as a text, or a text of a text."""
    once = "json_extract_string(request_tags, '$')"
    return f"""CASE WHEN request_tags[1] = '"'
    THEN coalesce(try(json_extract_string({once}, '$')), try({once})) ELSE request_tags END"""


def _without_agents() -> str:
    """The list without what the proxy adds of itself, so that it may take the plain way."""
    bare = f"regexp_replace(tag_text, {literal(_USER_AGENT)}, '', 'g')"
    return f"""CASE WHEN contains(tag_text, '"User-Agent:') AND NOT contains(tag_text, '\\')
    THEN replace(replace({bare}, '[, ', '['), '[,', '[') ELSE tag_text END"""


def _tags() -> str:
    """The entries that the tags make, without braces; null where there are none.

    Most lists hold nothing but `key:value`, whose JSON is that of an object but for two quotes.
    """
    return f"""CASE WHEN coalesce(tag_list, '') IN ('', '[]', '{{}}', 'null') THEN NULL
    WHEN regexp_full_match(tag_list, {literal(_PLAIN_TAGS)})
    THEN replace(substr(tag_list, 2, length(tag_list) - 2), ':', '":"') ELSE {_odd_tags()} END"""


def _odd_tags() -> str:
    """As `_tags`, tag by tag; what is neither list nor object stays as it is, to be named."""
    entry = """CASE WHEN position(':' IN x) > 1
      THEN to_json(trim(split_part(x, ':', 1)))::VARCHAR || ':'
        || to_json(trim(substr(x, position(':' IN x) + 1)))::VARCHAR
      ELSE to_json(trim(x))::VARCHAR || ':"true"' END"""
    listed = "try(json_transform(tag_list, '[\"VARCHAR\"]'))"
    wanted = f"list_filter({listed}, lambda x: trim(x) <> '' AND x NOT LIKE 'User-Agent:%')"
    return f"""CASE WHEN tag_list[1] = '{{' AND json_valid(tag_list) THEN trim(tag_list)[2:-2]
    WHEN {listed} IS NULL THEN tag_list
    ELSE nullif(array_to_string(list_transform({wanted}, lambda x: {entry}), ','), '') END"""


def _all_tags() -> str:
    """Tags as JSON. Of equal keys the last stands: that of the gateway, whatever a caller wrote."""
    entries = ", ".join(
        f"""CASE WHEN {column} IS NOT NULL THEN concat('"{key}":', to_json({column}))
    WHEN contains(tags, '{key}') THEN '"{key}":null' END"""
        for key, column in (("litellm_team", "team"), ("litellm_key", "key_alias"))
    )
    return f"nullif(concat('{{', concat_ws(',', tags, {entries}), '}}'), '{{}}')"
