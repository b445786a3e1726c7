"""Halcyon Parcel, an invented parcel carrier: who is billed, by whom and under which names.

Its taxonomy and owners are not here but in `project/`, as plain files that are copied as they are.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from everyline.demo.noise import noise

PERIODS = ("2026-09", "2026-10")

AWS_INVOICES = (  # period, which of the month's two invoices, InvoiceId
    ("2026-09", "main", "2214097351"),
    ("2026-09", "marketplace", "2214097388"),
    ("2026-10", "main", "2231580917"),
    ("2026-10", "marketplace", "2231580944"),
)

AWS_ACCOUNTS = (  # name, SubAccountId
    ("payer", "410000000001"),
    ("ai-prod", "410000000010"),  # shared by many teams: the registry names none
    ("search-prod", "410000000020"),
    ("search-stage", "410000000025"),
    ("ml-train", "410000000030"),
    ("care-prod", "410000000040"),
    ("hub-prod", "410000000050"),
    ("shop-prod", "410000000060"),
    ("shop-stage", "410000000065"),
    ("lab", "410000000070"),  # changes hands on 2026-10-15
    ("core-prod", "410000000080"),
    ("sandbox", "410000000090"),  # no registry knows it
)


# Where the model gateway's own keys are billed: no registry can name one owner of these.
OPENAI_GATEWAY = "proj_ModelGatewayT6cN1vHd"
ANTHROPIC_GATEWAY = "wrkspc_01HalcyonGatewayH3s"


class Use(NamedTuple):
    """What a project or workspace uses on an average day."""

    place: str | None  # the id on the bill; None: no project, or the default workspace
    what: str  # a model or a tool, as the price list of the bill's module knows it
    thousands: int  # of tokens that go in, uncached; else of calls, sessions, gibibyte hours


OPENAI = (
    Use("proj_AddressSearch7Qd2vTm4", "gpt-5-mini-2025-08-07", 180_000),
    Use("proj_AddressSearch7Qd2vTm4", "text-embedding-3-small", 520_000),
    Use("proj_HelpCentreL4xR9pWz1", "gpt-5-2025-08-07", 55_000),
    Use("proj_HelpCentreL4xR9pWz1", "file search storage", 2),
    Use("proj_HelpCentreStageB8kN3", "gpt-5-2025-08-07", 4_500),
    Use("proj_HelpCentreStageB8kN3", "text-embedding-3-small", 2),
    Use("proj_CustomsDeskV5hJ6sYq8", "gpt-4o-2024-08-06", 22_000),
    Use("proj_CustomsDeskV5hJ6sYq8", "code interpreter sessions", 1),
    Use("proj_PromoStudioK2mC7tFx3", "gpt-5-2025-08-07", 26_000),
    Use("proj_PromoStudioK2mC7tFx3", "web search tool calls", 1),
    Use("proj_LabelShopD9wE5gRb6", "gpt-5-mini-2025-08-07", 60_000),
    Use("proj_RouteNotesP3zA8nUj7", "gpt-5-mini-2025-08-07", 45_000),
    Use("proj_Hackathon2026S6yH1", "gpt-5-2025-08-07", 9_000),  # no registry knows it
    Use(OPENAI_GATEWAY, "gpt-5-2025-08-07", 16_000),
    Use(None, "gpt-4o-2024-08-06", 10_000),  # the gateway's keys that are older than projects
)

ANTHROPIC = (
    Use("wrkspc_01HalcyonCareW8tQz4", "claude-sonnet-5", 32_000),
    Use("wrkspc_01HalcyonCareW8tQz4", "web_search", 1),
    Use("wrkspc_01HalcyonCustomsN6k", "claude-opus-4-8", 12_000),
    Use("wrkspc_01HalcyonCodeF2rL9v", "claude-opus-4-8", 9_000),
    Use("wrkspc_01HalcyonCodeF2rL9v", "claude-sonnet-5", 22_000),
    Use("wrkspc_01HalcyonCodeF2rL9v", "code_execution", 1),
    Use("wrkspc_01HalcyonRoutesJ5y", "claude-haiku-4-5-20251001", 26_000),
    Use("wrkspc_01HalcyonPilotX7bM2", "claude-sonnet-5", 6_000),  # no registry knows it
    Use(ANTHROPIC_GATEWAY, "claude-sonnet-5", 9_000),
    Use(ANTHROPIC_GATEWAY, "web_search", 1),
    Use(None, "claude-sonnet-5", 2_000),  # the default workspace
)


class Index(NamedTuple):
    """A Pinecone index: its project, name and tags as billed, and its use on an average day."""

    project: str
    name: str
    tags: str
    reads_thousands: int
    writes_thousands: int
    gigabytes: int


PINECONE = (
    Index("search-prod", "address-book-v3", '{"team": "search", "env": "prod"}', 3900, 1900, 410),
    Index("search-prod", "address-aliases", "{}", 900, 350, 60),
    Index("care-prod", "help-articles", "{}", 1300, 260, 75),
    Index("customs-prod", "tariff-codes", '{"team": "customs", "env": "prod"}', 1100, 90, 55),
    Index("sandbox", "try-out", '{"team": ""}', 420, 330, 30),
)


def days(period: str) -> list[datetime]:
    """The days of a month, as their first instants in UTC."""
    first = datetime.fromisoformat(f"{period}-01").replace(tzinfo=UTC)
    every = (first + timedelta(days=n) for n in range(31))
    return [day for day in every if day.month == first.month]


def pages(period: str) -> list[list[datetime]]:
    """The days of a month in pages of seven, the default of both vendors' cost reports."""
    every = days(period)
    return [every[n : n + 7] for n in range(0, len(every), 7)]


def units_of_day(thousands: int, day: datetime, *what: object) -> int:
    """Single units used on a day: half at weekends, more in October, some chance."""
    level = (55 if day.weekday() >= 5 else 110) * (113 if day.month == 10 else 104)
    chance = noise(75, 125, day.date(), *what)
    return thousands * level * chance // 1000 + noise(0, 999, "odd", day.date(), *what)
