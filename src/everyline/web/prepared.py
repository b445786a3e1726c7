"""What pages of a run take long to find out, found out before anybody asks.

In a process of its own, of low priority, so that whoever asks meanwhile does not wait for it: what
it finds it leaves in the cache. It ends with the server, or when it has no more to do.

    python -m everyline.web.prepared PROJECT RUN
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

from everyline import pipeline, runs
from everyline.engines.duckdb import Engine
from everyline.problems import Problem
from everyline.runs import Run
from everyline.web import line_file
from everyline.web.gathered import gathered
from everyline.web.month import of_month
from everyline.web.pages import compare, kpis, worklist
from everyline.web.shelf import Opened

_NICE = 19


class Preparing:
    """The process of one server, and what it does itself."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self, opened: Opened) -> None:
        """Begins to prepare the pages of a run; what is prepared of an earlier one is given up."""
        threading.Thread(target=hold, args=(opened,), daemon=True).start()
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
        command = [sys.executable, "-m", __spec__.name, str(opened.project), opened.run.id]
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)


def hold(opened: Opened) -> None:
    """Finds out what pages of all months together tell, which is held as long as the run is."""
    engine = opened.engine.beside()
    configuration = pipeline.configured(opened.project, opened.run)
    known = None if isinstance(configuration, Sequence) else configuration
    worklist.found(opened, engine, known)
    if known is not None:
        kpis.found(opened, engine, known)


def prepare(project: Path, run_id: str, is_wanted: Callable[[], bool]) -> None:
    """Works out the changes of each month of a run from the one before, the last months first.

    The bill lines of the last month come second.
    """
    run = runs.kept(project, run_id)
    if isinstance(run, Problem):
        return
    with closing(Engine(project / runs.FOLDER / "spill")) as engine:
        engine.run("SET threads=1")
        steps = list(compare.steps(project, gathered(project, run), engine))
        steps.insert(1, partial(_lines_of_last_month, project, run))
        for step in steps:
            if not is_wanted():
                return
            step()


def _lines_of_last_month(project: Path, run: Run) -> None:
    with closing(Engine(project / runs.FOLDER / "spill")) as engine:
        engine.run("SET threads=1")
        (month,) = engine.one(f"SELECT max(x_Period) FROM {run.relation('groups')}")
        if month is not None:
            line_file.files(engine, project, run, month)
            of_month(project, run, month)


def main() -> None:
    """Prepares what the command line says."""
    with suppress(OSError, AttributeError):  # not every system knows it
        os.nice(_NICE)
    parent = os.getppid()
    prepare(Path(sys.argv[1]), sys.argv[2], lambda: os.getppid() == parent)


if __name__ == "__main__":
    main()
