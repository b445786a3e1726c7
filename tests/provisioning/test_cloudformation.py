"""CloudFormation templates: what functions come to, whose tags are billed, what is not known."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted_things import PLANTED, expected, findings, planted, read
from spoilt import documents, spoilt

from everyline import resource_types
from everyline.planned import Planned
from everyline.sources import cloudformation as reader
from everyline.sources import marked
from everyline.sources.cloudformation_values import LATER, Later, Values, of_tag
from everyline.sources.unreadable import Unreadable

FOLDER = PLANTED / "cloudformation"
FILES = sorted(file for file in FOLDER.iterdir() if file.suffix != ".csv")

TEMPLATE: dict[str, Any] = {
    "Parameters": {
        "Team": {"Type": "String", "Default": "search"},
        "Stage": {"Type": "String"},
        "Key": {"Type": "String", "NoEcho": "true", "Default": "FAKE-SECRET"},
        "Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/team"},
        "Sizes": {"Type": "CommaDelimitedList", "Default": "g5.xlarge, t3.micro"},
    },
    "Mappings": {"Of": {"eu": {"team": "growth"}}},
    "Conditions": {
        "Yes": {"Fn::Equals": [{"Ref": "Team"}, "search"]},
        "No": {"Fn::Not": [{"Condition": "Yes"}]},
        "Maybe": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
        "Either": {"Fn::Or": [{"Condition": "Maybe"}, {"Condition": "Yes"}]},
        "Both": {"Fn::And": [{"Condition": "Maybe"}, {"Condition": "Yes"}]},
        "Neither": {"Fn::And": [{"Condition": "Maybe"}, {"Condition": "No"}]},
        "Circle": {"Fn::Not": [{"Condition": "Circle"}]},
    },
}


def of(resources: Any, **template: Any) -> list[Planned]:
    text = json.dumps({"Resources": resources, **template}, indent=1)
    return reader.planned(text.encode(), "x.json")[0]


def endpoint(tags: Any, **template: Any) -> Planned:
    resource = {"Type": "AWS::SageMaker::Endpoint", "Properties": {"Tags": tags}}
    return of({"E": resource}, **template)[0]


@pytest.mark.parametrize("name", planted("cloudformation", "wrong"))
def test_a_planted_mistake_is_found(name: str) -> None:
    wanted = expected("cloudformation")[name]
    assert wanted
    assert findings(read(reader, FOLDER / name)) == wanted


@pytest.mark.parametrize("name", planted("cloudformation", "right"))
def test_a_right_template_has_no_finding(name: str) -> None:
    assert findings(read(reader, FOLDER / name)) == []


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("no", "no"),
        ({"Ref": "Team"}, "search"),
        ({"Ref": "Sizes"}, ["g5.xlarge", "t3.micro"]),
        ({"Ref": "AWS::NoValue"}, None),
        ({"Fn::Sub": "${Team}-${!Team}"}, "search-${Team}"),
        ({"Fn::Sub": ["${T}-${Team}", {"T": {"Ref": "Team"}}]}, "search-search"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Team"}]]}, "a-search"),
        ({"Fn::Select": ["1", {"Fn::Split": [",", "a,b"]}]}, "b"),
        ({"Fn::FindInMap": ["Of", "eu", "team"]}, "growth"),
        ({"Fn::If": ["Yes", "a", "b"]}, "a"),
        ({"Fn::If": ["No", "a", "b"]}, "b"),
        ({"Fn::If": ["Maybe", "same", "same"]}, "same"),
        ([{"Fn::If": ["No", "a", {"Ref": "AWS::NoValue"}]}, "b"], ["b"]),
        ({"a": {"Ref": "Team"}}, {"a": "search"}),
    ],
)
def test_functions_come_to_what_the_template_says(value: Any, wanted: Any) -> None:
    assert Values(TEMPLATE).of(value) == wanted


@pytest.mark.parametrize(
    "value",
    [
        {"Ref": "Stage"},
        {"Ref": "Key"},
        {"Ref": "Stored"},
        {"Ref": "AWS::Region"},
        {"Ref": "SomeResource"},
        {"Ref": ["odd"]},
        {"Fn::Sub": "${AWS::AccountId}"},
        {"Fn::Sub": "${Team}-${Stage}"},
        {"Fn::GetAtt": ["A", "B"]},
        {"Fn::ImportValue": "x"},
        {"Fn::If": ["Maybe", "a", "b"]},
        {"Fn::If": ["NoSuch", "a", "b"]},
        {"Fn::Join": ["-", ["a", {"Ref": "Stage"}]]},
        {"Fn::FindInMap": ["Of", {"Ref": "AWS::Region"}, "team"]},
        {"Fn::Select": ["9", ["a"]]},
        "{{resolve:secretsmanager:team}}",
        {"Fn::Sub": "{{resolve:ssm:/team}}"},
    ],
)
def test_what_hangs_on_the_account_or_on_a_secret_is_known_later(value: Any) -> None:
    assert Values(TEMPLATE).of(value) is LATER


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Yes", True),
        ("No", False),
        ("Maybe", None),
        ("Either", True),
        ("Both", None),
        ("Neither", False),
        ("Circle", None),
        ("NoSuch", None),
        (None, None),
    ],
)
def test_conditions_hold_or_not_or_nobody_can_say(name: Any, wanted: bool | None) -> None:
    assert Values(TEMPLATE).holds(name) is wanted


def test_a_long_chain_of_conditions_ends() -> None:
    chain = {f"C{n}": {"Fn::And": [{"Condition": f"C{n + 1}"}] * 2} for n in range(5_000)}
    assert Values({"Conditions": chain}).holds("C0") is None


def test_short_functions_and_long_ones_are_one() -> None:
    short = b"Resources: {E: {Type: AWS::X::Y, Properties: {Tags: [!Sub '${A}', !GetAtt B.C]}}}"
    long = {"Tags": [{"Fn::Sub": "${A}"}, {"Fn::GetAtt": "B.C"}]}
    (found,) = marked.documents(short, of_tag).found
    assert found[1]["Resources"]["E"]["Properties"] == long


def test_tags_are_a_list_or_a_map_and_null_or_empty_ones_are_none() -> None:
    listed = [{"Key": "team", "Value": "a"}, {"Key": "b", "Value": ""}, {"Key": "c"}, None, "x"]
    assert endpoint(listed).tags == {"team": "a"}
    assert endpoint({"team": "0410", "n": None}).tags == {"team": "0410"}


def test_values_known_later_are_told_apart_from_keys_known_later() -> None:
    listed: Any = [{"Key": "team", "Value": {"Ref": "Stage"}}, {"Key": "a", "Value": "b"}]
    one = endpoint(listed, **TEMPLATE)
    assert (one.tags, one.later, one.is_open) == ({"a": "b"}, frozenset(("team",)), False)
    one = endpoint([*listed, {"Key": {"Ref": "Stage"}, "Value": "x"}], **TEMPLATE)
    assert (one.later, one.is_open) == (frozenset(("team",)), True)
    assert endpoint({"Ref": "Stage"}, **TEMPLATE).is_open
    assert endpoint({"Fn::If": ["Maybe", [], [{"Key": "a", "Value": "b"}]]}, **TEMPLATE).is_open


def test_tags_that_come_from_another_file_leave_it_open() -> None:
    include = {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://x"}}}
    (one,) = of({"E": {"Type": "AWS::SageMaker::Endpoint", "Properties": include}})
    assert one.is_open


def test_a_finding_says_that_tags_of_the_stack_are_not_seen() -> None:
    assert (
        endpoint([]).note == "tags given to the whole stack stand in no template and are not seen"
    )


def test_what_is_not_judged_says_why() -> None:
    template: dict[str, Any] = {
        "Nested": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "u"}},
        "Module": {"Type": "Acme::Rag::Store::MODULE"},
        "Off": {"Type": "AWS::Kendra::Index", "Condition": "No"},
        "Fn::ForEach::Loop": ["x", ["a", "b"], {}],
        "Perhaps": {"Type": "AWS::Kendra::Index", "Condition": "Maybe"},
    }
    assert {one.address: one.unjudged for one in of(template, **TEMPLATE)} == {
        "Nested": "a nested stack: check its own template",
        "Module": "a module: check the template it makes",
        "Off": "not made under the defaults of its condition",
        "Fn::ForEach::Loop": "expanded only when the stack is made",
        "Perhaps": "",
    }


def test_a_child_that_takes_no_tags_has_those_of_its_parent() -> None:
    base = {"Type": "AWS::Bedrock::KnowledgeBase", "Properties": {"Tags": {"team": "search"}}}
    child = {"Type": "AWS::Bedrock::DataSource"}
    child |= {"Properties": {"KnowledgeBaseId": {"Fn::GetAtt": ["Base", "KnowledgeBaseId"]}}}  # type: ignore[dict-item]
    one = of({"Base": base, "Child": child})[1]
    assert (one.taggable, one.tags, one.tags_at) == (
        False,
        {"team": "search"},
        "Base.Properties.Tags",
    )
    alone = of({"Child": child})[0]
    assert (alone.taggable, alone.tags) == (False, {})


def test_instances_of_a_group_have_the_tags_of_its_launch_template_too() -> None:
    found = read(reader, FOLDER / "right_propagated.yaml")
    assert [one.tags for one in found] == [{"team": "search"}, {"team": "search"}]
    assert found[1].layer is None  # its launch template is what has the accelerators


def test_registries_and_rules_can_ask_for_provider_service_and_name() -> None:
    properties = {"AgentName": "refunds", "Tags": {}}
    (one,) = of({"A": {"Type": "AWS::Bedrock::Agent", "Properties": properties}})
    assert one.columns == {
        "ServiceProviderName": "Amazon Web Services",
        "ServiceName": "Amazon Bedrock",
        "ResourceName": "refunds",
    }


def test_secrets_leave_no_trace() -> None:
    tags = [{"Key": "a", "Value": {"Ref": "Key"}}, {"Key": "b", "Value": {"Fn::Sub": "${Key}"}}]
    assert "FAKE-SECRET" not in repr(endpoint(tags, **TEMPLATE))


def test_the_table_says_where_tags_lie_as_the_registry_of_types_does() -> None:
    rows = [row for rows in resource_types.known("cloudformation").values() for row in rows]
    assert all(row.provider == "Amazon Web Services" and row.source for row in rows)
    assert all(path.startswith("Properties.") for row in rows for path in row.tags)
    untaggable = {row.type for row in rows if not row.taggable}
    assert "AWS::Bedrock::DataSource" in untaggable
    assert all(row.parent for row in rows if not row.taggable)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {}}, True),
        ({"Resources": {"A": {"Type": "AWS::S3::Bucket"}}}, True),
        ({"Resources": {"A": {"Type": "thing"}}}, False),
        ({"Resources": []}, False),
        ({"resources": [], "contentVersion": "1.0.0.0"}, False),
        ([], False),
        ("x", False),
    ],
)
def test_a_template_is_recognised_by_its_resources(value: Any, wanted: bool) -> None:
    assert reader.recognises(value) is wanted


@given(
    st.recursive(
        st.none() | st.text(max_size=3) | st.sampled_from(["Team", "Yes", "${Team}", "1"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["Ref", "Fn::Sub", "Fn::If", "Fn::Join", "Fn::Select", "Fn::Split"]
                ),
                inner,
                max_size=2,
            )
        ),
        max_leaves=8,
    )
)
def test_any_nesting_of_functions_comes_to_something(value: Any) -> None:
    found = Values(TEMPLATE).of(value)
    assert found is None or isinstance(found, str | list | dict | Later)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.name))
def test_odd_values_anywhere_break_nothing(file: Path) -> None:
    for document in documents(file):
        for changed in spoilt(document):
            data = json.dumps(changed, default=str).encode()
            found = reader.planned(data, "x")[0]
            assert all(isinstance(v, str) for one in found for v in one.tags.values())


def test_a_damaged_template_is_refused_with_its_line() -> None:
    with pytest.raises(Unreadable) as caught:
        reader.planned(b"Resources:\n  A: {Type: [}\n", "x")
    assert caught.value.line == 2
