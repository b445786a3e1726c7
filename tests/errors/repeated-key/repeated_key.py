"""A manifest with a label twice."""

from collections.abc import Sequence
from contextlib import chdir
from datetime import date
from pathlib import Path

from everyline.problems import Problem
from everyline.provisioning.checking import check
from everyline.provisioning.reading import Given


def problems(folder: Path) -> Sequence[Problem]:
    with chdir(folder):
        return check(
            Path(), [Given("manifests", Path("deploy/pod.yaml"))], date(2026, 10, 15)
        ).problems
