"""The colours of pages and charts: one table, for light and for dark.

`tests/drawing/test_palette.py` measures contrast and what people with colour blindness can tell
apart. Meaning: blues are somebody's own cost, grey is shared by a key, orange is nobody's yet.
"""

from collections.abc import Iterable
from typing import NamedTuple


class Colour(NamedTuple):
    """One token in both schemes, as `#rrggbb`."""

    light: str
    dark: str


PALETTE = {
    "bg": Colour("#f6f7f9", "#0f1318"),
    "surface": Colour("#ffffff", "#171d24"),
    "raised": Colour("#eef1f5", "#202832"),
    "line": Colour("#d9dee6", "#2d3743"),
    "line-strong": Colour("#7d8898", "#6d7a8a"),
    "ink": Colour("#17202b", "#e8edf3"),
    "ink-2": Colour("#4a5666", "#aeb9c6"),
    "accent": Colour("#1d56b3", "#86b4ff"),
    "ok": Colour("#16703c", "#62cf8f"),
    "warn": Colour("#8a5a00", "#f0b944"),
    "bad": Colour("#b3261e", "#ff8a80"),
    "direct": Colour("#264a9a", "#5f83e6"),
    "traced": Colour("#1e74af", "#9addfe"),
    "shared": Colour("#8192a0", "#9a9fac"),
    "unallocated": Colour("#d2552b", "#f07f1f"),
    "model": Colour("#8f47bf", "#a873ec"),
    "platform": Colour("#1c9488", "#47b8ad"),
    "data": Colour("#5e4200", "#e0cf5e"),
    "team": Colour("#4a5666", "#aeb9c6"),
    "more": Colour("#b3261e", "#ff8a80"),
    "less": Colour("#16703c", "#62cf8f"),
}

TEXTS = ("ink", "ink-2", "accent", "ok", "warn", "bad")
"""Tokens that text is written in."""

BACKGROUNDS = ("bg", "surface", "raised")

METHODS = ("direct", "traced", "shared", "unallocated")
"""How cost came to its owner, in the order of every chart."""

LAYERS = ("model", "platform", "data")

TONES = (*LAYERS, *METHODS, "team", "more", "less")
"""Tokens that parts of charts are filled with, in the order of legends."""


def custom_properties() -> str:
    """The table as CSS custom properties; the browser picks the scheme."""
    written = "\n".join(
        f"  --{name}: light-dark({one.light}, {one.dark});" for name, one in PALETTE.items()
    )
    return f":root {{\n  color-scheme: light dark;\n{written}\n}}\n"


def check_tones(tones: Iterable[str]) -> None:
    """Parts are painted in tones of the table alone; what has none of its own is `team`.

    Raises:
        ValueError: another name, which would be drawn black, or in no colour.
    """
    unknown = sorted(set(tones) - set(TONES))
    if unknown:
        raise ValueError(f"no tone is called {', '.join(unknown)}")


def literal(name: str) -> str:
    """The light colour of a token, for print, where custom properties are not known."""
    return PALETTE[name].light
