"""Markdown, as the generated pages are written."""

from collections.abc import Iterable, Sequence

_MADE = "*This page is made by `docs/generate.py`.*"


def page(title: str, *parts: str) -> str:
    """A page with one title."""
    return "\n\n".join([f"# {title}", _MADE, *(part.strip() for part in parts)]) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells may hold anything."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def code(text: str) -> str:
    """A name or value as code; nothing for nothing."""
    return f"`{text}`" if text else ""


def fenced(text: str) -> str:
    """Text as it is printed."""
    return f"```text\n{text.rstrip()}\n```"
