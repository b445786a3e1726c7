"""Traces, pools and rates as hypothesis draws them, hostile shapes among them."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from drawn import BillFile
from strategies_conditions import condition
from strategies_taxonomy import POOLS, Draw, Taxonomy, texts_of
from strategies_usage import of_usage, prices, usage_sources

_ON = ("SubAccountId", "x_Model", "x_Meter", "ServiceProviderName", "x_Tier", "Tags.cluster")
_WITHIN = ("InvoiceIssuerName", "InvoiceId", "SubAccountId", "BillingCurrency", "x_Model")
_PERCENTS = (
    ("100",),
    ("40", "60"),
    ("33.333333333333333333", "66.666666666666666667"),
    ("0", "100"),
    ("12.5", "37.5", "50"),
)
_WEIGHTS = ("quantity", "quantity", "estimated_cost")


@st.composite
def shared(draw: Draw, taxonomy: Taxonomy) -> tuple[dict[str, Any], list[BillFile]]:
    """Settings of all that splits cost, and files of usage; tables go to those of `taxonomy`."""
    names = list(taxonomy.settings)
    for name in names[1:]:
        if "default" not in taxonomy.settings[name] and draw(st.booleans()):
            taxonomy.settings[name]["required"] = True
    sources, files = draw(usage_sources(taxonomy))
    seen = [source["name"] for source in sources]
    settings: dict[str, Any] = {"usage": sources}
    settings |= draw(_finance(taxonomy))
    settings["trace"] = [
        draw(_trace(at, seen, names)) for at in range(draw(st.sampled_from((1, 1, 2, 0))))
    ]
    pools = [
        draw(_pool(at, seen, taxonomy)) for at in range(draw(st.sampled_from((2, 3, 4, 1, 0))))
    ]
    settings["between_pools"] = draw(st.sampled_from(("direct", "step-down", "reciprocal")))
    for at, pool in enumerate(pools):
        if isinstance(pool.get("rest"), dict):
            removed = {"direct": pools, "step-down": pools[: at + 1], "reciprocal": [pool]}
            if any(_may_own(taxonomy, o, pool["rest"]) for o in removed[settings["between_pools"]]):
                pool["rest"] = "spread"
    return settings | {"pools": pools}, files


@st.composite
def _finance(draw: Draw, taxonomy: Taxonomy) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if draw(st.booleans()):
        found["prices"] = "names/prices.csv"
        taxonomy.tables[found["prices"]] = draw(prices())
    if draw(st.booleans()):
        found |= {"currency": "USD", "rates": "finance/rates.csv"}
        rates: list[tuple[str, ...]] = [("period", "currency", "rate", "source")]
        for period in ("2026-10", "2026-11"):
            for currency in draw(st.sampled_from((("EUR",), ("EUR", "JPY", "KWD"), ()))):
                rate = draw(st.sampled_from(("1.0835", "0.0067", "3.253333333333333333")))
                rates.append((period, currency, rate, "bank"))
        taxonomy.tables[found["rates"]] = tuple(rates)
    return found


# Conditions and owners


@st.composite
def _of_charges(draw: Draw, names: Sequence[str]) -> dict[str, Any]:
    """A condition over groups, met by some or by all."""
    kind = draw(st.sampled_from(("all", "layer", "key", "some", "some", "tax")))
    if kind == "layer":
        return {"x_Layer": draw(st.sampled_from(("model", ["platform", "data"])))}
    if kind == "key":
        return {
            draw(st.sampled_from(tuple(names))): {"has": draw(st.sampled_from(("true", "false")))}
        }
    if kind == "some":
        return draw(condition())
    if kind == "tax":
        return {"ChargeCategory": draw(st.sampled_from(("Tax", ["Usage", "Credit"])))}
    return {"x_Layer": {"has": "true"}}


@st.composite
def _values(draw: Draw, names: Sequence[str]) -> dict[str, str]:
    keys = draw(st.lists(st.sampled_from(tuple(names)), min_size=1, max_size=2, unique=True))
    return {key: draw(st.sampled_from(texts_of(key))) for key in keys}


@st.composite
def _rest(draw: Draw, names: Sequence[str]) -> Any:
    return draw(st.one_of(st.sampled_from(("unallocated", "spread")), _values(names)))


def _may_own(taxonomy: Taxonomy, pool: Mapping[str, Any], rest: Mapping[str, str]) -> bool:
    """Whether `rest` names the pool's owner, or may by what its values imply (R19)."""
    owner = pool.get("owner", {})
    headers = [rows[0] for name, rows in taxonomy.tables.items() if name.startswith("owners/")]
    implied = {column for header in headers if header[0] == "value" for column in header[4:]}
    return bool(owner) and all(
        _meant(key, rest[key]) == _meant(key, text) if key in rest else key in implied
        for key, text in owner.items()
    )


def _meant(key: str, text: str) -> str:
    """The value that a text names."""
    return next(value for value, more in POOLS[key].values.items() if text in (value, *more))


# Traces


@st.composite
def _trace(draw: Draw, at: int, seen: Sequence[str], names: Sequence[str]) -> dict[str, Any]:
    trace: dict[str, Any] = {"rule": f"trace-{at}"}
    trace["charges"] = draw(st.one_of(st.just({"x_Layer": {"has": "true"}}), _of_charges(names)))
    trace["usage"] = draw(of_usage(seen, names))
    trace["split"] = [
        {"on": draw(_on()), "weight": draw(st.sampled_from(_WEIGHTS))}
        for _ in range(draw(st.sampled_from((2, 1, 3))))
    ]
    trace["rest"] = draw(_rest(names))
    trace["known"] = draw(st.sampled_from(("keep", "keep", "replace")))
    if draw(st.integers(0, 5)) == 0:
        trace["valid_from"] = "2026-11-01"
    return trace


def _on() -> st.SearchStrategy[list[str]]:
    """Columns of a level; often none, so that something is split."""
    some = st.lists(st.sampled_from(_ON), min_size=1, max_size=2, unique=True)
    return st.one_of(st.just([]), some)


# Pools


@st.composite
def _pool(draw: Draw, at: int, seen: Sequence[str], taxonomy: Taxonomy) -> dict[str, Any]:
    names = list(taxonomy.settings)
    pool: dict[str, Any] = {"pool": f"pool-{at}"}
    kind = draw(st.sampled_from(("owner", "charges", "owner", "charges", "owner", "both")))
    if kind != "owner":
        # Seldom all, which would leave no cost to weigh by.
        pool["charges"] = draw(st.one_of(condition(), condition(), _of_charges(names)))
    if kind != "charges":
        # Often the lead key alone, so that pools meet as owners and receivers.
        lead = st.sampled_from(texts_of(names[0])).map(lambda text: {names[0]: text})
        pool["owner"] = draw(st.one_of(lead, lead, _values(names)))
    pool["split"] = [
        draw(_entry(f"{at}-{n}", seen, taxonomy, kind == "charges"))
        for n in range(draw(st.sampled_from((1, 1, 2, 3))))
    ]
    pool["rest"] = draw(_rest(names))
    if draw(st.integers(0, 5)) == 0:
        pool["valid_from"] = "2026-11-01"
    return pool


@st.composite
def _entry(
    draw: Draw, name: str, seen: Sequence[str], taxonomy: Taxonomy, may_be_within: bool
) -> dict[str, Any]:
    names = list(taxonomy.settings)
    with_lists = [key for key in names if "values" in taxonomy.settings[key]]
    by = draw(st.sampled_from(("usage", "cost", "fixed", "even", "usage", "cost")))
    if by == "even" and with_lists:
        key = draw(st.sampled_from(with_lists))
        even: dict[str, Any] = {"by": "even", "over": [key]}
        if draw(st.booleans()):
            texts = st.sampled_from(texts_of(key))
            even["among"] = draw(st.lists(texts, min_size=1, max_size=3, unique=True))
        return even
    if by in ("fixed", "even"):
        return draw(_fixed(name, taxonomy))
    entry: dict[str, Any] = {"by": by}
    if draw(st.booleans()):
        entry["over"] = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    if may_be_within and draw(st.booleans()):
        entry["within"] = draw(st.lists(st.sampled_from(_WITHIN), max_size=2, unique=True))
    if by == "cost":
        if draw(st.integers(0, 2)) == 0:
            entry["of"] = draw(_of_charges(names))
        return entry
    entry["usage"] = draw(of_usage(seen, names))
    entry["weight"] = draw(st.sampled_from(_WEIGHTS))
    if entry["weight"] == "quantity" and draw(st.booleans()):
        entry["capacity"] = draw(
            st.one_of(st.just({"x_Source": {"has": "true"}}), of_usage(seen, names))
        )
    return entry


@st.composite
def _fixed(draw: Draw, name: str, taxonomy: Taxonomy) -> dict[str, Any]:
    names = list(taxonomy.settings)
    keys = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
    if len(keys) == 1 and draw(st.booleans()):
        percents = draw(st.sampled_from(_PERCENTS))
        texts = draw(_unlike(keys, len(percents)))
        shares = {cells[0]: percent for cells, percent in zip(texts, percents, strict=True)}
        return {"by": "fixed", "over": keys, "shares": shares}
    rows: list[tuple[str, ...]] = [(*keys, "share", "valid_from", "valid_to")]
    spans = draw(st.sampled_from(((("", ""),), (("", "2026-11-01"), ("2026-11-01", "")))))
    for span in spans if draw(st.integers(0, 4)) else spans[-1:]:
        percents = draw(st.sampled_from(_PERCENTS))
        receivers = draw(_unlike(keys, len(percents)))
        rows += [(*c, percent, *span) for c, percent in zip(receivers, percents, strict=True)]
    taxonomy.tables[f"finance/shares-{name}.csv"] = tuple(rows)
    return {"by": "fixed", "over": keys[::-1], "file": f"finance/shares-{name}.csv"}


@st.composite
def _unlike(draw: Draw, keys: Sequence[str], count: int) -> list[tuple[str, ...]]:
    """Values of keys, no two rows the same; of several keys, the last may be empty."""
    pools = [texts_of(key) for key in keys]
    pools = pools if len(keys) == 1 else [*pools[:-1], (*pools[-1], "")]
    cells = st.tuples(*(st.sampled_from(pool) for pool in pools))
    return draw(st.lists(cells, min_size=count, max_size=count, unique=True))
