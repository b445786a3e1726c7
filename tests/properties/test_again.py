"""A run again after a detour, and a run over a file that was cut in two."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import assume, given, settings
from hypothesis import strategies as st

import made
from differences import differences
from drawn import BillFile, Project, write
from everyline import runs
from strategies import SMALL, projects

FIGURES = ("groups", "owned_groups", "allocations", "coverage", "statements")


@settings(max_examples=200)
@given(projects(SMALL))
def test_a_run_again_after_a_detour_publishes_the_same_bytes(project: Project) -> None:
    """Cold, with one file more, and warm without it: nothing that is kept shows in a run."""
    (file,) = project.files
    added = replace(file, path=file.path.replace("part-1", "part-0"), rows=file.rows[:1] * 2)
    # A file of the same bytes would be a repeated file, which counts once (R1).
    assume(tuple(added.rows) != tuple(file.rows))
    with TemporaryDirectory() as name:
        folder = Path(name)
        write(project, folder)
        cold = made.files(made.run(folder))
        write(project.with_files([*project.files, added]), folder)
        assert made.files(made.run(folder))["groups.parquet"] != cold["groups.parquet"]
        (folder / added.path).unlink()
        assert made.files(made.run(folder)) == cold


@settings(max_examples=200)
@given(st.data(), projects(SMALL))
def test_splitting_a_file_in_two_changes_no_figure(data: st.DataObject, project: Project) -> None:
    (file,) = project.files
    assume(len(file.rows) > 1)
    cut = data.draw(st.integers(1, len(file.rows) - 1))
    head, tail = _part(file, 1, slice(cut)), _part(file, 2, slice(cut, None))
    # Files of the same bytes count once (R1), so equal halves are less than the whole.
    assume(head.data() != tail.data())
    with TemporaryDirectory() as one, TemporaryDirectory() as two:
        write(project, Path(one))
        write(project.with_files([head, tail]), Path(two))
        whole, parts = made.run(Path(one)), made.run(Path(two))
        assert not (told := _figures_apart(parts, whole)), told


def _part(file: BillFile, number: int, rows: slice) -> BillFile:
    path = file.path.replace("part-1", f"part-{number}")
    return replace(file, path=path, rows=file.rows[rows])


def _figures_apart(one: runs.Run, other: runs.Run) -> list[str]:
    """What two runs say of figures differs in this; the same bytes need no closer look."""
    names = ("groups.parquet", "owners.parquet", "coverage.parquet", "statements.parquet")
    ours, theirs = made.files(one), made.files(other)
    if all(ours[name] == theirs[name] for name in names):
        return []
    found, expected = made.relations(one), made.relations(other)
    return [f"{n}: {told}" for n in FIGURES for told in differences(found[n], expected[n])]
