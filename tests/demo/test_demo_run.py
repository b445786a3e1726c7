"""A run of the demo: figures worked out by hand, what stays unowned, and what it warns of."""

import csv
import io
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from everyline.cli import main
from everyline.engines.duckdb import Engine
from everyline.runs import Run
from made import run

GATEWAY = "proj_ModelGatewayT6cN1vHd"


@pytest.fixture(scope="module")
def made(company: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(shutil.copytree(company, tmp_path_factory.mktemp("run") / "project"))


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    found = Engine()
    yield found
    found.close()


def ask(engine: Engine, made: Run, sql: str) -> list[tuple[Any, ...]]:
    """Rows of a query over relations, each named in braces."""
    names = ("allocations", "groups", "owned_groups", "problems", "reconciliation", "usage")
    return engine.rows(sql.format(**{name: made.relation(name) for name in names}))


def test_one_line_of_openai_is_split_by_who_called(engine: Engine, made: Run) -> None:
    """2026-10-05, input of gpt-5: 16,308,476 tokens billed at 1.25 USD a million, 20.385595 USD.

    The gateway saw 15,329,964 of them: 5,544,881 by address-search, 4,403,288 by help-replies, and
    with the shared key 2,283,186 tagged routing, 1,467,762 tagged marketing, 978,508 by Dora of
    web-shop and 652,339 by somebody unknown. So 978,512 went past it.
    """
    found = ask(
        engine,
        made,
        "SELECT a.team, a.team_evidence, a.use_case_evidence, a.EffectiveCost::VARCHAR"
        " FROM {allocations} a JOIN {groups} g ON a.x_LineId = g.x_GroupId"
        f" WHERE g.SubAccountId = '{GATEWAY}' AND g.x_Meter = 'input_tokens'"
        " AND g.x_WindowStart = TIMESTAMP '2026-10-05' ORDER BY a.EffectiveCost DESC",
    )
    assert [(*row[:3], Decimal(row[3])) for row in found] == [
        ("search", "traced", "traced", Decimal("6.93110125")),
        ("customer-care", "traced", "traced", Decimal("5.50411")),
        ("routing", "traced", "traced", Decimal("2.8539825")),
        ("marketing", "traced", "traced", Decimal("1.8347025")),
        (None, "unseen", "unseen", Decimal("1.22314")),
        ("web-shop", "traced", "driver_unowned", Decimal("1.223135")),
        (None, "driver_unowned", "driver_unowned", Decimal("0.81542375")),
    ]


def test_a_key_that_changes_hands_takes_its_cost_along(engine: Engine, made: Run) -> None:
    """The key `tracker` is of customer-care until 2026-10-14, of hub-operations from then on."""
    found = ask(
        engine,
        made,
        "SELECT a.team, min(g.x_WindowStart)::DATE::VARCHAR, max(g.x_WindowStart)::DATE::VARCHAR"
        " FROM {allocations} a JOIN {groups} g ON a.x_LineId = g.x_GroupId"
        " WHERE a.use_case = 'delivery-updates' AND a.x_Rule = 'openai-by-gateway'"
        " GROUP BY ALL ORDER BY ALL",
    )
    assert found == [
        ("customer-care", "2026-09-01", "2026-10-14"),
        ("hub-operations", "2026-10-15", "2026-10-31"),
    ]


def test_search_pays_for_its_hours_of_the_shared_cluster(engine: Engine, made: Run) -> None:
    """October, 744 hours. The pool: p5 38.50, a g6 node 4.6016 less 5 %, two control planes 0.10
    and 16.4 GB of disk at 0.08 less 5 %: 28,644 + 3,252.41088 + 141.36 + 927.3216 = 32,965.09248.
    There are 12 GPUs x 744 x 3,600 = 32,140,800 seconds, and search used 4,862,196 of them.
    """
    ((used, capacity),) = ask(
        engine,
        made,
        "SELECT sum(x_Quantity) FILTER (x_Meter = 'gpu_seconds' AND use_case = 'semantic-search'),"
        " sum(x_Quantity) FILTER (x_Meter = 'gpu_seconds_capacity') FROM {usage}"
        " WHERE x_Source = 'gpu' AND hour >= TIMESTAMP '2026-10-01'",
    )
    assert (used, capacity) == (4_862_196, 32_140_800)
    ((pool, own),) = ask(
        engine,
        made,
        "SELECT sum(EffectiveCost), sum(EffectiveCost) FILTER (team = 'search'"
        " AND use_case = 'semantic-search' AND environment_evidence = 'default')"
        " FROM {allocations} WHERE x_Pool = 'gpu-cluster' AND x_Period = '2026-10'",
    )
    assert pool == Decimal("32965.09248")
    assert abs(own - pool * 4_862_196 / 32_140_800) < Decimal("1e-15")
    assert round(own, 2) == Decimal("4986.89")


def test_the_use_case_that_the_demo_explains_is_of_search_alone(engine: Engine, made: Run) -> None:
    found = ask(
        engine,
        made,
        "SELECT DISTINCT team FROM {allocations} WHERE use_case = 'semantic-search'",
    )
    assert found == [("search",)]


def test_nothing_stays_with_the_team_that_serves_the_others(engine: Engine, made: Run) -> None:
    found = ask(engine, made, "SELECT count(*) FROM {allocations} WHERE team = 'ai-platform'")
    assert found == [(0,)]


def test_every_pool_has_cost_each_month_and_splits_to_somebody(engine: Engine, made: Run) -> None:
    found = ask(
        engine,
        made,
        "SELECT x_Pool, count(DISTINCT x_Period), bool_and(cost > 0) FROM (SELECT x_Pool, x_Period,"
        " sum(abs(EffectiveCost)) AS cost FROM {allocations} WHERE x_Pool IS NOT NULL"
        " AND team IS NOT NULL GROUP BY ALL) GROUP BY ALL ORDER BY ALL",
    )
    pools = "ai-platform copilot gpu-cluster guardrails labelling-desk support-and-credits"
    names = [*pools.split(), "tax", "vector-store"]
    assert found == [(name, 2, True) for name in names]


def test_reads_weigh_from_october_on_and_cost_before(engine: Engine, made: Run) -> None:
    found = ask(
        engine,
        made,
        "SELECT x_Period, count(*) FILTER (team IS NULL) > 0 FROM {allocations}"
        " WHERE x_Pool = 'vector-store' GROUP BY ALL ORDER BY ALL",
    )
    assert found == [("2026-09", False), ("2026-10", True)]  # some readers give no name


def test_what_has_no_owner_is_little_and_known_by_its_reason(engine: Engine, made: Run) -> None:
    for period, least, most in (("2026-09", "0.04", "0.055"), ("2026-10", "0.04", "0.05")):
        rows = ask(
            engine,
            made,
            "SELECT CASE WHEN team IS NULL THEN team_evidence END, sum(x_CoverageCost)"
            f" FROM {{allocations}} WHERE x_Period = '{period}' AND BillingCurrency = 'USD'"
            " GROUP BY ALL",
        )
        costs = dict(rows)
        whole = sum(costs.values())
        none = whole - costs.pop(None)
        assert Decimal(least) < none / whole < Decimal(most), period
        assert set(costs) == {"no_usage", "untagged", "unseen", "driver_unowned"}


def test_it_warns_of_tags_alone(engine: Engine, made: Run) -> None:
    """Twelve warnings, each of them wanted; nothing is odd in telemetry, prices or pools."""
    rows = ask(engine, made, "SELECT x_Problem, level, count(*) FROM {problems} GROUP BY ALL")
    assert Counter({(name, level): count for name, level, count in rows}) == {
        ("undeclared-value", "warn"): 6,
        ("value-not-valid", "warn"): 2,
        ("conflicting-tags", "warn"): 2,
        ("contradicting-owner", "warn"): 2,
    }


def test_from_showback_to_chargeback(
    made: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The gate lacks a closed month and an approval; then October is booked as its statements say.

    6490 is billed 162,175.78 USD, of which 8,023.24 have no owner: 154,152.54 are charged.
    """
    project = tmp_path / "halcyon"
    shutil.copytree(made.folder.parents[2], project)

    def everyline(*arguments: str) -> tuple[int, str]:
        code = main([*arguments, "--project", str(project)])
        return code, capsys.readouterr().out

    code, said = everyline("check", "--gate")
    lacking = [line.split()[0] for line in said.splitlines() if line.endswith("NOT PASSED")]
    assert (code, lacking) == (3, ["showback_periods", "approved"])
    for month in ("2026-09", "2026-10"):
        assert everyline("close", month, "--by", "Ada", "--on", "2026-11-05")[0] == 0
        assert everyline("journal", month)[0] == 3
    (row,) = re.findall("add:  (.*),NAME,DAY", everyline("check", "--gate")[1])
    with (project / "finance/approvals.csv").open("a", encoding="utf-8") as approvals:
        approvals.write(f"{row},Ada,2026-11-05\n")
    assert everyline("check", "--gate")[0] == 0
    code, journal = everyline("journal", "2026-10")
    lines = list(csv.DictReader(io.StringIO(journal)))
    name = "Journal Entry - Line: {}".format
    debit, credit = (
        sum(Decimal(one[name(side)] or 0) for one in lines if one["Currency"] == "USD")
        for side in ("Debit", "Credit")
    )
    on_clearing = sum(
        Decimal(one[name("Credit")] or 0) - Decimal(one[name("Debit")] or 0)
        for one in lines
        if one["Currency"] == "USD" and one[name("Account")] == "6490"
    )
    assert (code, debit, on_clearing) == (0, credit, Decimal("154152.54"))
    assert (
        "850.00 of the total is disputed (open)" in everyline("statement", "--team", "routing")[1]
    )
