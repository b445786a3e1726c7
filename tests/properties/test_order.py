"""Nothing but places hangs on order: of rows, files and columns, on threads, or on the machine."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import made
from drawn import BillFile, Project, write
from everyline import runs
from everyline.engines.duckdb import Engine
from strategies import SMALL, Size, projects


@st.composite
def _shuffled(draw: st.DrawFn, project: Project) -> Project:
    """The same rows in files of the same names, in another order throughout."""
    files = []
    for file in project.files:
        rows = draw(st.permutations(file.rows))
        at = draw(st.permutations(range(len(file.header))))
        header = tuple(file.header[i] for i in at)
        files.append(BillFile(file.path, header, tuple(tuple(row[i] for i in at) for row in rows)))
    contents = draw(st.permutations(files))
    kinds = [Path(file.path).parent for file in files]
    # A file takes the place of another of its bill only.
    contents.sort(key=lambda file: kinds.index(Path(file.path).parent))
    named = [BillFile(f.path, c.header, c.rows) for f, c in zip(files, contents, strict=True)]
    return project.with_files(named)


def _told_apart(project: Project) -> bool:
    """Whether no two files of a bill hold the same rows, which count once if they look the same."""
    contents = [
        (
            Path(f.path).parent,
            sorted(json.dumps(sorted(zip(f.header, row, strict=True), key=str)) for row in f.rows),
        )
        for f in project.files
    ]
    return all(content not in contents[:at] for at, content in enumerate(contents))


@settings(max_examples=200)
@given(st.data(), projects(SMALL._replace(files_max=2)))
def test_order_of_rows_files_columns_and_threads_changes_no_byte(
    data: st.DataObject, project: Project
) -> None:
    assume(_told_apart(project))
    other = data.draw(_shuffled(project))
    with (
        TemporaryDirectory() as one,
        TemporaryDirectory() as two,
        pytest.MonkeyPatch.context() as env,
    ):
        write(project, Path(one))
        write(other, Path(two))
        first = made.run(Path(one))
        env.setenv("EVERYLINE_THREADS", "2")
        second = made.run(Path(two))
        assert _but_places(second) == _but_places(first)


def _but_places(run: runs.Run) -> dict[str, Any]:
    """Every file as bytes; problems but for their places, the manifest but for its hashes."""
    found: dict[str, Any] = dict(made.files(run))
    manifest = json.loads(found.pop("manifest.json"))
    for name in ("run", "inputs", "files"):
        del manifest[name]
    del found["problems.parquet"]
    problems = Engine().rows(f"SELECT * EXCLUDE (x_Place) FROM {run.relation('problems')}")
    return found | {"manifest": manifest, "problems": sorted(problems, key=repr)}


_RUN = """
import sys
from pathlib import Path
from everyline import pipeline
pipeline.run(Path(sys.argv[1]))
"""


@settings(max_examples=3)
@given(projects(Size(lines_max=20)))
def test_hash_seed_time_zone_and_locale_change_no_byte(project: Project) -> None:
    machines = (
        {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "2", "TZ": "Asia/Kathmandu", "LC_ALL": "tr_TR.UTF-8"},
        {"PYTHONHASHSEED": "3", "TZ": "America/St_Johns", "LC_ALL": "C.UTF-8"},
    )
    with TemporaryDirectory() as name:
        write(project, Path(name))
        first, *others = [_files_of_a_run_on(machine, Path(name)) for machine in machines]
        assert first["manifest.json"]
        assert all(other == first for other in others)


def _files_of_a_run_on(machine: Mapping[str, str], folder: Path) -> Mapping[str, bytes]:
    """What a run in a process of its own publishes, nothing known from an earlier one."""
    subprocess.run(["rm", "-rf", folder / runs.FOLDER], check=True)
    subprocess.run([sys.executable, "-c", _RUN, folder], check=True, env=os.environ | machine)
    run = runs.current(folder)
    assert isinstance(run, runs.Run)
    return made.files(run)
