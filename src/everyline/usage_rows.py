"""Rows of telemetry as the sources hand them over and the usage stage takes them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from everyline.config.sources import UsageSource


@dataclass(frozen=True, slots=True)
class UsageRows:
    """The rows of one source of telemetry, each counted once (R1).

    Attributes:
        source: its entry in the configuration.
        relation: SQL of a relation, one row a call or amount: `columns`, x_SourceFile, x_SourceRow.
            `hour` is an instant in UTC, quantities are exact decimals, Tags is the JSON text of an
            object whose values are texts, the rest is text; null is absent.
        loose: SQL of the same, quicker to read: an absent text may be an empty one.
        columns: those of `sources.telemetry` that it has, and columns `Tags.<key>` of tables.
        tag_keys: every key found in Tags, as delivered.
        meters: of *calls*: column to unit; empty for *amounts*.
        place: file and row to the place that a problem names, `file:line`.
    """

    source: UsageSource
    relation: str
    loose: str
    columns: tuple[str, ...]
    tag_keys: tuple[str, ...]
    meters: Mapping[str, str]
    place: Callable[[str, int], str]
