"""Copilot seats: who is counted in which month, what the month is taken from, and pages."""

import json
from pathlib import Path
from typing import Any

import pytest
from usage_readers import SAMPLES, landed, meters, problems, project, read, told

from everyline.problems import Problem
from everyline.sources.copilot_seats import TELEMETRY
from everyline.sources.unreadable import Unreadable

USAGE = SAMPLES / "usage" / "copilot-seats"
MONTH = USAGE / "2026-10"
PAGE_1, PAGE_2, BILLING = (MONTH / f"{n}.json" for n in ("seats.page1", "seats.page2", "billing"))
PAGINATED, ENTERPRISE = USAGE / "paginated.json", USAGE / "enterprise.json"
IN_FOLDER = "usage/copilot-seats/{period}/*.json"
FLAT = "usage/copilot-seats/*.json"


def seat(login: str | None = "a", **fields: Any) -> dict[str, Any]:
    given = {"created_at": "2026-01-01T00:00:00Z", "last_activity_at": None}
    return {"assignee": {"login": login} if login else None, **given, **fields}


def file_of(folder: Path, *seats: Any, name: str = "a.json", **more: Any) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"total_seats": len(seats), "seats": list(seats)} | more))
    return file


def test_every_seat_counts_one_and_the_total_is_the_capacity() -> None:
    first, _ = read(TELEMETRY, PAGE_1, IN_FOLDER)
    second, _ = read(TELEMETRY, PAGE_2, IN_FOLDER)
    assert meters(first) == {"seats": 3, "seats_capacity": 5}
    assert meters(second) == {"seats": 2, "seats_capacity": 5}
    people = [r["x_PrincipalId"] for r in (*first, *second) if r["x_Meter"] == "seats"]
    assert people == ["mona-fake", "pat-fake", "lee-fake", "idle-fake", "kim-fake"]
    assert {r["x_Unit"] for r in (*first, *second)} == {"seats"}
    assert {r["x_RequestCount"] for r in (*first, *second)} == {"0"}


def test_the_summary_is_capacity_alone() -> None:
    rows, facts = read(TELEMETRY, BILLING, IN_FOLDER)
    assert meters(rows) == {"seats_capacity": 5}
    assert facts["problems"] == []


def test_a_month_of_three_files_counts_each_person_and_the_total_once(tmp_path: Path) -> None:
    folder = tmp_path / "usage" / "copilot" / "2026-10"
    folder.mkdir(parents=True)
    for file in (PAGE_1, PAGE_2, BILLING):
        (folder / file.name).write_bytes(file.read_bytes())
    path = "usage/copilot/{period}/*.json"
    rows, found = landed(project(tmp_path, TELEMETRY.name, [], path))
    assert sorted(int(r["x_Quantity"]) for r in rows) == [1, 1, 1, 1, 1, 5]
    assert {p.level for p in found} == {"warn"}
    # Each page states the total, and the last one stands.
    assert {p.name for p in found} == {"replaced-usage"}


def test_cells_of_a_seat() -> None:
    rows, _ = read(TELEMETRY, PAGE_1, IN_FOLDER)
    assert [row["Tags"] for row in rows] == [
        '{"copilot_team": "search"}',
        '{"copilot_team": "support-engineering"}',
        '{"copilot_team": "search"}',
        None,
    ]
    assert [row["x_Tier"] for row in rows] == ["business"] * 3 + [None]
    assert [row["SubAccountId"] for row in rows] == [None] * 4
    of_two, _ = read(TELEMETRY, ENTERPRISE, FLAT)
    assert [row["SubAccountId"] for row in of_two] == ["acme-robotics", "acme-labs", None]


def test_a_seat_given_within_the_month_is_dated_that_day_and_others_on_its_first() -> None:
    """Somebody who joins on the 15th has an owner in the registry from the 15th."""
    rows, _ = read(TELEMETRY, PAGE_1, IN_FOLDER)
    assert [row["hour"] for row in rows] == [
        "2026-10-01T00:00:00Z",
        "2026-10-01T00:00:00Z",
        "2026-10-15T07:45:00Z",
        "2026-10-01T00:00:00Z",
    ]


@pytest.mark.parametrize(
    ("name", "pattern", "month"),
    [
        ("usage/2026-08/a.json", "usage/{period}/*.json", "2026-08"),
        ("usage/2026-08/seats-2026-09-01.json", "usage/{period}/*.json", "2026-08"),
        ("usage/seats-2026-09-30.json", "usage/*.json", "2026-09"),
        ("usage/seats-2026-08.json", "usage/seats-{period}.json", "2026-08"),
        ("usage/2026-08/acme/a.json", "usage/{period}/**/*.json", "2026-08"),
        ("usage/2026-07/a.json", "usage/*/*.json", "2026-07"),
        # Two months in one name say nothing; nor does a number that is none.
        ("usage/2026-09-30_2026-10-01.json", "usage/*.json", "2026-05"),
        ("usage/12026-09/a-2026-13.json", "usage/*/*.json", "2026-05"),
        # Folders above the source's path are not the source's.
        ("2026-04/usage/a.json", "usage/*.json", "2026-05"),
    ],
)
def test_the_month_is_what_the_path_says(
    tmp_path: Path, name: str, pattern: str, month: str
) -> None:
    file = file_of(tmp_path, seat(), name=name, fetched_at="2026-05-31T23:59:59Z")
    rows, facts = read(TELEMETRY, file, pattern)
    assert {row["x_Month"] for row in rows} == {month}
    assert {str(row["hour"])[:7] for row in rows} == {month}
    assert facts["problems"] == []


def test_without_a_path_or_date_of_fetching_the_latest_activity_says_it() -> None:
    rows, facts = read(TELEMETRY, PAGINATED, FLAT)
    assert {row["x_Month"] for row in rows} == {"2026-10"}
    assert told(facts) == [("month-from-activity", "warn", 1, 1)]


def test_without_any_date_the_file_is_refused(tmp_path: Path) -> None:
    file = file_of(tmp_path, {"assignee": {"login": "a"}})
    with pytest.raises(Unreadable) as caught:
        read(TELEMETRY, file)
    assert caught.value.name == "no-usage-month"
    summary = tmp_path / "billing.json"
    summary.write_bytes(BILLING.read_bytes())
    with pytest.raises(Unreadable):
        read(TELEMETRY, summary)


def test_a_seat_of_a_later_month_is_named(tmp_path: Path) -> None:
    late = seat(created_at="2026-11-02T00:00:00Z")
    rows, facts = read(TELEMETRY, file_of(tmp_path, late, name="2026-10.json"))
    assert told(facts) == [("seat-after-month", "warn", 1, 1)]
    assert rows[0]["hour"] == "2026-10-01T00:00:00Z"


def test_what_is_no_seat_stops(tmp_path: Path) -> None:
    file = file_of(tmp_path, seat(), "text", name="2026-10.json")
    assert told(read(TELEMETRY, file)[1]) == [("seat-not-understood", "stop", 1, 1)]


def test_people_whom_nobody_names_all_count(tmp_path: Path) -> None:
    file = file_of(tmp_path, seat(None), seat(None), seat("a"), name="2026-10.json")
    rows, found = landed(project(tmp_path / "project", TELEMETRY.name, [file]))
    assert sum(int(r["x_Quantity"]) for r in rows if r["x_Meter"] == "seats") == 3
    assert found == []


def test_a_person_with_seats_of_two_organisations_has_one(tmp_path: Path) -> None:
    of = [seat(organization={"login": name}) for name in ("x", "y")]
    file = file_of(tmp_path, *of, name="2026-10.json", total_seats=1)
    rows, found = landed(project(tmp_path / "project", TELEMETRY.name, [file]))
    assert sorted(int(r["x_Quantity"]) for r in rows) == [1, 1]
    assert [p.name for p in found] == ["replaced-usage"]


@pytest.mark.parametrize("between", ["", "\n", "\n\n"])
def test_pages_one_after_another_are_read(tmp_path: Path, between: str) -> None:
    file = tmp_path / "2026-10.json"
    file.write_text(PAGE_1.read_text().strip() + between + PAGE_2.read_text())
    assert meters(read(TELEMETRY, file)[0]) == {"seats": 5, "seats_capacity": 5}


def test_pages_in_a_list_and_seats_alone_are_read(tmp_path: Path) -> None:
    pages = [json.loads(page.read_text()) for page in (PAGE_1, PAGE_2)]
    file = tmp_path / "2026-10.json"
    file.write_text(json.dumps(pages))
    assert meters(read(TELEMETRY, file)[0]) == {"seats": 5, "seats_capacity": 5}
    file.write_text("\n".join(json.dumps(one) for page in pages for one in page["seats"]))
    assert meters(read(TELEMETRY, file)[0]) == {"seats": 5}


@pytest.mark.parametrize("text", ["{}", "[3]", '{"message": "Not Found"}', "seats"])
def test_what_holds_no_seats_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "2026-10.json"
    file.write_text(text)
    with pytest.raises(Unreadable):
        read(TELEMETRY, file)


def found_in(*files: Path, pattern: str = IN_FOLDER) -> list[Problem]:
    return problems(TELEMETRY, *files, pattern=pattern)


def test_a_page_that_is_missing_stops() -> None:
    assert found_in(PAGE_1, PAGE_2, BILLING) == []
    (one,) = found_in(PAGE_1, BILLING)
    assert (one.name, one.level, one.subject) == ("missing-page", "stop", "2026-10")
    assert one.sentence == "`5` seats are paid in `2026-10`, and the files list `3`"


def test_a_summary_without_seats_misses_no_page() -> None:
    assert found_in(BILLING) == []


def test_pages_of_other_months_do_not_help(tmp_path: Path) -> None:
    files = [
        file_of(tmp_path, seat("a"), name="2026-09.json", total_seats=2),
        file_of(tmp_path, seat("b"), name="2026-10.json", total_seats=1),
    ]
    assert [p.subject for p in found_in(*files, pattern="*")] == ["2026-09"]


def test_people_are_hashed_and_stand_in_no_fact(tmp_path: Path) -> None:
    _, facts = read(TELEMETRY, PAGE_1, IN_FOLDER)
    assert "fake" not in json.dumps(facts)
    rows, _ = landed(project(tmp_path, TELEMETRY.name, [PAGINATED]))
    assert len([row for row in rows if row["x_PrincipalId"]]) == 5
    assert "-fake" not in json.dumps([list(row.values()) for row in rows], default=str)


def test_it_recognises_its_own_files_and_no_others() -> None:
    for file in sorted(SAMPLES.rglob("*")):
        if file.is_file():
            own = file.is_relative_to(USAGE) and file.suffix == ".json"
            assert TELEMETRY.recognises(file, file.read_bytes()[:65536]) == own, file
