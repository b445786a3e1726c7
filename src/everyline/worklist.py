"""The worklist: what nobody owns, by identities under which a registry can name an owner (R8).

Cost that a trace or pool could give to nobody, since the usage it was split by has no owner, is
listed by the identities of that usage: they are what a registry can name.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from everyline.config.configuration import Configuration
from everyline.control import EXACT
from everyline.engines.duckdb import Engine, literal, quoted
from everyline.explain.unowned import Behind
from everyline.explain.unowned import Unowned as UnownedUsage
from everyline.runs import Run

IDENTITIES = (
    "ServiceProviderName",
    "BillingAccountId",
    "SubAccountId",
    "x_CredentialId",
    "x_PrincipalId",
    "ResourceId",
    "ResourceName",
    "ServiceName",
)
"""The columns that may identify, in the order in which the registry has them."""

TELLING = ("SubAccountId", "x_CredentialId", "x_PrincipalId", "ResourceId", "ResourceName")
"""Those that tell most, the best first; without any of them only the service is known."""

_OF_USAGE = ("x_CredentialId", "x_PrincipalId", "ResourceId", "SubAccountId")
"""The columns of usage that tell most, the best first."""

_HASH = re.compile("[0-9a-f]{64}")
_SPLIT = ("unseen", "driver_unowned")

Identity = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Unowned:
    """One identity without a value of the lead key.

    Attributes:
        identity: column to text, in the order of `IDENTITIES`; empty where no registry can tell.
        costs: EffectiveCost by currency, exact, signed.
        lines: how many bill lines; none where it is known by its usage only.
        services: their ServiceNames.
        reasons: evidence, that of the most lines first.
        estimated: what it used, at list prices, by currency; no cost of any bill.
        since: the first month in which it had cost or usage without an owner.
        is_shield: listed only so that a less telling identity above does not speak for it.
    """

    identity: Mapping[str, str]
    costs: Mapping[str, Decimal]
    lines: int
    services: Sequence[str]
    reasons: Sequence[str]
    estimated: Mapping[str, Decimal]
    since: str
    is_shield: bool = False


class Part(NamedTuple):
    """Unowned cost of one combination of identities; of usage also what it is worth by itself."""

    columns: Mapping[str, str]
    period: str
    currency: str
    evidence: str
    cost: Decimal
    lines: int
    estimated: Decimal = Decimal(0)

    @property
    def service(self) -> tuple[str | None, str | None]:
        """What a row of a service alone would match: the service and the billing account."""
        return self.columns.get("ServiceName"), self.columns.get("BillingAccountId")


def worklist(
    engine: Engine,
    run: Run,
    configuration: Configuration | None = None,
    *,
    period: str | None = None,
    top: int | None = None,
) -> list[Unowned]:
    """Identities without a value of the lead key, the largest cost first, whatever its currency.

    As rows of one registry each of them speaks for just its own cost: of the rows that match a
    line, the one with most cells answers, and a less telling identity has fewer cells.

    Args:
        engine: to read with.
        run: whose allocations are looked at.
        configuration: of the run; without it usage is not looked at.
        period: counts cost of this month only; None for all.
        top: how many; more where a less telling one among them would speak for others too.
    """
    return listed(parts(engine, run, configuration), period=period, top=top)


def parts(engine: Engine, run: Run, configuration: Configuration | None = None) -> list[Part]:
    """What a worklist is made of: unowned cost of all months, by all that may name an owner."""
    return [*_parts(engine, run), *_elsewhere(engine, run, configuration)]


def listed(
    parts: Sequence[Part], *, period: str | None = None, top: int | None = None
) -> list[Unowned]:
    """The worklist of parts, as `worklist` gives it."""
    coarse = {part.service for part in parts if not _telling(part) and any(part.service)}
    rows: dict[Identity, list[Part]] = defaultdict(list)
    finer = _with_account(parts, coarse)
    for part in parts:
        # What no registry can name is told apart by its reason.
        rows[_identity(part, coarse, finer) or (("", part.evidence),)].append(part)
    counted = {
        identity: [part for part in of if period in (None, part.period)]
        for identity, of in rows.items()
    }
    found = [
        (identity, _unowned(identity, of, _since(rows[identity])))
        for identity, of in counted.items()
        if of
    ]
    found.sort(key=lambda pair: (-_most(pair[1].costs), -_most(pair[1].estimated), pair[0]))
    kept = found[:top]
    spoken = {part.service for identity, _ in kept for part in rows[identity] if not _telling(part)}
    spoken.discard((None, None))
    names = {identity for identity, _ in kept}
    shields = [
        _unowned(identity, of, _since(of), is_shield=True)
        for identity, of in sorted(rows.items())
        if identity not in names and any(_matched(part, spoken) for part in of)
    ]
    return [*(one for _, one in kept), *shields]


def _parts(engine: Engine, run: Run) -> Iterator[Part]:
    owned = run.relation("owned_groups")
    has = engine.columns(owned)
    columns = [name for name in IDENTITIES if name in has]
    lead = run.manifest["keys"][0]
    listed = ", ".join(f"g.{quoted(name)}" for name in columns)
    rows = engine.rows(
        f"SELECT {listed}, a.x_Period, a.BillingCurrency, a.{quoted(f'{lead}_evidence')},"
        " sum(a.EffectiveCost)::DECIMAL(38,18), sum(g.x_LineCount)::BIGINT"
        f" FROM {run.relation('allocations')} AS a JOIN {owned} AS g ON g.x_GroupId = a.x_LineId"
        f" WHERE a.{quoted(lead)} IS NULL AND NOT {_is_split(lead, 'a.')} GROUP BY ALL ORDER BY ALL"
    )
    for row in rows:
        cells = zip(columns, row, strict=False)
        yield Part({name: cell for name, cell in cells if cell is not None}, *row[len(columns) :])


def _is_split(lead: str, of: str = "") -> str:
    """SQL over `allocations`: whether a trace or pool says why a part has no owner.

    An owner for the bill line would change more than this part: it would undo the split.
    """
    split = ", ".join(map(literal, _SPLIT))
    evidence = quoted(f"{lead}_evidence")
    return f"({of}x_Pool IS NOT NULL OR {of}{evidence} IN ({split}))"


def _elsewhere(engine: Engine, run: Run, configuration: Configuration | None) -> Iterator[Part]:
    """What traces and pools gave to nobody: by usage without an owner, and what no usage tells."""
    lead = run.manifest["keys"][0]
    evidence = f"{lead}_evidence"
    left: dict[tuple[str, str, str], Decimal] = {
        (period, currency, reason): cost
        for period, currency, reason, cost in engine.rows(
            f"SELECT x_Period, BillingCurrency, {quoted(evidence)},"
            f" sum(EffectiveCost)::DECIMAL(38,18) FROM {run.relation('allocations')}"
            f" WHERE {quoted(lead)} IS NULL AND {_is_split(lead)} GROUP BY ALL ORDER BY ALL"
        )
    }
    if configuration is not None:
        usage = UnownedUsage(engine, run, configuration)
        for behind in usage.behind():
            at = (behind.period, behind.currency, "driver_unowned")
            left[at] = EXACT.subtract(left[at], behind.cost)
            yield _of_usage(behind, behind.cost, Decimal(0))
        for estimated in usage.estimated():
            yield _of_usage(estimated, Decimal(0), estimated.cost)
    for (period, currency, reason), cost in left.items():
        if cost:
            yield Part({}, period, currency, reason, cost, 0)


def _of_usage(behind: Behind, cost: Decimal, estimated: Decimal) -> Part:
    """One identity of usage, by what a registry can name: a hash of a person is not that."""
    said = behind.identity
    told = next(
        (n for n in _OF_USAGE if n in said and not (n == "x_PrincipalId" and _hashed(said[n]))),
        None,
    )
    columns = {}
    if told is not None:
        names = ("ServiceProviderName", told)
        columns = {name: said[name] for name in names if name in said}
    evidence = "driver_unowned"
    return Part(columns, behind.period, behind.currency, evidence, cost, 0, estimated)


def _hashed(text: str) -> bool:
    return _HASH.fullmatch(text) is not None


def _most(costs: Mapping[str, Decimal]) -> Decimal:
    return max(costs.values(), default=Decimal(0))


def _telling(part: Part) -> str | None:
    """The column that tells most of a part; None where only the service is known."""
    return next((name for name in TELLING if name in part.columns), None)


def _with_account(
    parts: Iterable[Part], coarse: set[tuple[str | None, str | None]]
) -> set[tuple[str, str]]:
    """Identities that need the billing account too, or a service's row would have as many cells."""
    return {
        (telling, part.columns[telling])
        for part in parts
        if (telling := _telling(part)) and part.service in coarse and part.service[1]
    }


def _identity(
    part: Part, coarse: set[tuple[str | None, str | None]], finer: set[tuple[str, str]]
) -> Identity:
    telling = _telling(part)
    if telling is None:
        names = {"ServiceName", "BillingAccountId"}
    else:
        names = {"ServiceProviderName", telling}
        if (telling, part.columns[telling]) in finer:
            names.add("BillingAccountId")
        if "ServiceProviderName" not in part.columns and _matched(part, coarse):
            names.add("ServiceName")
    return tuple((n, part.columns[n]) for n in IDENTITIES if n in names and n in part.columns)


def _matched(part: Part, coarse: set[tuple[str | None, str | None]]) -> bool:
    """Whether a row of a service alone would match."""
    service, account = part.service
    return (service, account) in coarse or (service, None) in coarse


def _since(parts: Iterable[Part]) -> str:
    return min(part.period for part in parts)


def _unowned(
    identity: Identity, parts: Sequence[Part], since: str, *, is_shield: bool = False
) -> Unowned:
    costs: dict[str, Decimal] = {}
    estimated: dict[str, Decimal] = {}
    reasons: dict[str, int] = {}
    for part in parts:
        for sums, cost in ((costs, part.cost), (estimated, part.estimated)):
            if cost or (sums is costs and not part.estimated):
                sums[part.currency] = EXACT.add(sums.get(part.currency, Decimal(0)), cost)
        reasons[part.evidence] = reasons.get(part.evidence, 0) + part.lines
    return Unowned(
        identity={name: text for name, text in identity if name},
        costs=dict(sorted(costs.items())),
        lines=sum(part.lines for part in parts),
        services=sorted({name for part in parts if (name := part.columns.get("ServiceName"))}),
        reasons=sorted(reasons, key=lambda reason: (-reasons[reason], reason)),
        estimated=dict(sorted(estimated.items())),
        since=since,
        is_shield=is_shield,
    )
