"""How quick the pages of a large run are, and whether serving them takes more and more memory.

    python benchmarks/served_pages.py [--lines 10000000] [--teams 500] [--months 12] [--readers 50]

`everyline serve` runs as a process of its own, and nothing is asked of it before it is measured.
The time of an answer is the server's own, from the request to the answer, waiting included
(`Server-Timing`); beside it is what a reader waits. Readers ask for pages by the weights of `MIX`,
of any month and owner, and look at each for a while; then they ask for as many as they can get,
which is how memory is looked at. Which addresses are asked for is drawn from a fixed seed.
"""

import argparse
import gzip
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from shutil import which
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.parse import urlsplit

from everyline.answers.meanings import known
from served_pages_project import USE_CASES, months

HERE = Path(__file__).resolve().parent
FIRST_PAGE_S, MEDIAN_MS, P95_MS = 0.8, 100, 300
GROWTH = 1.1
"""How much more memory 10,000 requests may take: what is kept of answers has a limit."""

MIX = {
    "/": 10,
    "/owners": 8,
    "/owners/{value}": 30,
    "/use-cases": 5,
    "/use-cases/{value}": 20,
    "/coverage": 5,
    "/explain": 2,
    "/explain/{value}": 1,
    "/charges": 1,
    "/worklist": 2,
    "/problems": 3,
    "/problems/{value}": 1,
    "/search": 4,
    "/reconciliation": 2,
    "/compare": 2,
    "/books": 2,
    "/kpis": 2,
    "/terms": 2,
}
"""How often each page is asked for, of a hundred or so."""


class Taken(NamedTuple):
    """One answer: milliseconds of the server, and of the whole."""

    route: str
    server_ms: float
    whole_ms: float


class Reader:
    """Somebody who asks for pages over one connection."""

    def __init__(self, address: str, seed: int, company: tuple[int, int]) -> None:
        """`company` is how many teams and months there are."""
        parts = urlsplit(address)
        self._connection = HTTPConnection(parts.hostname or "", parts.port, timeout=600)
        self._random = random.Random(seed)
        self._teams, self._months = company[0], months(company[1])
        self.mix, self.charge, self.month = MIX, "", ""

    def ask(self, route: str, path: str) -> tuple[Taken, bytes]:
        """One page."""
        start = time.perf_counter()
        try:
            answer = self._asked(path)
        except ConnectionError:
            # The server lets go of who is silent for long; a browser asks again too.
            self._connection.close()
            answer = self._asked(path)
        body = answer.read()
        whole_ms = (time.perf_counter() - start) * 1000
        assert answer.status == 200, (answer.status, path)
        told = re.search(r"dur=([0-9.]+)", answer.getheader("Server-Timing", ""))
        assert told is not None, path
        return Taken(route, float(told[1]), whole_ms), body

    def _asked(self, path: str) -> HTTPResponse:
        self._connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
        return self._connection.getresponse()

    def any(self) -> Taken:
        """A page by the mix."""
        route = self._random.choices(list(self.mix), list(self.mix.values()))[0]
        return self.ask(route, self.path(route))[0]

    def path(self, route: str) -> str:
        """An address of a route."""
        team = self._random.randrange(self._teams)
        case = f"case-{team:03}-{self._random.randrange(USE_CASES)}"
        value = {
            "/owners/{value}": f"team-{team:03}",
            "/use-cases/{value}": case,
            "/problems/{value}": known()[0]["problem"],
            "/explain/{value}": self.charge,
        }.get(route, "")
        more = {
            "/search": f"&q={team}",
            "/explain": f"&where=use_case={case}",
            "/charges": f"&where=use_case={case}",
        }.get(route, "")
        period = self._random.choice(self._months)
        if route == "/explain/{value}":
            period = self.month  # the links to it name its month
        return f"{route.replace('{value}', value)}?period={period}&currency=USD{more}"


@contextmanager
def serving(project: Path) -> Iterator[tuple[str, int]]:
    """The address of a server of the project, and its process."""
    command = [sys.executable, "-m", "everyline", "serve", "--port", "0", "--project", str(project)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        try:
            found = re.search(r"http://[^ ]+", process.stdout.readline())
            assert found is not None, "the server does not say where it is"
            yield found[0], process.pid
        finally:
            process.terminate()


def resident_mb(process: int) -> float:
    """The memory that a process holds."""
    text = Path(f"/proc/{process}/status").read_text("utf-8")
    found = re.search(r"VmRSS:\s+(\d+) kB", text)
    return int(found[1]) / 1024 if found else 0.0


def first_page(address: str, period: str) -> float | None:
    """Seconds until a browser that was just started has a page; None where there is none."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    browser = which("chromium") or which("google-chrome")
    if browser is None:
        return None
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = opened.new_page()
        start = time.perf_counter()
        page.goto(f"{address}?period={period}")
        taken = time.perf_counter() - start
        opened.close()
    return taken


def readers(count: int, job: Callable[[int], Sequence[Taken]]) -> list[Taken]:
    """What many readers found who read at the same time."""
    found: list[Taken] = []
    failed: list[BaseException] = []

    def read(at: int) -> None:
        try:
            found.extend(job(at))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=read, args=(at,)) for at in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return found


def p95(values: Sequence[float]) -> float:
    """What one in twenty is above."""
    return quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


def table(found: Sequence[Taken]) -> Iterator[str]:
    """A line a route, and one of all, with ratios to what is aimed at."""
    yield (
        f"{'':20}{'pages':>7}{'median':>9}{'p95':>9}{'reader':>9}{'p95':>9}"
        f"{f'/ {MEDIAN_MS}':>9}{f'/ {P95_MS}':>9}"
    )
    for route in (*MIX, "all"):
        own = [one for one in found if route in (one.route, "all")]
        if not own:
            continue
        server, whole = [one.server_ms for one in own], [one.whole_ms for one in own]
        middle, high = median(server), p95(server)
        yield (
            f"{route:20}{len(own):7,}{middle:9.1f}{high:9.1f}{median(whole):9.1f}{p95(whole):9.1f}"
            f"{middle / MEDIAN_MS:9.2f}{high / P95_MS:9.2f}"
        )


def measured(project: Path, asked: argparse.Namespace) -> Iterator[str]:
    """All that is measured, as text."""
    company = (asked.teams, asked.months)
    with serving(project) as (address, process):
        one = Reader(address, 0, company)
        opening, _ = one.ask("/", "/")
        yield f"opening the run, with its first page {opening.whole_ms / 1000:8.2f} s"
        if (seconds := first_page(address, months(asked.months)[0])) is not None:
            ratio = seconds / FIRST_PAGE_S
            yield f"first page of a cold browser {seconds:16.2f} s, {ratio:.2f} of {FIRST_PAGE_S} s"
        fresh = [Reader(address, at + 1, company) for at in range(asked.readers)]
        mix = {route: weight for route, weight in MIX.items() if route not in asked.without}
        charge = ""
        if not {"/charges", "/explain/{value}"} <= asked.without:
            firsts = []
            for month in months(asked.months):
                path = f"/charges?period={month}&currency=USD&where=use_case=case-000-0"
                listed, body = one.ask("/charges", path)
                firsts.append(listed.server_ms / 1000)
            charge = _charge(body)
            yield (
                f"bill lines of a month, the first time {median(firsts):5.2f} s,"
                f" at most {max(firsts):.2f} s"
            )
        for reader in fresh:
            reader.mix, reader.charge, reader.month = mix, charge, months(asked.months)[-1]
        until = time.perf_counter() + asked.seconds

        def looking(at: int) -> Sequence[Taken]:
            waits = random.Random(at)
            found = []
            while time.perf_counter() < until:
                time.sleep(waits.uniform(0, 2 * asked.pause))
                found.append(fresh[at].any())
            return found

        yield f"{asked.readers} readers, each looks at a page for {asked.pause:g} s; milliseconds"
        yield from table(readers(asked.readers, looking))
        before, start = resident_mb(process), time.perf_counter()
        each = asked.requests // asked.readers
        found = readers(asked.readers, lambda at: [fresh[at].any() for _ in range(each)])
        rate = len(found) / (time.perf_counter() - start)
        yield f"{asked.readers} readers without a pause, {rate:.0f} pages a second; milliseconds"
        yield from table(found)
        after = resident_mb(process)
        ratio = after / before
        yield f"memory {before:.0f} MB, after {len(found):,} pages {after:.0f} MB, {ratio:.2f}"


def _charge(page: bytes) -> str:
    """The id of a bill line of a page."""
    found = re.search(rb"/explain/([0-9a-f]{64})", gzip.decompress(page))
    assert found is not None, "no bill line is listed"
    return found[1].decode()


def made(folder: Path, asked: argparse.Namespace) -> Path:
    """The project, run; what was made before is taken as it is."""
    project = folder / f"pages-{asked.lines}-{asked.teams}-{asked.months}"
    if not (project / ".everyline" / "current").exists():
        sizes = (f"--lines={asked.lines}", f"--teams={asked.teams}", f"--months={asked.months}")
        program = str(HERE / "served_pages_project.py")
        subprocess.run([sys.executable, program, str(project), *sizes], check=True)
        command = [sys.executable, "-m", "everyline", "run", "--project", str(project)]
        done = subprocess.run(command, capture_output=True, check=False)
        assert done.returncode in (0, 1), done.stderr.decode()
    return project


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Speed and memory of the pages of a large run.")
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--teams", type=int, default=500)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--pause", type=float, default=5, help="seconds that a page is looked at")
    parser.add_argument("--seconds", type=float, default=60, help="how long they read")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--without", default="", help="routes to leave out, with commas")
    parser.add_argument("--small", action="store_true", help="a few lines, to see that it works")
    parser.add_argument("--folder", type=Path, help="where the project is kept for next time")
    asked = parser.parse_args()
    asked.without = set(asked.without.split(","))
    if asked.small:
        asked.lines, asked.teams, asked.months, asked.readers = 3_000, 5, 2, 4
        asked.pause, asked.seconds, asked.requests = 0.01, 2, 80
    return asked


def main() -> None:
    asked = arguments()
    with TemporaryDirectory(prefix="everyline-benchmark-") as temporary:
        project = made(asked.folder or Path(temporary), asked)
        for line in measured(project, asked):
            print(line, flush=True)


if __name__ == "__main__":
    main()
