"""List prices: what one unit of a meter of a model costs on a day (R11).

A project's own `prices` go first; what they do not know is looked up in genai-prices, which knows
US dollars for a million tokens. It is asked once per provider, model and day. A price that depends
on how large one call was is taken at its base, since an hour's usage knows no single call; so is
the standard price where the list has none for a tier. These are estimates: they weigh and compare,
and are never part of a bill.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from everyline import names
from everyline.config.configuration import Configuration
from everyline.config.finance import Price, Spelling

_PROVIDERS: Mapping[str, str] = {
    "Amazon Web Services": "aws",
    "Google Cloud": "google",
    "Google": "google",
    "Microsoft": "azure",
    "GitHub": "github-copilot",
    "Mistral AI": "mistral",
    "Together AI": "together",
    "Fireworks AI": "fireworks",
    "xAI": "x-ai",
    "Voyage AI": "voyageai",
    "Moonshot AI": "moonshotai",
}
"""How genai-prices calls a provider, where it is not our name in small letters."""

_MILLION = Decimal("0.000001")
_THOUSAND = Decimal("0.001")

# Where a model has no price of its own for cached tokens, they cost what input costs.
_FIELDS: Mapping[str, tuple[tuple[str, ...], Decimal]] = {
    "input_tokens": (("input_mtok",), _MILLION),
    "cached_input_tokens": (("cache_read_mtok", "input_mtok"), _MILLION),
    "cache_write_tokens": (("cache_write_mtok", "input_mtok"), _MILLION),
    "output_tokens": (("output_mtok",), _MILLION),
    "requests": (("requests_kcount",), _THOUSAND),
    "web_search_requests": (("web_searches_kcount",), _THOUSAND),
}


class UnitPrice(NamedTuple):
    """The price of one unit, in `currency`; `is_of_tier` is false where only the standard is known.

    A model that is known and asks nothing for a meter, such as for a request, costs 0 there.
    """

    amount: Decimal
    currency: str
    is_of_tier: bool


class Prices:
    """The prices of one project."""

    def __init__(self, configuration: Configuration) -> None:
        models = dict(names.models()) | _spellings(configuration.models)
        meters = dict(names.meters()) | _spellings(configuration.meters)
        self._own: dict[tuple[str, str, str], list[Price]] = {}
        for price in configuration.prices:
            model = models.get(names.folded(price.model), price.model)
            meter = names.meter_name(price.meter, meters)
            key = (names.provider_name(price.provider), model, meter)
            self._own.setdefault(key, []).append(price)

    def is_dated(self, provider: str | None, model: str | None, meter: str) -> bool:
        """Whether the price of a meter depends on the day."""
        if provider is None or model is None:
            return False
        own = self._own.get((provider, model, meter), ())
        if any(price.validity.start or price.validity.end for price in own):
            return True
        return not own and _is_dated(provider, model)

    def on(
        self, provider: str | None, model: str | None, meter: str, tier: str, day: date
    ) -> UnitPrice | None:
        """The price of one unit of `meter` on `day`; None where no list knows it."""
        if provider is None or model is None:
            return None
        own = self._own.get((provider, model, meter), ())
        valid = [price for price in own if price.validity.holds(day)]
        if found := [p for p in valid if p.tier == tier] or [p for p in valid if p.tier is None]:
            # A row without an end is ended by the next one.
            last = max(found, key=lambda price: price.validity.start or date.min)
            return UnitPrice(last.unit_price, last.currency, is_of_tier=True)
        fields, per = _FIELDS.get(meter, ((), _MILLION))
        listed = _listed(provider, model, day) if fields else None
        if listed is None:
            return None
        asked = next((value for f in fields if (value := listed.get(f)) is not None), None)
        if asked is None and meter in ("input_tokens", "output_tokens"):
            return None
        return UnitPrice((asked or Decimal(0)) * per, "USD", is_of_tier=tier == "standard")


def _spellings(own: Iterable[Spelling]) -> dict[str, str]:
    return {names.folded(spelling.name): spelling.stands_for for spelling in own}


@cache
def _model(provider: str, model: str, day: date) -> Any:
    """What genai-prices says of a model on a day, and whether it depends on the day."""
    # It takes a quarter of a second to import, which only estimates have to pay.
    from genai_prices import Usage, calc_price

    at = datetime(day.year, day.month, day.day, tzinfo=UTC)
    called = _PROVIDERS.get(provider, provider.lower())
    for spelling in (model, *_spelt(model)):
        try:
            return calc_price(Usage(), spelling, provider_id=called, genai_request_timestamp=at)
        except LookupError:
            continue
    return None


def _spelt(model: str) -> Sequence[str]:
    """How vendors spell the model: a cloud lists it under an id of its own."""
    return sorted(text for text, name in names.models().items() if name == model)


def _is_dated(provider: str, model: str) -> bool:
    found = _model(provider, model, date(2026, 1, 1))
    return found is not None and isinstance(found.model.prices, list)


def _listed(provider: str, model: str, day: date) -> Mapping[str, Decimal] | None:
    """Field of genai-prices to the price it states, in US dollars."""
    found = _model(provider, model, day)
    if found is None:
        return None
    return {
        field: getattr(value, "base", value)
        for field, value in vars(found.model_price).items()
        if value is not None and not field.startswith("_")
    }
