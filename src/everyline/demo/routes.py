"""Who calls which deployment of Halcyon Parcel's model gateway, with which key, and how much."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from everyline.demo.company import ANTHROPIC_GATEWAY, OPENAI_GATEWAY


class Caller(NamedTuple):
    """A key at the gateway, and its thousandths of what the deployment is billed for.

    The key `assist` is shared by several teams: its calls are told apart by their tags, else by
    whoever called.
    """

    key: str
    share: int
    tags: tuple[str, ...] = ()
    user: str = ""


class Route(NamedTuple):
    """A deployment at the gateway.

    Attributes:
        provider: as LiteLLM calls it.
        model: as the bill calls it; of Bedrock how its price units begin in `aws_skus.csv`.
        called: as LiteLLM calls the model.
        place: the project or workspace on the bill; of Bedrock the tags of its lines there.
        calls: about how many a day.
        hours: the first hour of the day, and how many.
        prices: of a million tokens by class, as in `names/prices.csv`.
        callers: their shares sum to less than 1000; the rest goes past the gateway.
    """

    deployment: str
    provider: str
    model: str
    called: str
    place: str | None
    calls: int
    hours: tuple[int, int]
    prices: Mapping[str, str]
    callers: tuple[Caller, ...]


def _prices(fresh: str, cached: str, output: str, write: str = "0") -> Mapping[str, str]:
    by_class = {
        "input_tokens": fresh,
        "cached_input_tokens": cached,
        "cache_write_tokens": write,
        "output_tokens": output,
    }
    return MappingProxyType(by_class)


_DAY = (7, 11)
_NIGHT = (0, 6)
_ROUTING = ("team:routing", "use_case:route-notes")
_MARKETING = ("team:marketing", "use_case:campaign-copy")
_SONNET = (
    "bedrock-sonnet-4-5",
    "bedrock",
    "sonnet",
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
)
_OPUS = ("bedrock-opus-4-8", "bedrock", "opus", "us.anthropic.claude-opus-4-8-v1:0")
_SONNET_PRICES = _prices("3.3", "0.33", "16.5")
_OPUS_PRICES = _prices("5", "0.5", "25")

ROUTES = (
    Route(
        "openai-gpt-5",
        "openai",
        "gpt-5-2025-08-07",
        "gpt-5-2025-08-07",
        OPENAI_GATEWAY,
        80,
        _DAY,
        _prices("1.25", "0.125", "10"),
        (
            Caller("address-search", 340),
            Caller("help-replies", 270),
            Caller("assist", 140, _ROUTING),
            Caller("assist", 90, _MARKETING),
            Caller("assist", 60, user="dora.lindqvist@halcyon-parcel.example"),
            Caller("assist", 40, user="trial@halcyon-parcel.example"),  # no registry knows it
        ),  # 60 of 1000: search's nightly batch job
    ),
    Route(
        "openai-gpt-4o-legacy",
        "openai",
        "gpt-4o-2024-08-06",
        "gpt-4o-2024-08-06",
        None,
        130,
        _DAY,
        _prices("2.5", "1.25", "10"),
        (
            Caller("label-shop", 420),
            Caller("tracker", 250),  # changes hands on 2026-10-15
            Caller("assist", 200, _MARKETING),
        ),
    ),
    Route(
        "anthropic-sonnet-5",
        "anthropic",
        "claude-sonnet-5",
        "claude-sonnet-5",
        ANTHROPIC_GATEWAY,
        75,
        _DAY,
        _prices("3", "0.3", "15", "3.75"),
        (
            Caller("help-replies", 300),
            Caller("route-planner", 300),
            Caller("promo-studio", 250),
            Caller("assist", 100, user="milan.oduya@halcyon-parcel.example"),
        ),
    ),
    Route(
        *_SONNET,
        "",
        120,
        _DAY,
        _SONNET_PRICES,
        (
            Caller("hub-labels", 400),  # of depots, and of hub-operations from October on
            Caller("label-shop", 250),
            Caller("promo-studio", 200),
            Caller("assist", 80, user="milan.oduya@halcyon-parcel.example"),
        ),
    ),
    Route(
        *_SONNET,
        "{owner=routing, app=route-planner, env=prod}",
        30,
        _NIGHT,
        _SONNET_PRICES,
        (Caller("route-planner", 960),),
    ),
    Route(
        *_OPUS,
        "{iamPrincipal/team=customs}",
        40,
        _DAY,
        _OPUS_PRICES,
        (Caller("customs-desk", 950),),
    ),
    Route(
        *_OPUS,
        "{iamPrincipal/team=growth-hacks, usecase=campaign-copy}",
        40,
        _DAY,
        _OPUS_PRICES,
        (Caller("promo-studio", 900),),
    ),
    Route(
        *_OPUS,
        "{}",
        40,
        _DAY,
        _OPUS_PRICES,
        (Caller("help-replies", 500), Caller("label-shop", 400)),
    ),
)
