"""What is asked of planned things, what languages can't say, and the command that writes it."""

import csv
import json
import re
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import hcl2
import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_cases import ACME

import rego
from everyline import config, resource_types
from everyline.cli import main
from everyline.config.taxonomy import Key
from everyline.provisioning import policies
from everyline.provisioning.policies import aws
from everyline.provisioning.policies.asked import allowed, asked_of

DAY = date(2026, 11, 15)
SCHEMA = Path(__file__).parent / "azure-policy-definition.schema.json"
PARSERS: dict[str, Callable[[str], object]] = {
    ".json": json.loads,
    ".yaml": yaml.safe_load,
    ".tf": hcl2.loads,
}

each_form = pytest.mark.parametrize("name", policies.FORMS)


def taxonomy(folder: Path, text: str, **files: str) -> tuple[Key, ...]:
    """The taxonomy that a text declares."""
    for name, content in files.items():
        (folder / f"{name}.csv").write_text(content, encoding="utf-8")
    (folder / "everyline.yaml").write_text(f"taxonomy: {text}\n", encoding="utf-8")
    loaded = config.load(folder)
    assert loaded.configuration is not None, loaded.problems
    assert loaded.problems == ()
    return loaded.configuration.taxonomy


def listed(folder: Path, *values: str) -> tuple[Key, ...]:
    """A taxonomy of one key with these values."""
    rows = "".join(f'"{value}"\n' for value in values)
    return taxonomy(folder, "{team: {tags: [team], values: t.csv}}", t=f"value\n{rows}")


# What is asked


def test_a_policy_asks_for_the_values_of_its_day(tmp_path: Path) -> None:
    rows = "value,aliases,successor,valid_from,valid_to\nold,o,new,,2026-12-01\nnew,,,2026-12-01,\n"
    keys = taxonomy(tmp_path, "{team: {tags: [team], values: t.csv}}", t=rows)
    (before,) = asked_of(keys, date(2026, 11, 30))
    (after,) = asked_of(keys, date(2026, 12, 1))
    assert before.values == ("old",)
    assert before.texts == {"o": "old", "old": "old"}
    assert after.values == ("new",)
    assert after.texts == {"o": "new", "old": "new", "new": "new"}


def test_a_key_that_another_gives_in_any_case_is_not_needed(tmp_path: Path) -> None:
    text = (
        "{team: {tags: [team]}, product: {required: true, tags: [product]},"
        " use_case: {required: true, tags: [use_case], values: u.csv}}"
    )
    whole = taxonomy(tmp_path, text, u="value,product\nchat,shop\nsearch,web\n")
    assert {ask.key: ask.needed for ask in asked_of(whole, DAY)} == {
        "team": True,
        "product": False,
        "use_case": True,
    }
    partly = taxonomy(tmp_path, text, u="value,product\nchat,shop\nsearch,\n")
    assert [ask.needed for ask in asked_of(partly, DAY)] == [True, True, True]


def test_two_keys_that_give_each_other_are_both_needed(tmp_path: Path) -> None:
    text = (
        "{team: {tags: [team], values: t.csv},"
        " product: {required: true, tags: [product], values: p.csv}}"
    )
    rows = {"t": "value,product\nsearch,web\n", "p": "value,team\nweb,search\n"}
    assert [ask.needed for ask in asked_of(taxonomy(tmp_path, text, **rows), DAY)] == [True, True]


def test_rego_knows_what_a_value_gives_where_only_some_do(tmp_path: Path) -> None:
    text = (
        "{team: {tags: [team]}, product: {required: true, tags: [product]},"
        " use_case: {required: true, tags: [use_case], values: u.csv}}"
    )
    keys = taxonomy(tmp_path, text, u="value,product\nchat,shop\nsearch,\n")
    module = policies.policy("rego", keys, DAY).files["owners.rego"]

    def denied(use_case: str) -> list[str]:
        tags = {"team": "x", "use_case": use_case}
        change = {"actions": ["create"], "after": {"tags": tags}, "after_unknown": {}}
        one = {"address": "a", "mode": "managed", "type": "aws_sagemaker_endpoint"}
        (messages,) = rego.said(module, "deny", [{"resource_changes": [one | {"change": change}]}])
        return messages

    assert denied("chat") == []
    assert denied("search") == ["a: product is missing: add `product`"]


@pytest.mark.parametrize(
    ("change", "denied"),
    [
        ({"actions": ["create"], "after": {"tags": {}}}, True),
        ({"actions": ["update"], "after": {"tags": None, "tags_all": None}}, True),
        ({"actions": ["delete", "create"], "after": {"tags": {}}}, True),
        ({"actions": ["delete"], "before": {"tags": {}}, "after": None}, False),
        ({"actions": ["no-op"], "after": {"tags": {}}}, False),
        ({"actions": ["create"], "after": {}, "after_unknown": {"tags_all": True}}, False),
        (
            {
                "actions": ["create"],
                "after": {"tags": {}},
                "after_unknown": {"tags_all": {"team": True}},
            },
            False,
        ),
        ({"actions": ["create"], "after": {"tags": {}, "tags_all": {"team": "a"}}}, False),
        (
            {
                "actions": ["create"],
                "after": {"tags": {"team": "z"}, "tags_all": {"team": "a"}},
            },
            False,
        ),
        ({"actions": ["create"], "after": {"tags": {"team": ""}}}, True),
    ],
)
def test_rego_looks_at_what_a_plan_makes_and_knows(
    change: dict[str, object], denied: bool, tmp_path: Path
) -> None:
    module = policies.policy("rego", listed(tmp_path, "a", "b"), DAY).files["owners.rego"]
    one = {"address": "a", "mode": "managed", "type": "aws_sagemaker_endpoint", "change": change}
    assert bool(*rego.said(module, "deny", [{"resource_changes": [one]}])) == denied


def test_patterns_of_rego_are_of_re2(tmp_path: Path) -> None:
    module = policies.policy("rego", listed(tmp_path, "a"), DAY).files["owners.rego"]
    assert re.findall(r'"\^[^"]*\(\?[^"]*"', module) == []


# What can't be said


def test_a_policy_needs_something_to_ask_for(tmp_path: Path) -> None:
    untagged = taxonomy(tmp_path, "{team: {values: [a, b]}}")
    (nothing,) = policies.policy("rego", untagged, DAY).problems
    assert nothing.name == "policy-asks-nothing"
    assert nothing.sentence.startswith("no key of `taxonomy` is read from tags")
    rows = "value,valid_to\nold,2026-01-01\n"
    gone = taxonomy(tmp_path, "{team: {tags: [team], values: t.csv}}", t=rows)
    (nothing,) = policies.policy("rego", gone, DAY).problems
    assert nothing.name == "policy-asks-nothing"
    assert nothing.sentence.startswith("no value of `team` is valid on 2026-11-15")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kyverno", "R&D"),
        ("kyverno", "x" * 64),
        ("gcp-constraint", "R&D"),
        ("aws-scp", "R&D"),
        ("aws-tag-policy", "sear*"),
        ("azure-policy", "[parameters('x')]"),
        ("azure-policy", "x" * 257),
        ("terraform", "${path.root}"),
        ("litellm", "a,b"),
    ],
)
def test_a_value_that_a_language_has_no_letters_for_is_told(
    name: str, value: str, tmp_path: Path
) -> None:
    (problem,) = policies.policy(name, listed(tmp_path, "ok", value), DAY).problems
    assert (problem.name, problem.level) == ("policy-cannot-say", "configuration")
    assert f"`{value}` of `team`" in problem.sentence


def test_a_label_is_spelt_as_its_platform_allows_and_r7_understands() -> None:
    label, google = r"[A-Za-z0-9_.\-]+", r"[a-z0-9_\-]+"
    assert allowed("AI platform", label) == "AI-platform"
    assert allowed("AI platform", google) == "ai-platform"
    assert allowed("ai_platform", google) == "ai_platform"
    assert allowed("R&D", google) is None


def test_what_is_too_long_is_told_and_not_cut(tmp_path: Path) -> None:
    many = listed(tmp_path, *(f"team-number-{n:04}" for n in range(500)))
    (long,) = policies.policy("aws-tag-policy", many, DAY).problems
    assert long.name == "policy-too-long"
    assert "10,000 are allowed" in long.sentence
    (google,) = policies.policy("gcp-constraint", many, DAY).problems
    # 500 values in quotes with `, ` between are 500 * 18 + 499 * 2 = 9,998 characters.
    around = len('!("team" in resource.labels) || !(resource.labels["team"] in [])')
    assert f"would have {9_998 + around:,} characters, and 1,000 are allowed" in google.sentence
    names = {problem.name for problem in policies.policy("aws-scp", many, DAY).problems}
    assert names == {"policy-too-long"}


def test_a_control_policy_that_is_too_long_becomes_several(tmp_path: Path) -> None:
    keys = ", ".join(
        f"k{n}: {{required: true, tags: [k{n}], values: [a, b]}}" for n in range(1, 24)
    )
    whole = taxonomy(tmp_path, f"{{{keys}}}")
    few = policies.policy("aws-scp", whole[:5], DAY)
    assert few.problems == ()
    assert list(few.files) == ["scp-1.json", "scp-2.json"]
    assert all(len(text) <= 5_120 for text in few.files.values())
    statements = [one for t in few.files.values() for one in json.loads(t)["Statement"]]
    assert len({one["Sid"] for one in statements}) == len(statements) == 10
    (problem,) = policies.policy("aws-scp", whole, DAY).problems
    assert problem.sentence.endswith("policies would be needed, and 4 can be attached")


# What the platforms' own documents say of form


def test_azures_schema_takes_the_rule() -> None:
    configuration = config.load(ACME).configuration
    assert configuration is not None
    written = policies.policy("azure-policy", configuration.taxonomy, DAY)
    properties = json.loads(written.files["policy.json"])["properties"]
    schema = json.loads(SCHEMA.read_text("utf-8"))
    jsonschema.Draft4Validator(schema).validate(properties["policyRule"])
    assert properties["mode"] == "Indexed"


def test_types_that_policies_name_are_types_that_check_judges() -> None:
    folder = Path(aws.__file__).parent
    with (folder / "azure.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    known = resource_types.known("arm")
    assert [row["type"] for row in rows if not known[row["type"]][0].taggable] == []
    for row in rows:
        globs = [glob for kind in known[row["type"]] for g in kind.when.values() for glob in g]
        assert row["sizes"].casefold() == "|".join(globs)
    kinds = list(aws.kinds())
    assert len(set(kinds)) == len(kinds)
    assert all(re.fullmatch(r"[a-z0-9]+:[A-Z]\w+", k.action) for k in kinds if k.action)


_TEXTS = st.lists(
    st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\ufeff"),
        min_size=1,
        max_size=12,
    ).filter(lambda text: text.strip() == text and '"' not in text),
    min_size=1,
    max_size=4,
    unique_by=lambda text: text.casefold().replace(" ", "-").replace("_", "-"),
)


@each_form
@settings(max_examples=25, deadline=None)
@given(values=_TEXTS)
def test_any_list_of_values_gives_a_whole_policy_or_a_problem(name: str, values: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        loaded = listed(Path(folder), *values)
    written = policies.policy(name, loaded, DAY)
    if written.problems:
        assert {problem.name for problem in written.problems} <= {
            "policy-cannot-say",
            "policy-too-long",
        }
        return
    for file, text in written.files.items():
        PARSERS.get(Path(file).suffix, str)(text)
        if file.endswith(".rego"):
            rego.said(text, "deny", [{}])
        if file.endswith(".py"):
            compile(text, file, "exec", dont_inherit=True)


# The command


@each_form
def test_the_command_writes_every_form_into_a_folder(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("policy", "--project", str(ACME), "--as", name, "--on", str(DAY))
    tmp_path.joinpath("made").mkdir()
    assert main([*given, "--out", str(tmp_path / "made")]) == 0
    made = [file for file in (tmp_path / "made").rglob("*") if file.is_file()]
    assert made
    assert capsys.readouterr() == ("", "")
    if len(made) == 1:
        assert main([*given, "--out", str(tmp_path / "one.txt")]) == 0
        assert (tmp_path / "one.txt").read_bytes() == made[0].read_bytes()
        assert main([*given, "--out", str(tmp_path / "new" / "folder")]) == 0
        assert (tmp_path / "new" / "folder" / made[0].name).is_file()
        assert main(list(given)) == 0
        assert capsys.readouterr().out == made[0].read_text("utf-8")


def test_several_files_of_one_language_are_one_text(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    given = ("policy", "--project", str(ACME), "--on", str(DAY), "--as")
    assert main([*given, "gcp-constraint"]) == 0
    documents = list(yaml.safe_load_all(capsys.readouterr().out))
    assert len(documents) == 4 * 7 * 2
    assert main([*given, "terraform"]) == 0
    assert "provider" in hcl2.loads(capsys.readouterr().out)
    assert main([*given, "litellm"]) == 2
    assert "--out DIR" in capsys.readouterr().err
    file = tmp_path / "file"
    file.write_text("mine")
    assert main([*given, "litellm", "--out", str(file)]) == 2
    assert file.read_text() == "mine"


def test_where_a_policy_can_not_be_written_nothing_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed(tmp_path, "R&D")
    out = tmp_path / "kyverno.yaml"
    given = ["policy", "--project", str(tmp_path), "--as", "kyverno", "--out", str(out)]
    assert main(given) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "error[policy-cannot-say]: Kubernetes has no value `R&D` of `team`" in captured.err
    assert not out.exists()


def test_a_required_key_without_tags_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taxonomy(tmp_path, "{team: {tags: [team]}, product: {required: true}}")
    assert main(["policy", "--project", str(tmp_path), "--as", "rego"]) == 0
    assert "`product` is required and has no `tags`" in capsys.readouterr().err
    assert main(["policy", "--project", str(tmp_path), "--as", "rego", "--on", "soon"]) == 2


def test_a_value_of_several_lines_stays_a_value(tmp_path: Path) -> None:
    hostile = "a\nb: evil\n]}"
    keys = listed(tmp_path, hostile)
    collector = yaml.safe_load(policies.policy("otel", keys, DAY).files["otel-collector.yaml"])
    assert list(collector) == ["processors"]
    module = policies.policy("litellm", keys, DAY).files["everyline_keys.py"]
    assert "\nb: evil" not in module
    assert "\nb: evil" not in policies.policy("rego", keys, DAY).files["owners.rego"]
