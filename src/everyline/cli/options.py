"""Options that several commands share, and the shape of their help."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import click

Decorated = Callable[..., Any]


class Keyed(NamedTuple):
    """What a command line says in options that are named by the taxonomy.

    Attributes:
        values: key and value as often as said, `--where` last.
        words: what is no option.
    """

    values: Sequence[tuple[str, str]]
    words: Sequence[str]


def example(*lines: str) -> str:
    """The end of a command's help: command lines that run."""
    return (
        "\b\n"
        + ("Example:" if len(lines) == 1 else "Examples:")
        + "".join(f"\n  {line}" for line in lines)
    )


def project(function: Decorated) -> Decorated:
    """`--project DIR`."""
    return click.option(
        "--project",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        default=".",
        metavar="DIR",
        help="The folder with everyline.yaml.  [default: here]",
    )(function)


def form(*forms: str) -> Callable[[Decorated], Decorated]:
    """`--as FORM`, one of `forms`; the first is the default."""
    return click.option(
        "--as",
        "form",
        type=click.Choice(forms),
        default=forms[0],
        show_default=True,
        help="In csv and json every figure is exact: numbers with decimals are text in json.",
    )


def out(function: Decorated) -> Decorated:
    """`--out FILE`."""
    return click.option(
        "--out",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Write csv, json or parquet there, whole or not at all.",
    )(function)


def period(function: Decorated) -> Decorated:
    """`--period P`."""
    return click.option("--period", metavar="P", help="Only this month, like 2026-10.")(function)


def day(function: Decorated) -> Decorated:
    """`--on DAY`, a date: today where it is not given."""
    return click.option(
        "--on",
        "day",
        metavar="DAY",
        callback=_day,
        help="Values valid on this day (UTC), like 2026-10-31.  [default: today]",
    )(function)


def _day(_context: click.Context, _option: click.Parameter, text: str | None) -> date:
    if text is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"`{text}` is no day like 2026-10-31") from error


def where(function: Decorated) -> Decorated:
    """`--where COLUMN=VALUE`, repeatable."""
    return click.option(
        "--where",
        multiple=True,
        metavar="COLUMN=VALUE",
        callback=_with_sign,
        help="Only rows of this value, compared as csv has it; no value means null. Repeatable:"
        " other columns narrow, the same column widens.",
    )(function)


def _with_sign(
    _context: click.Context, _option: click.Parameter, entries: tuple[str, ...]
) -> tuple[str, ...]:
    for entry in entries:
        if "=" not in entry:
            raise click.UsageError(f"`--where {entry}` has no `=`; it is `--where COLUMN=VALUE`")
    return entries


def by(function: Decorated) -> Decorated:
    """`--by COLUMN,...`."""
    return click.option(
        "--by",
        metavar="COLUMN,...",
        help="Sum by these columns. Currencies are never summed together, nor are estimates with"
        " bills; a quantity is summed where its unit is named.",
    )(function)


def keyed(
    words: Sequence[str], where: Sequence[str], key: Callable[[str], str], *, of: str = "KEY"
) -> Keyed:
    """Reads `--KEY VALUE`, `--KEY=VALUE` and `--where KEY=VALUE`.

    Args:
        words: what click has left, since it does not know the taxonomy.
        key: gives the key that an option's name stands for, and raises UsageError where none does.
        of: what `--where` takes, as a hint has it.

    Raises:
        UsageError: a name is no key, or has no value.
    """
    values, rest, left = [], [], list(words)
    while left:
        word = left.pop(0)
        if not word.startswith("--"):
            rest.append(word)
            continue
        name, sign, value = word.removeprefix("--").partition("=")
        known = key(name)
        if not sign and not left:
            raise click.UsageError(f"`--{name}` takes a value")
        values.append((known, value if sign else left.pop(0)))
    for entry in where:
        name, sign, value = entry.partition("=")
        if not sign:
            raise click.UsageError(f"`--where {entry}` has no `=`; it is `--where {of}=VALUE`")
        values.append((key(name), value))
    return Keyed(values, rest)


def only(lead: str, asks: str) -> Callable[[str], str]:
    """The reader of names that knows one key, `lead`; `asks` is what takes no other."""
    option = lead.replace("_", "-")

    def key(name: str) -> str:
        if name not in (lead, option):
            raise click.UsageError(f"there is no option `--{name}`; {asks} is for a `--{option}`")
        return lead

    return key
