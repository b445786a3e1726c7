"""How old figures are said to be, and that files have changed since: by a clock that tests set."""

import os
import re
import threading
import time
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
import states
from starlette.testclient import TestClient

from everyline import runs
from everyline.cli import main
from everyline.web.app import Site
from made import run

STALE = "Stale: files or settings have changed since this run"


class _Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: str) -> None:
        self.now = datetime.fromisoformat(now).replace(tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class _Seen:
    """A project behind a site whose clock stands at noon."""

    def __init__(self, project: Path, day: str) -> None:
        self.clock = _Clock(f"{day}T12:00:00")
        self._client = TestClient(Site(project, clock=self.clock).app())

    def get(self, address: str = "/") -> str:
        answer = self._client.get(address)
        assert answer.status_code == 200, answer.text
        return answer.text

    def chips(self, address: str = "/") -> list[tuple[str, str]]:
        """How the chips of a page are painted, and what they say."""
        found = re.findall(r'<li class="chip (\w*)">(.*?)</li>', self.get(address))
        return [(tone, unescape(re.sub(r"<[^>]+>", "", text))) for tone, text in found]

    def is_stale(self, address: str = "/") -> bool:
        return ("warn", STALE) in self.chips(address)


@pytest.mark.parametrize(
    ("today", "said"),
    [
        ("2026-10-20", ("", "Data to 31 Oct 2026")),  # a subscription is billed in advance
        ("2026-11-02", ("", "Data to 31 Oct 2026")),
        ("2026-11-03", ("warn", "Data to 31 Oct 2026, 3 days old")),
        ("2029-11-03", ("warn", "Data to 31 Oct 2026, 1,099 days old")),
    ],
)
def test_what_is_older_than_two_days_is_said_to_be(
    today: str, said: tuple[str, str], tmp_path: Path
) -> None:
    assert _Seen(states.one_line(tmp_path), today).chips() == [("", "Open"), said]


def test_neither_an_earlier_month_nor_a_closed_one_grows_old(tmp_path: Path) -> None:
    seen = _Seen(states.closed(tmp_path), "2027-03-01")
    assert ("", "Data to 30 Sep 2026") in seen.chips("/?period=2026-09")
    assert ("warn", "Data to 31 Oct 2026, 121 days old") in seen.chips()
    for _ in range(2):
        run(tmp_path)  # the close made a correction; then nothing is left to do
    where = ("--project", str(tmp_path), "--by", "Ada", "--on", "2026-11-06")
    assert main(["close", "2026-10", *where]) == 0
    assert ("", "Data to 31 Oct 2026") in seen.chips()


def test_a_page_that_is_kept_grows_older_with_the_day(tmp_path: Path) -> None:
    seen = _Seen(states.one_line(tmp_path), "2026-11-04")
    first = seen.get()
    seen.clock.now += timedelta(hours=11)
    assert seen.get() == first
    seen.clock.now += timedelta(hours=2)
    assert "5 days old" in seen.get()


def test_a_page_says_when_its_run_was_made(tmp_path: Path) -> None:
    found = runs.current(states.one_line(tmp_path))
    assert isinstance(found, runs.Run)
    at = datetime(2026, 11, 2, 7, 5, tzinfo=UTC).timestamp()
    os.utime(found.folder / "manifest.json", (at, at))
    foot = re.findall(r"<footer>.*?</footer>", _Seen(tmp_path, "2026-11-03").get(), re.DOTALL)[0]
    assert "</a> of 2 Nov 2026, 07:05 UTC" in foot


def test_files_that_changed_since_the_run_make_it_stale_until_it_is_run_again(
    tmp_path: Path,
) -> None:
    seen = _Seen(states.one_line(tmp_path), "2026-11-01")
    bill = tmp_path / "bills" / "openai.csv"
    before = bill.read_text("utf-8")
    for change in (
        lambda: bill.write_text(f"{before}{states.line('1')}\n", "utf-8"),
        lambda: bill.rename(tmp_path / "bills" / "not-a-bill.txt"),
        lambda: (tmp_path / "bills" / "openai-2.csv").write_text(before + before, "utf-8"),
        lambda: (tmp_path / "everyline.yaml").write_text(f"{states.YAML}\n# more\n", "utf-8"),
        lambda: (tmp_path / "everyline.yaml").write_text("nonsense: true\n", "utf-8"),
    ):
        assert not seen.is_stale()
        change()
        seen.clock.now += timedelta(minutes=1)
        assert seen.is_stale()
        assert seen.is_stale("/owners")
        for path in (tmp_path / "bills").glob("openai*"):
            path.unlink()
        (tmp_path / "bills" / "not-a-bill.txt").unlink(missing_ok=True)
        states.ran(tmp_path, openai=before.splitlines()[1:])


def test_what_no_run_reads_makes_none_stale(tmp_path: Path) -> None:
    seen = _Seen(states.one_line(tmp_path), "2026-11-01")
    assert not seen.is_stale()
    (tmp_path / "notes.txt").write_text("to do", "utf-8")
    os.utime(tmp_path / "bills" / "openai.csv")
    seen.clock.now += timedelta(minutes=1)
    assert not seen.is_stale()


def test_a_page_does_not_wait_for_files_that_take_long_to_look_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, may_end = _Seen(states.one_line(tmp_path), "2026-11-01"), threading.Event()
    assert not seen.is_stale()
    (tmp_path / "bills" / "openai.csv").write_text(states.bill([states.line("9")]), "utf-8")
    seen.clock.now += timedelta(minutes=1)
    monkeypatch.setattr("everyline.web.outdated.SOON_S", 0)
    monkeypatch.setattr("everyline.pipeline.is_up_to_date", lambda *_: may_end.wait(60) and False)
    assert not seen.is_stale()
    may_end.set()
    until = time.monotonic() + 60
    while not seen.is_stale():
        assert time.monotonic() < until


def test_files_that_are_being_written_are_looked_at_once_a_minute(tmp_path: Path) -> None:
    seen = _Seen(states.one_line(tmp_path), "2026-11-01")
    assert not seen.is_stale()
    (tmp_path / "bills" / "openai.csv").write_text(states.bill([states.line("9")]), "utf-8")
    assert not seen.is_stale()
    seen.clock.now += timedelta(seconds=59)
    assert not seen.is_stale()
    seen.clock.now += timedelta(seconds=1)
    assert seen.is_stale()
    run(tmp_path)
    assert not seen.is_stale()  # another run is looked at at once


def test_an_earlier_run_is_not_stale_but_earlier(tmp_path: Path) -> None:
    seen = _Seen(states.one_line(tmp_path), "2026-11-01")
    link = unescape(re.findall(r'Run <a href="([^"]+)"', seen.get())[0])
    (tmp_path / "bills" / "openai.csv").write_text(states.bill([states.line("9")]), "utf-8")
    run(tmp_path)
    chips = seen.chips(link)
    assert chips[-1] == ("warn", "A newer run is there: see it")
    assert ("warn", STALE) not in chips
