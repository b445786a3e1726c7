"""What runs on several machines have in common."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings

import made
from drawn import Project, write
from everyline import runs
from strategies import Size, projects


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
