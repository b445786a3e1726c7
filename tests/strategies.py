"""Projects as hypothesis draws them: small, well formed, and as odd as bills are.

Nothing here stops a run. Owners, dates and amounts come from small pools, so that lines meet.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

import strategies_shared
from drawn import BillFile, Cell, Project
from strategies_conditions import IDENTITIES, condition
from strategies_taxonomy import DAYS, POOLS, Draw, Taxonomy, spans, taxonomies, texts_of


class Size(NamedTuple):
    """How large a project may be: bills, files of a bill, columns left out, lines of a file."""

    bills_max: int = 2
    files_max: int = 2
    lines_max: int = 8
    left_out_max: int = 6
    lines_min: int = 1


SMALL = Size(1, 1, 5, 14)  # for what takes several runs to see
_SIZE = Size()


# Rules


@st.composite
def _registry(draw: Draw, names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    columns = draw(
        st.lists(st.sampled_from(sorted(IDENTITIES)), min_size=1, max_size=2, unique=True)
    )
    keys = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    dated = draw(st.booleans())
    rows = [(*columns, *keys, *(("valid_from", "valid_to") if dated else ()))]
    cells = st.tuples(*(st.sampled_from(("", *IDENTITIES[column])) for column in columns))
    owners = st.tuples(*(st.sampled_from(("", *texts_of(key))) for key in keys))
    for identities in draw(st.lists(cells.filter(any), min_size=1, max_size=4, unique=True)):
        valid = draw(spans()) if dated else ((),)
        rows += [(*identities, *draw(owners), *span) for span in valid]
    return tuple(rows)


@st.composite
def _owners(draw: Draw, taxonomy: Taxonomy) -> list[dict[str, Any]]:
    names = list(taxonomy.settings)
    entries = []
    for at in range(draw(st.integers(0, 4))):
        entry: dict[str, Any]
        if draw(st.booleans()):
            entry = {"registry": f"owners/registry-{at}.csv"}
            taxonomy.tables[entry["registry"]] = draw(_registry(names))
        else:
            keys = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
            owner = {key: draw(st.sampled_from(texts_of(key))) for key in keys}
            entry = {"rule": f"rule-{at}", "when": draw(condition()), "set": owner}
            if draw(st.booleans()):
                entry["valid_from"] = draw(st.sampled_from(DAYS))
        if draw(st.integers(0, 3)) == 0:
            entry["weak"] = True
        entries.append(entry)
    return entries


# Bills

_AMOUNT_TEXTS = """
0 0.00 -0 1 12.50 -3.75 0.005 -0.005 0.015 0.335 1E-3 2.5e2 0.000000000000000001
-0.000000000000000001 999999999999999.999999999999999999 1000000000000000000 0E-6176
0.1234567890123456785 0.0000000000000000005 -0.0000000000000000015 33.333333333333333333
"""
_AMOUNTS = tuple(_AMOUNT_TEXTS.split())
_HOSTILE = (
    *(
        'Acme "Q" \\ back',
        "émoji 🚀",
        "tab\tinside",
        "line\nbreak",
        "bell \x07\x1f\x0b!",
        "sep\u2028x",
    ),
    *("del\x7f", "comma, semi; bar|", "it's", "</script>", "\ufeffBOM", "\U0001f9ffx\ue000"),
)

_TIMES: tuple[tuple[str | None, str | None, str | None], ...] = (
    ("2026-10-01T00:00:00Z", "2026-10-02T00:00:00Z", "2026-10-01T00:00:00Z"),
    ("2026-10-14T23:10:00Z", "2026-10-14T23:50:00Z", "2026-10-01T00:00:00Z"),
    ("2026-10-15T10:20:30Z", "2026-10-17T11:00:01Z", None),
    ("2026-10-01", "2026-11-01", "2026-10-01"),
    ("2026-10-31 22:00:00", "2026-11-01 00:00:00", "2026-09-30T22:00:00Z"),
    ("2026-11-01T01:30:00+02:00", "2026-11-01T02:30:00+02:00", None),
    ("2026-10-31T23:59:59.500Z", "2026-11-01T23:59:59.500Z", "2026-10-16"),
    ("2026-11-03T00:00:00Z", None, "2026-10-17T00:00:00Z"),
    ("2026-10-05T00:00:00Z", "2026-10-05T00:00:00Z", "2026-10-20T12:00:00Z"),
    ("10/9/26", "10/8/26", None),
    (None, "2026-10-02T00:00:00Z", "2026-09-16T00:00:00Z"),
)

_UNITS = ("Tokens", "1000 Tokens", None)


@st.composite
def _thing(draw: Draw) -> dict[str, Cell]:
    """What a service is billed as: the columns that many lines share."""

    def one(*texts: Cell) -> Cell:
        return draw(st.sampled_from(texts))

    hostile = draw(st.sampled_from(_HOSTILE)) if draw(st.booleans()) else None
    return {
        "ServiceProviderName": one(
            "AWS", "Amazon Web Services, Inc.", "OpenAI", "Acme Clouds", None
        ),
        "InvoiceIssuerName": one("Acme Clouds", "OpenAI", "Amazon Web Services, Inc.", hostile),
        "ServiceName": hostile or one("OpenAI API", "Amazon Bedrock", "Qdrant", "Acme Shop"),
        "ServiceCategory": one("AI and Machine Learning", "Compute", None),
        "BillingAccountId": one("payer", None),
        "SubAccountId": one(*IDENTITIES["SubAccountId"], None, hostile),
        "SkuMeter": one("Input Tokens", "output tokens", "GPU-Stunden!", None),
        "SkuPriceDetails": one(
            '{"x_ModelId": "gpt-4o-2024-08-06"}', '{"InstanceType": "p5.2xl"}', None
        ),
        "ChargeDescription": one("gpt-4o, input", "claude-2.1", None),
        "RegionId": one(*IDENTITIES["RegionId"], None),
        "x_Squad": one(*IDENTITIES["x_Squad"], None),
        "x_Model": one("GPT-4o", "house-model", None, None),
        "x_Meter": one("cached_input_tokens", None, None),
        "x_Tier": one("batch", None, None),
    }


_OF_A_LINE: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "BilledCost": st.sampled_from(_AMOUNTS)
        | st.tuples(st.integers(-(10**7), 10**9), st.integers(0, 18)).map(
            lambda p: f"{p[0]}E-{p[1]}"
        )
        | st.integers(-(10**6), 10**6).map(lambda cents: f"{cents // 100}.{cents % 100:02}"),
        "EffectiveCost": st.sampled_from((*_AMOUNTS, "same", "same", "same", "same", "same")),
        "ListCost": st.sampled_from(("same", "7.5", None)),
        "ContractedCost": st.sampled_from(("same", "-7.5", None)),
        "ConsumedQuantity": st.sampled_from(("1000", "0.5", "1E3", None)),
        "ConsumedUnit": st.sampled_from(_UNITS),
        "PricingQuantity": st.sampled_from(("1", None)),
        "PricingUnit": st.sampled_from(_UNITS),
        "InvoiceId": st.sampled_from(("INV-1", "INV-2", None)),
        "BillingCurrency": st.sampled_from(("USD", "USD", "USD", "EUR", "JPY", "KWD")),
        "ChargeCategory": st.sampled_from(
            ("Usage", "Usage", "Usage", "Tax", "Credit", "Purchase", None)
        ),
        "ChargeClass": st.sampled_from((None, None, "Correction")),
        "time": st.sampled_from(_TIMES),
        "thing": st.integers(0, 3),
    }
)


def _tag_values(names: Sequence[str]) -> st.SearchStrategy[list[tuple[str, str]]]:
    """Tags of a line: key as billed, value as JSON."""
    pairs = []
    for name in names:
        texts = (*texts_of(name), *(text.upper().replace(" ", "_") for text in texts_of(name)))
        texts += (" search ", "serach", "", "  ", "\u00a0", "\x1e")
        values = [json.dumps(text) for text in texts] + ["null", "true", "12.50", "[1, 2]"]
        billed = st.sampled_from(POOLS[name].billed)
        pairs.append(st.tuples(billed, st.sampled_from(values)))
    cluster = st.sampled_from(('"gpu-1"', '"gpu-2"', '"web"', "null"))
    pairs.append(st.tuples(st.sampled_from(("cluster", "Cluster")), cluster))
    pairs.append(st.tuples(st.sampled_from(_HOSTILE), st.just('"x"')))
    return st.lists(st.one_of(pairs), max_size=4)


_KEPT = ("BilledCost", "BillingCurrency", "ChargePeriodStart")
_COLUMNS = (
    *("EffectiveCost", "ListCost", "ContractedCost", "ConsumedQuantity", "ConsumedUnit"),
    *("PricingQuantity", "PricingUnit", "ChargePeriodEnd", "BillingPeriodStart", "InvoiceId"),
    *("ServiceProviderName", "InvoiceIssuerName", "ServiceName", "ServiceCategory"),
    *("BillingAccountId", "SubAccountId", "SkuMeter", "SkuPriceDetails", "ChargeCategory"),
    *("ChargeClass", "ChargeDescription", "RegionId", "x_Squad", "x_Model", "x_Meter", "x_Tier"),
    "Tags",
)


@st.composite
def _file(
    draw: Draw, things: Sequence[dict[str, Cell]], names: Sequence[str], size: Size
) -> tuple[Any, ...]:
    """Header and rows of one file."""
    dropped = draw(st.sets(st.sampled_from(_COLUMNS), max_size=size.left_out_max))
    header = draw(st.permutations([c for c in (*_KEPT, *_COLUMNS) if c not in dropped]))
    rows = []
    tags = _tag_values(names)
    for line in draw(st.lists(_OF_A_LINE, min_size=size.lines_min, max_size=size.lines_max)):
        start, end, billing = line.pop("time")
        cells: dict[str, Cell] = things[line.pop("thing") % len(things)] | line
        for cost in ("EffectiveCost", "ListCost", "ContractedCost"):
            cells[cost] = line["BilledCost"] if line[cost] == "same" else line[cost]
        cells["ChargePeriodStart"] = start or (
            None if "BillingPeriodStart" in header else "2026-10-01"
        )
        cells |= {"ChargePeriodEnd": end, "BillingPeriodStart": billing}
        pairs = ", ".join(f"{json.dumps(key)}: {value}" for key, value in draw(tags))
        cells["Tags"] = f"{{{pairs}}}" if pairs else None
        rows.append(tuple(cells[name] for name in header))
    return tuple(header), tuple(rows)


_AS_A_TABLE = {"BilledCost": "amount", "ServiceName": "vendor", "ChargePeriodStart": "from"}


@st.composite
def _bill(
    draw: Draw, name: str, names: Sequence[str], size: Size
) -> tuple[dict[str, Any], list[BillFile]]:
    ending = draw(st.sampled_from(("csv", "csv", "csv.gz", "jsonl", "parquet", "table.csv")))
    things = draw(st.lists(_thing(), min_size=1, max_size=4))
    bill: dict[str, Any] = {"name": name, "format": "focus", "path": f"bills/{name}/*.{ending}"}
    if draw(st.integers(0, 3)):
        bill["layer"] = draw(st.sampled_from(("model", "platform", "data")))
    files = []
    for at in range(draw(st.sampled_from(range(1, size.files_max + 1)))):
        header, rows = draw(_file(things, names, size))
        if ending == "table.csv":
            bill |= {"format": "table", "columns": _AS_A_TABLE, "set": {"BillingCurrency": "USD"}}
            header = tuple({"Tags": "x_Tags", **_AS_A_TABLE}.get(c, c) for c in header)
            header = tuple(names[0] if c == "x_Squad" else c for c in header)
        elif draw(st.booleans()):
            header = tuple("ProviderName" if c == "ServiceProviderName" else c for c in header)
        files.append(BillFile(f"bills/{name}/part-{at + 1}.{ending}", header, rows))
    return bill, files


@st.composite
def _invoices(draw: Draw) -> tuple[tuple[str, ...], ...]:
    """A list of invoices, of which some have lines in bills."""
    keys = st.tuples(
        st.sampled_from(("Acme Clouds", "OpenAI", "Amazon Web Services, Inc.")),
        st.sampled_from(("INV-1", "INV-2", "INV-3")),
        st.sampled_from(("USD", "USD", "EUR", "JPY", "KWD")),
    )
    rows = [("InvoiceIssuerName", "InvoiceId", "period", "BillingCurrency", "amount")]
    for issuer, number, currency in draw(st.lists(keys, max_size=6, unique=True)):
        period = draw(st.sampled_from(("2026-10", "2026-09", "")))
        rows.append((issuer, number, period, currency, draw(st.sampled_from(_AMOUNTS))))
    return tuple(rows)


@st.composite
def projects(draw: Draw, size: Size = _SIZE, *, shared: bool = False) -> Project:
    """A project that can be run; with telemetry, traces and pools if `shared`."""
    taxonomy = draw(taxonomies())
    names = list(taxonomy.settings)
    settings: dict[str, Any] = {"organisation": "Acme", "taxonomy": taxonomy.settings}
    bills, files = [], []
    for at in range(draw(st.sampled_from((1, 1, 1, size.bills_max)))):
        bill, parts = draw(_bill(f"clouds-{at}", names, size))
        bills.append(bill)
        files += parts
    settings["bills"] = bills
    of_a_line = st.fixed_dictionaries(
        {"EffectiveCost": st.sampled_from(({"from": "0.5"}, {"to": "-1e-3"}, "12.50"))}
    )
    when = st.one_of(condition(), condition(), of_a_line)
    rules = st.fixed_dictionaries(
        {"when": when, "layer": st.sampled_from(("model", "platform", "data", "none"))}
    )
    settings["layers"] = draw(st.lists(rules, max_size=2))
    settings["untaggable"] = draw(st.lists(condition(), max_size=1))
    settings["owners"] = draw(_owners(taxonomy))
    if draw(st.booleans()):
        settings["invoices"] = "finance/invoices.csv"
        taxonomy.tables[settings["invoices"]] = draw(_invoices())
    usage: list[BillFile] = []
    if shared:
        more, usage = draw(strategies_shared.shared(taxonomy))
        settings |= more
    settings = {name: value for name, value in settings.items() if value}
    return Project(settings, taxonomy.tables, tuple(files), tuple(usage))
