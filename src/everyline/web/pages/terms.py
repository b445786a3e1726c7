"""`/terms`: what the words of the pages mean."""

from collections.abc import Sequence

from everyline.exports import statement_words as words
from everyline.relations import ABSENT
from everyline.web.asked import Ask
from everyline.web.grid import Cell, Grid, Head
from everyline.web.page import Page, Route

_METHODS = (
    ("direct", "the bill line itself says whose it is: by its tags, a registry or a rule"),
    ("traced", "the line says nothing, but it was seen who used what it bills"),
    ("shared", "it serves several, and a pool splits it by a stated rule"),
    ("unallocated", "nobody was found for it yet; the reason is said"),
)
_LAYERS = (
    ("model", "tokens and model usage"),
    ("platform", "serving: GPUs, Kubernetes, gateways"),
    (
        "data",
        "supporting data and tooling: vector stores, warehouses, labelling, evaluation, seats",
    ),
    ("none", "not AI; on the bill, and outside all that is allocated"),
)
_COSTS = (
    ("EffectiveCost", "accrual: what showback shows, with commitments spread over their use"),
    ("BilledCost", "cash: what ties to the invoice"),
    ("estimated", "made from usage at list prices where there is no bill; never summed with it"),
    (
        "minor unit",
        "cents, where a currency has them: rounded from the issuer's total down, so that all sums",
    ),
)
_WORDS = (
    ("charge", "one billed line"),
    ("usage", "who used how much in an hour, by telemetry; it never adds cost to a bill"),
    ("owner", "a value for each key of the taxonomy"),
    ("evidence", "how a value was found, or why there is none"),
    ("pool", "a shared cost and the rule that splits it"),
    ("driver", "the usage or cost that a split weighs by"),
    ("rest", "what drivers do not explain: calls nobody saw, idle capacity"),
    ("showback", "shows each owner their cost; moves no money"),
    ("chargeback", "books it on each owner's account, once the gate is passed"),
    ("closed", "a month whose statements were booked; they never change, corrections come later"),
    ("tag coverage", "of the cost that could be tagged, the part with a declared value"),
    ("run", "everything worked out from the files and rules of one moment; links name theirs"),
)


def page(ask: Ask) -> Page:
    """The terms, in tables of their kind."""
    reasons = [(name, words.reason(name)) for name in ABSENT]
    tables = (
        _table("methods", "How cost came to its owner", _METHODS),
        _table("layers", "Layers", _LAYERS),
        _table("costs", "Costs", _COSTS),
        _table("words", "Words", _WORDS),
        _table("reasons", "Why something is nobody's", reasons),
    )
    return Page(
        title="Terms",
        says="What the words of these pages mean",
        template="table.html",
        tables=tables,
    )


def _table(name: str, caption: str, rows: Sequence[tuple[str, str]]) -> Grid:
    heads = [Head("term", "term", "word"), Head("meaning", "meaning")]
    return Grid(name, caption, heads, [[Cell(term), Cell(meaning)] for term, meaning in rows])


ROUTE = Route("/terms", "Terms", page)
