"""What a LiteLLM gateway is set up with: which tags its log will have, and that no key is kept."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from planted_things import PLANTED, SAMPLES, expected, findings, planted, read
from spoilt import documents, spoilt

from everyline.planned import Planned
from everyline.sources import litellm_keys as reader
from everyline.sources import marked

FOLDER = SAMPLES / "litellm"
ALL = sorted(FOLDER.iterdir())
PLAIN = "sk-FAKE-do-not-use"


def of(*values: Any) -> list[Planned]:
    text = "\n".join(json.dumps(value, indent=1) for value in values)
    return reader.joined(reader.planned(text.encode(), "x.json")[0])


def key(**fields: Any) -> dict[str, Any]:
    return {"path": "/key/generate", "body": fields}


def test_the_samples_have_what_was_found_by_reading_them() -> None:
    # config.yaml: keys that state no metadata would get `env:unknown`, and unknown is no
    # environment. The list of keys: of five, search-prod, support-copilot-prod and growth-batch
    # have teams whose tags say the team; the fourth has neither team nor tags (its metadata stands
    # on line 103), the fifth is of the team litellm-dashboard, which is in no list (line 129).
    # provision_requests.jsonl: line 5 asks for a key with nothing but a model. The deleted tables
    # are not judged, and teams without an environment may have keys that bring one.
    assert findings(read(reader, *ALL)) == [
        (
            "default_key_generate_params",
            "environment",
            "undeclared",
            "config.yaml:28",
            "metadata.tags",
        ),
        (
            "key/82a7b57ef4489fc8",
            "team",
            "missing",
            "get_key_list.return_full_object.json:103",
            "metadata.tags",
        ),
        (
            "key/3210659b613a4dd9",
            "team",
            "missing",
            "get_key_list.return_full_object.json:129",
            "metadata.tags",
        ),
        ("key/line 5", "team", "missing", "provision_requests.jsonl:5", "metadata.tags"),
    ]


def test_the_list_of_keys_alone_does_not_know_teams_by_name() -> None:
    # Without the list of teams, their tags are not seen, and each finding says so.
    found = read(reader, FOLDER / "get_key_list.return_full_object.json")
    missing = [address for address, *_ in findings(found)]
    assert len(missing) == 5
    notes = [one.note for one in found if one.tags.get("litellm_team")]
    assert len(notes) == 4
    assert all(note.endswith("not seen: give the list of teams too") for note in notes)


def test_every_sample_is_recognised_and_what_is_not_judged_says_why() -> None:
    for file in ALL:
        assert any(reader.recognises(v) for _, v in marked.documents(file.read_bytes()).found)
    reasons = {one.address: one.unjudged for one in read(reader, *ALL) if one.unjudged}
    assert reasons == {
        "default_team_settings/default-settings": "it sets callbacks, no tags",
        "key/legacy-experiments": "deleted",
        "key/a426efe8a51ddb70": "rotated",
        "team/00000000-dead-4bad-8bad-000000000000": "deleted",
        "organization/new/acme": "no call is made with it",
        "project/new/refunds": "no call is made with it",
        "customer/new/Tenant Seventeen": "no call is made with it",
    }


def test_the_answer_that_makes_a_key_joins_the_log_and_shows_no_key() -> None:
    (one,) = read(reader, FOLDER / "key_generate_response.json")
    token = "569620bc8635647aef4954786bc2404e36e3a19c92e32dccf8a9669028ea687b"
    assert one.columns["x_CredentialId"] == token
    assert one.tags == {
        "env": "prod",
        "use_case": "semantic-search",
        "litellm_team": "7f0c2c1e-3f5d-4d0e-9a5b-1c2d3e4f5a60",
        "litellm_key": "search-prod",
    }
    assert PLAIN not in repr(one)


@pytest.mark.parametrize("name", planted("litellm", "wrong"))
def test_a_planted_mistake_is_found(name: str) -> None:
    wanted = expected("litellm")[name]
    assert wanted
    assert findings(read(reader, PLANTED / "litellm" / name)) == wanted


@pytest.mark.parametrize("name", planted("litellm", "right"))
def test_a_right_setup_has_no_finding(name: str) -> None:
    assert findings(read(reader, PLANTED / "litellm" / name)) == []


def test_a_plain_key_is_hashed_as_the_log_has_it() -> None:
    wanted = hashlib.sha256(PLAIN.encode()).hexdigest()
    made = {"key": PLAIN, "key_name": "sk-...-use", "key_alias": "a"}
    asked = {"key": PLAIN, "info": {"key_alias": "b", "metadata": {}}}
    for value in (made, asked, key(key=PLAIN, key_alias="c")):
        (one,) = of(value)
        assert one.columns["x_CredentialId"] == wanted
        assert PLAIN not in repr(one)


def test_tags_of_the_team_come_last_and_stand_as_in_the_log() -> None:
    team = {"path": "/team/new", "body": {"team_id": "t", "metadata": {"tags": ["a:team", "b"]}}}
    _, one = of(team, key(team_id="t", metadata={"tags": ["a:key", "c:x:y", " "]}, tags=["d:e"]))
    assert one.tags == {"a": "team", "b": "true", "c": "x:y", "d": "e", "litellm_team": "t"}


def test_a_team_is_called_by_its_alias_as_in_the_log() -> None:
    team = {"team_id": "t", "team_alias": "search", "metadata": {}}
    found = of([team], key(team_id="t", key_alias="k"), key(team_id="u"))
    assert [one.tags["litellm_team"] for one in found] == ["search", "search", "u"]


def test_metadata_of_a_table_may_be_json_text() -> None:
    row = {"token": "a" * 64, "metadata": json.dumps({"tags": ["team:search"], "team": "x"})}
    (one,) = of({"LiteLLM_VerificationToken": [row]})
    assert one.tags == {"team": "search"}
    (broken,) = of({"LiteLLM_VerificationToken": [row | {"metadata": "{broken"}]})
    assert broken.tags == {}


def test_a_deployment_is_known_by_what_the_log_says_of_it() -> None:
    first = read(reader, FOLDER / "config.yaml")[0]
    assert first.columns == {
        "ResourceId": "azure-gpt-4o-prod",
        "x_Model": "azure/gpt-4o-prod",
        "ServiceProviderName": "Microsoft",
    }
    assert first.is_part
    # Two deployments of one public name are told apart.
    addresses = [one.address for one in read(reader, FOLDER / "config.yaml")][:2]
    assert addresses == ["model/gpt-4o/azure-gpt-4o-prod", "model/gpt-4o/2"]


def test_no_key_of_a_provider_is_read() -> None:
    text = f"model_list:\n- model_name: a\n  litellm_params: {{model: a/b, api_key: {PLAIN}}}\n"
    found, _ = reader.planned(text.encode(), "config.yaml")
    assert len(found) == 1
    assert PLAIN not in repr(found)


def test_other_files_that_the_configuration_takes_in_are_named() -> None:
    found, _ = reader.planned(b"model_list: []\ninclude: [models.yaml]\n", "config.yaml")
    assert [(one.address, one.unjudged) for one in found] == [
        ("include/models.yaml", "another file: give it too")
    ]


def test_a_list_of_hashes_says_that_nothing_is_known_of_them() -> None:
    (one,) = of({"keys": ["b" * 64], "total_count": 1})
    assert one.unjudged.startswith("only its hash is listed")
    assert one.columns == {"x_CredentialId": "b" * 64}


def test_answers_about_teams_are_read_too() -> None:
    info = {
        "team_id": "t",
        "team_info": {"team_id": "t", "team_alias": "a"},
        "keys": [{"token": "x"}],
    }
    assert [one.address for one in of(info)] == ["team/t", "key/2d711642b726b044"]
    assert [one.address for one in of({"teams": [{"team_id": "t"}]})] == ["team/t"]


@pytest.mark.parametrize(
    "value",
    [{}, [], {"keys": [1]}, {"a": "b"}, [{"a": 1}], {"apiVersion": "v1", "kind": "Pod"}, "x", None],
)
def test_other_documents_are_not_recognised(value: Any) -> None:
    found = marked.documents(json.dumps(value).encode()).found
    assert not any(reader.recognises(document) for _, document in found)


def test_an_empty_list_of_keys_is_one_still() -> None:
    (found,) = marked.documents(b'{"keys": [], "total_count": 0}').found
    assert reader.recognises(found[1])


@pytest.mark.parametrize("file", ALL, ids=lambda file: str(file.name))
def test_odd_values_anywhere_break_nothing(file: Path) -> None:
    for document in documents(file):
        for changed in spoilt(document):
            found = of(changed)
            assert all(isinstance(v, str) for one in found for v in one.tags.values())
            assert PLAIN not in repr(found)
