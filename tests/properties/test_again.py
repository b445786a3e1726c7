"""A run again, a run after a detour, and a run over files cut in two."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from differences import differences
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import made
from drawn import BillFile, Project, write
from strategies import Size, projects

_SMALL = Size(1, 1, 5)


@settings(max_examples=200)
@given(projects(_SMALL))
def test_a_run_again_and_one_after_a_detour_publish_the_same_bytes(project: Project) -> None:
    """Cold, warm, with one file more, and without it again: what is kept changes nothing."""
    (file,) = project.files
    with TemporaryDirectory() as name:
        folder = Path(name)
        write(project, folder)
        cold = made.files(made.run(folder))
        assert made.files(made.run(folder)) == cold
        added = replace(file, path=file.path.replace("part-1", "part-0"), rows=file.rows[:1] * 2)
        write(project.with_files([*project.files, added]), folder)
        assert made.files(made.run(folder))["groups.parquet"] != cold["groups.parquet"]
        (folder / added.path).unlink()
        assert made.files(made.run(folder)) == cold


@settings(max_examples=200)
@given(st.data(), projects(_SMALL))
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
        whole, parts = (made.relations(made.run(Path(name))) for name in (one, two))
        for name in ("groups", "owned_groups", "allocations", "coverage", "statements"):
            assert not (told := differences(parts[name], whole[name])), (name, told)


def _part(file: BillFile, number: int, rows: slice) -> BillFile:
    path = file.path.replace("part-1", f"part-{number}")
    return replace(file, path=path, rows=file.rows[rows])
