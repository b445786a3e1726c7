"""Who has a seat: GitHub's answers on Copilot seats, and `owners/people.csv`, which knows most.

The bill counts seats by cost centre, and some without one; here each of them is a person.
"""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from everyline.demo.company import PERIODS
from everyline.demo.noise import noise
from everyline.demo.writing import as_csv, write_text

PAGE = 100
"""Seats a page, the most that GitHub gives."""

CENTRES = {
    "Search": "search",
    "Customer Care": "customer-care",
    "Routing": "routing",
    "Customs": "customs",
    "Depots": "depots",
    "Platform": "ai-platform",
    "Web shop": "web-shop",
    "Marketing": "marketing",
}
FORGOTTEN = ("search", "routing", "web-shop", "routing")
"""Teams of those who have a seat without a cost centre; everyone after them left no trace."""

AT_GATEWAY = (
    ("dora.lindqvist@halcyon-parcel.example", "web-shop"),
    ("milan.oduya@halcyon-parcel.example", "marketing"),
)


class Person(NamedTuple):
    """A login at GitHub, and the team if anybody knows it."""

    login: str
    team: str | None


def write_people(folder: Path) -> None:
    """Write usage/copilot/{period}.json, pages one after another, and owners/people.csv."""
    known: dict[str, str] = dict(AT_GATEWAY)
    for period in PERIODS:
        people = list(seated(folder / f"bills/github/{period}.csv"))
        known |= {person.login: person.team for person in people if person.team}
        answers = [
            {
                "total_seats": len(people),
                "seats": [_seat(one, period) for one in people[start : start + PAGE]],
            }
            for start in range(0, len(people), PAGE)
        ]
        text = "".join(json.dumps(answer) + "\n" for answer in answers)
        write_text(folder / f"usage/copilot/{period}.json", text)
    rows = sorted(known.items())
    write_text(folder / "owners/people.csv", as_csv(("x_PrincipalId", "team"), rows))


def seated(bill: Path) -> Iterator[Person]:
    """A person for each seat of a month's bill."""
    with bill.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            centre, many = row["cost_center_name"], int(row["quantity"])
            for n in range(1, many + 1):
                if centre:
                    yield Person(f"hp-{CENTRES[centre]}-{n:02}", CENTRES[centre])
                else:
                    yield Person(
                        f"hp-ext-{n:02}", FORGOTTEN[n - 1] if n <= len(FORGOTTEN) else None
                    )


def _seat(person: Person, period: str) -> dict[str, object]:
    given = datetime(2025, 1, 7, 9, tzinfo=UTC) + timedelta(days=noise(0, 500, person.login))
    year, month = map(int, period.split("-"))
    seen = datetime(year, month, noise(2, 29, "seen", period, person.login), 15, tzinfo=UTC)
    number = noise(40_000_000, 99_999_999, "id", person.login)
    return {
        "created_at": f"{given:%Y-%m-%dT%H:%M:%SZ}",
        "pending_cancellation_date": None,
        "last_activity_at": f"{seen:%Y-%m-%dT%H:%M:%SZ}",
        "last_activity_editor": "vscode/1.104.0/copilot/1.372.0",
        "plan_type": "business",
        "assignee": {"login": person.login, "id": number, "type": "User"},
        "organization": {"login": "halcyon-parcel"},
    }
