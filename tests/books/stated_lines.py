"""Statement lines for tests of the books, and R23 worked out a second time, with fractions."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Context, Decimal
from fractions import Fraction
from math import floor
from typing import TypeVar

from everyline.books.close import Facts
from everyline.books.lines import Line
from everyline.money import minor_digits

EXACT = Context(prec=80)
Part = TypeVar("Part", str, int)


def line(
    period: str, cost: str, team: str | None, *, corrects: str | None = None, **more: str | None
) -> Line:
    """A line in USD whose two costs are equal; its amounts are not rounded yet."""
    owner = tuple(sorted((k, v) for k, v in {"team": team, **_owners(more)}.items() if v))
    told = {
        "currency": "USD",
        "basis": "invoiced",
        "method": "direct",
        "pool": None,
        "layer": "model",
        "provider": "OpenAI",
        "issuer": "OpenAI",
        "service": "API",
    } | {name: text for name, text in more.items() if name not in _owners(more)}
    own, nothing = Decimal(cost), Decimal(0)
    return Line(
        period=period,
        corrects=corrects,
        owner=owner,
        billed=own,
        effective=own,
        billed_amount=nothing,
        effective_amount=nothing,
        **told,  # type: ignore[arg-type]
    )


def facts(period: str, keys: Sequence[str] = ("team", "use_case"), **more: object) -> Facts:
    """What stands behind a close of `period`."""
    told: dict[str, object] = {
        "by": "Ada",
        "note": "",
        "closed_on": date(2027, 1, 5),
        "run": "f" * 64,
        "version": "1",
        "configuration": {"everyline.yaml": "a" * 64},
        "inputs": {"bills/all.csv": "b" * 64},
    }
    return Facts(period=period, keys=keys, **(told | more))  # type: ignore[arg-type]


def rounded(lines: Iterable[Line], keys: Sequence[str]) -> list[Line]:
    """The lines with their amounts: R23, from its text."""
    made = list(lines)
    for cost, amount in (("billed", "billed_amount"), ("effective", "effective_amount")):
        issuers: defaultdict[object, list[int]] = defaultdict(list)
        for at, one in enumerate(made):
            issuers[one.period, one.currency, one.basis, one.issuer].append(at)
        for members in issuers.values():
            digits = minor_digits(made[members[0]].currency)
            assert digits is not None
            exact = {n: Fraction(getattr(made[n], cost)) * 10**digits for n in members}
            owners: defaultdict[str, dict[int, Fraction]] = defaultdict(dict)
            for n in members:
                owners[_text([made[n].value(keys[0])])][n] = exact[n]
            sums = {owner: sum(parts.values(), Fraction(0)) for owner, parts in owners.items()}
            total = floor(sum(sums.values()) + Fraction(1, 2))
            names = {n: _key(made[n], keys) for n in members}
            for owner, whole in _handed(total, sums, {o: o for o in sums}).items():
                for n, units in _handed(whole, owners[owner], names).items():
                    told = {amount: Decimal(f"{units}E-{digits}")}
                    made[n] = made[n]._replace(**told)  # type: ignore[arg-type]
    return made


def sums(lines: Iterable[Line]) -> dict[object, tuple[Decimal, Decimal]]:
    """The exact costs of each statement key; those that come to nothing left out."""
    found: dict[object, tuple[Decimal, Decimal]] = {}
    for one in lines:
        key = (one.corrects or one.period, *one[2:11])
        billed, effective = found.get(key, (Decimal(0), Decimal(0)))
        found[key] = EXACT.add(billed, one.billed), EXACT.add(effective, one.effective)
    return {key: costs for key, costs in found.items() if any(costs)}


def _owners(more: Mapping[str, str | None]) -> dict[str, str | None]:
    return {k: v for k, v in more.items() if k in ("team", "use_case", "product")}


def _handed(
    total: int, parts: Mapping[Part, Fraction], names: Mapping[Part, str]
) -> dict[Part, int]:
    """`total` among parts: floors, then one each to the largest fractions, ties by name."""
    floors = {part: floor(exact) for part, exact in parts.items()}
    missing = total - sum(floors.values())
    first = sorted(parts, key=lambda part: (floors[part] - parts[part], names[part]))
    return {part: floors[part] + (part in first[:missing]) for part in parts}


def _key(one: Line, keys: Sequence[str]) -> str:
    return _text([*one[:4], *(one.value(key) for key in keys), *one[5:11]])


def _text(values: Sequence[str | None]) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))
