"""The text of an `everyline.yaml`: short, commented, and made to be changed by hand."""

import json
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from textwrap import wrap

from everyline.starting.bills import Found, FoundBill, FoundTable
from everyline.starting.tag_keys import Tags
from everyline.starting.telemetry import FoundUsage
from everyline.starting.traces import FoundTrace, Used

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off"}
_OTHERS_MAX = 8
_HEADERS_MAX = 12
_WIDTH = 100
_LEVEL_COMMENT_AT = 64
_MEANING = {
    "team": "whose cost it is",
    "product": "what it is part of",
    "use_case": "what AI is used for",
    "environment": "production, staging, ...",
}


def configuration_text(found: Found, tags: Tags, used: Used) -> str:
    """The whole file, with a line end last."""
    parts = [
        ["# yaml-language-server: $schema=./everyline.schema.json"],
        ["# Written by `everyline init` from what lay in this folder. It is yours to change."],
        [""],
        _taxonomy(tags),
        [""],
        _bills(found),
        [""],
        *([_usage(used), [""]] if used.telemetry.sources or used.telemetry.left_out else []),
        _owners(),
        *([[""], _traces(used.traces)] if used.traces else []),
    ]
    return "\n".join(line for lines in parts for line in lines) + "\n"


def _taxonomy(tags: Tags) -> Iterator[str]:
    yield "# The keys that every line of AI cost gets; without the first one a line is unallocated."
    yield "# `tags` are asked in their order. Without `values` any text is a value; with a list of"
    yield "# them (a CSV: value,aliases) misspelt tags are found: `values: owners/teams.csv`."
    yield "taxonomy:"
    for key, meaning in _MEANING.items():
        names = tags.chosen.get(key)
        if names is None:
            yield f"  # {key}: {{tags: [{key}]}}".ljust(50) + f"# {meaning}; no tag says it yet"
            continue
        yield f"  {key}:".ljust(50) + f"# {meaning}"
        if key == "team":
            yield "    required: true"
        if names:
            listed = ", ".join(map(_text, names))
            yield f"    tags: [{listed}]".ljust(50) + f"# {_on(names, tags)}"
        else:
            yield f"    tags: [{key}]".ljust(50) + "# no tag says it yet"
    if others := tags.others:
        named = [f"`{name}` on {_percent(tags.share[name])}" for name in others[:_OTHERS_MAX]]
        more = ", ..." if len(others) > _OTHERS_MAX else ""
        yield from _wrapped("# ", f"Other tag keys: {_comment(', '.join(named))}{more}")


def _on(names: Sequence[str], tags: Tags) -> str:
    """How much carries each tag key: of the cost, and of telemetry those that no bill has."""
    of_cost = [_percent(tags.share[name]) for name in names if name in tags.share]
    of_usage = [_percent(tags.used[name]) for name in names if name not in tags.share]
    said = [f"on {', '.join(of_cost)} of the cost"] if of_cost else []
    said += [f"on {', '.join(of_usage)} of the telemetry"] if of_usage else []
    return "; ".join(said)


def _bills(found: Found) -> Iterator[str]:
    yield "# What is read. Of several {version}s of a {period} only the newest counts."
    yield "bills:"
    for bill in found.bills:
        yield f"  - {_bill(bill)}"
    for table in found.tables:
        yield from _table(table)
    if found.copies:
        yield "# Left out, as their content is in a bill already:"
        for file, original in found.copies.items():
            yield f"#   {_comment(file)} (see {_comment(original)})"


def _usage(used: Used) -> Iterator[str]:
    telemetry = used.telemetry
    yield "# Who used how much, as gateways and vendors report it. It adds no cost; it says whose a"
    yield "# cost is. People are hashed. What no trace takes may weigh pools."
    if telemetry.sources:
        yield "usage:"
    for one in telemetry.sources:
        again = one.name in used.again
        if again:
            yield "  # The same calls as another source has, so the bill is not compared with it."
        yield f"  - {_source(one, again=again)}"
    if telemetry.left_out:
        yield "# Telemetry left out, with the reason:"
        for file, why in telemetry.left_out.items():
            yield from _wrapped("#   ", f"{_comment(file)}: {_comment(why)}")


def _source(one: FoundUsage, *, again: bool) -> str:
    more = ", reconcile: false" if again else ""
    return f"{{name: {_text(one.name)}, format: {one.format}, path: {_quoted(one.path)}{more}}}"


_LEVELS = {
    "quantity": "by how much was used",
    "estimated_cost": "else by all its use at list prices",
}


def _traces(traces: Sequence[FoundTrace]) -> Iterator[str]:
    yield "# Cost without an owner, split by who used it; the first level that has usage does."
    yield "# Owners of usage are found as those of cost: by tags, then by `owners`."
    yield "trace:"
    for trace in traces:
        provider = _text(trace.provider)
        sources = [_text(name) for name in trace.sources]
        source = sources[0] if len(sources) == 1 else f"[{', '.join(sources)}]"
        yield f"  - rule: {_text(trace.rule)}"
        yield "    # which cost is split"
        yield f"    charges: {{ServiceProviderName: {provider}, x_Layer: model}}"
        yield "    # by which usage"
        if trace.beside:
            others = f"{', '.join(trace.beside)} saw it too; in place of these, not beside them"
            yield from _wrapped("    # ", others)
        yield from _wrapped(
            "    ", f"usage: {{x_Source: {source}, ServiceProviderName: {provider}}}"
        )
        yield "    split:"
        for on, weight in trace.levels:
            level = f"      - {{on: [{', '.join(on)}], weight: {weight}}}"
            yield f"{level.ljust(_LEVEL_COMMENT_AT)}# {_LEVELS[weight]}"
        rest = "    rest: unallocated"
        yield f"{rest.ljust(_LEVEL_COMMENT_AT)}# unexplained cost stays nobody's"


def _bill(bill: FoundBill) -> str:
    layer = f", layer: {bill.layer}" if bill.layer else ""
    return f"{{name: {_text(bill.name)}, format: {bill.format}, path: {_quoted(bill.path)}{layer}}}"


def _table(table: FoundTable) -> Iterator[str]:
    """A proposal: nobody but a person can say which column is the cost."""
    columns = ", ".join(f"{ours}: {_text(theirs)}" for ours, theirs in table.columns.items())
    constants = {
        "BillingCurrency": "USD",
        "ChargeCategory": "Usage",
        "ServiceProviderName": table.name,
        "InvoiceIssuerName": table.name,
    } | ({} if "ServiceName" in table.columns else {"ServiceName": table.name})
    set_ = ", ".join(
        f"{name}: {_text(text)}" for name, text in constants.items() if name not in table.columns
    )
    shown = ", ".join(table.header[:_HEADERS_MAX])
    more = ", ..." if len(table.header) > _HEADERS_MAX else ""
    yield "  # # It looks like a bill. Check which column is which, and take the first `# ` away."
    yield from _wrapped("  # # ", f"Its columns: {_comment(shown)}{more}")
    yield f"  # - name: {_text(table.name)}"
    yield "  #   format: table"
    yield f"  #   path: {_quoted(table.path)}"
    yield from _wrapped("  #   ", f"columns: {{{columns}}}")
    yield from _wrapped("  #   ", f"set: {{{set_}}}")
    yield "  #   layer: data"


def _wrapped(lead: str, text: str) -> list[str]:
    """A text in lines that each begin with `lead`."""
    return wrap(
        text,
        _WIDTH,
        initial_indent=lead,
        subsequent_indent=lead + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _owners() -> Sequence[str]:
    return (
        "# Who owns what the tags leave open, asked from top to bottom. `everyline worklist`",
        "# writes a registry of all that has no owner yet, with the owners left to fill in.",
        "owners:",
        "  # - {registry: owners/todo.csv}",
        "",
        "# Which cost counts as AI: built-in rules know most of it; these go before them.",
        "layers:",
        "  # - {when: {Tags.app: web-shop}, layer: none}",
    )


def _percent(share: Fraction) -> str:
    """In whole percent; only nothing is 0 %, and only all of it 100 %."""
    if 0 < share < Fraction(1, 100):
        return "<1 %"
    return ">99 %" if Fraction(99, 100) < share < 1 else f"{round(share * 100)} %"


def _text(text: str) -> str:
    """A text within a flow map or list."""
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    return text if plain else _quoted(text)


def _quoted(text: str) -> str:
    # JSON's texts are YAML's double-quoted ones; characters beyond ASCII stay as they are.
    return json.dumps(text, ensure_ascii=False)


def _comment(text: str) -> str:
    """A text in a comment, which ends with its line."""
    return "".join(c if c.isprintable() else "?" for c in text)
