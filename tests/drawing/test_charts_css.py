"""The style sheet says for pages what `paint.ROLES` says for print."""

import re

import pytest

from everyline.drawing.macros import stylesheet
from everyline.drawing.netting import NODES_MAX
from everyline.drawing.paint import ROLES, TONE, attributes
from everyline.drawing.palette import PALETTE, TONES

RULE = re.compile(r"^\.([\w-]+) \{ (.*?) \}$", re.MULTILINE)
LATER = {"paint-order"}
"""Properties that print does without."""


def declared() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name, text in RULE.findall(stylesheet()):
        pairs = (one.split(": ", 1) for one in text.rstrip(";").split("; "))
        found.setdefault(name, {}).update(dict(pairs))
    return found


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_painted_alike(role: str) -> None:
    wanted = {
        name: f"var(--{value})" if value in (*PALETTE, TONE) else value
        for name, value in ROLES[role].items()
    }
    found = {
        name: value.removesuffix("px")
        for name, value in declared()[role].items()
        if name not in LATER
    }
    assert found == wanted


def test_every_tone_has_its_class() -> None:
    classes = {name: value for name, value in declared().items() if name.startswith("t-")}
    assert classes == {f"t-{tone}": {"--tone": f"var(--{tone})"} for tone in TONES}


def test_every_property_that_is_used_is_there() -> None:
    used = set(re.findall(r"var\(--([\w-]+)\)", stylesheet())) - {TONE}
    assert used <= set(PALETTE)


def test_pages_get_classes_and_print_gets_colours() -> None:
    assert attributes("flow", "page", "direct") == {"class": "flow t-direct"}
    assert attributes("flow", "print", "direct") == {"fill": "#264a9a", "fill-opacity": "0.32"}
    assert attributes("name halo", "print")["stroke"] == "#ffffff"


def test_pointing_at_a_node_fades_what_does_not_touch_it() -> None:
    pairs = re.findall(
        r"at-([\d-]+):is\(:hover, :focus-visible\)\) \.flows \.part:not\(\.of-([\d-]+)\)",
        stylesheet(),
    )
    marks = [f"{column}-{node}" for column in range(6) for node in range(NODES_MAX)]
    assert pairs == [(mark, mark) for mark in marks]
    assert stylesheet().count("{") == stylesheet().count("}")
