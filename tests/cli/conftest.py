"""One small project, run once, for all tests of the command line.

October in USD: 1,200 tagged search, 500 - 20 tagged support, 299.875 tagged `serach`, 0.125 without
a tag, and 1,000,000 for the web shop, which is no AI. In scope 1,980; of 2,000 that can be tagged
(the -20 counts as 0) 1,700 are. October in JPY: 1,500. September in USD: 50.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from everyline.cli import main

HOSTILE = "Vector \x1b]0;owned\x07\u202estore"
"""A service name that would retitle a terminal and turn the writing direction."""

FORMULA = '=HYPERLINK("http://example.com","x")'

_YAML = """\
taxonomy:
  team: {required: true, tags: [team], values: [search, support]}
  use_case: {tags: [use_case]}
bills:
  - {name: vendors, format: table, path: "bills/*.csv", layer: model,
     set: {ChargeCategory: Usage, InvoiceIssuerName: Acme Clouds, ServiceProviderName: Acme Clouds}}
layers:
  - {when: {ServiceName: Web shop}, layer: none}
targets: {tag_coverage: {team: 0.90}, unallocated: 0.05}
"""
_LINES = (
    ("1200", "USD", "Model API", "2026-10", "search", FORMULA),
    ("500", "USD", HOSTILE, "2026-10", "support", ""),
    ("-20", "USD", HOSTILE, "2026-10", "support", ""),
    ("299.875", "USD", "Model API", "2026-10", "serach", ""),
    ("0.125", "USD", "Model API", "2026-10", "", ""),
    ("1000000", "USD", "Web shop", "2026-10", "", ""),
    ("1500", "JPY", "Model API", "2026-10", "support", ""),
    ("50", "USD", "Model API", "2026-09", "search", 'two "quoted", words'),
)


PROGRAM = (sys.executable, "-c", "import sys; from everyline.cli import main; sys.exit(main())")
"""The command, in a process of its own."""


class Said(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("acme")
    (folder / "everyline.yaml").write_text(_YAML, encoding="utf-8")
    (folder / "bills").mkdir()
    header = (
        "BilledCost,BillingCurrency,ServiceName,ChargePeriodStart,ChargePeriodEnd,team,use_case"
    )
    rows = [header]
    for cost, currency, service, month, team, use_case in _LINES:
        quoted = '"' + use_case.replace('"', '""') + '"'
        start, end = f"{month}-01T00:00:00Z", f"{month}-02T00:00:00Z"
        rows.append(",".join((cost, currency, service, start, end, team, quoted)))
    (folder / "bills" / "all.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def ran(project: Path) -> Said:
    """The first run, in a process of its own."""
    return call("run", "--project", str(project))


@pytest.fixture
def everyline(
    project: Path,
    ran: Said,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> Command:
    """Calls a command on the project, in this process, 80 columns wide."""
    assert ran.code == 0, ran.err
    monkeypatch.setenv("COLUMNS", "80")

    def command(*arguments: str) -> Said:
        code = main([*arguments, "--project", str(project)])
        captured = capfdbinary.readouterr()
        return Said(code, captured.out.decode(), captured.err.decode())

    return command


def call(*arguments: str, **environment: str) -> Said:
    """Calls `everyline` in a process of its own, nothing being a terminal."""
    done = subprocess.run(
        [*PROGRAM, *arguments],
        capture_output=True,
        env=clean_environment() | environment,
        check=False,
    )
    return Said(done.returncode, done.stdout.decode(), done.stderr.decode())


def clean_environment() -> dict[str, str]:
    """The environment without what changes output."""
    changing = ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "EVERYLINE_TRACEBACK", "PYTHONIOENCODING")
    return {name: value for name, value in os.environ.items() if name not in changing}
