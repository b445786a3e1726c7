"""The palette: text can be read, parts can be seen, and told apart by people who see fewer colours.

Colour blindness as in Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB;
differences in OKLab (Ottosson 2020).
"""

import re
from itertools import combinations
from math import cbrt, dist

import pytest

from everyline.drawing.palette import (
    BACKGROUNDS,
    LAYERS,
    METHODS,
    PALETTE,
    TEXTS,
    TONES,
    check_tones,
    custom_properties,
    literal,
)
from everyline.exports.statement_html import style

SCHEMES = (0, 1)
TEXT_MIN, GRAPHIC_MIN, APART_MIN = 4.5, 3.0, 0.11
SETS = (METHODS, (*LAYERS, "unallocated"))

Rgb = tuple[float, float, float]
Matrix = tuple[Rgb, Rgb, Rgb]

SIGHT: dict[str, Matrix] = {
    "full": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
TO_CONES: Matrix = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
TO_LAB: Matrix = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)


def linear(colour: str) -> Rgb:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return red, green, blue


def times(matrix: Matrix, rgb: Rgb) -> Rgb:
    red, green, blue = (sum(m * c for m, c in zip(row, rgb, strict=True)) for row in matrix)
    return red, green, blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted(
        0.2126 * red + 0.7152 * green + 0.0722 * blue
        for red, green, blue in (linear(one), linear(other))
    )
    return (light + 0.05) / (dark + 0.05)


def apart(one: str, other: str, sight: Matrix) -> float:
    def lab(colour: str) -> Rgb:
        red, green, blue = (min(max(c, 0.0), 1.0) for c in times(sight, linear(colour)))
        long, middle, short = times(TO_CONES, (red, green, blue))
        return times(TO_LAB, (cbrt(long), cbrt(middle), cbrt(short)))

    return dist(lab(one), lab(other))


def test_the_measures_are_right_where_the_answer_is_known() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert apart("#000000", "#ffffff", SIGHT["full"]) == pytest.approx(1, abs=1e-4)
    # Colours that differ in red against green alone: near for deutan, far for full sight.
    assert apart("#b08000", "#70a000", SIGHT["full"]) > 0.1
    assert apart("#b08000", "#70a000", SIGHT["deutan"]) < 0.06


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("text", TEXTS)
def test_text_is_read_on_every_background(text: str, background: str, scheme: int) -> None:
    assert contrast(PALETTE[text][scheme], PALETTE[background][scheme]) >= TEXT_MIN


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("tone", [*TONES, "line-strong"])
def test_parts_are_seen_on_a_card(tone: str, scheme: int) -> None:
    assert contrast(PALETTE[tone][scheme], PALETTE["surface"][scheme]) >= GRAPHIC_MIN


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("tones", SETS)
def test_tones_of_one_chart_are_told_apart(tones: tuple[str, ...], sight: str, scheme: int) -> None:
    for one, other in combinations(tones, 2):
        found = apart(PALETTE[one][scheme], PALETTE[other][scheme], SIGHT[sight])
        assert found >= APART_MIN, (one, other)


def test_the_properties_have_both_schemes() -> None:
    text = custom_properties()
    assert "--direct: light-dark(#264a9a, #5f83e6);" in text
    assert text.count("light-dark(") == len(PALETTE)
    assert literal("direct") == "#264a9a"


def test_a_tone_that_the_table_lacks_is_refused() -> None:
    check_tones(["direct", "team"])
    with pytest.raises(ValueError, match="no tone is called direkt"):
        check_tones(["direct", "direkt"])


def test_statements_have_the_same_colours() -> None:
    """Their style sheet spells the table out, for readers that do not know light-dark()."""
    light, dark = re.findall(r":root \{(.*?)\}", style(), re.DOTALL)[:2]
    for scheme, text in enumerate((light, dark)):
        found = dict(re.findall(r"--([\w-]+): (#\w+);", text))
        assert found
        for name, colour in found.items():
            long = colour if len(colour) == 7 else "#" + "".join(c * 2 for c in colour[1:])
            assert long == PALETTE[name][scheme], name
