"""A company that is invented, so that the true owner of every call it makes is known.

Eight teams with use cases and environments buy model calls of three providers, through accounts
of their own and accounts that they share, with keys of their own and keys that they share. From
the calls come the bills, which are always whole, and the telemetry, which a scenario degrades.

Chance is drawn once, with the calls: a scenario only moves the line below which a draw counts, so
20 % of calls not logged are among the 50 % of another scenario. Prices are whole nano-USD for a
token, so every cost is a whole number of UNIT of a USD and no figure is ever rounded.
"""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

NANO = 10**9
"""Units of 10^-18 USD in a nano-USD."""

FIRST, DAYS = datetime(2026, 11, 1, tzinfo=UTC), 30
"""The month that is billed."""

TEAMS = ("search", "support", "ads", "risk", "data", "mobile", "growth", "legal")
"""The first is the largest."""

USE_CASES = ("chat", "summaries", "ranking", "drafts", "triage", "coding")
ENVIRONMENTS = ("production", "staging", "development")

BYPASSING = "growth"
"""Its own project stands in no registry; where a scenario says so, it calls past the gateway."""

OPENAI, ANTHROPIC, AMAZON = "OpenAI", "Anthropic", "Amazon Web Services"

PRICES: Mapping[str, Mapping[str, tuple[int, int, int]]] = {
    OPENAI: {"gpt-5": (1250, 125, 10000), "gpt-5-mini": (250, 25, 2000)},
    ANTHROPIC: {"claude-sonnet-4-5": (3000, 300, 15000), "claude-haiku-4-5": (1000, 100, 5000)},
    AMAZON: {"nova-pro": (800, 200, 3200), "claude-opus-4-1": (15000, 1500, 75000)},
}
"""Nano-USD for a token of each of METERS."""

METERS = ("input_tokens", "cached_input_tokens", "output_tokens")

OWN_ACCOUNTS: Mapping[str, tuple[str, ...]] = {
    OPENAI: TEAMS[:7],
    ANTHROPIC: TEAMS[:3],
    AMAZON: (),
}
"""Which teams have an account to themselves."""

SHARED_ACCOUNTS = {
    OPENAI: ("proj-shared", "proj-lab"),
    ANTHROPIC: ("ws-default", "ws-tools"),
    AMAZON: ("410000000001", "410000000002"),
}


class Owner(NamedTuple):
    """Who owes a cost; None where that is not known."""

    team: str | None
    use_case: str | None
    environment: str | None = None


NOBODY = Owner(None, None)


@dataclass(frozen=True, slots=True)
class Call:
    """One call, and the chances drawn for it, each from 0 to 9999.

    Attributes:
        tokens: of each of METERS.
        profile: whether it went through a tagged profile of its owner, so that its bill line
            bears tags; only Amazon has such.
        unlogged, bare, untagged, lent: it is not logged, or has no tags, or lacks one of them, or
            used another team's key, where a hundred times a scenario's per cent is above the draw.
    """

    hour: datetime
    owner: Owner
    provider: str
    account: str
    model: str
    tokens: tuple[int, ...]
    profile: bool
    unlogged: int
    bare: int
    untagged: tuple[int, ...]
    lent: int

    @property
    def key(self) -> tuple[str, ...]:
        """What its key is named by, if it is the owner's own."""
        return (self.account, *(value or "" for value in self.owner))

    def costs(self) -> tuple[int, ...]:
        """Its cost by meter, in units of 10^-18 USD."""
        prices = PRICES[self.provider][self.model]
        return tuple(n * price * NANO for n, price in zip(self.tokens, prices, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Degradation:
    """By how much evidence is worse than it could be; whole per cent.

    Attributes:
        unlogged: of calls that the gateway did not log.
        bypass: whether no call of BYPASSING went through the gateway.
        uneven: whether each team loses 10 % more of its calls than the one before it, from 0 on.
        shared: of keys that teams share instead of having their own: no registry owns such a key,
            and only the tags of its calls can say who called.
        bare: of calls with such keys that bear no tags at all.
        untagged: of tags that are missing, on such calls and on the lines of the bill alike.
        lent: of calls, in shared accounts, that another team's own key was used for.
    """

    unlogged: int = 0
    bypass: bool = False
    uneven: bool = False
    shared: int = 20
    bare: int = 0
    untagged: int = 0
    lent: int = 0

    def logs(self, call: Call) -> bool:
        """Whether the gateway logged the call."""
        team = call.owner.team or ""
        if self.bypass and team == BYPASSING:
            return False
        lost = self.unlogged + (10 * TEAMS.index(team) if self.uneven else 0)
        return call.unlogged >= 100 * lost


class Seen(NamedTuple):
    """A call as telemetry and registry tell it: the key, the tags, and whose the key is."""

    credential: str
    tags: Owner
    registered: Owner


@dataclass(slots=True)
class Line:
    """One line of a bill: a day's tokens of one meter; `tags` as billed, and true where they are.

    Attributes:
        truth: the cost that each owner owes, in units of 10^-18 USD; sums to the line's.
        evidence: the same cost by what telemetry and registries say of its calls: it is `whole`,
            or `unlogged`, or `vague` (no team, or no use case), or `misled` (another owner).
    """

    provider: str
    account: str
    day: datetime
    model: str
    meter: str
    tags: Owner
    truth: Counter[Owner] = field(default_factory=Counter)
    evidence: Counter[str] = field(default_factory=Counter)
    tokens: int = 0

    @property
    def cost(self) -> int:
        """In units of 10^-18 USD."""
        return self.truth.total()


def accounts() -> dict[str, str]:
    """The registry of accounts: to the team that it belongs to."""
    return {
        own_account(provider, team): team
        for provider, teams in OWN_ACCOUNTS.items()
        for team in teams
        if team != BYPASSING
    }


def own_account(provider: str, team: str) -> str:
    return f"{'proj' if provider == OPENAI else 'ws'}-{team}"


class Company:
    """All calls of a month, from one seed.

    Attributes:
        sharing, profiles: for each owner's key in an account the draw, from 0 to 9999, that says
            from which per cent on it is a shared one, or its profile lost its tags.
        accounts: the registry of accounts, to the team that each belongs to.
    """

    def __init__(self, calls: int, seed: int) -> None:
        chance = random.Random(seed)
        self.use_cases = {team: chance.sample(USE_CASES, 3) for team in TEAMS}
        self.calls = [self._call(chance) for _ in range(calls)]
        draws = random.Random(seed + 1)
        keys = sorted({call.key for call in self.calls})
        self.sharing = {key: draws.randrange(10_000) for key in keys}
        self.profiles = {key: draws.randrange(10_000) for key in keys}
        self.accounts = accounts()

    def _call(self, chance: random.Random) -> Call:
        (team,) = chance.choices(TEAMS, [9 - at for at in range(len(TEAMS))])
        (use_case,) = chance.choices(self.use_cases[team], (6, 3, 1))
        (environment,) = chance.choices(ENVIRONMENTS, (80, 15, 5))
        provider = chance.choice((OPENAI, OPENAI, ANTHROPIC, AMAZON))
        account = chance.choice(SHARED_ACCOUNTS[provider])
        if team in OWN_ACCOUNTS[provider] and chance.random() < 0.7:
            account = own_account(provider, team)
        return Call(
            hour=FIRST + timedelta(hours=chance.randrange(24 * DAYS)),
            owner=Owner(team, use_case, environment),
            provider=provider,
            account=account,
            model=chance.choice(tuple(PRICES[provider])),
            tokens=tuple(int(chance.lognormvariate(mean, 1)) for mean in (8, 7, 6)),
            profile=provider == AMAZON and chance.random() < 0.5,
            unlogged=chance.randrange(10_000),
            bare=chance.randrange(10_000),
            untagged=tuple(chance.randrange(10_000) for _ in Owner._fields),
            lent=chance.randrange(10_000),
        )

    def seen(self, call: Call, degraded: Degradation) -> Seen:
        """What stands in the log of a call, if it is logged."""
        if self.sharing[call.key] < 100 * degraded.shared:
            bare = call.bare < 100 * degraded.bare
            kept = [
                None if bare or draw < 100 * degraded.untagged else value
                for value, draw in zip(call.owner, call.untagged, strict=True)
            ]
            return Seen(f"key-{call.account}-shared", Owner(*kept), NOBODY)
        own = call.owner
        if call.lent < 100 * degraded.lent and call.account not in self.accounts:
            lender = TEAMS[(TEAMS.index(own.team or "") + 1) % len(TEAMS)]
            own = Owner(lender, self.use_cases[lender][0], ENVIRONMENTS[0])
        name = "-".join(("key", call.account, *(value or "" for value in own)))
        return Seen(name, NOBODY, own)

    def found(self, call: Call, seen: Seen) -> Owner:
        """Whom evidence names for a logged call: its tags, then its key, then its account."""
        account = Owner(self.accounts.get(call.account), None)
        return Owner(
            *(
                tag or key or place
                for tag, key, place in zip(seen.tags, seen.registered, account, strict=True)
            )
        )

    def bill(self, degraded: Degradation) -> list[Line]:
        """The lines of all bills, provider by provider, with their truth."""
        lines: dict[tuple[object, ...], Line] = {}
        for call in self.calls:
            tagged = call.profile and self.profiles[call.key] >= 100 * degraded.untagged
            tags = call.owner if tagged else NOBODY
            day = call.hour.replace(hour=0)
            for meter, tokens, cost in zip(METERS, call.tokens, call.costs(), strict=True):
                if not tokens:
                    continue
                place = (call.provider, call.account, day, call.model, meter, tags)
                if place not in lines:
                    lines[place] = Line(*place)
                line = lines[place]
                line.tokens += tokens
                line.truth[call.owner] += cost
                line.evidence[self._evidence(call, degraded)] += cost
        return sorted(lines.values(), key=lambda line: line.provider)

    def _evidence(self, call: Call, degraded: Degradation) -> str:
        if not degraded.logs(call):
            return "unlogged"
        found = self.found(call, self.seen(call, degraded))[:2]
        named = zip(found, call.owner[:2], strict=True)
        if any(value not in (None, true) for value, true in named):
            return "misled"
        return "vague" if None in found else "whole"
