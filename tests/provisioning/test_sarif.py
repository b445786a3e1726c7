"""What code hosts and build servers get: SARIF 2.1.0 and JUnit, whatever stands in a name."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from acme import checked, project
from hypothesis import given
from hypothesis import strategies as st
from plans import change, plan

from everyline.problems import Level, Problem
from everyline.provisioning import junit, sarif

ENDPOINT = "aws_sagemaker_endpoint.a"
HOSTILE = "aws_kendra_index.k[\"]]><script>\x1b[2J\u202e & 'x'\"]"


def problem(name: str = "missing-tag", **more: Any) -> Problem:
    said: dict[str, Any] = {"level": "fail", "sentence": "`a` has no `team`", "place": "a.tf:3"}
    return Problem(name=name, **(said | more))


def results(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sarif.log(problems)["runs"][0]["results"]
    return found


def test_a_problem_is_a_result_at_its_line() -> None:
    said = problem(hint="add `team`", subject="aws_kendra_index.a", place="infra/main.tf:12:4")
    (result,) = results([said])
    assert result["ruleId"] == "missing-tag"
    assert result["level"] == "error"
    assert result["message"]["text"] == "`a` has no `team`. Hint: add `team`."
    (location,) = result["locations"]
    assert location == {
        "physicalLocation": {
            "artifactLocation": {"uri": "infra/main.tf", "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": 12, "startColumn": 4},
        },
        "logicalLocations": [{"fullyQualifiedName": "aws_kendra_index.a"}],
    }


@pytest.mark.parametrize(
    ("place", "uri", "line"),
    [
        ("plan.json", "plan.json", 1),
        ("a b/ü.json:7", "a%20b/%C3%BC.json", 7),
        ("/ci/plan.json:2", "file:///ci/plan.json", 2),
        ("odd:name.json:5", "odd%3Aname.json", 5),
        ("stdin", "stdin", 1),
    ],
)
def test_a_place_becomes_a_uri_and_a_line(place: str, uri: str, line: int) -> None:
    (result,) = results([problem(place=place)])
    physical = result["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == uri
    assert physical["region"]["startLine"] == line


def test_each_rule_is_named_once_and_results_point_at_it() -> None:
    names = ["undeclared-value", "missing-tag", "missing-tag", "known-later"]
    log = sarif.log([problem(name, subject=str(at)) for at, name in enumerate(names)])
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == ["known-later", "missing-tag", "undeclared-value"]
    assert [rules[one["ruleIndex"]] for one in run["results"]] == names
    assert log["version"] == "2.1.0"


@pytest.mark.parametrize(
    ("level", "shown", "whole"),
    [
        ("configuration", "error", False),
        ("stop", "error", False),
        ("fail", "error", True),
        ("warn", "warning", True),
    ],
)
def test_levels(level: Level, shown: str, whole: bool) -> None:
    (run,) = sarif.log([problem(level=level)])["runs"]
    assert run["results"][0]["level"] == shown
    assert run["invocations"] == [{"executionSuccessful": whole}]


def test_an_alert_is_known_again_where_its_line_has_moved() -> None:
    prints = [
        one["partialFingerprints"]
        for one in results(
            [
                problem(subject="a", place="a.tf:3"),
                problem(subject="a", place="a.tf:9"),
                problem(subject="b", place="a.tf:3"),
                problem(subject="a", place="b.tf:3"),
            ]
        )
    ]
    assert prints[0] == prints[1]
    assert len({json.dumps(one) for one in prints}) == 3


def test_junit_has_a_suite_a_file_and_a_test_a_thing(tmp_path: Path) -> None:
    folder = project(tmp_path)
    for name in ("one", "two"):
        (tmp_path / f"{name}.json").write_bytes(
            plan(
                change(ENDPOINT, {"tags": {"team": "search"}}),
                change("aws_kendra_index.k", {"tags": {"team": "x"}}, actions=("delete",)),
                change("google_document_ai_processor.p", {}),
            )
        )
    (tmp_path / "cut.json").write_text("{")
    paths = [tmp_path / name for name in ("one.json", "two.json", "cut.json")]
    report = checked(folder, *paths)
    root = ElementTree.fromstring(junit.document(report.verdicts, report.problems))
    assert dict(root.attrib) == {
        "name": "everyline",
        "tests": "7",
        "failures": "2",
        "errors": "1",
        "skipped": "2",
    }
    suites = root.findall("testsuite")
    assert [suite.get("tests") for suite in suites] == ["3", "3", "1"]
    first = suites[0].findall("testcase")
    assert first[0].get("name") == ENDPOINT
    (failure,) = first[0].findall("failure")
    assert failure.get("type") == "missing-tag"
    assert [case.find("skipped") is not None for case in first] == [False, True, False]
    assert "takes no tags" in (first[2].findtext("system-out") or "")


def test_names_from_outside_break_neither_form(tmp_path: Path) -> None:
    folder = project(tmp_path)
    path = tmp_path / "plan.json"
    made = change("aws_kendra_index.k", {"tags": {"team": "\x00\x1b]0;x\x07<b>"}})
    made["address"] = HOSTILE
    path.write_bytes(plan(made))
    report = checked(folder, path)
    root = ElementTree.fromstring(junit.document(report.verdicts, report.problems))
    case = root.find("testsuite/testcase")
    assert case is not None
    assert "<script>" in (case.get("name") or "")
    assert json.loads(json.dumps(sarif.log(report.problems)))["runs"][0]["results"]


@given(text=st.text())
def test_any_text_makes_xml_that_parses(text: str) -> None:
    said = problem(level="stop", sentence=text, place=text or "x", hint=text)
    ElementTree.fromstring(junit.document([], [said]).encode("utf-8", "replace"))


# The command


def everyline(folder: Path, *arguments: str, given: bytes = b"") -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `everyline check`, called in the project."""
    done = subprocess.run(
        [sys.executable, "-m", "everyline", "check", *arguments],
        capture_output=True,
        cwd=folder,
        input=given,
        check=False,
        env={"PATH": "", "PYTHONUTF8": "1", "COLUMNS": "80", "LC_ALL": "C.UTF-8"},
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    folder = project(tmp_path / "acme")
    (folder / "bad.json").write_bytes(plan(change(ENDPOINT, {"tags": {"team": "search"}})))
    tags = {"team": "support", "use_case": "copilot"}
    (folder / "good.json").write_bytes(plan(change(ENDPOINT, {"tags": tags})))
    (folder / "cut.json").write_text('{"planned_values": ')
    return folder


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (("good.json",), 0),
        (("bad.json",), 3),
        (("good.json", "bad.json"), 3),
        (("cut.json",), 1),
        (("bad.json", "cut.json"), 1),
    ],
)
@pytest.mark.parametrize("form", ["table", "csv", "json", "sarif", "junit"])
def test_exit_codes(acme: Path, files: tuple[str, ...], code: int, form: str) -> None:
    plans = [word for name in files for word in ("--plan", name)]
    assert everyline(acme, *plans, "--as", form, "--on", "2026-10-15")[0] == code


def test_a_mistake_in_the_configuration_is_2_and_no_plan_is_judged(acme: Path) -> None:
    (acme / "everyline.yaml").write_text("taxonomy: {}\n")
    code, out, err = everyline(acme, "--plan", "bad.json")
    assert (code, out) == (2, "")
    assert "missing-tag" not in err


def test_the_table_says_what_was_judged_and_fits_80_columns(acme: Path) -> None:
    code, out, err = everyline(acme, "--plan", "bad.json", "--plan", "good.json")
    assert code == 3
    assert out == (
        "bad.json: 1 judged, 1 to mend\n"
        "planned                   team    use_case  verdict\n"
        "───────────────────────────────────────────────────────\n"
        "aws_sagemaker_endpoint.a  search  -         missing-tag\n"
        "\n"
        "good.json: 1 judged, 0 to mend\n"
        "planned                   team     use_case  verdict\n"
        "────────────────────────────────────────────────────\n"
        "aws_sagemaker_endpoint.a  support  copilot   well\n"
        "\n"
    )
    assert "fail[missing-tag]: `aws_sagemaker_endpoint.a` has no `use_case`" in err
    assert "--> bad.json:" in err


def test_a_plan_may_be_piped_in(acme: Path) -> None:
    code, out, _ = everyline(
        acme, "--plan", "-", "--as", "csv", given=(acme / "bad.json").read_bytes()
    )
    assert code == 3
    assert out.splitlines()[1].startswith("missing-tag,stdin:")


def test_what_was_planned_can_be_listed(acme: Path) -> None:
    code, out, _ = everyline(acme, "--plan", "good.json", "--list", "--as", "json")
    assert code == 0
    (row,) = json.loads(out)
    assert (row["address"], row["team"], row["x_Verdict"]) == (ENDPOINT, "support", "well")
    assert everyline(acme, "--plan", "good.json", "--list")[0] == 2


def test_nothing_is_written_and_no_bill_is_read(acme: Path) -> None:
    before = sorted(path.name for path in acme.rglob("*"))
    everyline(acme, "--plan", "bad.json", "--as", "sarif")
    assert sorted(path.name for path in acme.rglob("*")) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("--as", "sarif"),
        ("--all-types",),
        ("--list",),
        ("--plan", "none.json"),
        ("--plan", "-", "--keys", "-"),
    ],
)
def test_options_that_do_not_go_together_are_2(acme: Path, arguments: tuple[str, ...]) -> None:
    assert everyline(acme, *arguments)[0] == 2


def test_a_folder_is_walked_and_a_named_file_that_plans_nothing_stops(acme: Path) -> None:
    deploy = acme / "deploy"
    deploy.mkdir()
    (deploy / "values.yaml").write_text("replicas: 2\n")
    (deploy / "config.yaml").write_text(
        "apiVersion: v1\nkind: Pod\n"
        "metadata: {name: a, labels: {team: search, use_case: copilot}}\n"
        "spec: {containers: [{name: a, resources: {limits: {nvidia.com/gpu: 1}}}]}\n"
    )
    code, out, _ = everyline(acme, "--manifests", "deploy")
    assert code == 0
    assert "1 judged, 0 to mend" in out
    assert "1 file plans nothing, first deploy/values.yaml" in out
    code, _, err = everyline(acme, "--manifests", "deploy/values.yaml")
    assert code == 1
    assert "stop[unreadable-file]: the file plans nothing" in err
