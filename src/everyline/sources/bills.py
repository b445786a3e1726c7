"""Bills: every bill of a project as lines, by the rules of deliveries (R1)."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from everyline import control
from everyline.bill_lines import BillLines
from everyline.config.configuration import Configuration
from everyline.config.sources import Bill
from everyline.engines.duckdb import Engine, quoted
from everyline.problems import Problem
from everyline.sources import formats
from everyline.sources.deliveries import Delivered, deliveries, place_of
from everyline.sources.format import Format
from everyline.sources.landing import Landed, Landing

Progress = Callable[[str], None]
Rounded = Mapping[str, tuple[int, str]]


class Bills(NamedTuple):
    """All bills of a project.

    Attributes:
        lines: in the order of the configuration, files in natural order.
        files: every file that counts: its path in the project, SHA-256 and size.
        problems: of deliveries, files, cells and pages.
    """

    lines: list[BillLines]
    files: list[Delivered]
    problems: list[Problem]


def bills(
    engine: Engine, project: Path, configuration: Configuration, *, cache: Path, progress: Progress
) -> Bills:
    """Reads what is new of the bills of `configuration`; the rest is known from `cache`."""
    landing = Landing(engine, cache / "files", cache.parent)
    found = Bills([], [], [])
    for bill in configuration.bills:
        format_ = formats()[bill.format]
        read = landing.land_all(bill, deliveries(project, bill), format_, progress)
        found.files.extend(read.files)
        found.problems.extend(_with_amounts(engine, read.problems, read.landed))
        found.problems.extend(read.of_files)
        found.lines.extend(_lines(bill, format_, read.readable))
        if format_.natural_key and read.readable:
            found.problems.extend(_replaced(engine, bill, format_, read.readable))
    return found


def _lines(
    bill: Bill, format_: Format, files: Sequence[tuple[Delivered, Landed]]
) -> Iterator[BillLines]:
    """One relation a file; a format with a natural key has one for all its files."""
    if format_.natural_key and files:
        yield _joined(bill, format_, files)
        return
    for file, landed in files:
        yield BillLines(
            source=bill.name,
            fingerprint=hashlib.sha256(f"{file.sha256} {landed.relation}".encode()).hexdigest(),
            file=landed.file if landed.is_whole else None,
            relation=landed.relation,
            columns=landed.columns,
            tag_keys=landed.tag_keys,
            place=place_of(format_.line, [file]),
            rounded=landed.rounded,
        )


def _joined(bill: Bill, format_: Format, files: Sequence[tuple[Delivered, Landed]]) -> BillLines:
    columns = sorted({column for _, landed in files for column in landed.columns})
    keys = sorted({key for _, landed in files for key in landed.tag_keys})
    relation = f"(SELECT * EXCLUDE (file_, rank_) FROM {_ranked(format_, files)} WHERE rank_ = 1)"
    text = " ".join([*(file.sha256 for file, _ in files), relation])
    return BillLines(
        source=bill.name,
        fingerprint=hashlib.sha256(text.encode()).hexdigest(),
        file=None,
        relation=relation,
        columns=tuple(columns),
        tag_keys=tuple(keys),
        place=place_of(format_.line, [file for file, _ in files]),
        rounded=rounded_in(landed.rounded for _, landed in files),
    )


def rounded_in(parts: Iterable[Rounded]) -> Rounded:
    """Column to how many numbers were rounded, and the exact sum lost, over all `parts` (R2)."""
    rounded: dict[str, tuple[int, str]] = {}
    for part in parts:
        for column, (count, lost) in part.items():
            before, sum_ = rounded.get(column, (0, "0"))
            exact = control.EXACT.add(Decimal(sum_), Decimal(lost))
            rounded[column] = (before + count, f"{exact:f}")
    return rounded


def _ranked(format_: Format, files: Sequence[tuple[Delivered, Landed]]) -> str:
    """All rows with rank_ 1 for the one that counts: the later file, then the later row."""
    united = " UNION ALL BY NAME ".join(
        f"SELECT *, {at} AS file_ FROM {landed.relation}" for at, (_, landed) in enumerate(files)
    )
    has = {column for _, landed in files for column in landed.columns}
    key = ", ".join(quoted(column) for column in format_.natural_key if column in has)
    return (
        f"(SELECT *, row_number() OVER (PARTITION BY {key} ORDER BY file_ DESC, x_SourceRow DESC)"
        f" AS rank_ FROM ({united}))"
    )


def _replaced(
    engine: Engine, bill: Bill, format_: Format, files: Sequence[tuple[Delivered, Landed]]
) -> list[Problem]:
    """A `warn` a file and currency for the rows that later rows replace, with their amount."""
    rows = engine.rows(
        "SELECT x_SourceFile, BillingCurrency, strftime(ChargePeriodStart, '%Y-%m') AS month,"
        " count(*), sum(BilledCost)::DECIMAL(38,18), min(x_SourceRow)"
        f" FROM {_ranked(format_, files)} WHERE rank_ > 1 GROUP BY ALL ORDER BY ALL"
    )
    place = place_of(format_.line, [file for file, _ in files])
    return [
        Problem(
            name="replaced-charges",
            level="warn",
            sentence=f"later rows of the bill `{bill.name}` replace rows of this file",
            place=place(file, row),
            subject=file,
            period=month,
            currency=currency,
            cost=cost,
            count=count,
            hint="nothing to do if the later file restates the same days",
        )
        for file, currency, month, count, cost, row in rows
    ]


def _with_amounts(
    engine: Engine, problems: Iterable[Problem], landed: Sequence[Landed]
) -> Iterator[Problem]:
    """Money that two files report, with its amount, one a currency."""
    relations = {one.file: one.relation for one in landed}
    for problem in problems:
        twice = {"repeated-file": problem.subject, "two-groupings": problem.place}
        relation = relations.get(twice.get(problem.name, ""))
        if not relation:
            yield problem
            continue
        for currency, count, cost in engine.rows(
            "SELECT BillingCurrency, count(*), sum(BilledCost)::DECIMAL(38,18)"
            f" FROM {relation} GROUP BY ALL ORDER BY ALL"
        ):
            yield replace(problem, currency=currency, count=count, cost=cost)
