"""How long a month's end takes: `close`, `journal`, and all statements of all months.

    python benchmarks/chargeback.py [--teams 500] [--months 12]

The company is invented by fixed arithmetic: each team has four use cases with three vendors, and
its part of a GPU cluster and of a shared tool. All months but the last are closed before time is
taken. Statements are written for every team and month, as HTML and as XLSX; the two forms side by
side, as there are two cores. A statement of a closed month is told from the books.
"""

import argparse
import csv
import io
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

AIM = 60
FORMS = ("html", "xlsx")
VENDORS = ("OpenAI API", "Anthropic API", "Amazon Bedrock")
USE_CASES = 4
ACCOUNTS = 80
CONFIGURATION = """\
organisation: Invented
taxonomy:
  team: {required: true, tags: [team]}
  use_case: {tags: [use_case]}
bills:
  - {name: all, format: table, path: "bills/*.csv", layer: model, set: {ChargeCategory: Usage}}
usage:
  - {name: gpu, format: table, path: "usage/*.csv"}
layers:
  - {when: {ServiceName: GPU}, layer: platform}
pools:
  - {pool: gpu, charges: {ServiceName: GPU}, split: [{by: usage, usage: {x_Source: gpu}}]}
  - {pool: tool, charges: {ServiceName: Observability}, split: [{by: cost}]}
chargeback:
  journal: {accounts: finance/accounts.csv, clearing: "6400", format: generic}
"""
BILL = (
    *("InvoiceIssuerName", "ServiceProviderName", "ServiceName", "SubAccountId"),
    *("ChargePeriodStart", "ChargePeriodEnd", "BillingCurrency", "BilledCost", "team", "use_case"),
)
USAGE = ("hour", "ServiceProviderName", "x_Meter", "x_Unit", "x_Quantity", "team", "use_case")
CHART = ("team", "legal_entity", "cost_centre", "account_model", "account_platform", "account_data")


def amount(*numbers: int) -> str:
    """From 0.001 to 100.000, by numbers that tell a line apart."""
    mixed = 0
    for number in numbers:
        mixed = (mixed * 1_000_003 + number * 7_919 + 12_345) % 2_147_483_647
    return f"{(mixed % 100_000 + 1) / 1000:.3f}"


def bill(month: str, at: int, teams: int) -> Iterable[tuple[str, ...]]:
    """The lines of a month: what teams have, what nobody has, and what is shared."""
    day = (f"{month}-01", f"{month}-02", "USD")
    for team in range(teams):
        for use in range(USE_CASES):
            for number, service in enumerate(VENDORS):
                vendor = service.split()[0]
                cost = amount(at, team, use, number)
                account = f"acc-{team % ACCOUNTS}"
                owner = (f"team-{team}", f"case-{team}-{use}")
                yield vendor, vendor, service, account, *day, cost, *owner
    for account_number in range(ACCOUNTS):
        yield "OpenAI", "OpenAI", "OpenAI API", f"acc-{account_number}", *day, "12.345", "", ""
    yield "GPUs", "GPUs", "GPU", "acc-gpu", *day, "50000", "", ""
    yield "Watch", "Watch", "Observability", "acc-tool", *day, "7000.77", "", ""


def usage(month: str, at: int, teams: int) -> Iterable[tuple[str, ...]]:
    """GPU seconds of each team, in one hour of the month."""
    for team in range(teams):
        seconds = str(1 + (team * 37 + at * 11) % 4_999)
        what = (f"{month}-05T10:00:00Z", "GPUs", "gpu_seconds", "seconds", seconds)
        yield *what, f"team-{team}", f"case-{team}-0"


def write(folder: Path, teams: int, months: Sequence[str]) -> None:
    """The project."""
    chart = ((f"team-{n}", f"E{n % 3}", f"CC-{n}", "6401", "6402", "6403") for n in range(teams))
    files = {"everyline.yaml": CONFIGURATION, "finance/accounts.csv": table(CHART, chart)}
    for at, month in enumerate(months):
        files[f"bills/{month}.csv"] = table(BILL, bill(month, at, teams))
        files[f"usage/{month}.csv"] = table(USAGE, usage(month, at, teams))
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """CSV, LF."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def everyline(project: Path, *arguments: str) -> None:
    """A command, which must go well."""
    command = [sys.executable, "-m", "everyline", *arguments, "--project", str(project)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def close(project: Path, month: str) -> None:
    """Closes a month, on a fixed day."""
    everyline(project, "close", month, "--by", "Ada", "--on", "2027-01-05")


def statements(project: Path, form: str, months: Sequence[str]) -> None:
    """The statements of all teams, a folder a month."""
    for month in months:
        out = project / "statements" / form / month
        everyline(project, "statement", month, "--all", "--as", form, "--out", str(out))


class Clock:
    """Wall seconds, and CPU seconds of the processes that have ended."""

    def __init__(self) -> None:
        self.wall = self.cpu = 0.0
        self._lap = self._now()

    def lap(self, name: str) -> None:
        """Prints what was taken since the last time, and adds it up."""
        now = self._now()
        wall, cpu = (new - old for new, old in zip(now, self._lap, strict=True))
        self.wall, self.cpu, self._lap = self.wall + wall, self.cpu + cpu, now
        print(f"{name:<34}{wall:6.1f} s {cpu:6.1f} s CPU")

    @staticmethod
    def _now() -> tuple[float, float]:
        taken = os.times()
        return time.perf_counter(), taken.children_user + taken.children_system


def main() -> None:
    """Prints the seconds of each step, and the ratio of their sum to the aim of one minute."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--teams", type=int, default=500)
    parser.add_argument("--months", type=int, default=12)
    asked = parser.parse_args()
    months = [f"2026-{month:02}" for month in range(1, asked.months + 1)]
    *earlier, last = months
    with TemporaryDirectory() as name:
        project = Path(name)
        write(project, asked.teams, months)
        everyline(project, "run")
        for month in earlier:
            close(project, month)
        clock = Clock()
        close(project, last)
        clock.lap(f"close of month {asked.months}")
        everyline(project, "journal", last, "--out", str(project / "journal.csv"))
        clock.lap("its journal")
        with ThreadPoolExecutor(len(FORMS)) as side_by_side:
            list(side_by_side.map(lambda form: statements(project, form, months), FORMS))
        made = len([*project.glob("statements/*/*/team-*")])
        assert made == len(FORMS) * asked.teams * asked.months, made
        clock.lap(f"{made:,} statements")
    print(
        f"together{clock.wall:32.1f} s {clock.cpu:6.1f} s CPU,"
        f" {clock.wall / AIM:.2f} of the aim of {AIM} s"
    )


if __name__ == "__main__":
    main()
