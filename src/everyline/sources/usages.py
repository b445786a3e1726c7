"""Telemetry: every usage source of a project as rows, by the rules of deliveries (R1)."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from everyline.config.configuration import Configuration
from everyline.config.sources import UsageSource
from everyline.engines.duckdb import Engine, quoted
from everyline.problems import Problem
from everyline.sources import usage_formats
from everyline.sources.deliveries import Delivered, Deliveries, place_of
from everyline.sources.landing import Landed, Landing
from everyline.sources.telemetry import Telemetry
from everyline.usage_rows import UsageRows

Progress = Callable[[str], None]


class Usages(NamedTuple):
    """All telemetry of a project.

    Attributes:
        rows: one entry a source that has any file, in the order of the configuration.
        files: every file that counts.
        problems: of deliveries, files, cells and pages.
    """

    rows: list[UsageRows]
    files: list[Delivered]
    problems: list[Problem]


def usages(
    engine: Engine,
    configuration: Configuration,
    delivered: Sequence[Deliveries],
    *,
    cache: Path,
    progress: Progress,
) -> Usages:
    """Reads what is new of the telemetry of `configuration`; the rest is known from `cache`.

    `delivered` is of each source.
    """
    landing = Landing(engine, cache / "files", cache.parent)
    found = Usages([], [], [])
    for source, of_source in zip(configuration.usage, delivered, strict=True):
        format_ = usage_formats()[source.format]
        read = landing.land_all(source, of_source, format_, progress)
        found.files.extend(read.files)
        found.problems.extend([*read.problems, *read.of_files])
        found.problems.extend(_without_rows(engine, read.landed))
        if read.readable:
            found.rows.append(_rows(source, format_, read.readable))
            found.problems.extend(_replaced(engine, source, format_, read.readable))
    return found


def _without_rows(engine: Engine, landed: Sequence[Landed]) -> Iterator[Problem]:
    """A `warn` for each file in which nothing was used."""
    for one in landed:
        if one.problems or not one.is_readable:
            continue  # what is odd about the file is said already
        if engine.one(f"SELECT count(*) FROM {one.relation}") == (0,):
            yield Problem(
                name="no-rows",
                level="warn",
                sentence="the file has no usage",
                place=one.file,
                hint="nothing to do where nothing was used; else fetch it again",
            )


def _rows(
    source: UsageSource, format_: Telemetry, files: Sequence[tuple[Delivered, Landed]]
) -> UsageRows:
    columns = sorted({column for _, landed in files for column in landed.columns})
    keys = sorted({key for _, landed in files for key in landed.tag_keys})
    relation = _united([landed.relation for _, landed in files])
    loose = _united([landed.loose for _, landed in files])
    if format_.natural_key:
        ranked = _ranked(format_, files)
        relation = loose = f"(SELECT * EXCLUDE (file_, rank_) FROM {ranked} WHERE rank_ = 1)"
    return UsageRows(
        source=source,
        relation=relation,
        loose=loose,
        columns=tuple(columns),
        tag_keys=tuple(keys),
        meters=format_.meters,
        place=place_of(format_.line, [file for file, _ in files]),
    )


def _united(relations: Sequence[str]) -> str:
    return relations[0] if len(relations) == 1 else _numbered(relations)


def _numbered(relations: Sequence[str]) -> str:
    """The rows of several files, each with `file_`, the place of its file."""
    united = (f"SELECT *, {at} AS file_ FROM {one}" for at, one in enumerate(relations))
    return f"({' UNION ALL BY NAME '.join(united)})"


def _ranked(format_: Telemetry, files: Sequence[tuple[Delivered, Landed]]) -> str:
    """All rows with rank_ 1 for the ones that count: of a key the later file, then the later row.

    Rows without a key all count (R1).
    """
    united = _numbered([landed.relation for _, landed in files])
    has = {column for _, landed in files for column in landed.columns}
    key = ", ".join(quoted(column) for column in format_.natural_key if column in has)
    return (
        f"(SELECT *, CASE WHEN {format_.key_needed} THEN row_number() OVER (PARTITION BY {key}"
        f" ORDER BY file_ DESC, x_SourceRow DESC) ELSE 1 END AS rank_ FROM {united})"
    )


def _replaced(
    engine: Engine,
    source: UsageSource,
    format_: Telemetry,
    files: Sequence[tuple[Delivered, Landed]],
) -> list[Problem]:
    """A `warn` a file for the rows that later rows replace."""
    if not format_.natural_key:
        return []
    rows = engine.rows(
        "SELECT x_SourceFile, count(*), min(x_SourceRow)"
        f" FROM {_ranked(format_, files)} WHERE rank_ > 1 GROUP BY ALL ORDER BY ALL"
    )
    place = place_of(format_.line, [file for file, _ in files])
    return [
        Problem(
            name="replaced-usage",
            level="warn",
            sentence=f"{count} rows of this file are replaced by later rows of `{source.name}`"
            if count > 1
            else f"a row of this file is replaced by a later row of `{source.name}`",
            place=place(file, row),
            subject=file,
            hint="nothing to do if the same calls were exported twice",
        )
        for file, count, row in rows
    ]
