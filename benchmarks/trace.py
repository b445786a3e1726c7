# ruff: noqa: A005 - nothing here needs the module of the same name
"""What telemetry costs: traces, prices, pools of pools, and pools of many receivers.

    python benchmarks/trace.py [--rows 1000000 --lines 20000] [--all] [--rounds 5]
        [--only trace,prices,chains,receivers] [--as json]

As in `bills.py`, figures are ratios of processes that ran one after the other, each run cold:

- `trace`: a whole `everyline run` over a gateway's log and a bill without owners, beside the same
  job written by hand (`trace_reference.py`);
- `prices`: CPU seconds of one call of genai-prices for each of a million rows of usage, beside
  those of the usage stage, and of a whole run over the same rows. So many calls would take minutes:
  a sample of rows is priced, and the time of the others is taken to be like theirs. Another sample
  is compared, hour by hour, and must be equal. Not compared are hours with a call so large that its
  price has a step below it, since an hour's sum knows no single call;
- `receivers`: lines shared by usage, evenly and by fixed shares, with many receivers beside few;
- `chains`: pools that pass cost on to each other, each used by all other owners. These figures
  alone are seconds, of the processor and of the clock, of a whole run.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from bills import EVERYLINE, Compared, Taken, as_json, table, take
from trace_project import files

HERE = Path(__file__).resolve().parent
REFERENCE = (
    f"{shlex.quote(sys.executable)} {shlex.quote(str(HERE / 'trace_reference.py'))}"
    " {log} {bill} --out {out} --threads {threads}"
)
PARTS = ("trace", "prices", "receivers", "chains")
LARGE = (10_000_000, 200_000)

CHAINS = ("step-down", "reciprocal")


class Priced(NamedTuple):
    """One round of prices: CPU seconds for all rows, those by call reckoned from a sample."""

    by_call: float
    stage: float
    run: float


class Found(NamedTuple):
    """All that was measured.

    Attributes:
        compared: ratios of pairs.
        priced: rounds of prices.
        cells: how many hours of identities were compared, and with what outcome.
        chains: what each way between pools took, a round each.
    """

    compared: list[Compared]
    priced: list[Priced]
    cells: Mapping[str, int]
    chains: Mapping[str, list[Taken]]


def made(folder: Path, program: str, *arguments: object) -> Path:
    """The project in `folder`; made in a process of its own, so that this one stays small."""
    if not (folder / "everyline.yaml").exists():
        _said(program, folder, *arguments)
    return folder


def _said(program: str, *arguments: object) -> str:
    """What a program beside this one prints."""
    command = [sys.executable, str(HERE / program), *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def cold(project: Path, threads: int) -> Taken:
    """What a whole run takes that knows nothing from before."""
    shutil.rmtree(project / ".everyline", ignore_errors=True)
    return take([*EVERYLINE, "run", "--project", str(project)], threads)


class Benchmark:
    """The projects and the rounds over them, in turn."""

    def __init__(self, folder: Path, asked: argparse.Namespace, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._asked = asked
        self._say = say

    def measure(self) -> Found:
        """All rounds of all parts, in turn, so that a busy minute does not hit one part alone."""
        only = self._asked.only
        traced = {rows: Compared(f"{rows:,} rows", "trace") for rows, _ in self._sizes()}
        few, many = self._asked.receivers
        shared = Compared("receivers", f"{few:,} to {many:,}")
        priced: list[Priced] = []
        chains: dict[str, list[Taken]] = {way: [] for way in CHAINS}
        for at in range(self._asked.rounds):
            self._say(f"round {at + 1} of {self._asked.rounds}")
            for rows, lines in self._sizes() if "trace" in only else ():
                traced[rows].pairs.append(self._trace(rows, lines))
            if "prices" in only:
                priced.append(self._prices())
            if "receivers" in only:
                shared.pairs.append((self._receivers(many), self._receivers(few)))
            for way in CHAINS if "chains" in only else ():
                chains[way].append(self._chain(way))
        compared = [one for one in (*traced.values(), shared) if one.pairs]
        return Found(compared, priced, self._compare() if priced else {}, chains)

    def _sizes(self) -> list[tuple[int, int]]:
        asked = (self._asked.rows, self._asked.lines)
        return sorted({asked, LARGE} if self._asked.all else {asked})

    def _trace(self, rows: int, lines: int) -> tuple[Taken, Taken]:
        """A run, and the job by hand."""
        folder = self._folder / f"trace-{rows}-{lines}"
        made(folder, "trace_project.py", "--rows", rows, "--lines", lines)
        project, threads = files(folder), self._asked.threads
        beside = project._asdict() | {"out": folder / "out", "threads": threads}
        by_hand = [word.format(**beside) for word in shlex.split(self._asked.reference)]
        return cold(folder, threads), take(by_hand, threads)

    def _prices(self) -> Priced:
        project, sample = self._priced(), self._asked.sample
        stage = json.loads(_said("trace_prices.py", project, "--by", "everyline"))
        by_call = json.loads(_said("trace_prices.py", project, "--by", "call", "--sample", sample))
        run = cold(project, self._asked.threads).cpu_s
        return Priced(by_call * self._asked.usage / min(sample, self._asked.usage), stage, run)

    def _priced(self) -> Path:
        rows = self._asked.usage
        return made(self._folder / f"prices-{rows}", "trace_prices.py", "--rows", rows)

    def _compare(self) -> Mapping[str, int]:
        arguments = (self._priced(), "--by", "both", "--sample", self._asked.sample)
        found: dict[str, int] = json.loads(_said("trace_prices.py", *arguments))
        return found

    def _receivers(self, receivers: int) -> Taken:
        lines = self._asked.shared_lines
        folder = self._folder / f"receivers-{receivers}-{lines}"
        made(folder, "trace_pools.py", "--receivers", receivers, "--lines", lines)
        return cold(folder, self._asked.threads)

    def _chain(self, way: str) -> Taken:
        pools, owners = self._asked.pools
        folder = self._folder / f"{way}-{pools}-{owners}"
        made(folder, "trace_pools.py", "--chain", way, "--pools", pools, "--owners", owners)
        return cold(folder, self._asked.threads)


def text(found: Found, asked: argparse.Namespace) -> Iterator[str]:
    """The lines of the result."""
    if found.compared:
        yield "beside the reference, and many receivers beside few: median, least, greatest"
        yield from table(found.compared)
    if found.priced:
        yield ""
        yield f"CPU seconds of one call a row beside everyline's, {asked.usage:,} rows of usage"
        for beside, ratios in (
            ("usage stage", [one.by_call / one.stage for one in found.priced]),
            ("whole run", [one.by_call / one.run for one in found.priced]),
        ):
            yield f"{beside:31}{_spread(ratios)}"
        cells = found.cells
        yield (
            f"{cells['equal']:,} of {cells['cells']:,} hours compared are equal,"
            f" {cells['batch']:,} of them of a tier;"
        )
        yield f"{cells['large']:,} have a call above a step of its price, and are not compared"
    if any(found.chains.values()):
        pools, owners = asked.pools
        yield ""
        yield f"{'seconds of a whole run':31}  CPU             wall"
        yield f"{pools} pools, {owners} owners"
        for way, rounds in found.chains.items():
            cpu, wall = (_spread([one[at] for one in rounds]) for at in range(2))
            yield f"  {way:29}{cpu:16}{wall}"


def _spread(figures: Sequence[float]) -> str:
    return f"{median(figures):5.1f} {min(figures):.1f}–{max(figures):.1f}"


def everything(found: Found) -> str:
    """Everything measured, as JSON."""
    chains = {way: [one._asdict() for one in rounds] for way, rounds in found.chains.items()}
    parts: dict[str, Any] = {
        "compared": json.loads(as_json(found.compared)),
        "prices": [one._asdict() for one in found.priced],
        "cells": found.cells,
        "chains": chains,
    }
    return json.dumps(parts, indent=1)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="What telemetry costs, as ratios.")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the gateway's log")
    parser.add_argument("--lines", type=int, default=20_000, help="of the bill that is traced")
    parser.add_argument("--all", action="store_true", help="10 million rows, 200,000 lines too")
    parser.add_argument("--usage", type=int, default=1_000_000, help="rows that are priced")
    parser.add_argument("--sample", type=int, default=2000, help="rows priced one by one")
    parser.add_argument("--receivers", type=_two, default=(100, 5000), help="few and many")
    parser.add_argument("--shared-lines", type=int, default=10_000, help="of the bill they share")
    parser.add_argument("--pools", type=_two, default=(100, 500), help="pools, and all owners")
    parser.add_argument("--only", type=_parts, default=PARTS, help=f"of {','.join(PARTS)}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--reference", default=REFERENCE, help="another program for the same job")
    parser.add_argument("--folder", type=Path, help="where projects are made and kept")
    parser.add_argument("--as", dest="form", choices=("table", "json"), default="table")
    return parser.parse_args()


def _two(text: str) -> tuple[int, int]:
    first, second = map(int, text.split(","))
    return first, second


def _parts(text: str) -> tuple[str, ...]:
    asked = tuple(text.split(","))
    if unknown := set(asked) - set(PARTS):
        raise argparse.ArgumentTypeError(f"no such part: {', '.join(sorted(unknown))}")
    return asked


def main() -> None:
    asked = arguments()
    os.environ["EVERYLINE_THREADS"] = str(asked.threads)  # for those that `take` does not start

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    with TemporaryDirectory(prefix="everyline-benchmark-") as temporary:
        found = Benchmark(asked.folder or Path(temporary), asked, say).measure()
    print(everything(found) if asked.form == "json" else "\n".join(text(found, asked)))


if __name__ == "__main__":
    main()
