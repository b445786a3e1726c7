"""R13 to R15 of any groups and usage: SQL against plain Python."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from traces import (
    KEYS,
    Made,
    group,
    instant,
    load,
    trace,
    units,
    used,
)
from traces_by_hand import MEASURES, Row, trace_by_hand

from everyline.allocation import levels
from everyline.config.configuration import Configuration

TEAM = st.sampled_from([None, None, "search", "support"])
USE_CASE = st.sampled_from([None, None, "a", "b"])
ENVIRONMENT = st.sampled_from([None, None, "x"])
PLACE = st.sampled_from(["p", "p", "q", None])
MODEL = st.sampled_from(["m", "m", "n"])
DAY = st.integers(1, 12)
SMALL = st.one_of(st.integers(0, 9), st.sampled_from(["0.5", "1.000000000001", "7.123456789"]))


@st.composite
def groups(draw: st.DrawFn) -> list[Row]:
    rows = []
    for at in range(draw(st.integers(1, 60))):
        more: dict[str, Any] = {
            "team": draw(TEAM),
            "use_case": draw(USE_CASE),
            "environment": draw(ENVIRONMENT),
            "SubAccountId": draw(PLACE),
            "x_Model": draw(MODEL),
            "day": draw(DAY),
            "BillingCurrency": draw(st.sampled_from(["USD", "USD", "USD", "EUR"])),
        }
        if draw(st.integers(0, 4)) == 0:
            more["x_WindowEnd"] = instant(more["day"] + 3)
        quantity = draw(st.one_of(st.none(), SMALL, st.integers(-3, 0)))
        row = group(f"g{at}", draw(st.one_of(SMALL, st.integers(-3, 0))), quantity, **more)
        if quantity is not None:
            row["ConsumedUnit"] = draw(st.sampled_from(["tokens"] * 5 + ["1K token", "requests"]))
        row["team_evidence"] = (
            draw(st.sampled_from(["tag", "registry"])) if row["team"] else "untagged"
        )
        rows.append(row)
    return rows


@st.composite
def uses(draw: st.DrawFn) -> list[Row]:
    return [
        used(
            draw(SMALL),
            draw(st.one_of(st.none(), SMALL)),
            team=draw(TEAM),
            use_case=draw(USE_CASE),
            environment=draw(ENVIRONMENT),
            SubAccountId=draw(PLACE),
            x_Model=draw(MODEL),
            day=draw(DAY),
            x_Unit=draw(st.sampled_from(["tokens"] * 9 + ["requests"])),
        )
        for _ in range(draw(st.integers(0, 80)))
    ]


@pytest.fixture(scope="module")
def configurations(tmp_path_factory: pytest.TempPathFactory) -> list[Configuration]:
    two = "[{on: [SubAccountId, x_Model], weight: %s}, {on: [x_Model]}, {on: []}]"
    second = (
        "  - {rule: later, charges: {ServiceProviderName: OpenAI}, usage: {x_Source: gateway},"
        " known: replace, split: [{on: [SubAccountId]}]}\n"
    )
    texts = [
        *(trace(two % "quantity", rest) for rest in ("unallocated", "spread", "{team: platform}")),
        trace(two % "estimated_cost", "{use_case: a}"),
        trace(two % "quantity", "{team: support}", "    known: replace\n"),
        trace("[{on: [x_Model]}]").replace("OpenAI}", "OpenAI, x_Model: m}") + second,
    ]
    folder = tmp_path_factory.mktemp("projects")
    return [load(folder / str(at), text) for at, text in enumerate(texts)]


@given(rows=groups(), usage=uses(), which=st.integers(0, 5))
@settings(max_examples=12)
def test_sql_traces_as_plain_python_does(
    configurations: list[Configuration], rows: list[Row], usage: list[Row], which: int
) -> None:
    made = Made(configurations[which], rows, usage)
    wanted = trace_by_hand(configurations[which], rows, usage)
    assert made.untraced == wanted.reasons
    found = {
        (
            part["x_GroupId"],
            (
                tuple(part[key] for key in KEYS),
                tuple(part[f"{key}_evidence"] for key in KEYS),
            ),
        ): tuple(units(part[m]) for m in MEASURES)
        for part in made.parts
    }
    assert found == wanted.parts
    rules = {share["x_ShareId"]: (share["x_Rule"], share["x_Level"]) for share in made.shares}
    assert {p["x_GroupId"]: rules[p["x_ShareId"]] for p in made.parts} == wanted.rules


@given(rows=groups(), usage=uses(), which=st.integers(0, 5))
@settings(max_examples=4)
def test_simple_blocks_are_what_the_definition_of_the_stock_makes_of_them(
    configurations: list[Configuration], rows: list[Row], usage: list[Row], which: int
) -> None:
    """The same weights, whether SQL carries simple blocks out or `stock_seen` does all."""
    in_sql = Made(configurations[which], rows, usage)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(levels, "_blocks_in_turns", _all_to_python)
        in_python = Made(configurations[which], rows, usage)
    ordered = [sorted(made.shares, key=str) for made in (in_sql, in_python)]
    assert ordered[0] == ordered[1]


def _all_to_python(*, simple: bool) -> str:
    return (
        "SELECT DISTINCT block_ FROM trace_takers SEMI JOIN (SELECT block_ FROM trace_driven"
        f" WHERE NOT several_) USING (block_) WHERE {not simple}"
    )
