"""The command line: an edge; nothing imports it.

In: the files of a project and its last run. Out: data on stdout, all else on stderr, exit codes
of R26. Grain: one command, in a module that is imported when the command is called. Conserves:
figures; what a table rounds or shortens is exact in `--as csv`, `json` and `parquet`.

A new command is one line of `COMMANDS` and one module, whose `commands` holds it under its name.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple, cast

import click

from everyline import __version__

INTERRUPTED = 130
"""The exit code after Ctrl-C: 128 and the number of the signal, as shells have it."""

_GRACE_S = 1

TRACEBACK = "EVERYLINE_TRACEBACK"
"""The environment variable that asks for all of a traceback."""


class Listed(NamedTuple):
    """A command as `everyline --help` lists it: without its module being imported."""

    module: str
    section: str
    does: str


COMMANDS: dict[str, Listed] = {
    "demo": Listed("demo", "Begin", "makes a complete invented company and shows what comes of it"),
    "init": Listed("init", "Begin", "recognises bills and writes everyline.yaml for them"),
    "check": Listed("check", "Work", "validates configuration and data, writes nothing"),
    "run": Listed("run", "Work", "makes all relations and shows bill, scope and methods"),
    "scope": Listed("scope", "Work", "what counts as AI cost, what does not, and what is unsure"),
    "worklist": Listed(
        "worklist", "Work", "who has no owner yet, by cost, as a registry to fill in"
    ),
    "taxonomy": Listed(
        "taxonomy", "Work", "what tags say, by cost, and which aliases could be added"
    ),
    "compare": Listed("compare", "Work", "what changed between two months or runs, and why"),
    "explain": Listed("explain", "Work", "takes a figure apart down to bill lines"),
    "statement": Listed("statement", "Work", "what one owner, or each, is told of a month"),
    "close": Listed("close", "Books", "books a month's statements, for ever"),
    "journal": Listed("journal", "Books", "a closed month as double entry, for an ERP to import"),
    "serve": Listed("serve", "Work", "the last run as pages in a browser"),
    "export": Listed("export", "Work", "the pages as files, that need no server"),
    "kpis": Listed("kpis", "Work", "KPIs of the FinOps Foundation, with what they are made of"),
    "policy": Listed("policy", "Work", "writes the taxonomy as a policy, for other tools to ask"),
    "charges": Listed("relation", "Relations", "every billed line"),
    "groups": Listed("relation", "Relations", "billed lines that no rule can tell apart, summed"),
    "usage": Listed("relation", "Relations", "who used how much in an hour"),
    "owned_groups": Listed("relation", "Relations", "groups in scope, with owner and evidence"),
    "shares": Listed("relation", "Relations", "how each split divides its cost"),
    "allocations": Listed("relation", "Relations", "every owner's part, and how it came to it"),
    "pool_members": Listed("relation", "Relations", "which part went into which line of a pool"),
    "coverage": Listed("relation", "Relations", "how much cost is tagged, how much is owned"),
    "reconciliation": Listed("relation", "Relations", "what was billed beside what was found"),
    "causes": Listed("relation", "Relations", "why invoices are not what telemetry and prices say"),
    "statements": Listed("relation", "Relations", "what each owner's showback says"),
    "problems": Listed("relation", "Relations", "what is wrong with the data, by cost"),
}


class Lazy(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        listed = COMMANDS.get(cmd_name)
        if listed is None:
            return None
        module = import_module(f"everyline.cli.{listed.module}")
        return cast(click.Command, module.commands[cmd_name])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            name = error.command_name
            raise click.NoSuchCommand(name, possibilities=COMMANDS, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for section in dict.fromkeys(listed.section for listed in COMMANDS.values()):
            with formatter.section(section):
                formatter.write_dl(
                    [(name, one.does) for name, one in COMMANDS.items() if one.section == section]
                )


@click.group(
    cls=Lazy,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
    epilog="\b\nExample:\n  everyline run --project acme",
)
@click.version_option(__version__, message="everyline %(version)s")
def everyline() -> None:
    """Every line of AI cost gets a visible owner.

    Exit codes: 0 well, 1 a problem in the data, 2 usage or configuration, 3 a gate or check not
    passed, 70 a fault of everyline's own.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line; returns its exit code, and raises nothing."""
    if "_EVERYLINE_COMPLETE" in os.environ:
        everyline.main(prog_name="everyline")
    # Weights of pools that serve each other are exact whole numbers, of thousands of digits.
    sys.set_int_max_str_digits(0)
    if arguments is None:
        _heed_interrupts()
    try:
        return _called(sys.argv[1:] if arguments is None else arguments)
    except BrokenPipeError:
        _deafen()
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if isinstance(error, RuntimeError) and str(error) == "Query interrupted":
            return INTERRUPTED  # what the engine makes of Ctrl-C
        from everyline.cli.fault import report

        return report(error)


def _called(arguments: Sequence[str]) -> int:
    try:
        with everyline.make_context("everyline", list(arguments)) as context:
            code = everyline.invoke(context)
        sys.stdout.flush()
        return int(code or 0)
    except click.exceptions.Exit as finished:
        sys.stdout.flush()
        return finished.exit_code
    except click.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code


def _heed_interrupts() -> None:
    """Sees to it that Ctrl-C ends the process, also while the engine works and hears nothing.

    Python raises KeyboardInterrupt when the engine returns, which may take minutes. Whatever is
    under way then is a folder aside, which the next run clears away.
    """
    if os.name == "nt":
        return
    read, write = os.pipe()
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)

    def watch() -> None:
        while os.read(read, 1) != bytes([signal.SIGINT]):
            continue
        time.sleep(_GRACE_S)
        os._exit(INTERRUPTED)

    threading.Thread(target=watch, daemon=True).start()


def _deafen() -> None:
    """Points what nobody reads any more to nowhere, so that the last flush finds no closed pipe."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            os.dup2(nowhere, stream.fileno())
        except (OSError, ValueError):
            continue
