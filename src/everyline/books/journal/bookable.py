"""Which months may have a journal: closed ones that pass the gate (R25)."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from everyline.books import read
from everyline.books.gate import Check
from everyline.books.read import Close
from everyline.problems import Problem


def closed(project: Path, period: str) -> Close | list[Problem]:
    """The close of a month in whole books, or the problems why there is none."""
    if damaged := read.verified(project):
        return damaged
    close = next((one for one in read.closed(project) if one.period == period), None)
    hint = f"`everyline close {period}` books its statements; then it has a journal"
    return close or [_failed("period-not-closed", f"{period} is not closed", period, hint)]


def not_passed(checks: Iterable[Check], period: str) -> list[Problem]:
    """A problem for each check of the gate that has not passed."""
    hint = f"`everyline check --gate --period {period}` lists what to mend"
    return [
        replace(
            _failed("gate-not-passed", _sentence(check), period, hint),
            subject=check.name,
            currency=check.currency,
            cost=check.found if check.currency else None,
        )
        for check in checks
        if not check.passed
    ]


def _sentence(check: Check) -> str:
    return f"`{check.name}` of the gate has not passed: {check.says}"


def _failed(name: str, sentence: str, period: str, hint: str) -> Problem:
    return Problem(
        name=name,
        level="fail",
        sentence=sentence,
        place=f"{read.FOLDER}/{period}",
        period=period,
        hint=hint,
    )
