"""The same lines told otherwise: in another order, in more files, or with one file more."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

import made
from differences import differences
from drawn import BillFile, Project
from everyline import runs

FIGURES = ("groups", "owned_groups", "allocations", "coverage", "statements")


def with_one_more(project: Project) -> Project:
    """One file more, whose bytes are those of no other, since the same bytes count once."""
    file = project.files[0]
    added = replace(file, path=file.path.replace("part-1", "part-0"), rows=file.rows[:1] * 2)
    assume(all(added.data() != other.data() for other in project.files))
    return project.with_files([*project.files, added])


# The same lines in another order


def differ_in_rows(project: Project) -> bool:
    """Whether no two files hold the same rows, which count once if they also look the same."""
    contents = [
        sorted(sorted(zip(file.header, map(str, row), strict=True)) for row in file.rows)
        for file in project.files
    ]
    return all(content not in contents[:at] for at, content in enumerate(contents))


@st.composite
def shuffled(draw: st.DrawFn, project: Project) -> Project:
    """The same rows in files of the same names, in another order throughout."""
    files: list[BillFile] = []
    for bill in dict.fromkeys(_folder(file) for file in project.files):
        own = [file for file in project.files if _folder(file) == bill]
        contents = draw(st.permutations([draw(_shuffled_file(file)) for file in own]))
        files += [
            replace(content, path=file.path) for content, file in zip(contents, own, strict=True)
        ]
    return project.with_files(files)


def _folder(file: BillFile) -> str:
    """Where the files of one bill lie, which all have one format."""
    return file.path.rpartition("/")[0]


@st.composite
def _shuffled_file(draw: st.DrawFn, file: BillFile) -> BillFile:
    at = draw(st.permutations(range(len(file.header))))
    rows = tuple(tuple(row[i] for i in at) for row in draw(st.permutations(file.rows)))
    return replace(file, header=tuple(file.header[i] for i in at), rows=rows)


def but_places(run: runs.Run) -> dict[str, Any]:
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
def cut(draw: st.DrawFn, project: Project) -> Project:
    """The first file in two; their bytes differ from each other and from those of other files."""
    file, *others = project.files
    at = draw(st.integers(1, len(file.rows) - 1))
    head = replace(file, rows=file.rows[:at])
    tail = replace(file, path=file.path.replace("part-1", "part-9"), rows=file.rows[at:])
    found = project.with_files([head, *others, tail])
    assume(len({part.data() for part in found.files}) == len(found.files))
    return found


def figures_apart(one: runs.Run, other: runs.Run) -> list[str]:
    """What two runs say of figures differs in this; the same bytes need no closer look."""
    names = ("grouped.parquet", "owners.parquet", "coverage.parquet", "statements.parquet")
    ours, theirs = made.files(one), made.files(other)
    if all(ours[name] == theirs[name] for name in names):
        return []
    found, expected = made.relations(one, FIGURES), made.relations(other, FIGURES)
    return [f"{n}: {told}" for n in FIGURES for told in differences(found[n], expected[n])]
