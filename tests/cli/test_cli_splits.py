"""Traces and pools as the command line tells them: shares, chains, usage, and the full stack."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import split_projects

from everyline import config, pipeline, runs
from everyline.cli import main
from everyline.engines.duckdb import Engine
from everyline.explain import Asked, Explanation, Node
from everyline.explain.nodes import summed

Call = Callable[..., str]


@pytest.fixture(scope="session")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return split_projects.worked(tmp_path_factory.mktemp("worked"))


@pytest.fixture(scope="session")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return split_projects.wide(tmp_path_factory.mktemp("wide"))


@pytest.fixture
def call(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Callable[..., str]:
    """Calls a command that goes well, 80 columns wide; what it says on stdout."""
    monkeypatch.setenv("COLUMNS", "80")

    def command(project: Path, *arguments: str) -> str:
        capfdbinary.readouterr()
        assert main([*arguments, "--project", str(project)]) == 0
        return capfdbinary.readouterr().out.decode()

    return command


def explanation(project: Path, engine: Engine) -> Explanation:
    run = runs.current(project)
    assert isinstance(run, runs.Run)
    charges = pipeline.charges_where(engine, project, of=run)
    configuration = config.load(project).configuration
    assert callable(charges)
    assert configuration
    return Explanation(engine, run, configuration, charges)


def allocated(project: Path, engine: Engine, columns: str) -> list[tuple[Any, ...]]:
    run = runs.current(project)
    assert isinstance(run, runs.Run)
    return engine.rows(f"SELECT {columns} FROM {run.relation('allocations')}")


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it, each of which sums to the one above."""
    yield node
    for below in (node.parts, node.shares, node.usage):
        assert not below or summed(below) == node.cost
        for part in below:
            yield from walk(part)


# The tree of a figure


def test_a_figure_reads_as_a_chain_of_pools_and_as_a_trace(worked: Path, call: Call) -> None:
    said = call(worked, "explain", "--period", "2026-10", "--team", "search")
    tree = re.sub("[0-9a-f]{8}(?= 2026)", "line-id", said.split("\n\n")[0])
    assert (
        tree
        == """\
2026-10, USD: team search
  share    USD  lines
────────────────────────────────────────────────────────────────────────────────
         86.50      4  total
 37.6 %  32.50      1  ├ team search: shared by pool gpu-cluster
                       │ 32.5 % of its cost, 13 of 40
                       │ 25.00  gpu-cluster: 30 of 120 seconds → search
                       │        · gpu, gpu_seconds: 30 seconds in 1 hour
                       │  7.50  gpu-cluster: 10 of 120 seconds → ai-platform
                       │        ai-platform: 36 of 40 → search
100.0 %  32.50      1  │ └ GPU cluster
                       │   layer platform: everyline.yaml:12
100.0 %  32.50      1  │   └ line-id 2026-10-01 line
                       │     32.5 of 100 in bills/october.csv row 3
 34.7 %  30.00      1  ├ team search: tag `team`
100.0 %  30.00      1  │ └ Amazon Bedrock
                       │   layer model: everyline.yaml:11
100.0 %  30.00      1  │   └ line-id 2026-10-01 line
                       │     bills/october.csv row 2
 20.8 %  18.00      1  ├ team search: shared by pool ai-platform
                       │ 90.0 % of its cost, 9 of 10
                       │ by cost: 36 of 40 → search
100.0 %  18.00      1  │ └ Observability
                       │   layer data: everyline.yaml:13
100.0 %  18.00      1  │   └ line-id 2026-10-01 line
                       │     18 of 20 in bills/october.csv row 4
  6.9 %   6.00      1  └ team search: traced by openai-by-gateway
100.0 %   6.00      1    └ OpenAI API, gpt-4o, input_tokens
                           layer model: everyline.yaml:10
                           60.0 % of 10.00 by quantity, level 1: 600,000 tokens
                             seen of 1,000,000 billed
                           · key-a: 500,000 tokens in 2 hours
                           · key-b: 100,000 tokens in 1 hour
100.0 %   6.00      1      └ line-id 2026-10-01 line
                             6 of 10 in bills/october.csv row 1
Exactly 86.5 USD; rounded so that every level adds up."""
    )


def test_json_has_the_same_tree_with_exact_amounts(worked: Path, call: Call) -> None:
    (figure,) = json.loads(call(worked, "explain", "--team", "search", "--as", "json"))
    assert (figure["name"], figure["amount"]) == ("team search", "86.5")
    pooled, _, _, traced = figure["children"]
    (share,) = pooled["shares"]
    assert (share["facts"]["x_Weight"], share["facts"]["x_WeightTotal"]) == ("156", "480")
    own, passed = share["children"]
    assert (own["name"], own["amount"]) == ("gpu-cluster: 30 of 120 seconds to search", "25")
    assert (own["facts"]["x_Weight"], own["facts"]["x_WeightTotal"]) == ("3", "12")
    assert [(u["facts"]["x_Quantity"], u["amount"]) for u in own["usage"]] == [("30", "25")]
    assert passed["amount"] == "7.5"
    assert [c["name"] for c in passed["children"]] == ["ai-platform: 36 of 40 to search"]
    (group,) = traced["children"]
    assert [(u["name"], u["amount"]) for u in group["usage"]] == [("key-a", "5"), ("key-b", "1")]
    assert [(s["name"], s["amount"]) for s in group["shares"]] == [
        ("openai-by-gateway: 6 of 10", "6")
    ]
    assert group["children"][0]["facts"]["x_Part"] == "3/5"


@pytest.mark.parametrize("name", ["worked", "wide"])
def test_every_level_of_every_figure_sums_to_the_one_above(
    name: str, request: pytest.FixtureRequest
) -> None:
    project: Path = request.getfixturevalue(name)
    engine = Engine()
    explain = explanation(project, engine)
    asked = allocated(project, engine, "DISTINCT x_Period, team")
    kinds: set[str] = set()
    whole = Decimal(0)
    for period, team in asked:
        for figure in explain.figures(Asked(period, {"team": team or ""}, lines_max=None)):
            kinds |= {node.kind for node in walk(figure)}
            whole += figure.cost
    assert kinds >= {"figure", "owner", "group", "line", "share", "usage"}
    assert whole == sum(cost for (cost,) in allocated(project, engine, "EffectiveCost"))


def test_a_line_that_comes_in_several_ways_is_counted_once(wide: Path) -> None:
    figures = explanation(wide, Engine()).figures(Asked("2026-10", {}, lines_max=None))
    nodes = [n for one in figures for n in walk(one) if n.kind in ("figure", "owner", "group")]
    ids = [{n.facts["x_ChargeId"] for n in walk(one) if n.kind == "line"} for one in nodes]
    assert [one.lines for one in nodes] == list(map(len, ids))
    assert any(one.lines < sum(part.lines for part in one.parts) for one in nodes)


def test_lines_that_do_not_stand_alone_are_one_part_also_of_split_cost(wide: Path) -> None:
    engine = Engine()
    (euro, dollar) = explanation(wide, engine).figures(
        Asked("2026-10", {"team": "search"}, None, 1)
    )
    rests = [node for figure in (euro, dollar) for node in walk(figure) if node.kind == "rest"]
    assert rests
    assert all(node.lines or not node.facts.get("x_ChargeId") for node in rests)


def test_what_goes_round_between_pools_is_told_and_ends(wide: Path) -> None:
    """ai-platform serves data-team and data-team serves ai-platform: a circle, solved as one."""
    engine = Engine()
    figures = explanation(wide, engine).figures(Asked("2026-10", {"team": "search"}))
    ways = [
        [node.facts["x_Rule"] for node in walk(share) if node.kind == "share"]
        for figure in figures
        for owner in figure.parts
        if owner.facts.get("x_Pool") == "cluster"
        for share in owner.shares
    ]
    assert any({"cluster", "ai-platform", "data-team"} <= set(rules) for rules in ways)


# One line


@pytest.mark.parametrize("name", ["worked", "wide"])
def test_the_parts_of_lines_sum_to_the_line_and_over_lines_to_the_allocations(
    name: str, request: pytest.FixtureRequest
) -> None:
    project: Path = request.getfixturevalue(name)
    engine = Engine()
    found = explanation(project, engine).charges("", 10_000)
    sums: dict[tuple[str, str], Decimal] = {}
    for charge in found:
        for part in charge.parts:
            list(walk(part))
            for end in part.parts if part.kind == "group" else [part]:
                at = (end.facts["x_LineId"], end.facts["x_Receiver"])
                sums[at] = sums.get(at, Decimal(0)) + end.cost
        if charge.owner:
            assert summed(charge.parts) == Decimal(charge.fields["EffectiveCost"])
    rows = allocated(project, engine, "x_LineId, x_Receiver, EffectiveCost")
    assert sums.keys() == {(line, receiver) for line, receiver, _ in rows}
    # Each line is split by itself, so what is rounded differs by at most a unit a line.
    most = Decimal(len(found)).scaleb(-18)
    assert all(abs(sums[line, receiver] - cost) <= most for line, receiver, cost in rows)


def test_a_charge_says_who_gets_which_part_and_why(worked: Path, call: Call) -> None:
    rows = json.loads(call(worked, "charges", "--where", "ServiceName=GPU cluster", "--as", "json"))
    said = call(worked, "explain", rows[0]["x_ChargeId"][:10])
    assert (
        said.split("\n\n")[-1]
        == """\
who gets the 100 USD
 42.3 %  42.291666666666666667  team support: shared by pool gpu-cluster
                                42.3 % of its cost, 203 of 480
                                41.67  gpu-cluster: 50 of 120 seconds → support
                                       · gpu, gpu_seconds: 50 seconds in 1 hour
                                 0.62  gpu-cluster: 10 of 120 seconds →
                                  ai-platform
                                       ai-platform: 3 of 40 → support
 32.5 %                   32.5  team search: shared by pool gpu-cluster
                                32.5 % of its cost, 13 of 40
                                25.00  gpu-cluster: 30 of 120 seconds → search
                                       · gpu, gpu_seconds: 30 seconds in 1 hour
                                 7.50  gpu-cluster: 10 of 120 seconds →
                                  ai-platform
                                       ai-platform: 36 of 40 → search
 25.0 %                     25  no team: idle in gpu-cluster
                                25.0 % of its cost, 1 of 4
                                by seconds: 30 of 120 seconds → nobody (idle)
  0.2 %   0.208333333333333333  no team: gpu-cluster goes by what has no owner
                                0.2 % of its cost, 1 of 480
                                0.21  gpu-cluster: 10 of 120 seconds →
                                  ai-platform
                                      · gpu, gpu_seconds: 10 seconds in 1 hour
                                      ai-platform: 1 of 40 → nobody (no owner)
"""
    )


# Relations


def test_shares_are_shown_as_weights_and_percent(worked: Path, call: Call) -> None:
    assert (
        call(worked, "shares", "--where", "x_Rule=gpu-cluster")
        == """\
x_Rule = gpu-cluster
split        by         receiver               weight   share
──────────────────────────────────────────────────────────────────
gpu-cluster  seconds    support               5 of 12  41.7 %  ██▌
                        search                3 of 12  25.0 %  █▌
                        nobody (idle)         3 of 12  25.0 %  █▌
                        ai-platform           1 of 12   8.3 %  ▌
gpu-cluster  all pools  support            203 of 480  42.3 %  ██▌
                        search             156 of 480  32.5 %  █▉
                        nobody (idle)      120 of 480  25.0 %  █▌
                        nobody (no owner)    1 of 480   0.2 %  ▏
"""
    )


def test_reconciliation_shows_how_much_was_seen(worked: Path, call: Call) -> None:
    said = call(worked, "reconciliation", "--where", "x_Measure=ConsumedQuantity")
    assert (
        said
        == """\
2026-10, USD, usage, x_Measure = ConsumedQuantity
model   meter         of           billed     seen  seen of billed
─────────────────────────────────────────────────────────────────────────────
gpt-4o  input_tokens  quantity  1,000,000  900,000          90.0 %  █████████

"""
    )


def test_pool_members_show_what_went_into_each_pool(worked: Path, call: Call) -> None:
    assert (
        call(worked, "pool_members")
        == """\
2026-10, USD
pool         service        groups  EffectiveCost   share
────────────────────────────────────────────────────────────────────
ai-platform  Observability       1          20.00  16.7 %  █▋
gpu-cluster  GPU cluster         1         100.00  83.3 %  ████████▎
────────────────────────────────────────────────────────────────────
total                                      120.00

"""
    )


def test_usage_is_shown_by_the_hour_and_summed_by_meter(worked: Path, call: Call) -> None:
    first = call(worked, "usage", "--where", "x_Source=gateway").splitlines()
    assert first[-6].startswith("2026-10-05 10h  gpt-4o   input_tokens  search ")
    rows = call(worked, "usage", "--by", "x_Meter,x_Unit", "--as", "csv")
    sums = {row["x_Meter"]: row["x_Quantity"] for row in csv.DictReader(io.StringIO(rows))}
    assert sums == {"input_tokens": "900000", "gpu_seconds": "90", "gpu_seconds_capacity": "120"}


@pytest.mark.parametrize("relation", ["usage", "shares", "pool_members", "reconciliation"])
def test_each_row_belongs_to_the_one_month_it_is_asked_by(
    wide: Path, call: Call, relation: str
) -> None:
    every = sorted(call(wide, relation, "--as", "csv").splitlines()[1:])
    months = [
        call(wide, relation, "--period", month, "--as", "csv").splitlines()[1:]
        for month in ("2026-09", "2026-10", "2026-11")
    ]
    assert all(months[:2])
    assert not months[2]
    assert sorted([*months[0], *months[1]]) == every


# The full stack


def test_run_ends_with_each_team_by_layer_and_what_was_seen(worked: Path, call: Call) -> None:
    said = call(worked, "run")
    assert (
        """
team         model direct  platform shared  data shared   total   share
─────────────────────────────────────────────────────────────────────────────
search              36.00            32.50        18.00   86.50  54.1 %  ███▏
support              3.00            42.29         1.50   46.79  29.2 %  █▊
unallocated          1.00            25.21         0.50   26.71  16.7 %  █
─────────────────────────────────────────────────────────────────────────────
in scope            40.00           100.00        20.00  160.00

seen by telemetry  meter            billed     seen  of billed
─────────────────────────────────────────────────────────────────────────
OpenAI             input_tokens  1,000,000  900,000     90.0 %  █████████
"""
        in said
    )


def test_the_stack_adds_up_by_row_and_column(wide: Path, call: Call) -> None:
    said = call(wide, "run")
    tables = said.split("use_case  ")[1:]
    assert len(tables) == 4  # two months, two currencies
    for table in tables:
        rows = [
            [
                int(cell.replace(",", "").replace(".", "") or 0) if cell != "-" else 0
                for cell in line.split("%")[0].split()
                if cell == "-" or cell.replace(",", "").replace(".", "").isdecimal()
            ]
            for line in table.split("\n\n")[0].splitlines()
            if any(line.startswith(name) for name in ("chat", "(no", "unalloc", "in scope"))
        ]
        *parts, whole = rows
        width = len(whole)
        sums = [sum(row[n] for row in parts) for n in range(width)]
        assert sums == whole
        assert all(sum(row[: width - 1]) == row[width - 1] for row in rows)


# The worklist


def test_usage_without_an_owner_is_listed_by_its_key(tmp_path: Path, call: Call) -> None:
    """key-c used 300,000 of 1,000,000 tokens for nobody: 3.00 of the 10.00."""
    project = split_projects.worked(tmp_path, support="")
    listed = json.loads(call(project, "worklist", "--as", "json"))
    (one,) = [one for one in listed if one["identity"]]
    assert one["identity"] == {"ServiceProviderName": "OpenAI", "x_CredentialId": "key-c"}
    assert one["EffectiveCost"] == {"USD": "3"}
    assert one["reasons"] == ["driver_unowned"]
    unallocated = sum(Decimal(one["EffectiveCost"]["USD"]) for one in listed)
    rows = allocated(project, Engine(), "EffectiveCost, x_Method")
    assert unallocated == sum(cost for cost, method in rows if method == "unallocated")
    assert call(project, "worklist") == (
        "ServiceProviderName,x_CredentialId,team,valid_from,valid_to\nOpenAI,key-c,,,\n"
    )


def test_filled_in_it_owns_what_it_used(tmp_path: Path, call: Call) -> None:
    project = split_projects.worked(tmp_path, support="")
    rows = call(project, "worklist").replace("key-c,", "key-c,support")
    (project / "todo.csv").write_text(rows, encoding="utf-8")
    with (project / "everyline.yaml").open("a", encoding="utf-8") as file:
        file.write("owners:\n  - {registry: todo.csv}\n")
    call(project, "run")
    found = allocated(project, Engine(), "EffectiveCost, team, x_Method")
    assert [cost for cost, team, method in found if (team, method) == ("support", "traced")] == [3]
    assert not [
        one for one in json.loads(call(project, "worklist", "--as", "json")) if one["identity"]
    ]
