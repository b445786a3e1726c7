"""List prices (R11): the project's own first, then genai-prices, which is its own judge here."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from genai_prices import Usage, calc_price

from everyline.config.configuration import Configuration
from everyline.config.load import load
from everyline.usage.prices import Prices

DAY = date(2026, 10, 5)
MILLION = 1_000_000

YAML = """
taxonomy: {team: {required: true}}
bills: [{name: bill, format: table, path: "*.csv"}]
prices: prices.csv
"""
PRICES = """ServiceProviderName,x_Model,x_Meter,x_Tier,valid_from,unit_price,currency
OpenAI,gpt-4o,input_tokens,,,0.000003,EUR
OpenAI,gpt-4o,input_tokens,batch,,0.000001,EUR
OpenAI,gpt-4o,input_tokens,flex,2026-10-06,0.000002,EUR
AWS,my-own-model,prompt_tokens,,2026-10-01,0.5,USD
AWS,my-own-model,prompt_tokens,,2026-10-06,0.25,USD
"""


@pytest.fixture
def prices(tmp_path: Path) -> Prices:
    (tmp_path / "everyline.yaml").write_text(YAML, "utf-8")
    (tmp_path / "prices.csv").write_text(PRICES, "utf-8")
    loaded = load(tmp_path)
    assert isinstance(loaded.configuration, Configuration), loaded.problems
    return Prices(loaded.configuration)


def test_the_row_of_the_tier_goes_before_the_one_without(prices: Prices) -> None:
    found = [prices.on("OpenAI", "gpt-4o", "input_tokens", t, DAY) for t in ("batch", "priority")]
    assert [(p.amount, p.currency) for p in found if p] == [
        (Decimal("0.000001"), "EUR"),
        (Decimal("0.000003"), "EUR"),
    ]


def test_a_price_holds_from_its_day_on(prices: Prices) -> None:
    on = [
        prices.on("Amazon Web Services", "my-own-model", "input_tokens", "standard", day)
        for day in (date(2026, 9, 30), date(2026, 10, 5), date(2026, 10, 6))
    ]
    assert [p and p.amount for p in on] == [None, Decimal("0.5"), Decimal("0.25")]
    assert prices.is_dated("Amazon Web Services", "my-own-model", "input_tokens")


def test_what_no_list_knows_has_no_price_and_is_not_free(prices: Prices) -> None:
    assert prices.on("OpenAI", "no-such-model", "input_tokens", "standard", DAY) is None
    assert prices.on(None, "gpt-4o", "output_tokens", "standard", DAY) is None
    assert prices.on("OpenAI", None, "output_tokens", "standard", DAY) is None
    assert prices.on("OpenAI", "gpt-4o", "gpu_seconds", "standard", DAY) is None


@pytest.mark.parametrize(
    ("provider", "called", "model"),
    [
        ("OpenAI", "openai", "gpt-4o-mini"),
        ("Anthropic", "anthropic", "claude-opus-4-1"),
        ("Google Cloud", "google", "gemini-2.0-flash"),
        ("Mistral AI", "mistral", "mistral-large-latest"),
    ],
)
def test_built_in_prices_are_those_of_the_list(
    prices: Prices, provider: str, called: str, model: str
) -> None:
    """A million of each class, one class at a time, against the list's own sum."""
    at = datetime(2026, 10, 5, tzinfo=UTC)
    usages = {
        "input_tokens": Usage(input_tokens=MILLION),
        "output_tokens": Usage(output_tokens=MILLION),
    }
    for meter, usage in usages.items():
        price = prices.on(provider, model, meter, "standard", DAY)
        listed = calc_price(usage, model, provider_id=called, genai_request_timestamp=at)
        assert price
        assert price.amount * MILLION == listed.total_price
        assert (price.currency, price.is_of_tier) == ("USD", True)


def test_a_tier_that_the_list_does_not_know_is_said(prices: Prices) -> None:
    price = prices.on("OpenAI", "gpt-4o-mini", "output_tokens", "batch", DAY)
    assert price
    assert not price.is_of_tier
