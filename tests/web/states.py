"""Projects in every state that a page may find one in: each function makes one in a folder.

Most have the same shape: bills as plain tables with team, use case and a layer by service, and two
months. What is special about each stands with it.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import stated
from everyline import demo
from everyline.cli import main
from made import run

YAML = """\
taxonomy:
  team: {required: true, tags: [team]}
  use_case: {tags: [use_case]}
bills:
  - {name: openai, format: table, path: "bills/openai*.csv", layer: model}
  - {name: aws, format: table, path: "bills/aws*.csv", layer: platform}
pools:
  - pool: gateway
    charges: {ServiceName: Gateway}
    split: [{by: cost}]
"""
HEAD = (
    "InvoiceIssuerName,ServiceProviderName,ServiceName,ChargePeriodStart,ChargePeriodEnd,"
    "BillingCurrency,BilledCost,team,use_case"
)
MONTHS = (("2026-09-01", "2026-10-01"), ("2026-10-01", "2026-11-01"))
SCRIPTS: Mapping[str, str] = {
    "latin": "Wissensdatenbankverwaltungsgesellschaft ",
    "greek": "τεχνητή νοημοσύνη ",
    "arabic": "فريق البحث عن العملاء ",
    "hebrew": "צוות חיפוש ",
    "devanagari": "कृत्रिम बुद्धिमत्ता ",
    "thai": "ปัญญาประดิษฐ์",
    "chinese": "人工智能成本归属团队",
    "korean": "인공지능비용",
    "emoji": "👩‍🚀🏳️‍🌈",
    "marks": "Z̵̡a̴͔l̷̘g̸̡o̵̢",
}
"""Names of 200 characters are these over and over."""

LONG = tuple((text * 200)[:200].strip() for text in SCRIPTS.values())


def no_run(folder: Path) -> Path:
    """Everything is there, and nothing has been run."""
    return written(folder, {"everyline.yaml": YAML, "bills/openai.csv": bill([line("1")])})


def empty(folder: Path) -> Path:
    """Nothing at all is there."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def one_line(folder: Path) -> Path:
    """A single line, of one month."""
    return ran(folder, openai=[line("12.34", team="search", use_case="answers")])


def nobodys(folder: Path) -> Path:
    """Nothing has an owner."""
    return ran(folder, openai=[line("12.34"), line("5", service="Embeddings")])


def zero(folder: Path) -> Path:
    """A month whose cost and credits are equal: there are no shares of nothing."""
    lines = [line("40", team="search"), line("-40", team="search", service="Credits")]
    return ran(folder, openai=[*lines, line("10", "2026-09", team="search")])


def free(folder: Path) -> Path:
    """A month in which everything was free."""
    return ran(folder, openai=[line("0", team="search"), line("3", "2026-09", team="search")])


def credits_alone(folder: Path) -> Path:
    """A month of credits alone."""
    teams = ("search", "support", "")
    return ran(
        folder,
        openai=[line(f"-{n}.50", team=team) for n, team in enumerate(teams, 3)]
        + [line("100", "2026-09", team="search")],
    )


def currencies(folder: Path) -> Path:
    """Three currencies: one without minor units, one with three."""
    lines = [
        line(amount, month, team=team, currency=currency)
        for month, more in (("2026-09", "1"), ("2026-10", "2"))
        for currency, amount in (
            ("USD", f"{more}0.25"),
            ("JPY", f"{more}200"),
            ("KWD", f"{more}.125"),
        )
        for team in ("search", "support")
    ]
    return ran(folder, openai=[*lines, line("900", team="search", currency="JPY")])


def owners(folder: Path, count: int) -> Path:
    """Many owners with a use case each, in amounts that fall, and a shared gateway."""
    lines = [
        line(
            f"{2 * count - n}.{n % 100:02}",
            month,
            service=f"Model {n % 17}",
            team=f"team-{n:04}",
            use_case=f"case-{n % 300:03}",
        )
        for month in ("2026-09", "2026-10")
        for n in range(count)
    ]
    return ran(folder, openai=[*lines, line("55.55")], aws=[line("99.99", service="Gateway")])


def long_names(folder: Path) -> Path:
    """Names of 200 characters in many scripts, of owners, use cases and services."""
    lines = [
        line(f"{n + 3}.5", month, service=other, team=name, use_case=other)
        for month in ("2026-09", "2026-10")
        for n, (name, other) in enumerate(zip(LONG, reversed(LONG), strict=True))
    ]
    return ran(folder, openai=lines)


def large(folder: Path) -> Path:
    """A bill of billions."""
    lines = [
        line(f"{amount}.99", month, team=team, use_case="answers")
        for month in ("2026-09", "2026-10")
        for team, amount in (
            ("search", 98_765_432_101),
            ("support", 12_345_678_901),
            ("", 987_654_321),
        )
    ]
    return ran(folder, openai=lines)


def partial(folder: Path) -> Path:
    """A bill ends on 28 October that had all of September; the other one has all of both."""
    september = [line("70", "2026-09", service="EC2", team="search")]
    october = line("60", service="EC2", team="search").replace("2026-11-01", "2026-10-29")
    whole = [line("30", month, team="support") for month in ("2026-09", "2026-10")]
    return ran(folder, openai=whole, aws=[*september, october])


def closed(folder: Path) -> Path:
    """September is closed and October is open."""
    partial(folder)
    where = ("--project", str(folder), "--by", "Ada Finance", "--on", "2026-11-05")
    assert main(["close", "2026-09", *where]) == 0
    return folder


def restated(folder: Path) -> Path:
    """September is closed, and a bill of it came afterwards: a correction is due."""
    closed(folder)
    (folder / "bills" / "aws-late.csv").write_text(
        bill([line("7.77", "2026-09", service="EC2", team="support")]), "utf-8"
    )
    run(folder)
    return folder


def damaged(folder: Path) -> Path:
    """Somebody has changed what was booked."""
    closed(folder)
    booked = folder / "books" / "2026-09" / "statements.csv"
    booked.write_text(booked.read_text("utf-8").replace("70", "71"), "utf-8")
    return folder


def halcyon(folder: Path) -> Path:
    """The company of `everyline demo`."""
    demo.make(folder)
    run(folder)
    return folder


STATES: Mapping[str, Callable[[Path], Path]] = {
    "demo": halcyon,
    "worked": stated.worked,
    "odd": stated.odd,
    "one-line": one_line,
    "nobodys": nobodys,
    "zero": zero,
    "free": free,
    "credits": credits_alone,
    "currencies": currencies,
    "owners-40": lambda folder: owners(folder, 40),
    "owners-2000": lambda folder: owners(folder, 2000),
    "long-names": long_names,
    "large": large,
    "partial": partial,
    "closed": closed,
    "restated": restated,
    "damaged": damaged,
}
"""Every state that has a run, by name."""


def line(
    cost: str,
    month: str = "2026-10",
    *,
    service: str = "OpenAI API",
    currency: str = "USD",
    **keys: str,
) -> str:
    """A line of a bill, of a whole month."""
    start, end = next(one for one in MONTHS if one[0].startswith(month))
    team, use_case = keys.get("team", ""), keys.get("use_case", "")
    return f'Acme,Acme,"{service}",{start},{end},{currency},{cost},"{team}","{use_case}"'


def bill(lines: Iterable[str]) -> str:
    """A bill as CSV."""
    return "\n".join([HEAD, *lines]) + "\n"


def written(folder: Path, files: Mapping[str, str]) -> Path:
    """A project of these files."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def ran(folder: Path, **bills: Iterable[str]) -> Path:
    """A project of these bills by source, run."""
    files = {f"bills/{name}.csv": bill(lines) for name, lines in bills.items()}
    files.setdefault("bills/aws.csv", bill([]))
    run(written(folder, {"everyline.yaml": YAML, **files}))
    return folder
