"""ARM templates: what expressions come to, whose tags reach the bill, what is not known."""

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
from everyline.sources import arm_template as reader
from everyline.sources.arm_values import Later, Open, Values
from everyline.sources.unreadable import Unreadable

FOLDER = PLANTED / "arm"
FILES = sorted(file for file in FOLDER.iterdir() if file.suffix != ".csv")
ACCOUNT = "Microsoft.CognitiveServices/accounts"

TEMPLATE: dict[str, Any] = {
    "parameters": {
        "team": {"type": "string", "defaultValue": "search"},
        "stage": {"type": "string"},
        "key": {"type": "secureString", "defaultValue": "FAKE-SECRET"},
        "tags": {"type": "object", "defaultValue": {"team": "[parameters('team')]"}},
    },
    "variables": {
        "deep": {"a": {"b": ["x", "y"]}},
        "circle": "[variables('circle')]",
        "account": "[format('aoai-{0}', uniqueString(resourceGroup().id))]",
    },
}


def of(resources: Any, **template: Any) -> list[Planned]:
    whole = {"contentVersion": "1.0.0.0", "resources": resources, **template}
    return reader.planned(json.dumps(whole, indent=1).encode(), "x.json")[0]


def account(**fields: Any) -> dict[str, Any]:
    return {"type": ACCOUNT, "name": "a", **fields}


@pytest.mark.parametrize("name", planted("arm", "wrong"))
def test_a_planted_mistake_is_found(name: str) -> None:
    wanted = expected("arm")[name]
    assert wanted
    assert findings(read(reader, FOLDER / name)) == wanted


@pytest.mark.parametrize("name", planted("arm", "right"))
def test_a_right_template_has_no_finding(name: str) -> None:
    assert findings(read(reader, FOLDER / name)) == []


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("plain", "plain"),
        ("[[literal]", "[literal]"),
        ("[parameters('team')]", "search"),
        ("[parameters('tags').team]", "search"),
        ("[variables('deep').a.b[1]]", "y"),
        ("[variables('deep')['a'].b[0]]", "x"),
        ("[concat('a', '-', parameters('team'))]", "a-search"),
        ("[format('{0}-{1:N2}-{9}', 'a', 'b')]", "a-b-{9}"),
        ("[toLower('ABC')]", "abc"),
        ("[replace('a b', ' ', '-')]", "a-b"),
        ("['it''s']", "it's"),
        ("[createObject('a', 'b', 'c', parameters('team'))]", {"a": "b", "c": "search"}),
        ("[union(parameters('tags'), createObject('a', 'b'))]", {"team": "search", "a": "b"}),
        ("[union(createObject('a', '1'), createObject('a', '2'))]", {"a": "2"}),
        ("[if(equals('a', 'A'), 'yes', 'no')]", "yes"),
        ("[if(not(equals('a', 'b')), 'yes', 'no')]", "yes"),
        ("[if(and(true(), empty('')), 'yes', 'no')]", "yes"),
        ("[coalesce(null(), 'x')]", None),
    ],
)
def test_expressions_come_to_what_the_template_says(expression: str, wanted: Any) -> None:
    found = Values(TEMPLATE).of(expression)
    assert found == wanted
    assert not isinstance(found, Later | Open)


@pytest.mark.parametrize(
    "expression",
    [
        "[parameters('stage')]",
        "[parameters('key')]",
        "[parameters('none')]",
        "[variables('circle')]",
        "[resourceGroup().location]",
        "[reference('x').y]",
        "[concat('a', parameters('stage'))]",
        "[uniqueString(subscription().id)]",
        "[if(equals(parameters('stage'), 'prod'), 'a', 'b')]",
        "[parameters('team').x]",
        "[not an expression",
        "[not an expression]",
        "[concat('a'",
        "[concat('a'))]",
        "[]",
        "[" + "f(" * 200 + ")" * 200 + "]",
    ],
)
def test_what_hangs_on_the_deployment_or_on_a_secret_is_known_later(expression: str) -> None:
    found = Values(TEMPLATE).of(expression)
    is_text = not expression.endswith("]")
    assert isinstance(found, Later) or (is_text and found == expression)
    assert "FAKE-SECRET" not in str(found)


def test_tags_that_are_partly_known_leave_it_open() -> None:
    (one,) = of([account(tags="[union(resourceGroup().tags, createObject('team', 'search'))]")])
    assert (one.tags, one.is_open) == ({"team": "search"}, True)
    (one,) = of([account(tags="[resourceGroup().tags]")])
    assert (one.tags, one.is_open) == ({}, True)
    tags = {"team": "[parameters('stage')]", "[parameters('stage')]": "x", "a": "b"}
    (one,) = of([account(tags=tags)], **TEMPLATE)
    assert (one.tags, one.is_open) == ({"a": "b"}, True)
    assert "team" in one.later


def test_variables_that_double_one_another_end() -> None:
    variables = {
        f"v{n}": f"[concat(variables('v{n + 1}'), variables('v{n + 1}'))]" for n in range(55)
    }
    values = Values({"variables": variables | {"v55": "x" * 50}})
    assert len(values.of("[variables('v0')]")) <= 10_000
    lists = {f"v{n}": [f"[variables('v{n + 1}')]"] * 2 for n in range(55)}
    assert isinstance(Values({"variables": lists | {"v55": "x"}}).of("[variables('v0')]"), list)
    properties = {"containers": "[variables('v0')]"}
    container = {"type": "Microsoft.ContainerInstance/containerGroups", "name": "c"}
    (one,) = of([container | {"properties": properties}], variables=lists | {"v55": "x"})
    assert one.layer is None


@pytest.mark.parametrize("name", ["[variables('account')]", "acme"])
def test_a_deployment_of_a_model_has_the_tags_of_its_account(name: str) -> None:
    child = name if name == "acme" else "variables('account')"
    quoted = f"'{child}'" if name == "acme" else child
    deployment = {"type": f"{ACCOUNT}/deployments", "name": f"[format('{{0}}/gpt', {quoted})]"}
    found = of([account(name=name, tags={"team": "search"}), deployment], **TEMPLATE)
    assert (found[1].taggable, found[1].tags) == (False, {"team": "search"})
    assert found[1].tags_at == f"{found[0].address}.tags"


def test_a_deployment_in_its_account_and_one_without_it() -> None:
    inner = {"type": "deployments", "name": "gpt"}
    found = of([account(tags={"team": "a"}, resources=[inner])])
    assert [one.address for one in found] == [f"{ACCOUNT}/a", f"{ACCOUNT}/deployments/a/gpt"]
    assert found[1].tags == {"team": "a"}
    (alone,) = of([{"type": f"{ACCOUNT}/deployments", "name": "other/gpt", "tags": {"team": "x"}}])
    assert (alone.taggable, alone.tags, alone.tags_at) == (False, {}, "")


def test_symbolic_names_are_addresses() -> None:
    resources = {"one": account(tags={"team": "a"}), "two": account(existing=True)}
    found = of(resources, languageVersion="2.0")
    assert [(one.address, one.unjudged) for one in found] == [("one", ""), ("two", "there already")]


def test_a_nested_deployment_has_the_scope_that_it_says() -> None:
    inner = {
        "contentVersion": "1.0.0.0",
        "parameters": {"team": {"type": "string", "defaultValue": "inner"}},
        "resources": [account(tags={"team": "[parameters('team')]"})],
    }
    nested: dict[str, Any] = {"type": "Microsoft.Resources/deployments", "name": "n"}

    def team(**properties: Any) -> str:
        found = of([nested | {"properties": {"template": inner, **properties}}], **TEMPLATE)
        assert found[1].address == f"Microsoft.Resources/deployments/n/{ACCOUNT}/a"
        return found[1].tags["team"]

    scope = {"expressionEvaluationOptions": {"scope": "inner"}}
    assert team() == "search"
    assert team(**scope) == "inner"
    given_ = {"parameters": {"team": {"value": "[concat('of-', parameters('team'))]"}}}
    assert team(**scope, **given_) == "of-search"


def test_a_linked_template_and_a_condition_that_does_not_hold_are_not_judged() -> None:
    linked = {"type": "Microsoft.Resources/deployments", "name": "l"}
    linked |= {"properties": {"templateLink": {"uri": "https://example.com/?sig=FAKE"}}}  # type: ignore[dict-item]
    found = of([linked, account(condition="[equals('a', 'b')]"), account(condition=False)])
    assert found[0].unjudged == "a linked template: check it by itself"
    assert [one.unjudged for one in found[1:]] == [
        "not made under the defaults of its condition",
        "not made under the defaults of its condition",
    ]
    assert "FAKE" not in repr(found)


def test_pools_of_a_cluster_are_judged_one_by_one() -> None:
    found = read(reader, FOLDER / "right_pool_tags.json")
    assert [(one.address.rpartition("/")[2], one.layer) for one in found] == [
        ("inference", None),
        ("system", None),
        ("gpu", "platform"),
    ]


def test_case_of_types_does_not_count() -> None:
    (one,) = of([{"type": "microsoft.search/SEARCHSERVICES", "name": "s"}])
    assert (one.type, one.layer) == ("Microsoft.Search/searchServices", "data")


def test_registries_and_rules_can_ask_for_provider_service_name_and_region() -> None:
    (one,) = of([account(name="acme", location="Sweden Central")])
    assert one.columns == {
        "ServiceProviderName": "Microsoft",
        "ServiceName": "Cognitive Services",
        "ResourceName": "acme",
        "RegionId": "swedencentral",
    }
    (one,) = of([account(name="[parameters('stage')]", location="[resourceGroup().location]")])
    assert set(one.columns) == {"ServiceProviderName", "ServiceName"}


def test_source_of_bicep_is_refused_with_what_to_do() -> None:
    source = (
        b"param team string\nresource a 'Microsoft.CognitiveServices/accounts@2024-10-01' = {\n"
    )
    with pytest.raises(Unreadable) as caught:
        reader.planned(source, "main.bicep")
    assert "bicep build" in caught.value.hint


def test_every_row_of_the_table_has_a_source_and_names_a_parent_where_it_takes_no_tags() -> None:
    rows = [row for rows in resource_types.known("arm").values() for row in rows]
    assert all(row.provider == "Microsoft" and row.source for row in rows)
    assert all(row.taggable or row.parent for row in rows)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ({"$schema": "https://x/2019-04-01/deploymentTemplate.json#", "resources": []}, True),
        ({"$schema": "https://x/subscriptionDeploymentTemplate.json#", "resources": {}}, True),
        ({"contentVersion": "1.0.0.0", "resources": []}, True),
        ({"resources": []}, False),
        ({"$schema": "https://x/deploymentParameters.json#", "parameters": {}}, False),
        ({"Resources": {}}, False),
        ([], False),
    ],
)
def test_a_template_is_recognised_by_its_schema_or_version(value: Any, wanted: bool) -> None:
    assert reader.recognises(value) is wanted


@given(st.text("[]()'.,{}0 abparmetsconcatunionvariables", max_size=40))
def test_any_text_in_brackets_comes_to_something(text: str) -> None:
    found = Values(TEMPLATE).of(f"[{text}]")
    assert found is None or isinstance(found, str | list | dict)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.name))
def test_odd_values_anywhere_break_nothing(file: Path) -> None:
    for document in documents(file):
        for changed in spoilt(document):
            found = reader.planned(json.dumps(changed).encode(), "x")[0]
            assert all(isinstance(v, str) for one in found for v in one.tags.values())
