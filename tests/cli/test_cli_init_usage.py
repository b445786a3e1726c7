"""`everyline init` and telemetry: what it reads, what it leaves out and why, traces that run."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from everyline import config, runs
from everyline.cli import main
from everyline.config.configuration import Configuration
from everyline.engines.duckdb import Engine
from everyline.problems import Problem
from source_trees import ROOT

SAMPLES = ROOT / "tests" / "samples"
DAY = 1790812800  # 2026-10-01, in seconds


def _page(results: Sequence[object], *, hours: int = 24, more: bool = False) -> str:
    bucket = {"start_time": DAY, "end_time": DAY + 3600 * hours, "results": results}
    return json.dumps({"object": "page", "data": [bucket], "has_more": more, "next_page": None})


def _costs(*projects: str, cost: float = 8) -> str:
    """A page of OpenAI's costs: input of gpt-4o, a result for each project."""
    line = {"object": "organization.costs.result", "line_item": "gpt-4o-2024-08-06, input"}
    amount = {"value": cost, "currency": "usd"}
    return _page([{**line, "amount": amount, "project_id": one} for one in projects])


def _calls(*projects: str | None, report: str = "completions", hours: int = 24) -> str:
    """A page of OpenAI's usage: 100 input tokens of gpt-4o of each project."""
    kind = f"organization.usage.{report}.result"
    counts = {"input_tokens": 100, "output_tokens": 0, "num_model_requests": 1}
    model = {"object": kind, "model": "gpt-4o-2024-08-06", "batch": False}
    return _page([{**model, **counts, "project_id": one} for one in projects], hours=hours)


def _spend(request: str, *, team: str = "search", model: str = "gpt-4o-2024-08-06") -> str:
    """A line of a gateway's log: a call of 100 input tokens."""
    row = {
        "request_id": request,
        "call_type": "acompletion",
        "spend": 0.1,
        "model": model,
        "custom_llm_provider": "openai",
        "startTime": "2026-10-01T10:00:00Z",
        "prompt_tokens": 100,
        "completion_tokens": 0,
        "api_key": "k1",
        "request_tags": [f"team:{team}"],
        "metadata": {},
        "status": "success",
    }
    return json.dumps(row) + "\n"


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def _begun(folder: Path) -> Configuration:
    """What `init` wrote, after the run that it made."""
    assert main(["init", str(folder)]) == 0
    loaded = config.load(folder)
    assert loaded.problems == ()
    assert loaded.configuration is not None
    return loaded.configuration


def _allocated(folder: Path) -> dict[tuple[str | None, str], str]:
    """EffectiveCost of the last run by team and method."""
    run = runs.current(folder)
    assert not isinstance(run, Problem)
    rows = Engine().rows(
        "SELECT team, x_Method, sum(EffectiveCost)::DECIMAL(38,2)::VARCHAR"
        f" FROM {run.relation('allocations')} GROUP BY ALL"
    )
    return {(team, method): cost for team, method, cost in rows}


def test_a_bill_and_usage_of_the_same_models_become_a_trace(tmp_path: Path) -> None:
    """Both calls of the gateway used 100 tokens, so that each team gets half of 8.00."""
    _write(
        tmp_path,
        {
            "bills/openai/2026-10/costs.json": _costs("p1"),
            "usage/gateway/2026-10/a.jsonl": _spend("r1"),
            "usage/gateway/2026-11/b.jsonl": _spend("r2", team="support"),
        },
    )
    found = _begun(tmp_path)
    (source,) = found.usage
    assert (source.name, source.format) == ("gateway", "litellm-spend-logs")
    assert source.path == "usage/gateway/{period}/*.jsonl"
    (trace,) = found.trace
    assert trace.rule == "openai-by-litellm-spend-logs"
    assert [(one.on, one.weight) for one in trace.split] == [
        (("x_Model", "x_Meter"), "quantity"),
        (("x_Model",), "estimated_cost"),
    ]
    assert trace.rest == "unallocated"
    assert _allocated(tmp_path) == {("search", "traced"): "4.00", ("support", "traced"): "4.00"}


def test_accounts_are_compared_only_where_usage_knows_those_of_the_bill(tmp_path: Path) -> None:
    known, other = tmp_path / "known", tmp_path / "other"
    _write(known, {"costs/a.json": _costs("p1"), "calls/a.json": _calls("p1")})
    _write(other, {"costs/a.json": _costs("p1"), "calls/a.json": _calls("p9")})
    assert _begun(known).trace[0].split[0].on == ("SubAccountId", "x_Model", "x_Meter")
    assert _begun(other).trace[0].split[0].on == ("x_Model", "x_Meter")


@pytest.mark.parametrize("bill", [_costs("p1").replace("gpt-4o-2024-08-06", "o3-2025-04-16"), None])
def test_no_trace_where_bill_and_usage_have_no_model_in_common(
    tmp_path: Path, bill: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = {"calls/a.json": _calls("p1")}
    table = {"seats.csv": "usageDate,Net Amount,Currency\n2026-10-01,38.00,EUR\n"}
    _write(tmp_path, usage | ({"costs/a.json": bill} if bill else table))
    assert main(["init", str(tmp_path)]) == (0 if bill else 1)
    text = (tmp_path / "everyline.yaml").read_text("utf-8")
    assert '{name: calls, format: openai-usage, path: "calls/*.json"}' in text
    assert "trace:" not in text
    assert "calls  openai-usage" in capsys.readouterr().out


def test_of_two_groupings_the_one_that_knows_who_called_is_read_and_the_other_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(
        tmp_path,
        {
            "costs/a.json": _costs("p1"),
            "calls/completions_1d_by_project.json": _calls("p1", "p2"),
            "calls/completions_1d_whole.json": _calls(None),
            "calls/completions_1h_whole.json": _calls(None, hours=1),
            "calls/embeddings_1d.json": _calls("p1", report="embeddings"),
        },
    )
    found = _begun(tmp_path)
    assert {one.name: one.path for one in found.usage} == {
        "calls-completions-1d": "calls/completions_1d_by_project.json",
        "calls-embeddings-1d": "calls/embeddings_1d.json",
    }
    told = capsys.readouterr().err
    assert "left out: calls/completions_1d_whole.json: " in told
    assert "left out: calls/completions_1h_whole.json: " in told
    text = (tmp_path / "everyline.yaml").read_text("utf-8")
    assert "#   calls/completions_1h_whole.json: `2026-10-01` is reported in buckets of" in text
    (trace,) = found.trace
    assert "x_Source: [calls-completions-1d, calls-embeddings-1d]" in text
    assert trace.split[0].on == ("SubAccountId", "x_Model", "x_Meter")


def test_a_report_and_its_empty_last_page_stay_together(tmp_path: Path) -> None:
    """Without the second page the first would stop the run, since it says that more follows."""
    first = _calls("p1").replace('"has_more": false', '"has_more": true')
    _write(
        tmp_path,
        {
            "costs/a.json": _costs("p1"),
            "calls/by_project.page1.json": first,
            "calls/by_project.page2.json": _page([]).replace(str(DAY), str(DAY + 86400)),
            "calls/whole.json": _calls(None),
        },
    )
    (source,) = _begun(tmp_path).usage
    assert source.path == "calls/by_project.page*.json"


def test_months_of_one_report_stay_one_entry(tmp_path: Path) -> None:
    months = ("2026-09", "2026-10", "2026-11")
    for month in months:
        _write(
            tmp_path,
            {
                f"calls/{month}/by_project.json": _calls("p1").replace("100", f"1{month[-2:]}"),
                f"calls/{month}/whole.json": _calls(None).replace("100", f"1{month[-2:]}"),
            },
        )
    _write(tmp_path, {"costs/a.json": _costs("p1")})
    (source,) = _begun(tmp_path).usage
    assert source.path == "calls/{period}/by_project.json"


def test_a_hundred_files_of_which_one_is_cut_are_left_out_as_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others could only be read by a pattern each."""
    names = [f"gateway/{at * 7919:x}z.jsonl" for at in range(1, 40)]
    _write(tmp_path, {name: _spend(name) for name in names})
    _write(tmp_path, {"costs/a.json": _costs("p1"), "gateway/3dz.jsonl": _spend("r").rstrip()[:-1]})
    assert _begun(tmp_path).usage == ()
    told = capsys.readouterr().err
    assert told.count("left out: ") == 1
    assert "left out: gateway/*.jsonl: " in told
    assert "(gateway/3dz.jsonl:1)" in told


def test_the_same_calls_in_two_exports_are_read_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page has one call that the log has not: it is left out all the same, and that is said."""
    log = [_spend(f"r{n}") for n in range(3)]
    page = {"data": [json.loads(log[0]), json.loads(_spend("r9"))], "page": 1, "total_pages": 1}
    _write(
        tmp_path,
        {
            "costs/a.json": _costs("p1"),
            "gateway/log.jsonl": "".join(log),
            "gateway/page1.json": json.dumps(page),
            "copy/log.jsonl": "".join(log),
        },
    )
    assert [one.path for one in _begun(tmp_path).usage] == ["copy/*.jsonl"]
    told = capsys.readouterr().err
    assert "left out: gateway/log.jsonl: holds what copy/log.jsonl does" in told
    assert "left out: gateway/page1.json: 1 of its 2 rows stand in copy/*.jsonl as well" in told


def test_of_two_views_of_one_provider_one_is_traced_and_the_other_not_compared(
    tmp_path: Path,
) -> None:
    """The vendor's report knows projects as the bill does; the gateway does not."""
    _write(
        tmp_path,
        {
            "costs/a.json": _costs("p1"),
            "calls/a.json": _calls("p1"),
            "gateway/log.jsonl": _spend("r1"),
        },
    )
    found = _begun(tmp_path)
    assert {one.name: one.reconcile for one in found.usage} == {"calls": True, "gateway": False}
    (trace,) = found.trace
    assert trace.rule == "openai-by-openai-usage"
    text = (tmp_path / "everyline.yaml").read_text("utf-8")
    assert "# gateway saw it too; in place of these, not beside them" in text


@pytest.mark.parametrize(
    "bad",
    [
        _spend("r2").replace("success", "succ").rstrip()[:-1],
        _spend("r2").replace('"prompt_tokens": 100', '"prompt_tokens": "-100"'),
        _spend("r2").replace("2026-10-01T10:00:00Z", "soon"),
    ],
)
def test_telemetry_that_would_stop_a_run_is_left_out_with_the_reason(
    tmp_path: Path, bad: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(
        tmp_path,
        {
            "costs/a.json": _costs("p1"),
            "gateway/good.jsonl": _spend("r1"),
            "gateway/odd.jsonl": bad,
        },
    )
    _begun(tmp_path)
    assert "left out: gateway/odd.jsonl: " in capsys.readouterr().err


def test_names_and_reasons_cannot_break_the_yaml(tmp_path: Path) -> None:
    name = 'odd: {name}, #1 "quoted" é\n- x'
    _write(
        tmp_path,
        {
            "costs/a.json": _costs("p1"),
            f"{name}/a.json": _calls("p1"),
            f"{name}/b.json": _calls(None),
        },
    )
    (trace,) = _begun(tmp_path).trace
    assert trace.charges


BESIDE = (
    ("openai-costs/costs_by_project_line_item_page*.json", ("openai-usage", "litellm-spend-logs")),
    ("anthropic-cost-report/cost_by_workspace_description_page*.json", ("anthropic-usage",)),
    (
        "focus-aws-1.2/*.csv",
        (
            "bedrock-invocations",
            "opencost",
            "prometheus",
            "otel-genai",
            "langfuse",
            "copilot-seats",
        ),
    ),
)
"""Samples of a bill and of telemetry in one folder."""


@pytest.mark.parametrize(("bill", "usage"), BESIDE)
def test_every_sample_of_telemetry_beside_a_bill_gives_a_configuration_that_runs(
    tmp_path: Path, bill: str, usage: tuple[str, ...]
) -> None:
    (tmp_path / "bills").mkdir()
    for file in (SAMPLES / "bills").glob(bill):
        shutil.copy(file, tmp_path / "bills" / file.name)
    for name in usage:
        shutil.copytree(SAMPLES / "usage" / name, tmp_path / "usage" / name)
    found = _begun(tmp_path)
    assert {source.format for source in found.usage} == set(usage)
    assert runs.current(tmp_path)


def test_tag_keys_of_telemetry_join_the_taxonomy_after_those_of_bills(tmp_path: Path) -> None:
    """The gateway's own team of one call of two; `team`, a tag of the other, is no bill's."""
    call = json.loads(_spend("r1"))
    call |= {"request_tags": ["campaign:spring"], "metadata": {"user_api_key_team_alias": "search"}}
    other = json.loads(_spend("r2", team="support"))
    _write(
        tmp_path,
        {
            "bills/openai/2026-10/costs.json": _costs("p1"),
            "usage/gateway/2026-10/a.jsonl": f"{json.dumps(call)}\n{json.dumps(other)}\n",
        },
    )
    found = _begun(tmp_path)
    assert found.key("team").tags == ("team", "litellm_team")
    text = (tmp_path / "everyline.yaml").read_text("utf-8")
    assert "# on 50 %, 50 % of the telemetry" in text
    # Each call used 100 of 200 tokens that 8.00 was billed for.
    assert _allocated(tmp_path) == {("search", "traced"): "4.00", ("support", "traced"): "4.00"}


def test_who_may_own_the_largest_is_said_and_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two projects that no call reached; one bears the name of a team that calls elsewhere."""
    _write(
        tmp_path,
        {
            "bills/openai/2026-10/costs.json": _costs("proj_SearchRank7", "proj_Other"),
            "usage/gateway/2026-10/a.jsonl": _spend("r1", model="gpt-4o-mini"),
        },
    )
    assert "registry" not in str(_begun(tmp_path).owners)
    said = capsys.readouterr().out
    assert "who may own it; nothing is filled in" in said
    assert "proj_SearchRank7: search? named in `proj_SearchRank7`" in said
    assert "proj_Other:" not in said
