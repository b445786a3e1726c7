"""Runs under bad luck: killed, bits flipped, two at a time, disk full; the last good run reads.

Each test has a small project of its own and runs `everyline run` as a process, as a person does;
or, to be killed, as a process that has everything imported, so that the blow falls on the run.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from everyline import pipeline, runs
from everyline.engines.duckdb import Engine
from everyline.problems import Problem

KILLS = 20

SETTINGS = """\
taxonomy:
  team: {tags: [team]}
bills:
  - {name: cloud, format: focus, path: "bills/*.csv", layer: model}
"""

HEADER = "BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ServiceName,Tags\n"


def bill(folder: Path, name: str, lines: int, cost: str = "0.10") -> None:
    """A bill of `lines` charges of `cost` each, by seven teams."""
    rows = (
        f"{cost},USD,2026-10-{number % 28 + 1:02d},2026-10-{number % 28 + 2:02d},"
        f'model-{number % 50},"{{""team"":""team-{number % 7}""}}"\n'
        for number in range(lines)
    )
    (folder / "bills").mkdir(parents=True, exist_ok=True)
    (folder / "bills" / name).write_text(HEADER + "".join(rows), encoding="utf-8")


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("once")
    (folder / "everyline.yaml").write_text(SETTINGS, encoding="utf-8")
    bill(folder, "first.csv", 3000)
    assert pipeline.run(folder).run is not None
    return folder


@pytest.fixture
def project(once: Path, tmp_path: Path) -> Path:
    """A project that has been run once."""
    return shutil.copytree(once, tmp_path, dirs_exist_ok=True)


def started(project: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "everyline", "run", "--project", str(project)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Forked:
    """Runs of a project, each in a process forked from one in which nothing has run yet."""

    _PROGRAM = """
import os, sys
from pathlib import Path
from everyline import pipeline
for line in sys.stdin:
    if not (process := os.fork()):
        os._exit(pipeline.run(Path(line[:-1])).run is None)
    print(process, flush=True)
    print(os.waitpid(process, 0)[1], flush=True)
"""

    def __init__(self, project: Path) -> None:
        self._project = project
        self._parent = subprocess.Popen(
            [sys.executable, "-c", self._PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self) -> int:
        """The process of a run that has just begun."""
        assert self._parent.stdin
        self._parent.stdin.write(f"{self._project}\n")
        self._parent.stdin.flush()
        return self._said()

    def wait(self) -> int:
        """How the run ended: 0 where it has published."""
        return self._said()

    def _said(self) -> int:
        assert self._parent.stdout
        return int(self._parent.stdout.readline())

    def close(self) -> None:
        self._parent.communicate()


@pytest.fixture
def forked(project: Path) -> Iterator[Forked]:
    found = Forked(project)
    yield found
    found.close()


def good(project: Path) -> runs.Run:
    """The last good run, every file verified."""
    found = runs.current(project)
    assert isinstance(found, runs.Run), found
    return found


def total(project: Path) -> str:
    (cost,) = Engine().one(
        f"SELECT sum(EffectiveCost) FROM {good(project).relation('allocations')}"
    )
    return f"{cost.normalize():f}"


def test_a_run_killed_at_any_moment_leaves_the_last_good_run(project: Path, forked: Forked) -> None:
    assert total(project) == "300"
    bill(project, "second.csv", 3000)
    whole_seconds = seconds_of_a_run(forked)
    moments = random.Random(20261124)
    for number in range(KILLS):
        before = total(project)
        bill(project, "second.csv", 3000, cost=f"0.{number + 10}")
        process = forked.start()
        time.sleep(moments.random() * whole_seconds)
        killed(process, forked)
        assert total(project) in (before, f"{300 + 30 * (number + 10)}")
    assert started(project).wait() == 0
    assert total(project) == f"{300 + 30 * (KILLS + 9)}"
    assert not left_behind(project)


def test_the_same_run_killed_at_any_moment_stays_readable(project: Path, forked: Forked) -> None:
    """A run again with nothing new must not take away, not for a moment, what the pointer names."""
    whole_seconds = seconds_of_a_run(forked)
    moments = random.Random(20261125)
    for _ in range(KILLS // 2):
        process = forked.start()
        # The last half of a run, in which it publishes.
        time.sleep((1 + moments.random()) / 2 * whole_seconds)
        killed(process, forked)
        assert total(project) == "300"
    assert started(project).wait() == 0
    assert not left_behind(project)


def seconds_of_a_run(forked: Forked) -> float:
    begun = time.monotonic()
    forked.start()
    assert forked.wait() == 0
    return time.monotonic() - begun


def killed(process: int, forked: Forked) -> None:
    """Kills a run, unless it has ended."""
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
    assert forked.wait() in (0, signal.SIGKILL)


def left_behind(project: Path) -> list[Path]:
    """What is named for a process, and so was never finished."""
    every = (project / runs.FOLDER).rglob("*")
    return [path for path in every if path.name.rpartition(".")[2].isdecimal()]


def flipped(whole: bytes, moments: random.Random) -> bytes:
    """The same bytes but for one bit."""
    at = moments.randrange(len(whole))
    return whole[:at] + bytes([whole[at] ^ 1 << moments.randrange(8)]) + whole[at + 1 :]


def test_a_flipped_bit_in_a_published_file_is_found(project: Path) -> None:
    """In any file of the run, the manifest and the pointer to it included."""
    chance = random.Random(20261126)
    published = [*good(project).folder.iterdir(), project / runs.FOLDER / "current"]
    assert len(published) > 5
    for file in published * 4:
        whole = file.read_bytes()
        file.write_bytes(flipped(whole.rstrip(b"\n"), chance))
        damaged = runs.current(project)
        assert isinstance(damaged, Problem)
        assert damaged.name == "run-damaged"
        file.write_bytes(whole)
    assert total(project) == "300"


def test_a_damaged_run_is_made_again(project: Path) -> None:
    whole = {file.name: file.read_bytes() for file in good(project).folder.iterdir()}
    file = good(project).folder / "grouped.parquet"
    file.write_bytes(flipped(file.read_bytes(), random.Random(20261127)))
    assert isinstance(runs.current(project), Problem)
    assert pipeline.run(project).run is not None
    assert {file.name: file.read_bytes() for file in good(project).folder.iterdir()} == whole


def test_a_flipped_bit_in_the_cache_is_not_used(project: Path) -> None:
    """In any file that is kept between runs, tables and what is known of them."""
    chance = random.Random(20261128)
    assert pipeline.run(project).run is not None  # What is kept is kept by its place.
    before = {file.name: file.read_bytes() for file in good(project).folder.iterdir()}
    for _ in range(4):
        kept = [f for f in (project / runs.FOLDER / "cache").rglob("*") if f.is_file()]
        assert len(kept) > 3
        for file in kept:
            file.write_bytes(flipped(file.read_bytes(), chance))
        assert pipeline.run(project).run is not None
        assert {f.name: f.read_bytes() for f in good(project).folder.iterdir()} == before


def test_two_runs_at_a_time_publish_one_whole_run(project: Path) -> None:
    bill(project, "second.csv", 3000, cost="0.20")
    both = [started(project), started(project)]
    assert [process.wait() for process in both] == [0, 0]
    assert total(project) == "900"


def test_a_stop_leaves_the_last_good_run_as_it_is(project: Path) -> None:
    bill(project, "second.csv", 1, cost="1,000.00")
    outcome = pipeline.run(project)
    assert outcome.run is None
    assert total(project) == "300"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root mounts a small disk")
def test_a_full_disk_leaves_the_last_good_run_and_says_so(tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        (tmp_path / "everyline.yaml").write_text(SETTINGS, encoding="utf-8")
        bill(tmp_path, "first.csv", 100)
        assert pipeline.run(tmp_path).run is not None
        bill(tmp_path, "second.csv", 9000)
        filler = tmp_path / "filler"
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 4096)
        command = [sys.executable, "-m", "everyline", "run", "--project", str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode != 0
        assert "Traceback" not in done.stderr
        assert total(tmp_path) == "10"
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)
