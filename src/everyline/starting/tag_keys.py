"""Tag keys of bills, and which of them may say which key of a taxonomy."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from everyline import runs
from everyline.bill_lines import BillLines
from everyline.config.configuration import Configuration
from everyline.config.sources import Bill
from everyline.config.taxonomy import Key
from everyline.engines.duckdb import Engine
from everyline.owners.tags import spellings
from everyline.sources.bills import bills
from everyline.starting.bills import FoundBill

# What tag keys are called that mean a key, as written less case, blanks, `-` and `.`. Within a key
# the words of one tuple mean it outright and go before those of the next, which mean it at second
# hand; among words of one tuple the one that covers most cost goes first.
SYNONYMS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "team": (
        ("team", "team_name", "teamname", "cost_team", "owner_team", "owning_team", "squad"),
        ("owner", "owned_by", "department", "dept", "business_unit", "businessunit", "bu"),
        ("cost_center", "costcenter", "cost_centre", "costcentre", "cost_center_name"),
    ),
    "product": (
        ("product", "product_name"),
        ("app", "app_name", "application", "application_name", "service", "service_name"),
        ("project", "project_name", "system", "solution"),
    ),
    "use_case": (("use_case", "usecase", "feature", "feature_name"), ("purpose", "capability")),
    "environment": (("environment", "env"), ("stage", "deployment_environment", "env_type")),
}

# What gateways and vendors of seats call them, whatever the people there do.
OF_TELEMETRY: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "team": (("litellm_team", "copilot_team", "namespacelabels_team"),),
}

ALWAYS = ("team", "use_case")
"""Keys that a taxonomy has even where no tag says them yet."""


class Tags(NamedTuple):
    """Tag keys of all bills.

    Attributes:
        share: tag key, as it is compared (R7), to the share of cost that carries it, from 0 to 1.
        chosen: taxonomy key to the tag keys that say it, in order of trust.
        used: tag key of telemetry to the share of its rows that carry it, from 0 to 1.
    """

    share: Mapping[str, Fraction]
    chosen: Mapping[str, tuple[str, ...]]
    used: Mapping[str, Fraction] = MappingProxyType({})

    @property
    def others(self) -> list[str]:
        """Tag keys that say no key of the taxonomy, those of most cost first."""
        used = {tag for tags in self.chosen.values() for tag in tags}
        return sorted(self.share.keys() - used, key=lambda tag: (-self.share[tag], tag))


def tags_of(
    engine: Engine, project: Path, bills_: Iterable[FoundBill], progress: Callable[[str], None]
) -> Tags:
    """The tag keys of bills; what is wrong with their files is said by the run that follows."""
    configuration = Configuration(
        taxonomy=(Key(name="team"),),
        bills=tuple(Bill(name=b.name, format=b.format, path=b.path) for b in bills_),  # type: ignore[arg-type]
    )
    cache = project / runs.FOLDER / "cache" / "files"
    read = bills(engine, project, configuration, cache=cache, progress=progress)
    return chosen(shares(engine, read.lines))


def shares(engine: Engine, bills: Iterable[BillLines]) -> dict[str, Fraction]:
    """Tag key to the share of cost that carries it, averaged over currencies by lines (R21)."""
    tagged: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    whole: dict[str, Decimal] = defaultdict(Decimal)
    lines: dict[str, int] = defaultdict(int)
    for bill in bills:
        for currency, tag, count, cost in engine.rows(_costs(bill)):
            if tag is None:
                lines[currency] += count
                whole[currency] += cost
            else:
                tagged[currency, spellings(tag)[-1]] += cost
    all_lines = sum(lines.values())
    found: dict[str, Fraction] = defaultdict(Fraction)
    for (currency, tag), cost in tagged.items():
        if whole[currency]:
            share = Fraction(cost) / Fraction(whole[currency])
            found[tag] += min(share, Fraction(1)) * lines[currency] / all_lines
        else:
            found[tag] += 0
    return dict(found)


def _costs(bill: BillLines) -> str:
    """SELECT of currency, tag key, lines and cost that carry it; the key is null for all lines."""
    cost = "sum(greatest(BilledCost, 0))::DECIMAL(38,18)"
    currency = "coalesce(BillingCurrency, '')" if "BillingCurrency" in bill.columns else "''"
    every = (
        f"SELECT {currency} AS currency, NULL AS tag, count(*), {cost} FROM {bill.relation}"
        " GROUP BY 1"
    )
    if not bill.tag_keys or "Tags" not in bill.columns:
        return every
    # Lines of equal tags are summed before the tags are taken apart: there are few of those.
    sets = (
        f"SELECT {currency} AS currency, Tags, count(*) AS lines, {cost} AS cost"
        f" FROM {bill.relation} WHERE Tags IS NOT NULL GROUP BY ALL"
    )
    pairs = (
        "SELECT currency, lines, cost,"
        " unnest(map_entries(CAST(CAST(Tags AS JSON) AS MAP(VARCHAR, VARCHAR)))) AS pair"
        f" FROM ({sets})"
    )
    return (
        f"{every} UNION ALL"
        " SELECT currency, pair.key, sum(lines)::BIGINT, sum(cost)::DECIMAL(38,18)"
        f" FROM ({pairs}) WHERE trim(pair.value) <> '' GROUP BY 1, 2"
    )


def chosen(share: Mapping[str, Fraction]) -> Tags:
    """The tag keys that say the keys of a taxonomy, by `SYNONYMS`."""
    found = {key: tuple(_said_by(ranks, share)) for key, ranks in SYNONYMS.items()}
    return Tags(share, {key: tags for key, tags in found.items() if tags or key in ALWAYS})


def with_used(tags: Tags, used: Mapping[str, Fraction]) -> Tags:
    """The same with tag keys of telemetry that say a key, after those of bills."""
    found = {}
    for key, ranks in SYNONYMS.items():
        mine = tags.chosen.get(key, ())
        more = _said_by((*ranks, *OF_TELEMETRY.get(key, ())), used)
        found[key] = tuple(dict.fromkeys((*mine, *more)))
    chosen_ = {key: said for key, said in found.items() if said or key in ALWAYS}
    return Tags(tags.share, chosen_, used)


def _said_by(ranks: Sequence[Sequence[str]], share: Mapping[str, Fraction]) -> Iterable[str]:
    for words in ranks:
        tags = [tag for tag in share if re.sub(r"[-. ]+", "_", tag) in words]
        yield from sorted(tags, key=lambda tag: (-share[tag], tag))
