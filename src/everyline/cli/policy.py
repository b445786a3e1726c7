"""`everyline policy`: the taxonomy as a policy of the tools that make things."""

import os
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

import click

from everyline import config
from everyline.cli import options
from everyline.cli.screen import Screen
from everyline.problems import EXIT_WELL, exit_code, in_order
from everyline.provisioning import policies
from everyline.provisioning.policies.written import Written

_BETWEEN = {".yaml": "---\n", ".tf": "\n"}
"""What parts several files of one language on stdout."""


def _day(_context: click.Context, _option: click.Parameter, text: str | None) -> date:
    if text is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"`{text}` is no day like 2026-10-31") from error


@click.command(
    epilog=options.example(
        "everyline policy --as rego --out owners.rego",
        "everyline policy --as terraform --out modules/owners",
        "everyline policy --as kyverno | kubectl apply -f -",
    ),
    help="Writes the taxonomy as a policy: required keys, declared values and their tags.\n\nA"
    " policy is true on one day: write it again when a list changes. What can't be said whole in a"
    " language, since it exceeds a length or has other letters, is a problem, and nothing is"
    " written.",
)
@options.project
@click.option(
    "--as", "name", type=click.Choice(policies.FORMS), required=True, help="The language."
)
@click.option(
    "--on",
    "day",
    metavar="DAY",
    callback=_day,
    help="Values valid on this day (UTC), like 2026-10-31.  [default: today]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A file, if it has an ending like .json; else a folder, for policies of several files.",
)
def policy(project: Path, name: str, day: date, out: Path | None) -> int:
    screen = Screen()
    loaded = config.load(project)
    if loaded.configuration is None or loaded.problems:
        screen.problems(in_order(loaded.problems))
        return exit_code(loaded.problems)
    taxonomy = loaded.configuration.taxonomy
    written = policies.policy(name, taxonomy, day)
    if written.problems:
        screen.problems(in_order(written.problems))
        return exit_code(written.problems)
    for key in taxonomy:
        if key.required and not key.tags:
            screen.note(f"`{key.name}` is required and has no `tags`: no policy can ask for it")
    if out is None:
        click.echo(_joined(written), nl=False)
    else:
        _save(written, out)
    return EXIT_WELL


def _joined(written: Written) -> str:
    """All files as one text; only files of one language can be."""
    kinds = {Path(name).suffix for name in written.files}
    if len(written.files) > 1 and not kinds <= _BETWEEN.keys():
        raise click.UsageError(f"it has {len(written.files)} files: name a folder with `--out DIR`")
    return _BETWEEN.get(kinds.pop(), "").join(written.files.values())


def _save(written: Written, out: Path) -> None:
    """Into `out`: a file where its name has an ending or it is one, else a folder."""
    is_file = out.is_file() or (out.suffix != "" and not out.is_dir())
    if is_file and len(written.files) > 1:
        raise click.UsageError(f"it has {len(written.files)} files, and `{out}` is no folder")
    for name, text in written.files.items():
        _write(out if is_file else out.joinpath(name), text)


def _write(path: Path, text: str) -> None:
    """Writes a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".everyline-", dir=path.parent) as folder:
        made = Path(folder) / "made"
        made.write_text(text, encoding="utf-8", newline="\n")
        os.replace(made, path)


commands = {"policy": policy}
