"""Runs the command lines that a page shows, so that what it prints is what they print.

A fence ```` ```console ```` has command lines that begin with `$ `, each followed by its output. A
fence whose language is followed by a path, such as ```` ```yaml everyline.yaml ````, is a file that
the reader is asked to write; `added to` before the path adds it to what is there. All runs in one
empty folder, from top to bottom. Any other fence is only to be read.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_FENCE = re.compile(r"^```(\S+)(?: +(added to )?(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COLUMNS = 88
_TIMEOUT_S = 60


class Fence(NamedTuple):
    """One fence: its language, the file that it is or is added to, if it is one, and its text."""

    language: str
    file: str
    is_added: bool
    text: str


def fences(page: str) -> Iterator[Fence]:
    """The fences of a page, in order."""
    for match in _FENCE.finditer(page):
        yield _fence(match)


def command_lines(page: str) -> list[str]:
    """Every line of a page's shell fences that is a command, comments and outputs left out."""
    found = []
    for fence in fences(page):
        lines = fence.text.splitlines()
        if fence.language == "console":
            found += [line[2:] for line in lines if line.startswith("$ ")]
        elif fence.language == "sh":
            found += [line for line in lines if line.strip() and not line.startswith("#")]
    return found


def played(page: str, folder: Path) -> str:
    """`page` with the output that its command lines give in `folder`, which must be empty."""
    own = folder / ".bin"
    own.mkdir()
    program = own / "everyline"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m everyline "$@"\n')
    program.chmod(0o755)
    kept = {name: text for name, text in os.environ.items() if not name.startswith("EVERYLINE_")}
    environment = kept | {
        "PATH": f"{own}{os.pathsep}{os.environ.get('PATH', '')}",
        "COLUMNS": str(_COLUMNS),
        "NO_COLOR": "1",
        "PYTHONUTF8": "1",
    }

    def replaced(match: re.Match[str]) -> str:
        fence = _fence(match)
        if fence.file:
            path = folder / fence.file
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a" if fence.is_added else "w", encoding="utf-8") as file:
                file.write(fence.text)
        if fence.language != "console":
            return match[0]
        commands = (line[2:] for line in fence.text.splitlines() if line.startswith("$ "))
        return "```console\n" + "".join(_shown(c, folder, environment) for c in commands) + "```"

    return _FENCE.sub(replaced, page)


def _fence(match: re.Match[str]) -> Fence:
    return Fence(match[1], match[3] or "", bool(match[2]), match[4])


def _shown(command: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=_TIMEOUT_S,
        check=False,
    )
    lines = [line.rstrip() for line in done.stdout.decode().splitlines()]
    return "\n".join([f"$ {command}", *lines]).rstrip() + "\n"
