"""What several runs over the same lines have in common, whatever their order and history."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shares import in_shares

import made
from differences import differences
from drawn import BillFile, Project, write
from everyline import runs
from strategies import SMALL, Size, projects

FIGURES = ("groups", "owned_groups", "allocations", "coverage", "statements")


@in_shares(200)
@given(st.data(), projects(SMALL._replace(lines_min=2, files_max=2)))
def test_neither_order_nor_threads_nor_cuts_nor_history_change_a_figure(
    data: st.DataObject, project: Project
) -> None:
    """Of one cold run: in another order, with its first file cut in two, and after a detour."""
    assume(_differ_in_rows(project))
    shuffled, cut = data.draw(_shuffled(project)), data.draw(_cut(project))
    added = _added(project)
    with TemporaryDirectory() as name:
        folder = Path(name, "first")
        first = _run_in(folder, project)
        cold, places = made.files(first), _but_places(first)
        # Order of rows, files and columns, and threads: no byte; a cut: no figure.
        with pytest.MonkeyPatch.context() as other:
            other.setenv("EVERYLINE_THREADS", "2")
            assert _but_places(_run_in(Path(name, "shuffled"), shuffled)) == places
        assert not (told := _figures_apart(_run_in(Path(name, "cut"), cut), first)), told
        # With one file more, and warm without it: nothing that is kept shows in a run.
        detour = made.files(_run_in(folder, project.with_files([*project.files, added])))
        assert detour["grouped.parquet"] != cold["grouped.parquet"]
        (folder / added.path).unlink()
        assert made.files(made.run(folder)) == cold


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


def _run_in(folder: Path, project: Project) -> runs.Run:
    write(project, folder)
    return made.run(folder)


_RUN = """
import sys
from pathlib import Path
from everyline import pipeline
pipeline.run(Path(sys.argv[1]))
"""


def _files_of_a_run_on(machine: Mapping[str, str], folder: Path) -> Mapping[str, bytes]:
    """What a run in a process of its own publishes, nothing known from an earlier one."""
    subprocess.run(["rm", "-rf", folder / runs.FOLDER], check=True)
    subprocess.run([sys.executable, "-c", _RUN, folder], check=True, env=os.environ | machine)
    run = runs.current(folder)
    assert isinstance(run, runs.Run)
    return made.files(run)


def _added(project: Project) -> BillFile:
    """One file more, whose bytes are those of no other, since the same bytes count once."""
    file = project.files[0]
    added = replace(file, path=file.path.replace("part-1", "part-0"), rows=file.rows[:1] * 2)
    assume(all(added.data() != other.data() for other in project.files))
    return added


# The same lines in another order


def _differ_in_rows(project: Project) -> bool:
    """Whether no two files hold the same rows, which count once if they also look the same."""
    contents = [
        sorted(sorted(zip(file.header, map(str, row), strict=True)) for row in file.rows)
        for file in project.files
    ]
    return all(content not in contents[:at] for at, content in enumerate(contents))


@st.composite
def _shuffled(draw: st.DrawFn, project: Project) -> Project:
    """The same rows in files of the same names, in another order throughout."""
    contents = draw(st.permutations([draw(_shuffled_file(file)) for file in project.files]))
    paths = [file.path for file in project.files]
    return project.with_files(
        [replace(content, path=path) for content, path in zip(contents, paths, strict=True)]
    )


@st.composite
def _shuffled_file(draw: st.DrawFn, file: BillFile) -> BillFile:
    at = draw(st.permutations(range(len(file.header))))
    rows = tuple(tuple(row[i] for i in at) for row in draw(st.permutations(file.rows)))
    return replace(file, header=tuple(file.header[i] for i in at), rows=rows)


def _but_places(run: runs.Run) -> dict[str, Any]:
    """Every file as bytes; problems but for their places, the manifest but for its hashes."""
    found: dict[str, Any] = dict(made.files(run))
    manifest = json.loads(found.pop("manifest.json"))
    for name in ("run", "inputs", "files"):
        del manifest[name]
    del found["problems.parquet"]
    problems = made.relations(run, ["problems"])["problems"]
    told = sorted(repr(problem | {"x_Place": ""}) for problem in problems)
    return found | {"manifest": manifest, "problems": told}


# The same lines in more files


@st.composite
def _cut(draw: st.DrawFn, project: Project) -> Project:
    """The first file in two; their bytes differ from each other and from those of other files."""
    file, *others = project.files
    at = draw(st.integers(1, len(file.rows) - 1))
    head = replace(file, rows=file.rows[:at])
    tail = replace(file, path=file.path.replace("part-1", "part-9"), rows=file.rows[at:])
    cut = project.with_files([head, *others, tail])
    assume(len({part.data() for part in cut.files}) == len(cut.files))
    return cut


def _figures_apart(one: runs.Run, other: runs.Run) -> list[str]:
    """What two runs say of figures differs in this; the same bytes need no closer look."""
    names = ("grouped.parquet", "owners.parquet", "coverage.parquet", "statements.parquet")
    ours, theirs = made.files(one), made.files(other)
    if all(ours[name] == theirs[name] for name in names):
        return []
    found, expected = made.relations(one, FIGURES), made.relations(other, FIGURES)
    return [f"{n}: {told}" for n in FIGURES for told in differences(found[n], expected[n])]
