"""What a whole `everyline run` costs, beside the same job written by hand (`reference.py`).

    python benchmarks/bills.py [--lines 100000,1000000] [--all] [--rounds 5] [--as json]

Every figure is a ratio of two processes that ran one after the other: of their CPU seconds (user
and system), wall seconds, and peak memory. Seconds of one machine say nothing of another's, and on
a busy one not even of the next hour's; ratios of pairs do. A run is measured three ways: `cold`,
nothing kept from before; `again`, nothing changed since; and `one row moved`, where an account now
belongs to another team.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from charges import Project, files

HERE = Path(__file__).resolve().parent
REFERENCE = (
    f"{shlex.quote(sys.executable)} {shlex.quote(str(HERE / 'reference.py'))}"
    " {charges} {usage} {aliases} {accounts} --out {out} --threads {threads}"
)
EVERYLINE = (sys.executable, "-m", "everyline")

HELP_PAIRS = 11
"""Starting up is short, so it takes more pairs until chance evens out."""

KINDS = ("CPU", "wall", "memory")


class Taken(NamedTuple):
    """What one process took, waiting for its children included."""

    cpu_s: float
    wall_s: float
    memory_bytes: float


Pair = tuple[Taken, Taken]


@dataclass(frozen=True, slots=True)
class Compared:
    """One line of the result: two programs, or two sizes of one, in pairs.

    Attributes:
        about: what the ratios compare, the divisor last.
        case: which of it.
        pairs: as they ran.
    """

    about: str
    case: str
    pairs: list[Pair] = field(default_factory=list)

    def ratios(self) -> list[tuple[float, ...]]:
        """For each pair, the ratio of each of KINDS."""
        return [tuple(a / b for a, b in zip(*pair, strict=True)) for pair in self.pairs]


def take(command: Sequence[str], threads: int, *, passing: Sequence[int] = (0,)) -> Taken:
    """Runs `command` to its end, and says what it took.

    Raises:
        SystemExit: where its exit code is none of `passing`.
    """
    environment = os.environ | {"EVERYLINE_THREADS": str(threads), "PYTHONDONTWRITEBYTECODE": ""}
    start = time.perf_counter()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall_s = time.perf_counter() - start
    if process.returncode not in passing:
        text = said.decode(errors="replace")[-1000:]
        sys.exit(f"exit code {process.returncode}: {shlex.join(command)}\n{text}")
    # Linux counts the peak in KiB, macOS in bytes; ratios need not care.
    return Taken(used.ru_utime + used.ru_stime, wall_s, used.ru_maxrss)


def made(folder: Path, lines: int) -> Project:
    """The project of so many lines in `folder`; made in a process of its own.

    A process hands its peak memory on to the processes that it starts, so this one stays small.
    """
    project = files(folder)
    if not project.charges.exists():
        command = [sys.executable, str(HERE / "charges.py"), str(folder), "--lines", str(lines)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return project


@contextmanager
def one_row_moved(project: Project) -> Iterator[None]:
    """Within it, the last account of the registry belongs to the first team."""
    registry = project.folder / "owners" / "accounts.csv"
    before = registry.read_text(encoding="utf-8")
    account, _, _ = before.splitlines()[-1].partition(",")
    rest, _, _ = before.rstrip("\n").rpartition("\n")
    try:
        registry.write_text(f"{rest}\n{account},team-000\n", encoding="utf-8")
        yield
    finally:
        registry.write_text(before, encoding="utf-8")


def measure(project: Project, reference: str, threads: int) -> dict[str, Pair]:
    """One round: each case of a run, paired with the reference that ran in the same round."""
    beside = project._asdict() | {"out": project.folder / "out", "threads": threads}
    by_hand = [word.format(**beside) for word in shlex.split(reference)]
    run = [*EVERYLINE, "run", "--project", str(project.folder)]

    def everyline() -> Taken:
        return take(run, threads, passing=(0, 1))

    shutil.rmtree(project.folder / ".everyline", ignore_errors=True)
    cold = everyline()
    yardstick = take(by_hand, threads)
    again = everyline()
    with one_row_moved(project):
        moved = everyline()
    found = {"cold": cold, "again": again, "one row moved": moved}
    return {case: (taken, yardstick) for case, taken in found.items()}


def compare(
    projects: Mapping[int, Project], asked: argparse.Namespace, say: Callable[[str], None]
) -> list[Compared]:
    """All rounds of all sizes, in turn, so that a busy minute does not hit one size alone."""
    rounds: dict[int, list[dict[str, Pair]]] = {lines: [] for lines in projects}
    for at in range(asked.rounds):
        for lines, project in projects.items():
            say(f"round {at + 1} of {asked.rounds}: {lines:,} lines")
            rounds[lines].append(measure(project, asked.reference, asked.threads))
    found = [
        Compared(f"{lines:,} lines", case, [one[case] for one in rounds[lines]])
        for lines in projects
        for case in ("cold", "again", "one row moved")
    ]
    small, large = 1_000_000, 10_000_000
    if {small, large} <= rounds.keys():
        both = list(zip(rounds[large], rounds[small], strict=True))
        for at, program in enumerate(("everyline", "reference")):
            pairs = [(ten["cold"][at], one["cold"][at]) for ten, one in both]
            found.append(Compared("1M to 10M", program, pairs))
    return [*found, help_beside_python(asked.threads)]


def help_beside_python(threads: int) -> Compared:
    """How long a person waits for nothing but help, beside Python doing nothing at all."""
    compared = Compared("--help", "beside python")
    for _ in range(HELP_PAIRS):
        shown = take([*EVERYLINE, "--help"], threads)
        compared.pairs.append((shown, take([sys.executable, "-c", "pass"], threads)))
    return compared


def table(compared: Sequence[Compared]) -> Iterator[str]:
    """The lines of the result: for each kind the median ratio, then the least and the greatest."""
    yield f"{'':31}{''.join(f'{kind:>5}'.ljust(16) for kind in KINDS)}".rstrip()
    for one in compared:
        cells = [
            f"{median(each):5.2f} {min(each):.2f}–{max(each):.2f}"
            for each in zip(*one.ratios(), strict=True)
        ]
        if one.about == "--help":
            cells[-1] = ""  # a process this small has no peak but what it was started with
        yield f"{one.about:16}  {one.case:13}{''.join(f'{cell:16}' for cell in cells)}".rstrip()


def as_json(compared: Sequence[Compared]) -> str:
    """Everything measured, the ratios with it."""
    found = [
        {
            "about": one.about,
            "case": one.case,
            "ratios": {
                kind: {"median": median(each), "min": min(each), "max": max(each)}
                for kind, each in zip(KINDS, zip(*one.ratios(), strict=True), strict=True)
            },
            "pairs": [[taken._asdict() for taken in pair] for pair in one.pairs],
        }
        for one in compared
    ]
    return json.dumps(found, indent=1)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="A whole `everyline run` beside the same job by hand, as ratios."
    )
    parser.add_argument("--lines", default="100000,1000000", help="sizes of the bill, with commas")
    parser.add_argument("--all", action="store_true", help="10 million lines too")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--reference", default=REFERENCE, help="another program for the same job")
    parser.add_argument("--folder", type=Path, help="where bills are made and kept for next time")
    parser.add_argument("--as", dest="form", choices=("table", "json"), default="table")
    asked = parser.parse_args()
    sizes = {int(size) for size in asked.lines.split(",")} | ({10_000_000} if asked.all else set())
    asked.lines = sorted(sizes)
    return asked


def main() -> None:
    asked = arguments()

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    with TemporaryDirectory(prefix="everyline-benchmark-") as temporary:
        folder = asked.folder or Path(temporary)
        projects = {lines: made(folder / str(lines), lines) for lines in asked.lines}
        compared = compare(projects, asked, say)
    if asked.form == "json":
        print(as_json(compared))
        return
    print("everyline beside the reference: median ratio, least and greatest")
    print("\n".join(table(compared)))


if __name__ == "__main__":
    main()
