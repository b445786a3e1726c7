"""The part of the page of formats that is about telemetry, made of its readers and what they say.

A reader's module says in its docstring which native field is which meter or column; that table is
shown as it stands there, so it is kept where the code is that it describes.
"""

import importlib
import re
from collections.abc import Iterator

from markdown import code, table

from everyline.config.columns import USAGE
from everyline.sources import calls, usage_formats
from everyline.sources.telemetry import Telemetry

_LISTED = ("`calls.OWNER_WORDS`", "[owner words](#owner-words)")
_EXPLAINED = ("(`calls.counted`)", "([which calls count](#calls-in-traces))")


def usage_section() -> Iterator[str]:
    """Every format of telemetry: what becomes which meter or column, and what replaces what."""
    yield "## Formats of usage"
    yield (
        "Telemetry is an entry of `usage` with one of these formats. It says who used how much, and"
        " is never money that was billed. A row is either a call, with a count for each meter, or"
        " one amount of one meter. With a natural key a later row replaces an equal one, by file in"
        " natural path order and then by row (R1), which `replaced-usage` tells; rows whose key is"
        " empty all count. Only the fields named here are read."
    )
    for name, one in usage_formats().items():
        yield f"### {_heading(name)}"
        yield from _format(name, one)
    yield "### Calls in traces"
    yield from list(_paragraphs(calls.__doc__ or ""))[1:]
    yield "### Owner words"
    yield "Names that a reader of traces takes as Tags; `.` and `-` are read as `_`, case aside:"
    yield ", ".join(map(code, sorted(calls.OWNER_WORDS))) + "."


def _heading(name: str) -> str:
    """A table is a format of bills as well, and a page has each heading once."""
    return "table of usage" if name == "table" else name


def _format(name: str, one: Telemetry) -> Iterator[str]:
    yield one.title[0].upper() + one.title[1:] + "."
    if name == "table":
        yield from _of_a_table(one)
    else:
        module = importlib.import_module(f"everyline.sources.{name.replace('-', '_')}")
        yield from _paragraphs(module.__doc__ or "")
    if one.constants:
        constants = [(code(column), text) for column, text in one.constants.items()]
        yield table(("constant column", "value"), constants)
    yield _replacing(one)


def _of_a_table(one: Telemetry) -> Iterator[str]:
    yield (
        "`columns` maps ours to theirs, `set` gives constants, a header equal to a column of"
        " `usage` is that column; all other columns become Tags under their headers."
    )
    columns = [(code(n), kind, "needed" if n in one.needed else "") for n, kind in USAGE.items()]
    yield table(("column", "type", "note"), [row for row in columns if row[0] != "`x_Source`"])


def _replacing(one: Telemetry) -> str:
    if not one.natural_key:
        return "Natural key: none; every row counts."
    key = "Natural key: " + ", ".join(map(code, one.natural_key)) + "."
    return key if one.key_needed == "true" else f"{key} It is one where {code(one.key_needed)}."


def _paragraphs(docstring: str) -> Iterator[str]:
    """Its paragraphs and tables, without what the title and the natural key in the code say."""
    name, _, text = docstring.strip().partition(": ")
    assert "\n" not in name, "the first sentence of a docstring begins with what it is about"
    for part in re.split(r"\n{2,}", text[0].upper() + text[1:]):
        if part.startswith("|"):
            yield part
            continue
        sentences = re.split(r"(?<=\.)\s+(?=[A-Z])", " ".join(part.split()))
        kept = " ".join(s for s in sentences if not s.startswith("Natural key:"))
        if kept:
            yield kept.replace(*_LISTED).replace(*_EXPLAINED)
