"""Names that vendors spell in many ways, and the one name each gets here (R27).

The three tables are reviewed CSV files beside this module; every row says where its spelling comes
from. They are published in the documentation, and a project's own `models` and `meters` files are
asked before them. Lookup is by `folded` text; what no table knows stays as written (providers,
models) or becomes its snake case (meters).

What a name is chosen by:

- `providers.csv`: the name by which the vendor is commonly billed, without its legal form
  (`Amazon Web Services`, not `Amazon Web Services, Inc.`). A reseller's own product belongs to the
  reseller: `azure` is Microsoft.
- `models.csv`: the id by which the vendor's own API calls the model, without a date (`gpt-4o`,
  `claude-opus-4-8`). Where the vendor knows only dated ids or an alias in `-latest`, the id less
  that ending (`claude-3-7-sonnet`, `gpt-5-chat`). Where two dated versions are billed at different
  prices, the odd one keeps its own id (`gpt-4o-2024-05-13`).
- `meters.csv`: disjoint classes of R11. `input_tokens` are uncached; a cache write is one class
  however long the cache lives; reasoning tokens are output. Where a vendor's figure contains
  another one (`prompt_tokens` with cached tokens inside), its reader takes that out first.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from everyline.conditions import Comparison, Condition, Not

_NOT_SNAKE = re.compile(r"[^a-z0-9]+")


def folded(text: str) -> str:
    """The form in which names are compared: trimmed and case-folded."""
    return text.strip().casefold()


def providers() -> Mapping[str, str]:
    """ServiceProviderName by folded spelling."""
    return _table("providers.csv", "ServiceProviderName")


def provider_name(text: str) -> str:
    """The canonical name of a provider; as written where the table does not know it (R27)."""
    return providers().get(folded(text), text)


def with_provider_names(condition: Condition) -> Condition:
    """`condition` with the provider names it compares with in canonical spelling (R27)."""
    if isinstance(condition, Comparison):
        if condition.column != "ServiceProviderName" or condition.kind != "equal":
            return condition
        return replace(condition, values=tuple(map(provider_name, condition.values)))
    if isinstance(condition, Not):
        return Not(with_provider_names(condition.condition))
    return replace(condition, conditions=tuple(map(with_provider_names, condition.conditions)))


def models() -> Mapping[str, str]:
    """x_Model by folded spelling: ids, display names, texts of bill lines."""
    return _table("models.csv", "x_Model")


def meters() -> Mapping[str, str]:
    """x_Meter by folded spelling: token classes, requests, GPU seconds, seats."""
    return _table("meters.csv", "x_Meter")


def meter_name(text: str, table: Mapping[str, str]) -> str:
    """The x_Meter of a vendor's text: from `table`, else its snake case (R27).

    Args:
        text: the native token class, column x_Meter or SkuMeter, as billed.
        table: names by folded spelling: `meters()`, with the project's own entries over it.
    """
    key = folded(text)
    return table.get(key) or _NOT_SNAKE.sub("_", key)


@cache
def _table(file: str, column: str) -> Mapping[str, str]:
    rows = csv.DictReader((files(__package__) / file).read_text("utf-8").splitlines())
    return MappingProxyType({folded(row["name"]): row[column] for row in rows})
