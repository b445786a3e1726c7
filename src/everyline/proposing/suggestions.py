"""Who may own what has no owner: suggestions with their evidence. Nothing here gives an owner."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from everyline.config.configuration import Configuration
from everyline.control import EXACT
from everyline.engines.duckdb import Engine, literal, quoted
from everyline.proposing.likeness import bare, words
from everyline.runs import Run
from everyline.worklist import IDENTITIES, TELLING

ENOUGH = Fraction(1, 2)
"""An owner is suggested where more than this much of the evidence speaks for it: never a tie."""

NAMES_MAX = 10_000
"""So many names of one identity are looked at, those of most cost or calls first."""

WORTH_SAYING = Fraction(1, 3)
"""Where nobody is suggested, evidence is told if as much of it as this speaks for somebody."""

_NAMES = ("SubAccountName", "ResourceName", "ResourceId", "SubAccountId", "x_CredentialId")
_OF_USAGE = ("SubAccountId", "x_CredentialId", "x_PrincipalId", "ResourceId")
_SHORT_NAME = 3
_NAMES_SHOWN = 2
_ACCOUNTS_SHOWN = 3
_OPEN_SHOWN = 2


class Seen(NamedTuple):
    """Where evidence is looked for.

    Attributes:
        charges: SQL of the relation `charges`.
        usage: SQL of telemetry with all its tags; empty for none.
        is_read: whether the taxonomy reads a tag key: what such a tag says is no name.
    """

    charges: str
    usage: str
    is_read: Callable[[str], bool]


class Evidence(NamedTuple):
    """What one kind of evidence says.

    Attributes:
        shares: owner to its share of it, from 0 to 1.
        told: owner to what speaks for it, in words.
    """

    shares: Mapping[str, Fraction]
    told: Mapping[str, str]

    @property
    def owner(self) -> str | None:
        """Whoever more than half of it speaks for."""
        return next((one for one, share in self.shares.items() if share > ENOUGH), None)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An owner, or none where the evidence does not say; and why, in words."""

    owner: str
    because: str


class Suggestions:
    """Finds evidence for identities of the worklist, one after another."""

    def __init__(self, engine: Engine, run: Run, configuration: Configuration, seen: Seen) -> None:
        self._engine = engine
        self._is_read = seen.is_read
        self._lead: str = run.manifest["keys"][0]
        self._owned, self._usage = run.relation("owned_groups"), run.relation("usage")
        self._told = engine.columns(self._owned)
        self._known = _known(engine, run, configuration)
        self._matches: dict[str, tuple[str, ...]] = {}
        # Of bills only lines that nobody owns: an account's other lines name other owners.
        unowned = f"SELECT x_GroupId FROM {self._owned} WHERE {quoted(self._lead)} IS NULL"
        self._bills = self._summed(
            "suggested_lines",
            f"{seen.charges} WHERE x_GroupId IN ({unowned})",
            "greatest(EffectiveCost, 0)",
        )
        calls = "greatest(x_RequestCount, 0)"
        self._calls = self._summed("suggested_calls", seen.usage, calls) if seen.usage else {}

    def of(self, identity: Mapping[str, str]) -> Suggestion:
        """The suggestion for one identity: column to text."""
        found = [
            one
            for one in (self._by_name(identity), self._by_tags(identity), self._by_calls(identity))
            if one is not None
        ]
        owner = next((one.owner for one in found if one.owner is not None), None)
        if owner is None:
            return Suggestion("", _open(found))
        said = [one.told[owner] for one in found if one.owner == owner]
        against = [
            f"but {one.owner}: {one.told[one.owner]}"
            for one in found
            if one.owner is not None and one.owner != owner
        ]
        return Suggestion(owner, "; ".join([*said, *against]))

    def _summed(self, name: str, relation: str, weight: str) -> Mapping[str, str]:
        """Makes the table `name`: weights by identities, names and tags; its columns."""
        has = self._engine.columns(relation)
        wanted = dict.fromkeys((*IDENTITIES, *_NAMES, *filter(_is_name, has), "Tags"))
        columns = {column: has[column] for column in wanted if column in has}
        listed = ", ".join(map(quoted, columns))
        self._engine.run(
            f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {listed},"
            f" sum({weight})::DECIMAL(38,18) AS weight_, count(*) AS rows_"
            f" FROM {relation} GROUP BY ALL"
        )
        return columns

    def _test(self, identity: Mapping[str, str], has: Mapping[str, str]) -> str | None:
        """SQL: whether a row of `has` is of the identity; None where it can't say.

        A service alone means its lines of which the run knew nothing more.
        """
        if not identity or not identity.keys() <= has.keys():
            return None
        tests = [f"{name} = {literal(text)}" for name, text in identity.items()]
        if not set(TELLING) & identity.keys():
            tests += [f"{name} IS NULL" for name in TELLING if name in has and name in self._told]
        return " AND ".join(tests)

    def _by_name(self, identity: Mapping[str, str]) -> Evidence | None:
        """Names of its lines, or of its calls, that hold the name of an owner."""
        for table, has in (("suggested_lines", self._bills), ("suggested_calls", self._calls)):
            test = self._test(identity, has)
            if test is None:
                continue
            names = [column for column in has if column in _NAMES or _is_name(column)]
            listed = ", ".join([*map(quoted, names), "Tags" if "Tags" in has else "NULL"])
            order = ", ".join(str(at) for at in range(1, len(names) + 2))
            rows = self._engine.rows(
                f"SELECT {listed}, sum(weight_)::DECIMAL(38,18), sum(rows_)::BIGINT"
                f" FROM {table} WHERE {test} GROUP BY ALL"
                f" ORDER BY sum(weight_) DESC, {order} LIMIT {NAMES_MAX}"
            )
            if (found := self._named(rows)) is not None:
                return found
        return None

    def _named(self, rows: Sequence[tuple[object, ...]]) -> Evidence | None:
        weights: dict[str, Decimal] = defaultdict(Decimal)
        counts: dict[str, int] = defaultdict(int)
        names: dict[str, dict[str, None]] = defaultdict(dict)
        for *cells, weight, count in rows:
            for owner, name in self._owners_named(cells).items():
                weights[owner] = EXACT.add(weights[owner], _decimal(weight))
                counts[owner] += int(str(count))
                names[owner][name] = None
        if not counts:
            return None
        # What has neither cost nor calls, such as seats, is counted.
        sized = weights if any(weights.values()) else {o: Decimal(n) for o, n in counts.items()}
        shares = _shares(sized)
        told = {owner: f"named in {_listed(names[owner], _NAMES_SHOWN)}" for owner in shares}
        for owner, share in shares.items():
            if share < 1:
                told[owner] += f", {_percent(share)} of what names an owner"
        return Evidence(shares, told)

    def _owners_named(self, cells: Sequence[object]) -> dict[str, str]:
        """Owners that the texts of one row name, with the text."""
        found: dict[str, str] = {}
        *texts, tags = cells
        named = [text for text in texts if isinstance(text, str)]
        if isinstance(tags, str):
            named += self._of_tags(tags)
        for text in named:
            if text not in self._matches:
                self._matches[text] = _matched(text, self._known)
            for owner in self._matches[text]:
                found.setdefault(owner, text)
        return found

    def _of_tags(self, tags: str) -> list[str]:
        """The values of tags that no key reads, such as a project or a namespace."""
        pairs: dict[str, str | None] = json.loads(tags)
        return [text for key, text in pairs.items() if text and not self._is_read(key)]

    def _accounts(self, identity: Mapping[str, str]) -> list[tuple[str | None, str]]:
        """Provider and account of its lines, or of its calls, those of most weight first."""
        for table, has in (("suggested_lines", self._bills), ("suggested_calls", self._calls)):
            test = self._test(identity, has)
            if test is None or "SubAccountId" not in has:
                continue
            rows = self._engine.rows(
                f"SELECT ServiceProviderName, SubAccountId FROM {table} WHERE {test}"
                " AND SubAccountId IS NOT NULL GROUP BY ALL ORDER BY sum(weight_) DESC, 1, 2"
            )
            if rows:
                return [(provider, account) for provider, account in rows]
        return []

    def _by_tags(self, identity: Mapping[str, str]) -> Evidence | None:
        """How the rest of its accounts' cost is tagged."""
        accounts = self._accounts(identity)
        if not accounts:
            return None
        lead, state = quoted(self._lead), quoted(f"{self._lead}_tag")
        rows = self._engine.rows(
            f"SELECT CASE WHEN {state} = 'declared' AND {quoted(f'{self._lead}_evidence')} = 'tag'"
            f" THEN {lead} END, sum(x_CoverageCost)::DECIMAL(38,18) FROM {self._owned}"
            f" WHERE {_within(accounts)} AND x_Basis <> 'estimated' GROUP BY 1 ORDER BY 1"
        )
        whole = _sum(cost for _, cost in rows)
        costs = {owner: cost for owner, cost in rows if owner is not None}
        tagged = _sum(costs.values())
        if not tagged:
            return None
        of = f"of the tagged cost of {_listed((a for _, a in accounts), _ACCOUNTS_SHOWN)}"
        of += f" ({_percent(_share(tagged, whole))} of it is tagged)"
        shares = _shares(costs)
        return Evidence(shares, {one: f"{_percent(share)} {of}" for one, share in shares.items()})

    def _by_calls(self, identity: Mapping[str, str]) -> Evidence | None:
        """Who, of those with an owner, called under it or in its accounts."""
        own = {name: text for name, text in identity.items() if name in _OF_USAGE}
        test = " AND ".join(f"{name} = {literal(text)}" for name, text in own.items())
        accounts = self._accounts(identity)
        tests = [test] if own else []
        tests += [_within(accounts)] if accounts else []
        for one in tests:
            rows = self._engine.rows(
                f"SELECT {quoted(self._lead)}, sum(x_RequestCount)::BIGINT, count(*), max(hour)"
                f" FROM {self._usage} WHERE {one} AND {quoted(self._lead)} IS NOT NULL"
                " GROUP BY 1 ORDER BY 1"
            )
            if rows:
                return _called(rows)
        return None


def _is_name(column: str) -> bool:
    return column.startswith("x_") and column.endswith(("Name", "Alias"))


def _decimal(value: object) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value or 0))


def _within(accounts: Sequence[tuple[str | None, str]]) -> str:
    tests = []
    for provider, account in accounts:
        of = f"ServiceProviderName = {literal(provider)} AND " if provider else ""
        tests.append(f"({of}SubAccountId = {literal(account)})")
    return f"({' OR '.join(tests)})"


def _called(rows: Sequence[tuple[Any, ...]]) -> Evidence:
    """Owners by their calls, or by hours of use where nothing counts calls."""
    has_calls = any(calls for _, calls, _, _ in rows)
    weights = {owner: Decimal(calls if has_calls else hours) for owner, calls, hours, _ in rows}
    last = max(hour for *_, hour in rows)
    shares = _shares(weights)
    what = f"of {sum(weights.values()):,} {'calls' if has_calls else 'hours'} that have an owner"
    told = {owner: f"{_percent(share)} {what}" for owner, share in shares.items()}
    for owner, *_, hour in rows:
        if hour == last and owner in told:
            told[owner] += f", the last on {hour:%Y-%m-%d}"
    return Evidence(shares, told)


def _shares(weights: Mapping[str, Decimal]) -> dict[str, Fraction]:
    """Owners by their shares, the largest first; those of nothing left out."""
    total = _sum(weights.values())
    shares = {owner: _share(weight, total) for owner, weight in weights.items() if weight}
    return dict(sorted(shares.items(), key=lambda pair: (-pair[1], pair[0])))


def _open(found: Iterable[Evidence]) -> str:
    """Why nobody is suggested: who is as likely as whom, where anything is known."""
    for one in found:
        if max(one.shares.values(), default=Fraction(0)) >= WORTH_SAYING:
            listed = [f"{owner} {one.told[owner]}" for owner in one.shares]
            return "open: " + "; ".join(listed[:_OPEN_SHOWN])
    return ""


def _listed(texts: Iterable[str], most: int) -> str:
    listed = list(texts)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(f"`{text}`" for text in listed[:most]) + more


def _sum(weights: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for weight in weights:
        total = EXACT.add(total, weight)
    return total


def _share(part: Decimal, whole: Decimal) -> Fraction:
    return Fraction(part) * Fraction(whole) ** -1


def _percent(share: Fraction) -> str:
    """A share in whole percent, rounded down, so that only all of it is 100 %."""
    return f"{int(share * 100)} %"


def _known(engine: Engine, run: Run, configuration: Configuration) -> dict[str, str]:
    """What names an owner, bare, to the owner: values and aliases, and what implies them (R9).

    Without a list the owners of the last run are those that are known.
    """
    lead = configuration.lead
    pairs: list[tuple[str, str]] = []
    if lead.values is not None:
        pairs = [(t, row.value) for row in lead.values.rows for t in (row.value, *row.aliases)]
    else:
        for relation in ("owned_groups", "usage"):
            pairs += [
                (owner, owner)
                for (owner,) in engine.rows(
                    f"SELECT DISTINCT {quoted(lead.name)} FROM {run.relation(relation)}"
                    f" WHERE {quoted(lead.name)} IS NOT NULL ORDER BY 1"
                )
            ]
    for key in configuration.taxonomy[1:]:
        for row in key.values.rows if key.values else ():
            if lead.name in row.implies:
                owner = row.implies[lead.name]
                owner = (lead.values.declared(owner) if lead.values else owner) or ""
                pairs += [(text, owner) for text in (row.value, *row.aliases)]
    named: dict[str, set[str]] = defaultdict(set)
    for text, owner in pairs:
        if owner and len(bare(text)) >= _SHORT_NAME:
            named[bare(text)].add(owner)
    return {text: owners.pop() for text, owners in named.items() if len(owners) == 1}


def _matched(text: str, known: Mapping[str, str]) -> tuple[str, ...]:
    """The owners named by words of a text that stand together, the longest name at each place."""
    apart = words(text)
    owners: dict[str, None] = {}
    start = 0
    while start < len(apart):
        ends = [
            end for end in range(start + 1, len(apart) + 1) if "".join(apart[start:end]) in known
        ]
        if ends:
            owners[known["".join(apart[start : ends[-1]])]] = None
        start = ends[-1] if ends else start + 1
    return tuple(sorted(owners))
