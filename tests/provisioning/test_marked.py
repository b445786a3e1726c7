"""Text of YAML and JSON with its lines: what is text, what is followed, what is refused."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everyline.sources import marked
from everyline.sources.marked import Map
from everyline.sources.unreadable import Unreadable

_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)


def values(text: str | bytes) -> list[Any]:
    data = text if isinstance(text, bytes) else text.encode()
    return [value for _, value in marked.documents(data).found]


def refused(text: str | bytes) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        values(text)
    return caught.value


def _as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_text(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_text(one) for one in value]
    return value if value is None or isinstance(value, str) else json.dumps(value)


def test_every_scalar_is_what_is_written() -> None:
    text = "a: no\nb: 0410\nc: 1e3\nd: 2026-10-01\ne: 12:30\nf: 'null'\ng: 0x1F\nh: .inf\ni: on"
    assert values(text) == [
        {
            "a": "no",
            "b": "0410",
            "c": "1e3",
            "d": "2026-10-01",
            "e": "12:30",
            "f": "null",
            "g": "0x1F",
            "h": ".inf",
            "i": "on",
        }
    ]


def test_a_null_is_none_however_it_is_spelt() -> None:
    assert values("a:\nb: ~\nc: null\nd: NULL\ne: ''") == [
        {"a": None, "b": None, "c": None, "d": None, "e": ""}
    ]
    assert values('{"a": null, "b": 1.50, "c": true}') == [{"a": None, "b": "1.50", "c": "true"}]


@given(st.lists(_VALUES.filter(lambda value: value is not None), min_size=1, max_size=3))
def test_json_values_one_after_another_are_read_as_they_are(found: list[Any]) -> None:
    for indent in (None, 1):
        text = "\n".join(json.dumps(value, indent=indent) for value in found)
        if text.lstrip()[:1] in ("{", "["):
            assert values(text) == [_as_text(value) for value in found]


@given(st.dictionaries(_TEXTS, _VALUES, min_size=1, max_size=4))
def test_each_key_of_json_stands_on_the_line_that_is_said(value: dict[str, Any]) -> None:
    text = json.dumps(value, indent=1)
    lines = text.split("\n")
    for found in marked.walk(values(text)[0]):
        for key, line in found.lines.items() if isinstance(found, Map) else ():
            assert lines[line - 1].strip().startswith(json.dumps(key) + ":")


def test_lines_of_yaml_are_those_of_keys() -> None:
    (document,) = values("# first\na:\n  b: 1\n  c: {d: 2,\n    e: 3}\n")
    assert document.lines == {"a": 2}
    assert document["a"].lines == {"b": 3, "c": 4}
    assert document["a"]["c"].lines == {"d": 4, "e": 5}
    assert marked.line_of(document, "a.c.e", 99) == 5
    assert marked.line_of(document, "a.x.y", 99) == 2
    assert marked.line_of(document, "z", 99) == 99


def test_anchors_aliases_and_merge_keys_are_followed() -> None:
    text = "a: &a {team: search, app: x}\nb: *a\nc: {<<: *a, app: y}\nd: {app: z, <<: [*a]}\n"
    (found,) = values(text)
    assert found["b"] == {"team": "search", "app": "x"}
    assert found["c"] == {"app": "y", "team": "search"}
    assert found["d"] == {"app": "z", "team": "search"}
    assert marked.documents(text.encode()).repeated == []


def test_an_anchor_of_one_document_is_unknown_in_the_next() -> None:
    error = refused("a: &a 1\n---\nb: *a\n")
    assert (error.sentence, error.line) == ("the alias `*a` stands for nothing before it", 3)


def test_a_file_that_grows_by_its_aliases_is_refused() -> None:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    error = refused("a0: &a0 [x, x, x]\n" + "\n".join(levels))
    assert error.sentence == "the file grows too large by its aliases"
    assert "stands within itself" in refused("a: &a [*a]").sentence


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000 + "x", '{"a":' * 100_000])
def test_what_is_nested_without_end_is_refused(text: str) -> None:
    assert "nested too deeply" in refused(text).sentence or "depth" in refused(text).sentence


@pytest.mark.parametrize(
    ("text", "sentence", "line"),
    [
        (b"a: \xff", "the file is not UTF-8", 1),
        (b'{"a": 1', "the text is no JSON from column 8 on", 1),
        (b"? [a, b]\n: c", "a key is a list or a map", 1),
        (b"a: b\nc: [d\n", "the file can't be read as YAML: did not find expected ',' or ']'", 3),
        (b"{{- if .Values.gpu }}\na: b\n", "the file is a template, not what it renders to", 1),
        (b"a:\n  {{ toYaml .x }}\n  b: c", "the file is a template, not what it renders to", 2),
        (
            b"// one\nparam location string = 'x'\n",
            "the file is the source of a template in Bicep, which is not read",
            2,
        ),
        (
            b'resource "aws_instance" "gpu" {\n}',
            "the file is source of Terraform, which is not read",
            1,
        ),
    ],
)
def test_what_is_not_read_is_said_with_its_line(text: bytes, sentence: str, line: int) -> None:
    error = refused(text)
    assert (error.sentence, error.line) == (sentence, line)
    assert error.hint


def test_bicep_is_told_how_it_becomes_a_template() -> None:
    assert "`bicep build FILE`" in refused("targetScope = 'subscription'\n").hint


def test_a_key_that_stands_twice_is_said_and_the_later_one_stands() -> None:
    documents = marked.documents(b"a: 1\nb:\n  c: 1\n  c: 2\n")
    assert documents.found[0][1] == {"a": "1", "b": {"c": "2"}}
    (repeated,) = documents.repeated
    problem = marked.repeated_problem(repeated, "x.yaml")
    assert (problem.name, problem.level, problem.place) == ("repeated-key", "warn", "x.yaml:4")
    assert marked.documents(b'{"a": 1,\n "a": 2}').repeated == [("a", 2)]


def test_signs_that_no_file_can_hold_are_replaced() -> None:
    assert values('{"a": "x\\u0000y\\ud800z"}') == [{"a": "x?y?z"}]
    assert values('a: "x\\0y"') == [{"a": "x?y"}]


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(Unreadable):
        assert all(line > 0 for line, _ in marked.documents(data).found)
