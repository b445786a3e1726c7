"""Telemetry as hypothesis draws it: tables of usage, accounts and prices.

What it says of providers, accounts, models and meters comes from the same few texts as in bills.
"""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from drawn import BillFile, Cell
from strategies_conditions import IDENTITIES, condition
from strategies_taxonomy import POOLS, Draw, Taxonomy, texts_of

_HOURS = (
    *("2026-10-01T00:00:00Z", "2026-10-01T15:20:00Z", "2026-10-14T23:30:00Z", "2026-10-16"),
    *("2026-10-15 10:20:30", "2026-10-31T23:59:59.500Z", "2026-11-01T01:30:00+02:00"),
    *("2026-11-01", "2026-11-03T05:00:00Z", "2026-09-30T22:00:00Z"),
)
_QUANTITIES = (
    *("0", "1", "0.5", "1000", "1E3", "600000", "333.333333333333333333", "7"),
    *("0.000000000000000001", "1234567890123.0000000000005", "1e-10", None),
)
_UNITS = (
    *(("tokens",), ("tokens",), ("Tokens", "1K tokens")),
    *(("tokens", None), ("tokens", "seconds")),
)
_COSTS = ("0", "0.25", "12.50", "7.5", "1e-18", "0.333333333333333333", None)

IDENTITY_COLUMNS = {
    "ServiceProviderName": (*IDENTITIES["ServiceProviderName"], None),
    "SubAccountId": (*IDENTITIES["SubAccountId"], None),
    "x_CredentialId": ("key-1", "key-2", None),
    "x_PrincipalId": ("ada", None),
    "ResourceId": ("dep-1", None),
    "x_Model": ("house-model", "GPT-4o", "gpt-4o", None),
    "x_Meter": ("Input Tokens", "input_tokens", "output tokens", "gpu_seconds", None),
    "x_Tier": ("batch", None, None),
}
_ON_CONDITIONS = ("ServiceProviderName", "SubAccountId", "x_Model", "x_Tier", "Tags.cluster")


@st.composite
def usage_sources(draw: Draw, taxonomy: Taxonomy) -> tuple[list[dict[str, Any]], list[BillFile]]:
    """None, one or two sources of telemetry, and their files."""
    sources, files = [], []
    for at in range(draw(st.sampled_from((1, 1, 1, 2, 2, 0)))):
        name = f"seen-{at}"
        source: dict[str, Any] = {"name": name, "format": "table", "people": "keep"}
        source["path"] = f"usage/{name}/*.csv"
        if draw(st.booleans()):
            source["estimated_cost"] = "native"
        if draw(st.integers(0, 2)) == 0:
            source["accounts"] = f"names/{name}.csv"
            taxonomy.tables[source["accounts"]] = draw(_accounts())
        if draw(st.integers(0, 4)) == 0:
            source["reconcile"] = False
        file = draw(_file(source, list(taxonomy.settings)))
        sources.append(source)
        files.append(file)
    return sources, files


@st.composite
def _file(draw: Draw, source: dict[str, Any], names: Sequence[str]) -> BillFile:
    """One table; what `columns` and `set` say of it is added to its source."""
    tags = {key: draw(st.sampled_from(_plainly_billed(key))) for key in names}
    identities = draw(st.sets(st.sampled_from(sorted(IDENTITY_COLUMNS)), min_size=4)) | {"x_Meter"}
    header = ["hour", "x_Quantity", "x_Unit", "x_EstimatedCost", "x_EstimatedCurrency"]
    header += [*sorted(identities), "cluster", *tags.values()]
    # Models with published list prices only where prices play no part.
    is_native = "estimated_cost" in source
    texts = IDENTITY_COLUMNS | ({} if is_native else {"x_Model": ("house-model", None)})
    units = st.sampled_from(draw(st.sampled_from(_UNITS)))
    currencies = st.sampled_from(draw(st.sampled_from((("USD",), ("USD",), ("USD", "EUR")))))
    rows = []
    for _ in range(draw(st.integers(2, 10))):
        row: dict[str, Cell] = {
            name: draw(st.sampled_from(texts[name])) for name in sorted(identities)
        }
        row |= {"hour": draw(st.sampled_from(_HOURS)), "x_Quantity": draw(_quantities())}
        row |= {"x_Unit": draw(units), "x_EstimatedCost": draw(st.sampled_from(_COSTS))}
        row["x_EstimatedCurrency"] = draw(currencies) if row["x_EstimatedCost"] else None
        row["cluster"] = draw(st.sampled_from((*IDENTITIES["Tags.cluster"], None)))
        for key, tag in tags.items():
            row[tag] = draw(st.sampled_from((*texts_of(key), None, *POOLS[key].values, "serach")))
        rows.append(row)
    if draw(st.booleans()):
        theirs = {"hour": "day", "x_Quantity": "reads"}
        source["columns"] = theirs
        rows = [{theirs.get(name, name): cell for name, cell in row.items()} for row in rows]
        header = [theirs.get(name, name) for name in header]
    if draw(st.integers(0, 3)) == 0:
        source["set"] = {"x_Model": "gpt-4o" if is_native else "house-model"}
    cells = tuple(tuple(row[name] for name in header) for row in rows)
    return BillFile(f"usage/{source['name']}/part-1.csv", tuple(header), cells)


def _plainly_billed(key: str) -> tuple[str, ...]:
    return tuple(text for text in POOLS[key].billed if text == text.strip())


def _quantities() -> st.SearchStrategy[str | None]:
    return st.sampled_from(_QUANTITIES) | st.integers(0, 10**6).map(str)


@st.composite
def _accounts(draw: Draw) -> tuple[tuple[str, ...], ...]:
    columns = draw(
        st.sampled_from(
            (
                *(("ResourceId",), ("x_CredentialId",)),
                *(("x_CredentialId", "x_Model"), ("ResourceId", "x_CredentialId")),
            )
        )
    )
    texts = {
        "ResourceId": ("", "dep-1"),
        "x_CredentialId": ("", "key-1", "key-2"),
        "x_Model": ("", "gpt-4o", "house-model"),
    }
    cells = st.tuples(*(st.sampled_from(texts[column]) for column in columns)).filter(any)
    rows: list[tuple[str, ...]] = [(*columns, "ServiceProviderName", "SubAccountId")]
    for identities in draw(st.lists(cells, min_size=1, max_size=3, unique=True)):
        provider = draw(st.sampled_from(("", "OpenAI", "AWS")))
        rows.append((*identities, provider, draw(st.sampled_from(("", "acct-1")))))
    return tuple(rows)


@st.composite
def prices(draw: Draw) -> tuple[tuple[str, ...], ...]:
    """A price list; its rows differ in what they are for, or in the day they begin."""
    for_whom = ("ServiceProviderName", "x_Model", "x_Meter", "x_Tier", "valid_from")
    rows: list[tuple[str, ...]] = [(*for_whom, "unit_price", "currency")]
    for_what = st.tuples(
        st.sampled_from(("OpenAI", "Amazon Web Services", "Acme Clouds")),
        st.sampled_from(("house-model", "house-model", "gpt-4o")),
        st.sampled_from(("input_tokens", "input_tokens", "output_tokens")),
        st.sampled_from(("", "", "batch")),
        st.sampled_from(("", "2026-10-15", "2026-11-01")),
    )
    for cells in draw(st.lists(for_what, min_size=1, max_size=8, unique=True)):
        price = draw(st.sampled_from(("0.0000025", "0.01", "0", "0.333333333333333333", "1E-18")))
        rows.append((*cells, price, draw(st.sampled_from(("USD", "USD", "USD", "EUR")))))
    return tuple(rows)


@st.composite
def of_usage(draw: Draw, sources: Sequence[str], names: Sequence[str]) -> dict[str, Any]:
    """A condition that usage rows meet often."""
    kind = draw(st.sampled_from(("all", "all", "all", "source", "meter", "key", "columns")))
    if kind == "source" and sources:
        return {"x_Source": draw(st.sampled_from(tuple(sources)))}
    if kind == "meter":
        return {"x_Meter": draw(st.sampled_from(("input_tokens", ["input_tokens", "gpu_seconds"])))}
    if kind == "key":
        return {draw(st.sampled_from(tuple(names))): {"has": "true"}}
    if kind == "columns":
        return draw(condition(_ON_CONDITIONS))
    return {"x_Source": {"has": "true"}}
