"""How parts of charts are painted: by class on pages, by literal colours in print.

Print is for what knows no custom properties: documents and readers of mail. `static/charts.css`
says the same as `ROLES` for pages; `tests/drawing/test_charts_css.py` holds them together.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from everyline.drawing.palette import literal

Mode = Literal["page", "print"]

TONE = "tone"
"""Stands for the token of the part."""

_TEXT = {"font-size": "12.5"}
_HALO = {"stroke": "surface", "stroke-width": "3", "stroke-linejoin": "round"}
_BOLD = {"font-weight": "700"}

ROLES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "node": {"fill": TONE},
        "flow": {"fill": TONE, "fill-opacity": "0.32"},
        "thread": {"fill": "none", "stroke": TONE, "stroke-opacity": "0.32"},
        "tile": {"fill": "surface", "stroke": "line"},
        "cell": {"fill": TONE, "fill-opacity": "0.24", "stroke": "surface"},
        "edge": {"fill": TONE},
        "hatch": {"stroke": "unallocated", "stroke-opacity": "0.5", "stroke-width": "1"},
        "piece": {"fill": TONE, "stroke": "surface", "stroke-width": "1"},
        "grid": {"stroke": "line"},
        "axis": {"stroke": "line-strong"},
        "joint": {"stroke": "line-strong", "stroke-dasharray": "2 2"},
        "goal": {"stroke": "ink-2", "stroke-dasharray": "5 4", "stroke-width": "1.5"},
        "curve": {"fill": "none", "stroke": "direct", "stroke-width": "2"},
        "so-far": {
            "fill": "none",
            "stroke": "direct",
            "stroke-width": "2",
            "stroke-dasharray": "5 4",
        },
        "area": {"fill": "direct", "fill-opacity": "0.08"},
        "dot": {"fill": "surface", "stroke": "direct", "stroke-width": "2"},
        "name": {**_TEXT, **_BOLD, "fill": "ink"},
        "word": {**_TEXT, "fill": "ink"},
        "figure": {**_TEXT, "fill": "ink-2"},
        "halo": _HALO,
    }
)
"""Role to its SVG attributes; colours are tokens."""

_COLOURS = ("fill", "stroke")


def attributes(role: str, mode: Mode, tone: str = "") -> dict[str, str]:
    """The attributes of a part. A role may be two words: `name halo`."""
    if mode == "page":
        return {"class": f"{role} t-{tone}" if tone else role}
    found = {name: value for one in role.split() for name, value in ROLES[one].items()}
    return {name: _value(name, value, tone) for name, value in found.items()}


def _value(name: str, value: str, tone: str) -> str:
    if name not in _COLOURS or value == "none":
        return value
    return literal(tone if value == TONE else value)
