"""GitHub Copilot seats: who has a seat in a month, and how many are paid.

Source: GitHub's REST reference, Copilot user management: `GET /orgs/{org}/copilot/billing/seats`
and the same below `/enterprises/{enterprise}`, page by page; beside it the summary
`GET /orgs/{org}/copilot/billing`. Pages may stand one after another in one file, as
`gh api --paginate` writes them, in one list, or as seats alone, one a line.

| field | meter, unit |
| --- | --- |
| a seat | `seats`, seats: 1 |
| `total_seats`; `seat_breakdown.total` of the summary | `seats_capacity`, seats |

| field | column |
| --- | --- |
| `assignee.login`, else its `slug` or `id` | x_PrincipalId |
| `organization.login` | SubAccountId |
| `plan_type` | x_Tier; `unknown` is none |
| `assigning_team.slug`, else its `name` | Tags `copilot_team` |
| the month; `created_at` where it lies within | hour |

An answer has no date of its own. Its month is, in this order: what `{period}` stands for in the
source's `path`; the one month that the file's name names, or else the nearest folder's
(`2026-10`, `seats-2026-10-31.json`); `fetched_at`, if whoever fetched it wrote that beside `seats`;
the latest `last_activity_at` or `created_at` in the file, which is said (`month-from-activity`).
A file without any stops the run (`no-usage-month`).

A seat counts whole in every month in which an answer lists it. Natural key: month, meter, person.
So several answers of a month count each person once, and the last one's total. A team of GitHub in
`assigning_team` is how the seat was given, if it was not given to the person alone.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from everyline.config.sources import UsageSource
from everyline.problems import Problem
from everyline.scalars import instant_of
from everyline.sources import json_text, json_values, usage_pages
from everyline.sources.format import Facts, Rows
from everyline.sources.row_problems import RowProblem, RowProblems
from everyline.sources.telemetry import Telemetry
from everyline.sources.unreadable import Unreadable

_KEY = ("x_Month", "x_Meter", "x_PrincipalId")
_COLUMNS = (
    *_KEY,
    "SubAccountId",
    "x_Tier",
    "Tags",
    "hour",
    "x_Unit",
    "x_Quantity",
    "x_RequestCount",
)

_MONTH = re.compile(r"(?<![0-9])(20[0-9]{2})-(0[1-9]|1[0-2])(?:-[0-3][0-9])?(?![0-9])")
_MOMENTS = ("last_activity_at", "created_at")

_FROM_ACTIVITY = RowProblem(
    name="month-from-activity",
    level="warn",
    sentence="the file names no month; the latest activity in it is of {}, which is taken",
    hint="name the file or its folder after the month, such as `2026-10`",
)
_AFTER_MONTH = RowProblem(
    name="seat-after-month",
    level="warn",
    sentence="seats were given after the month {} of their file; they count in it",
    hint="check whether the file lies in the folder of the right month",
)
_NO_SEAT = RowProblem(
    name="seat-not-understood",
    level="stop",
    sentence="an entry of {} is no seat",
    hint="fetch the page again",
)


def _recognises(path: Path, head: bytes) -> bool:
    if path.suffix not in (".json", ".jsonl"):
        return False
    has_seats = b'"assignee"' in head and b'"last_activity_at"' in head
    return has_seats or b'"total_seats"' in head or b'"seat_breakdown"' in head


def _read(path: Path, source: UsageSource, unpacked: Path) -> Sequence[Rows]:
    pages = list(_pages(path))
    problems = RowProblems()
    month = _month(path, source, pages, problems)
    totals = [total for _, page in pages if (total := _capacity(page)) is not None]
    facts = {
        "month": month,
        "listed": len({_person(s) or at for at, (_, s) in enumerate(_seats(pages))}),
        "has_seats": any("seats" in page for _, page in pages),
        "total": max((n for t in totals if (n := usage_pages.count(t)) is not None), default=None),
        "problems": problems.told,
    }
    return [Rows(_COLUMNS, _rows(pages, month, problems), facts)]


def _pages(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The answers in a file, each with its line; a seat alone is a page of one seat."""
    for line, value in json_values.values(path):
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, dict) or not _is_page(one):
                hint = "expected `seats` and `total_seats`, or the summary's `seat_breakdown`"
                raise Unreadable("the file is no list of Copilot seats", hint, line=line)
            yield line, one if "assignee" not in one else {"seats": [one]}


def _is_page(value: Mapping[str, Any]) -> bool:
    if isinstance(value.get("seat_breakdown"), dict):
        return True
    return isinstance(value.get("seats"), list) or "assignee" in value


def _seats(pages: Sequence[tuple[int, Mapping[str, Any]]]) -> Iterator[tuple[int, Any]]:
    for line, page in pages:
        for seat in page.get("seats") or ():
            yield line, seat


def _capacity(page: Mapping[str, Any]) -> str | None:
    summary = page.get("seat_breakdown")
    if isinstance(summary, dict):
        return json_text.cell(summary.get("total"))
    return json_text.cell(page.get("total_seats"))


def _month(
    path: Path,
    source: UsageSource,
    pages: Sequence[tuple[int, Mapping[str, Any]]],
    problems: RowProblems,
) -> str:
    """The month of which the file tells, `2026-10`.

    Raises:
        Unreadable: nothing says which one it is.
    """
    for part in _named(path, source.path):
        months = {f"{year}-{month}" for year, month in _MONTH.findall(part)}
        if len(months) == 1:
            return months.pop()
    fetched = _latest(page.get("fetched_at") for _, page in pages)
    if fetched:
        return fetched.strftime("%Y-%m")
    seats = [seat for _, seat in _seats(pages) if isinstance(seat, dict)]
    latest = _latest(seat.get(name) for seat in seats for name in _MOMENTS)
    if latest:
        problems.tell(_FROM_ACTIVITY, 1, latest.strftime("%Y-%m"))
        return latest.strftime("%Y-%m")
    raise Unreadable(
        "nothing says of which month these seats are",
        "put the file into a folder of its month, such as `2026-10`, or name it so",
        name="no-usage-month",
        line=1,
    )


def _named(path: Path, pattern: str) -> list[str]:
    """The parts of a path that may name a month: `{period}` first, then file and folders."""
    steps = pattern.split("/")
    parts = list(path.parts[-len(steps) :])
    after = next((at for at, step in enumerate(reversed(steps), 1) if "{period}" in step), 0)
    inner = parts[::-1]
    # Behind `**` a place from the end is not certain.
    if 0 < after <= len(inner) and "**" not in steps[-after:]:
        return [inner[after - 1], *inner]
    return inner


def _latest(values: Iterator[Any]) -> datetime | None:
    moments = (instant_of(json_text.cell(value) or "") for value in values)
    return max((moment for moment in moments if moment), default=None)


def _rows(
    pages: Sequence[tuple[int, Mapping[str, Any]]], month: str, problems: RowProblems
) -> Iterator[tuple[str | None, ...]]:
    start = f"{month}-01T00:00:00Z"
    for line, seat in _seats(pages):
        if not isinstance(seat, dict):
            problems.tell(_NO_SEAT, line, "seats")
            continue
        given = instant_of(json_text.cell(seat.get("created_at")) or "")
        is_within = given is not None and given.strftime("%Y-%m") == month
        if given is not None and given.strftime("%Y-%m") > month:
            problems.tell(_AFTER_MONTH, line, month)
        yield (
            month,
            "seats",
            _person(seat),
            _of(seat.get("organization"), "login"),
            _plan(seat),
            _tags(seat),
            given.strftime("%Y-%m-%dT%H:%M:%SZ") if given and is_within else start,
            "seats",
            "1",
            "0",
        )
    totals = [total for _, page in pages if (total := _capacity(page))]
    for total in totals[-1:]:
        yield (month, "seats_capacity", *(None,) * 4, start, "seats", total, "0")


def _of(value: Any, *names: str) -> str | None:
    """The first of `names` that an object has."""
    if not isinstance(value, dict):
        return None
    return next((text for name in names if (text := json_text.cell(value.get(name)))), None)


def _person(seat: Any) -> str | None:
    return _of(seat.get("assignee"), "login", "slug", "id") if isinstance(seat, dict) else None


def _plan(seat: Mapping[str, Any]) -> str | None:
    plan = json_text.cell(seat.get("plan_type"))
    return None if plan == "unknown" else plan


def _tags(seat: Mapping[str, Any]) -> str | None:
    team = _of(seat.get("assigning_team"), "slug", "name")
    return json.dumps({"copilot_team": team}, ensure_ascii=False) if team else None


def _across(files: Sequence[Facts]) -> list[Problem]:
    """Months whose files list fewer seats than are paid: a page is missing (R1)."""
    found = []
    for month in sorted({str(file.facts["month"]) for file in files}):
        of_month = [file for file in files if file.facts["month"] == month]
        totals = [int(str(t)) for f in of_month if (t := f.facts["total"]) is not None]
        listed = sum(int(str(file.facts["listed"])) for file in of_month)
        pages = [file for file in of_month if file.facts["has_seats"]]
        if pages and totals and listed < max(totals):
            found.append(
                Problem(
                    name="missing-page",
                    level="stop",
                    sentence=f"`{max(totals)}` seats are paid in `{month}`, and the files list "
                    f"`{listed}`",
                    place=pages[-1].file,
                    subject=month,
                    hint="fetch all pages of the seats, such as by `gh api --paginate`",
                )
            )
    return found


TELEMETRY = Telemetry(
    name="copilot-seats",
    title="GitHub Copilot seats (JSON of the REST API)",
    recognises=_recognises,
    read=_read,
    constants={"ServiceProviderName": "GitHub"},
    natural_key=_KEY,
    key_needed="x_PrincipalId IS NOT NULL OR x_Meter = 'seats_capacity'",
    across=_across,
    line=lambda path, row: 1,
)
