"""The relation `usage` over its two files: identities with their owners, and hours."""

import json
from collections.abc import Sequence

from everyline.canonical import lowered
from everyline.engines.duckdb import literal, quoted
from everyline.tag_columns import key_of
from everyline.usage.identities import TEXTS


def usage(identities: str, hours: str, tags: Sequence[str], found: Sequence[str]) -> str:
    """SELECT of `usage`.

    Args:
        identities: SQL of `id_`, x_Source, TEXTS, `tags` and `found`.
        hours: SQL of `id_`, hour and the sums.
        tags: the tag columns.
        found: the columns of keys and their evidence.
    """
    identity = ", ".join(f"i.{quoted(column)}" for column in TEXTS)
    owners = "".join(f", i.{quoted(column)}" for column in found)
    return (
        f"SELECT i.x_Source, h.hour, {identity}, {_object(tags)} AS Tags,"
        " h.x_Quantity::DECIMAL(38,18) AS x_Quantity,"
        f" h.x_EstimatedCost::DECIMAL(38,18) AS x_EstimatedCost, h.x_RequestCount{owners}"
        f" FROM {hours} AS h JOIN {identities} AS i USING (id_)"
    )


def _object(tags: Sequence[str]) -> str:
    """SQL of the canonical JSON object of the tags that are present."""
    # RFC 8785 sorts keys by their UTF-16 code units.
    keys = sorted(tags, key=lambda column: key_of(column).encode("utf-16-be"))
    entries = [
        f"{literal(json.dumps(key_of(column), ensure_ascii=False) + ':')}"
        f" || to_json(i.{quoted(column)})::VARCHAR"
        for column in keys
    ]
    if not entries:
        return "'{}'"
    listed = ", ".join(entries)
    present = f"list_filter([{listed}], lambda entry: entry IS NOT NULL)"
    return lowered(f"('{{' || array_to_string({present}, ',') || '}}')")
