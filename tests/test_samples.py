"""Bills as vendors write them: totals to the last digit, and every oddity by its name."""

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

import made
from everyline import pipeline
from everyline.problems import Problem
from everyline.relations import COSTS

BILLS = Path(__file__).parent / "samples" / "bills"
EXPECTED = json.loads((BILLS / "expected_totals.json").read_text("utf-8"))
SPEC = "focus-spec-examples"

STOPPED = {
    "openai-costs/costs_odd_values.json": {"null-cost", "no-currency"},
    f"{SPEC}/correction_closed_scenario_1_delta.csv": {"missing-column"},
    f"{SPEC}/correction_closed_scenario_1_ledger.csv": {"missing-column"},
    f"{SPEC}/correction_closed_scenario_1_original.csv": {"missing-column"},
}
"""Samples that lack what a charge can't do without."""


def project(folder: Path, files: Iterable[Path], form: str, *, more: str = "") -> Path:
    """A project with these files as its only bill."""
    (folder / "bills").mkdir(parents=True)
    for file in files:
        shutil.copyfile(file, folder / "bills" / file.name)
    (folder / "everyline.yaml").write_text(
        "taxonomy:\n  team: {tags: [team]}\n"
        f'bills:\n  - {{name: sample, format: {form}, path: "bills/*"{more}}}\n'
    )
    return folder


def of(folder: Path, *patterns: str) -> Path:
    """A project with the samples that match, each pattern a path of `expected_totals.json`."""
    found = [file for pattern in patterns for file in sorted(BILLS.glob(pattern))]
    name = found[0].parent.name
    return project(folder, found, "focus" if name.startswith("focus") else name)


def totals_of_charges(folder: Path) -> Counter[str]:
    """Each cost over the relation `charges`, in units of 10^-18."""
    sums: Counter[str] = Counter()
    for line in made.charges(folder):
        for cost in COSTS:
            sums[cost] += made.units(line[cost]) or 0
    return sums


def totals_of_control(balances: Iterable[Mapping[str, str]]) -> Counter[str]:
    """Each cost over the manifest's control totals, in units of 10^-18."""
    sums: Counter[str] = Counter()
    for balance in balances:
        sums[balance["cost"]] += made.units(Decimal(balance["charges"])) or 0
    return sums


def expected_of(sample: str) -> Mapping[str, str]:
    """The costs that `expected_totals.json` knows of a sample."""
    facts = EXPECTED[sample]
    if "total_usd" in facts:
        # These reports have one amount, and all four costs are it.
        return dict.fromkeys(COSTS, facts["total_usd"])
    return {cost: facts[cost] for cost in COSTS if cost in facts}


def named(problems: Sequence[Problem]) -> Counter[tuple[str, str, int]]:
    """Name, level and number of charges of each problem."""
    return Counter((problem.name, problem.level, problem.count) for problem in problems)


@pytest.mark.parametrize("sample", [name for name in EXPECTED if name not in STOPPED])
def test_the_totals_of_a_sample_are_those_of_its_file(sample: str, tmp_path: Path) -> None:
    folder = of(tmp_path / "project", sample)
    run = made.run(folder)
    expected = expected_of(sample)
    assert expected
    for sums in (totals_of_charges(folder), totals_of_control(run.manifest["control"])):
        found = {cost: sums[cost] for cost in expected}
        assert found == {cost: made.units(Decimal(text)) for cost, text in expected.items()}
    lines = EXPECTED[sample].get("rows") or EXPECTED[sample].get("results")
    assert lines in (None, run.manifest["lines"])
    assert {balance["currency"] for balance in run.manifest["control"]} == {
        EXPECTED[sample].get("currency", "USD")
    }
    assert run.manifest["rounded"] == {}


@pytest.mark.parametrize("sample", STOPPED)
def test_a_sample_that_lacks_a_cost_or_currency_stops_by_name(sample: str, tmp_path: Path) -> None:
    outcome = pipeline.run(of(tmp_path / "project", sample))
    assert outcome.run is None
    assert {p.name for p in outcome.problems if p.level == "stop"} == STOPPED[sample]
    assert all(p.place.startswith(f"bills/{Path(sample).name}:") for p in outcome.problems)


def test_every_sample_has_a_total() -> None:
    known = {file for pattern in EXPECTED for file in BILLS.glob(pattern)}
    known |= {BILLS / "expected_totals.json", BILLS / "focus-pinecone-1.4/cost-usage-export.zip"}
    assert {file for file in BILLS.rglob("*") if file.is_file()} == known


def test_all_of_the_thousand_real_rows_are_read_and_each_problem_named(tmp_path: Path) -> None:
    folder = of(tmp_path / "project", "focus-1.0-sample/focus_sample.csv")
    outcome = pipeline.run(folder)
    assert outcome.run
    assert outcome.run.manifest["lines"] == 1000
    lines = made.charges(folder)
    assert sorted(line["x_SourceRow"] for line in lines) == list(range(1, 1001))
    assert len({line["x_ChargeId"] for line in lines}) == 1000
    assert sum(group["x_LineCount"] for group in made.relations(outcome.run)["groups"]) == 1000
    # The column `Id` is of no FOCUS version; ContractedCost is `NULL` in six rows of September
    # and in one of October.
    assert named(outcome.problems) == Counter(
        {
            ("column-left-aside", "warn", 0): 1,
            ("cost-taken-from-another", "warn", 6): 1,
            ("cost-taken-from-another", "warn", 1): 1,
        }
    )


def test_an_archive_of_parts_is_the_same_bill_as_its_parts(tmp_path: Path) -> None:
    parts = of(tmp_path / "parts", "focus-pinecone-1.4/part-*-of-2.csv")
    archive = of(tmp_path / "archive", "focus-pinecone-1.4/cost-usage-export.zip")
    of_parts, of_archive = made.run(parts), made.run(archive)
    assert made.relations(of_archive)["groups"] == made.relations(of_parts)["groups"]
    assert of_archive.manifest["control"] == of_parts.manifest["control"]
    named_so = {line["x_SourceFile"] for line in made.charges(archive)}
    assert named_so == {f"bills/cost-usage-export.zip/part-{n}-of-2.csv" for n in (1, 2)}


def test_without_its_last_page_a_paged_report_stops(tmp_path: Path) -> None:
    page = "anthropic-cost-report/cost_by_workspace_description_page{}.json"
    outcome = pipeline.run(of(tmp_path / "project", page.format(1), page.format(2)))
    assert outcome.run is None
    assert named(outcome.problems) == Counter({("missing-page", "stop", 0): 1})


def test_all_openai_pages_in_one_folder_are_the_same_money_several_times(tmp_path: Path) -> None:
    outcome = pipeline.run(of(tmp_path / "project", "openai-costs/*.json"))
    assert outcome.run is None
    stops = [problem for problem in outcome.problems if problem.name == "two-groupings"]
    assert [problem.level for problem in stops] == ["stop", "stop"]
    assert {problem.place for problem in stops} == {
        "bills/costs_by_project_line_item_page1.json",
        "bills/costs_ungrouped.json",
    }


def test_a_grouped_and_an_ungrouped_anthropic_report_are_the_same_money_twice(
    tmp_path: Path,
) -> None:
    pages = ("anthropic-cost-report/*page*.json", "anthropic-cost-report/cost_ungrouped.json")
    outcome = pipeline.run(of(tmp_path / "project", *pages))
    assert outcome.run is None
    assert named(outcome.problems) == Counter({("two-groupings", "stop", 30): 1})


def test_of_the_odd_openai_report_only_the_result_without_an_amount_stops(tmp_path: Path) -> None:
    """Exponents, text amounts, decimal128's zero and float tails are all read exactly."""
    odd = "openai-costs/costs_odd_values.json"
    text = (BILLS / odd).read_text("utf-8")
    lacking = next(
        line
        for line in text.splitlines(keepends=True)
        if '"amount"' not in line and "line_item" in line
    )
    file = tmp_path / "costs_odd_values.json"
    file.write_text(text.replace(lacking, ""), encoding="utf-8")
    run = made.run(project(tmp_path / "project", [file], "openai-costs"))
    expected = made.units(Decimal(EXPECTED[odd]["total_usd"]))
    assert totals_of_control(run.manifest["control"]) == Counter(dict.fromkeys(COSTS, expected))
    assert run.manifest["lines"] == EXPECTED[odd]["priced_results"]


@pytest.mark.parametrize("which", ["delta", "ledger", "original"])
def test_a_correction_example_is_read_as_a_table_that_says_its_currency(
    which: str, tmp_path: Path
) -> None:
    sample = f"{SPEC}/correction_closed_scenario_1_{which}.csv"
    more = ", set: {BillingCurrency: USD}"
    run = made.run(project(tmp_path / "project", [BILLS / sample], "table", more=more))
    sums = totals_of_control(run.manifest["control"])
    for cost in ("BilledCost", "EffectiveCost"):
        assert sums[cost] == made.units(Decimal(EXPECTED[sample][cost]))
    assert run.manifest["lines"] == EXPECTED[sample]["rows"]


def test_the_parts_of_a_report_by_project_are_those_of_its_makers(tmp_path: Path) -> None:
    """Per project and per workspace, where null stays null."""
    for pattern, facts in (
        ("openai-costs/costs_by_project_line_item_page*.json", "by_project"),
        ("anthropic-cost-report/cost_by_workspace_description_page*.json", "by_workspace_usd"),
    ):
        folder = of(tmp_path / facts, pattern)
        made.run(folder)
        sums: Counter[str] = Counter()
        for line in made.charges(folder):
            sums[str(line["SubAccountId"])] += made.units(line["BilledCost"]) or 0
        expected = EXPECTED[pattern][facts].items()
        assert sums == Counter({name: made.units(Decimal(text)) for name, text in expected})
