"""Planned things and their owners: samples by a list made by hand, and planted mistakes."""

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from acme import DAY, checked, project, told
from plans import change, plan
from planted_plans import ENDPOINT, OWNED, RIGHT, SHARED, WRONG
from planted_things import PLANTED, SAMPLES

from everyline.config.load import load
from everyline.engines.duckdb import Engine
from everyline.owners.make import Own, Owners
from everyline.planned import Planned
from everyline.provisioning.checking import Report, check
from everyline.provisioning.reading import Given
from everyline.provisioning.resources import Resources

ACCOUNT = {"SubAccountId": "111122223333"}
TERRAFORM = SAMPLES / "terraform-plan"


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    return project(tmp_path / "acme")


def said(folder: Path, data: bytes, **more: Any) -> Report:
    path = folder / "plan.json"
    path.write_bytes(data)
    return checked(folder, path, **more)


# Samples

HANDMADE = [
    # It has no tags of its own, and the provider's defaults name neither team nor use case.
    ("fail", "missing-tag", "aws_bedrock_inference_profile.adhoc", 69),
    # Team ai-platform, and nobody says what for. (`shared` is no key of the taxonomy.)
    ("fail", "missing-tag", "aws_bedrock_provisioned_model_throughput.ptu", 246),
    # `tags` is empty; a collection of type VECTORSEARCH holds embeddings.
    ("fail", "missing-tag", "aws_opensearchserverless_collection.vectors", 281),
    # Its team is growth, which became marketing in July; what it is for is missing.
    ("fail", "missing-tag", "google_vertex_ai_endpoint.campaign", 401),
    # `team` stands on the Deployment and not on its pods; ml-platform would be undeclared, too.
    ("fail", "missing-tag", "kubernetes_deployment_v1.vllm", 470),
    # Its tags are known only after apply.
    ("warn", "known-later", "aws_sagemaker_endpoint.dynamic", 220),
    # It takes no tags; those of its account name ai-platform, and no use case.
    ("warn", "untaggable-type", "azurerm_cognitive_deployment.gpt4o_support", 353),
    # Not here: the profile and the endpoint that are tagged in full, the configuration of an
    # endpoint, which costs nothing, and what is deleted, unchanged or only read.
]


def test_the_handmade_plan_has_what_a_reader_finds_in_it(acme: Path) -> None:
    file = TERRAFORM / "handmade_plan_aws_azurerm_google_kubernetes.json"
    report = checked(acme, file)
    found = [
        (one.level, one.name, one.subject, int(one.place.rpartition(":")[2]))
        for one in report.problems
    ]
    assert found == HANDMADE
    values = {verdict.owned.address: verdict.owned.values for verdict in report.verdicts}
    assert values["google_vertex_ai_endpoint.campaign"] == ("marketing", None, "production")
    # 111122223333 is the account of `support`, but the endpoint's own tags go before (R8).
    search = 'module.search.aws_sagemaker_endpoint.this["embedder"]'
    assert values[search] == ("search", "semantic-search", "staging")


def test_the_real_plan_has_nothing_to_mend(acme: Path) -> None:
    report = checked(acme, TERRAFORM / "real_plan_builtin_provider.json")
    assert report.problems == []
    reasons = [verdict.unjudged for verdict in report.verdicts]
    assert (reasons.count("unchanged"), reasons.count("deleted")) == (5, 1)
    assert reasons.count("not known to cost AI money") == 3


# What was planted


@pytest.mark.parametrize("name", WRONG)
def test_a_planted_mistake_is_found_and_nothing_else(name: str, acme: Path) -> None:
    data, expected = WRONG[name]
    report = said(acme, data)
    assert told(report) == expected
    for problem in report.problems:
        assert problem.hint
        assert problem.place.startswith(str(acme / "plan.json"))
        assert problem.subject.split(", ")[0] in problem.sentence


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_says_nothing(name: str, acme: Path) -> None:
    assert told(said(acme, RIGHT[name])) == []


_FORMATS = {
    "cloudformation": "plan",
    "arm": "plan",
    "kubernetes": "manifests",
    "litellm": "keys",
}


@pytest.mark.parametrize("folder", _FORMATS)
def test_planted_files_of_other_formats_come_to_the_same(folder: str) -> None:
    """Each wrong one alone is told, each right one alone is not; by their own taxonomy."""
    files = [one for one in sorted((PLANTED / folder).iterdir()) if one.suffix != ".csv"]
    assert len(files) > 5
    for file in files:
        report = check(PLANTED, [Given(_FORMATS[folder], file)], DAY)  # type: ignore[arg-type]
        assert bool(report.problems) == file.name.startswith("wrong"), (file, report.problems)


# What is said


def test_hints_say_what_to_add_and_where(acme: Path) -> None:
    hints = {name: said(acme, WRONG[name][0]).problems[0].hint for name in WRONG}
    assert hints["no tags at all"] == (
        "add `team` (a value of owners/teams.csv) and `use_case` (a value of"
        " owners/use_cases.csv) to `tags`"
    )
    assert hints["a slip of the pen"] == (
        "did you mean `search`? To accept it, declare it or add it as an alias in owners/teams.csv"
    )
    assert hints["a default that no list declares"] == (
        "to accept it, declare it or add it as an alias in everyline.yaml"
    )
    assert hints["labels of a Deployment that do not reach its pods"] == (
        "move `team` and `use_case` from `metadata.labels` to `spec.template.metadata.labels`"
    )
    assert hints["a type that takes no tags"] == (
        "name it in a registry or rule of `owners`: ServiceProviderName `Google Cloud`,"
        " SubAccountId `acme-shop`, ServiceName `Vertex AI Search`"
    )
    assert hints["tags of a node group, which reach no instance"].endswith(
        "its own `tags` reach no bill; its cost bears the tags of its `aws_launch_template`,"
        " which this plan does not have"
    )


def test_a_default_is_no_value_and_no_gap(acme: Path) -> None:
    """`environment` has a default and is not required: nothing is said, and nothing filled in."""
    report = said(acme, plan(change(ENDPOINT, {"tags": OWNED})))
    assert report.problems == []
    assert report.verdicts[0].owned.values == ("search", "semantic-search", None)


def test_an_undeclared_tag_is_said_even_where_a_registry_answers(acme: Path) -> None:
    arn = "arn:aws:sagemaker:eu-west-1:111122223333:endpoint/x"
    report = said(acme, plan(change(ENDPOINT, {"arn": arn, "tags": {"team": "serach"}})))
    assert told(report) == [("fail", "undeclared-value", f"{ENDPOINT}, team: serach")]
    assert report.verdicts[0].owned.values[:2] == ("support", "copilot")


def test_all_types_are_judged_where_that_is_asked(acme: Path) -> None:
    made = plan(
        change("aws_s3_bucket.b", {"tags": {"team": "search"}}),
        change("google_storage_bucket.b", {"labels": OWNED}),
        change("aws_iam_role_policy.p", {"policy": "x"}),
    )
    assert said(acme, made).problems == []
    report = said(acme, made, all_types=True)
    assert told(report) == [("fail", "missing-tag", "aws_s3_bucket.b")]
    assert [str(verdict) for verdict in report.verdicts] == ["missing-tag", "well", "takes no tags"]


def test_two_things_of_one_address_are_both_judged_and_told(acme: Path) -> None:
    report = said(acme, plan(change(ENDPOINT, {"tags": OWNED}), change(ENDPOINT, {"tags": None})))
    assert told(report) == [
        ("fail", "missing-tag", f"{ENDPOINT} (2)"),
        ("warn", "repeated-address", f"{ENDPOINT} (2)"),
    ]


def test_half_a_character_is_said_as_what_it_is(acme: Path) -> None:
    """JSON may escape one half of a pair of surrogates, which no UTF-8 can say."""
    made = change("aws_kendra_index.k", {"name": "n\ud800", "tags": OWNED | {"team": "\udfff\0"}})
    report = said(acme, plan(made))
    assert told(report) == [("fail", "undeclared-value", "aws_kendra_index.k, team: \ufffd\0")]


def test_providers_are_compared_by_their_one_name(acme: Path) -> None:
    """R27: whatever a reader calls it, a registry's `AWS` is found."""
    things = [
        ("a.json", Planned(name, "t", "a.json", columns={"ServiceProviderName": name} | ACCOUNT))
        for name in ("AWS", "Amazon Web Services", "Amazon Web Services, Inc.")
    ]
    configuration = load(acme).configuration
    assert configuration is not None
    made = Resources(Engine(), configuration, acme, things, DAY)
    assert [owned.values[:2] for owned in made.owned] == [("support", "copilot")] * 3


def test_a_key_with_a_vendor_s_prefix_is_planned_without_it(acme: Path) -> None:
    """`use_case` is read from the tag `user:feature` of bills, which is planned as `feature`."""
    later = change(ENDPOINT, {"tags": {"team": "support"}}, unknown={"tags": {"feature": True}})
    assert told(said(acme, plan(later))) == [("warn", "known-later", ENDPOINT)]


def test_a_contradiction_is_said_although_another_tag_is_known_later(acme: Path) -> None:
    tags = SHARED | {"Team": "support"}
    made = change(ENDPOINT, {"tags": tags}, unknown={"tags": {"cost-team": True}})
    found = told(said(acme, plan(made)))
    assert found == [("fail", "conflicting-tags", f"{ENDPOINT}, team: search and support")]


def test_a_registry_s_value_that_is_not_valid_is_told_once(acme: Path) -> None:
    registry = acme / "owners" / "accounts.csv"
    registry.write_text("ServiceProviderName,team,use_case\nAWS,legacy,copilot\n")
    made = [change(f"aws_kendra_index.k[{at}]", {"name": f"k{at}"}) for at in range(3)]
    found = [one for one in said(acme, plan(*made)).problems if one.level == "warn"]
    assert [(one.name, one.place) for one in found] == [
        ("value-not-valid", "owners/accounts.csv:2")
    ]
    assert "on the day of the check" in found[0].sentence


def test_values_are_those_of_the_day(acme: Path) -> None:
    path = acme / "plan.json"
    path.write_bytes(plan(change(ENDPOINT, {"tags": SHARED | {"team": "legacy"}})))
    earlier = DAY.replace(year=2025)
    assert check(acme, [Given("plan", path)], earlier).problems == []


def test_the_relation_has_a_row_a_thing_with_evidence(acme: Path) -> None:
    made = plan(
        change(ENDPOINT, {"tags": OWNED | {"Team ü": "1"}}),
        change("pinecone_index.i", {"name": "search-prod"}),
    )
    report = said(acme, made)
    rows = [dict(zip(report.columns, row, strict=True)) for row in report.rows]
    assert [row["address"] for row in rows] == [ENDPOINT, "pinecone_index.i"]
    assert rows[0]["Tags"] == '{"Team ü":"1","team":"search","use_case":"semantic-search"}'
    assert rows[0]["team_evidence"] == "tag"
    assert rows[0]["environment_evidence"] == "untagged"
    assert rows[1]["team_rule"] == "everyline.yaml:8"
    assert (rows[1]["team"], rows[1]["team_tag"]) == ("search", "missing")
    assert [row["x_Verdict"] for row in rows] == ["well", "well"]


def test_owners_are_the_same_as_those_of_billed_cost(acme: Path) -> None:
    """A group and a planned thing with the same tags and columns have the same owner (R7 to R9)."""
    configuration = load(acme).configuration
    assert configuration is not None
    arn = "arn:aws:sagemaker:eu-west-1:111122223333:endpoint/x"
    tags = [OWNED, {"team": "serach"}, {"use_case": "platform"}, {"Team": "suche"}, {}]
    made = [change(f"{ENDPOINT}[{at}]", {"arn": arn, "tags": one}) for at, one in enumerate(tags)]
    planned = [verdict.owned.values for verdict in said(acme, plan(*made)).verdicts]
    engine = Engine()
    columns = ["ServiceProviderName", "SubAccountId", "Tags.team", "Tags.Team [case 2]"]
    columns += ["Tags.use_case", "ServiceName"]
    texts = dict.fromkeys(columns, "VARCHAR") | {"day_": "DATE", "at_": "BIGINT"}
    billed = [
        (
            "Amazon Web Services",
            "111122223333",
            one.get("team"),
            one.get("Team"),
            one.get("use_case"),
            "Amazon SageMaker",
            DAY,
            at,
        )
        for at, one in enumerate(tags)
    ]
    engine.table("billed", texts, billed)
    owners = Owners(engine, configuration, "billed", Own(acme, "billed"))
    sql = owners.of_usage()
    on = " AND ".join(f'b."{c}" IS NOT DISTINCT FROM o."{c}"' for c in owners.columns)
    rows = engine.rows(
        f"SELECT team, use_case, environment FROM billed b JOIN {sql} o ON {on} ORDER BY at_"
    )
    assert planned == rows
    assert planned[1] == ("support", "copilot", None)


def test_5000_resources_take_less_than_two_seconds(acme: Path) -> None:
    """The time of the process, so that what else the machine does is left out."""
    types = ("aws_sagemaker_endpoint", "aws_s3_bucket", "aws_iam_role")
    made = plan(
        *(
            change(
                f"{types[at % 3]}.r[{at}]",
                {f"a{n}": f"text {at}" for n in range(20)} | {"tags": OWNED | {"at": str(at)}},
                unknown={"arn": True, "id": True},
            )
            for at in range(5000)
        )
    )
    start = time.process_time()
    report = said(acme, made)
    taken = time.process_time() - start
    assert len(report.verdicts) == 5000
    assert report.problems == []
    assert taken < 2


def test_the_benchmark_prints_how_long_a_plan_takes() -> None:
    program = Path(__file__).parents[2] / "benchmarks" / "provisioning.py"
    command = [sys.executable, str(program), "--resources", "60", "--rounds", "1"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert re.fullmatch(r"check --plan, 60 resources, 0\.\d MB: [\d.]+ s \(of .*\)\n", said)
