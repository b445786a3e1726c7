"""x_Receiver: who gets a part, and how each of its keys was found, as one text.

Canonical JSON `[[values],[evidence]]` in taxonomy order, formed before any default is filled in.
Ties of a split go to the receiver whose text is smaller bytewise (R12).
"""

import json
from collections.abc import Sequence

from everyline.canonical import lowered
from everyline.engines.duckdb import quoted

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def receiver(values: Sequence[str | None], evidence: Sequence[str]) -> str:
    """The text of one receiver; None where a key has no value."""
    return _ENCODER.encode([values, evidence])


def receiver_sql(keys: Sequence[str]) -> str:
    """SQL of the same over the columns `k` and `k_evidence` of each key."""
    values = ", ',', ".join(f"coalesce(to_json({quoted(k)})::VARCHAR, 'null')" for k in keys)
    evidence = ", ',', ".join(f"to_json({quoted(f'{k}_evidence')})::VARCHAR" for k in keys)
    return lowered(f"concat('[[', {values}, '],[', {evidence}, ']]')")
