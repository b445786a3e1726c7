"""What a LiteLLM gateway is set up with: keys, teams and deployments, before any call is made.

Read are `config.yaml`, answers of `/key/list`, `/team/list`, `/key/info`, `/team/info` and
`/key/generate`, requests in lines (`{"path": ..., "body": ...}`), and the tables of keys and teams
by their names in the database, the deleted ones too.

| field | is |
| --- | --- |
| `token`, `token_id`; of a plain `key` its SHA-256 | x_CredentialId, as the spend logs have it |
| `user_id` | x_PrincipalId |
| `metadata.tags` and `tags` of a key, then those of its team | Tags: `k:v`, without colon `true` |
| alias of the team, else its id | Tags: `litellm_team` |
| `key_alias` | Tags: `litellm_key` |
| `litellm_params.tags` of a deployment, `model_info.team_id` | Tags, `litellm_team` |
| `model_info.id`, `litellm_params.model`, what stands before its `/` | ResourceId, x_Model, \
ServiceProviderName |
| other entries of `metadata` | misplaced: no log of calls has them as tags |

A key is what calls are made with, so it is judged in full; teams, deployments and defaults are
judged by what they state. Plain keys are hashed and kept nowhere; `api_key` is never read.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from everyline import names
from everyline.planned import Planned
from everyline.problems import Problem
from everyline.sources import marked
from everyline.sources.marked import Map, at, line_of
from everyline.sources.unreadable import Unreadable

KEY, TEAM, DEPLOYMENT = "LiteLLM key", "LiteLLM team", "LiteLLM deployment"
_DEFAULT, _OTHER = "LiteLLM default", "LiteLLM setting"

_HASH = re.compile("[0-9a-f]{64}")
_TAGS_AT = "metadata.tags"
_FORM = "a tag is written `key:value`"
_NO_TEAM = "the tags of its team are not seen: give the list of teams too"
_REPLY = ("token", "key", "token_id")

_TABLES: Mapping[str, tuple[str, str]] = {
    "LiteLLM_VerificationToken": (KEY, ""),
    "LiteLLM_DeletedVerificationToken": (KEY, "deleted"),
    "LiteLLM_DeprecatedVerificationToken": (KEY, "rotated"),
    "LiteLLM_TeamTable": (TEAM, ""),
    "LiteLLM_DeletedTeamTable": (TEAM, "deleted"),
}
"""Tables of the gateway's database: what a row is, and why it is not judged."""

_REQUESTS: Mapping[str, str] = {
    "/key/generate": KEY,
    "/key/service-account/generate": KEY,
    "/team/new": TEAM,
}
"""Requests that make something that calls are made with."""

_SETS_UP = re.compile(r"/(?:key|team|project|organization|customer|end_user|user|budget|tag)/\w+")


def recognises(value: Any) -> bool:
    """Whether a document is of a gateway's setup."""
    if isinstance(value, Map) and isinstance(value.get("keys"), list) and "total_count" in value:
        return True
    return next(_things(value, ""), None) is not None


def planned(data: bytes, place: str) -> tuple[list[Planned], list[Problem]]:
    """Keys, teams and deployments of a file.

    Raises:
        Unreadable: the file is neither YAML nor JSON.
    """
    documents = marked.documents(data)
    found = [one for _, document in documents.found for one in _things(document, place)]
    return found, [marked.repeated_problem(key, place) for key in documents.repeated]


def joined(found: Sequence[Planned]) -> list[Planned]:
    """The same with the tags and the alias of teams on their keys, whatever file has them."""
    teams = {one.address.removeprefix("team/"): one for one in reversed(found) if one.type == TEAM}
    result = []
    for one in found:
        id_ = one.tags.get("litellm_team") if one.type in (KEY, DEPLOYMENT) else None
        if id_ in teams:
            # In the log, tags of the team come after those of the key, and the last stands.
            tags = {**one.tags, **teams[id_].tags} if one.type == KEY else {**one.tags}
            tags["litellm_team"] = teams[id_].tags.get("litellm_team", id_)
            misplaced = {k: path for k, path in one.misplaced.items() if k not in tags}
            result.append(replace(one, tags=tags, misplaced=misplaced))
        elif id_ and one.type == KEY:
            result.append(replace(one, note=f"{_FORM}; {_NO_TEAM}"))
        else:
            result.append(one)
    return result


def _things(value: Any, place: str) -> Iterator[Planned]:
    """What a document sets up; nothing where it is of another kind."""
    if isinstance(value, list):
        for one in value:
            yield from _one(one, place)
    elif isinstance(value, Map):
        is_config = isinstance(value.get("model_list"), list) or "litellm_settings" in value
        yield from _config(value, place) if is_config else _answers(value, place)


def _answers(value: Map, place: str) -> Iterator[Planned]:
    tables = [name for name in _TABLES if isinstance(value.get(name), list)]
    for name in tables:
        type_, unjudged = _TABLES[name]
        for row in value[name]:
            if isinstance(row, Map):
                made = _MAKERS[type_](row, place)
                yield replace(made, unjudged=unjudged or made.unjudged)
    keys, teams = value.get("keys"), value.get("teams")
    if tables:
        return
    if "team_info" not in value and isinstance(keys, list) and _is_list_of(keys, "token"):
        for number, key in enumerate(keys, 1):
            yield _key(key, place) if isinstance(key, Map) else _bare(key, number, value, place)
    elif isinstance(teams, list) and _is_list_of(teams, "team_id"):
        yield from (_team(team, place) for team in teams if isinstance(team, Map))
    else:
        yield from _one(value, place)


def _is_list_of(values: Sequence[Any], name: str) -> bool:
    return all(
        name in one if isinstance(one, Map) else bool(_HASH.fullmatch(str(one))) for one in values
    )


def _one(value: Any, place: str) -> Iterator[Planned]:
    """A request, an answer about one key or team, or a row of a table."""
    if not isinstance(value, Map):
        return
    path, body = value.get("path"), value.get("body")
    if isinstance(path, str) and isinstance(body, Map):
        if _SETS_UP.fullmatch(path):
            yield _request(path, body, place)
    elif isinstance(value.get("info"), Map) and "key" in value:
        yield _key(value["info"], place, value["key"])
    elif isinstance(value.get("team_info"), Map):
        yield _team(value["team_info"], place)
        keys = value.get("keys")
        for key in keys if isinstance(keys, list) else ():
            if isinstance(key, Map):
                yield _key(key, place)
    elif any(name in value for name in _REPLY) and ("key_name" in value or "key_alias" in value):
        yield _key(value, place)
    elif "team_id" in value and ("team_alias" in value or "members_with_roles" in value):
        yield _team(value, place)


def _request(path: str, body: Map, place: str) -> Planned:
    type_ = _REQUESTS.get(path)
    if type_ is not None:
        return _MAKERS[type_](body, place)
    names_ = [n for n in body if n.endswith("_alias") or n in ("alias", "team_id")]
    named = next((body[n] for n in names_ if isinstance(body[n], str)), f"line {body.line}")
    return Planned(
        address=f"{path.strip('/')}/{named}",
        type=_OTHER,
        place=f"{place}:{body.line}",
        unjudged="no call is made with it",
    )


def _key(key: Map, place: str, plain: Any = None) -> Planned:
    credential = _credential(key, plain)
    alias, team = _text(key.get("key_alias")), _text(key.get("team_id"))
    metadata = _metadata(key)
    tags = {**_tags(at(metadata, "tags")), **_tags(key.get("tags"))}
    tags |= {k: v for k, v in (("litellm_team", team), ("litellm_key", alias)) if v}
    columns = {"x_CredentialId": credential, "x_PrincipalId": _text(key.get("user_id"))}
    return Planned(
        address=f"key/{alias or credential[:16] or f'line {key.line}'}",
        type=KEY,
        place=f"{place}:{line_of(key, _TAGS_AT, key.line)}",
        tags=tags,
        columns={name: text for name, text in columns.items() if text},
        layer="model",
        tags_at=_TAGS_AT,
        unjudged="blocked" if key.get("blocked") == "true" else "",
        misplaced=_misplaced(metadata, tags),
        note=_FORM,
    )


def _bare(key: Any, number: int, holder: Map, place: str) -> Planned:
    """A key of which a list has the hash alone."""
    return Planned(
        address=f"key/{str(key)[:16]}",
        type=KEY,
        place=f"{place}:{holder.lines.get('keys', holder.line)}",
        columns={"x_CredentialId": str(key)},
        layer="model",
        tags_at=_TAGS_AT,
        unjudged="only its hash is listed: fetch the list with return_full_object=true",
    )


def _credential(key: Map, plain: Any) -> str:
    """The SHA-256 by which the logs name the key; empty where it is not made yet."""
    given = [plain, *(key.get(name) for name in ("token", "token_id", "key", "api_key_hash"))]
    texts = [text for text in given if isinstance(text, str) and text.strip()]
    hashed = next((text for text in texts if _HASH.fullmatch(text)), "")
    if hashed or not texts:
        return hashed
    return hashlib.sha256(texts[0].encode()).hexdigest()


def _team(team: Map, place: str) -> Planned:
    id_, alias = _text(team.get("team_id")), _text(team.get("team_alias"))
    metadata = _metadata(team)
    tags = {**_tags(at(metadata, "tags")), **_tags(team.get("tags"))}
    if alias or id_:
        tags["litellm_team"] = alias or id_
    return Planned(
        address=f"team/{id_ or alias or f'line {team.line}'}",
        type=TEAM,
        place=f"{place}:{line_of(team, _TAGS_AT, team.line)}",
        tags=tags,
        layer="model",
        tags_at=_TAGS_AT,
        unjudged="blocked" if team.get("blocked") == "true" else "",
        misplaced=_misplaced(metadata, tags),
        note=_FORM,
        is_part=True,
    )


_MAKERS: Mapping[str, Callable[[Map, str], Planned]] = {KEY: _key, TEAM: _team}


def _config(config: Map, place: str) -> Iterator[Planned]:
    models = config.get("model_list")
    seen: dict[str, int] = {}
    for model in models if isinstance(models, list) else ():
        if isinstance(model, Map):
            name = _text(model.get("model_name")) or f"line {model.line}"
            seen[name] = seen.get(name, 0) + 1
            id_ = _text(at(model, "model_info.id"))
            same = id_ or (str(seen[name]) if seen[name] > 1 else "")
            yield _deployment(model, "/".join(filter(None, ("model", name, same))), place)
    others = config.get("include")
    for number, other in enumerate(others if isinstance(others, list) else (), 1):
        address, where = f"include/{_text(other) or number}", f"{place}:{config.lines['include']}"
        yield Planned(address, _OTHER, where, unjudged="another file: give it too")
    settings = config.get("litellm_settings")
    defaults = at(settings, "default_key_generate_params")
    if isinstance(defaults, Map):
        yield replace(_key(defaults, place), **_AS_DEFAULT)
    teams = at(settings, "default_team_settings")
    for team in teams if isinstance(teams, list) else ():
        if isinstance(team, Map):
            named = _text(team.get("team_id")) or f"line {team.line}"
            address, where = f"default_team_settings/{named}", f"{place}:{team.line}"
            yield Planned(address, _OTHER, where, unjudged="it sets callbacks, no tags")


_AS_DEFAULT: Mapping[str, Any] = {
    "address": "default_key_generate_params",
    "type": _DEFAULT,
    "columns": {},
    "is_part": True,
}
"""What is other about the settings that keys get where they state none."""


def _deployment(model: Map, address: str, place: str) -> Planned:
    tags = dict(_tags(at(model, "litellm_params.tags")))
    team = _text(at(model, "model_info.team_id"))
    if team:
        tags["litellm_team"] = team
    written = _text(at(model, "litellm_params.model"))
    provider = _text(at(model, "litellm_params.custom_llm_provider"))
    provider = provider or written.partition("/")[0] if "/" in written else provider
    columns = {
        "ResourceId": _text(at(model, "model_info.id")),
        "x_Model": names.models().get(names.folded(written), written),
        "ServiceProviderName": names.provider_name(provider) if provider else "",
    }
    return Planned(
        address=address,
        type=DEPLOYMENT,
        place=f"{place}:{line_of(model, 'litellm_params.tags', model.line)}",
        tags=tags,
        columns={name: text for name, text in columns.items() if text},
        layer="model",
        tags_at="litellm_params.tags",
        note=_FORM,
        is_part=True,
    )


def _tags(value: Any) -> Mapping[str, str]:
    """Tags as the log of calls has them: `k:v`, without colon `true`; a map as it is."""
    value = _unpacked(value)
    if isinstance(value, dict):
        return {k: v.strip() for k, v in value.items() if isinstance(v, str) and v.strip()}
    tags = {}
    for text in value if isinstance(value, list) else ():
        if isinstance(text, str) and text.strip() and not text.startswith("User-Agent:"):
            key, _, rest = text.partition(":")
            has_key = bool(key) and ":" in text
            tags[key.strip() if has_key else text.strip()] = rest.strip() if has_key else "true"
    return {key: text for key, text in tags.items() if key and text}


def _metadata(holder: Map) -> Any:
    return _unpacked(holder.get("metadata"))


def _unpacked(value: Any) -> Any:
    """A value that a table has as JSON text; as it is where it is no such text."""
    if not isinstance(value, str) or value.strip()[:1] not in ("{", "["):
        return value
    try:
        found = marked.documents(value.encode()).found
    except Unreadable:
        return None
    return found[0][1] if len(found) == 1 else None


def _misplaced(metadata: Any, tags: Mapping[str, str]) -> Mapping[str, str]:
    """Entries of `metadata` that are no tags, so that no log of calls has them."""
    pairs = metadata.items() if isinstance(metadata, dict) else ()
    keys = [key for key, value in pairs if isinstance(value, str) and value.strip()]
    return {key: "metadata" for key in keys if key not in (*tags, "tags")}


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
