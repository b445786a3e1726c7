"""Problems: what is wrong with the user's data or configuration, as values.

A problem says what, where, how much money it touches and what to do. Problems are collected, never
raised; exceptions are for faults of our own. Levels and exit codes are those of rule R26.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import Literal

Level = Literal["configuration", "stop", "fail", "warn"]

EXIT_WELL = 0
EXIT_STOP = 1
EXIT_CONFIGURATION = 2
EXIT_GATE = 3
EXIT_FAULT = 70

_ORDER: tuple[Level, ...] = ("configuration", "stop", "fail", "warn")
_DIGITS = re.compile("[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One named problem.

    Attributes:
        name: words joined by hyphens; also the anchor in the documentation.
        level: `configuration` (exit 2), `stop` (nothing is published, exit 1), `fail` (a check was
            not passed, exit 3) or `warn` (exit 0).
        sentence: what is wrong, values in backticks, without a full stop.
        place: `file`, `file:line` or `file:line:column`, relative to the project folder.
        subject: the value or name that is wrong; tells problems of one place apart.
        period: the month touched, `2026-10`, where it is one.
        currency: ISO 4217 code of `cost`.
        cost: the EffectiveCost touched, signed, where it is known.
        count: how many charges are touched; 0 where the problem is not about charges.
        hint: what to do next.
    """

    name: str
    level: Level
    sentence: str
    place: str
    subject: str = ""
    period: str | None = None
    currency: str | None = None
    cost: Decimal | None = None
    count: int = 0
    hint: str = ""


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Severest level first, then the largest amount, then a fixed order; equal ones once."""
    return sorted(
        set(problems),
        key=lambda p: (
            _ORDER.index(p.level),
            -abs(p.cost or Decimal(0)),
            p.name,
            _DIGITS.sub(lambda digits: digits[0].zfill(9), p.place),
            p.place,
            p.subject,
            p.period or "",
            p.currency or "",
        ),
    )


def exit_code(problems: Iterable[Problem]) -> int:
    """The exit code of R26 that the severest of `problems` asks for."""
    levels = {problem.level for problem in problems}
    if "configuration" in levels:
        return EXIT_CONFIGURATION
    if "stop" in levels:
        return EXIT_STOP
    return EXIT_GATE if "fail" in levels else EXIT_WELL


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint naming the nearest known words, or listing them if few; empty if there are none."""
    words = sorted(set(known))
    near = get_close_matches(word, words, n=3, cutoff=0.6)
    if near:
        return "did you mean " + " or ".join(f"`{w}`" for w in near) + "?"
    if 0 < len(words) <= 12:
        return "known here: " + ", ".join(f"`{w}`" for w in words)
    return ""


def _shown(cost: Decimal) -> str:
    """An exact amount with at least two decimals, and no zeros after those."""
    whole, _, decimals = f"{cost:,f}".partition(".")
    return f"{whole}.{decimals.rstrip('0'):0<2}"


def as_text(problem: Problem) -> str:
    """The problem as a person reads it; readable without colour."""
    level = "error" if problem.level == "configuration" else problem.level
    lines = [f"{level}[{problem.name}]: {problem.sentence}", f"  --> {problem.place}"]
    touched = []
    if problem.count:
        touched.append(f"{problem.count:,} {'charge' if problem.count == 1 else 'charges'}")
    if problem.cost is not None:
        touched.append(f"{_shown(problem.cost)} {problem.currency or ''}".rstrip())
    if problem.period:
        touched.append(problem.period)
    if touched:
        lines.append("   = " + ", ".join(touched))
    if problem.hint:
        lines += ["", f"hint: {problem.hint}"]
    return "\n".join(lines)
