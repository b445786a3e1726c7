"""Planted mistakes in manifests, templates and keys: `check` finds each, and nothing in right ones.

The lists are `planted/<format>/expected.csv`, made by hand with the reason of each row.
"""

import shutil
from pathlib import Path

import pytest
from acme import DAY
from planted_things import PLANTED, expected

from everyline.provisioning.checking import check
from everyline.provisioning.reading import Given, Option

OPTIONS: dict[str, Option] = {
    "kubernetes": "manifests",
    "cloudformation": "plan",
    "arm": "plan",
    "litellm": "keys",
}
NAMES = {
    "missing": ("fail", "missing-tag"),
    "undeclared": ("fail", "undeclared-value"),
    "later": ("warn", "known-later"),
    "untaggable": ("warn", "untaggable-type"),
}
"""What a list calls a finding, and how `check` calls it."""

FILES = [(folder, name) for folder in OPTIONS for name in expected(folder)]


def test_there_are_enough_of_both() -> None:
    assert sum(name.startswith("wrong") for _, name in FILES) >= 25
    assert sum(name.startswith("right") for _, name in FILES) >= 25


@pytest.mark.parametrize(("folder", "name"), FILES)
def test_check_says_what_the_list_says(
    folder: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(PLANTED / "everyline.yaml", tmp_path)
    shutil.copy(PLANTED / folder / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    report = check(tmp_path, [Given(OPTIONS[folder], tmp_path / name)], DAY)
    wanted = [
        (*NAMES[finding], address, place)
        for address, _, finding, place, _ in expected(folder)[name]
    ]
    # The subject of a value that is none also names the key and the value.
    found = [(p.level, p.name, p.subject.split(", ")[0], p.place) for p in report.problems]
    assert sorted(found) == sorted(wanted)
    for problem in report.problems:
        path = next(at for address, *_, at in expected(folder)[name] if address in problem.subject)
        for part in filter(None, path.split(" -> ")) if problem.name == "missing-tag" else ():
            assert f"`{part}`" in problem.hint
