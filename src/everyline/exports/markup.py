"""HTML that escapes by default: what is no `Html` is text, whatever it holds."""

from collections.abc import Iterable
from functools import lru_cache
from html import escape

_EMPTY = ("meta",)
_KEPT = 20_000


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def plain(text: str) -> str:
    """`text` with what no page should obey (control characters, marks that turn writing) spelt out.

    The common joiners of scripts and emoji are characters of this kind; they are spelt out too.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def joined(parts: Iterable[str]) -> Html:
    """Pieces of HTML and of text, one after the other."""
    return Html(_joined(parts))


def tag(name: str, /, *inside: str, **attributes: str) -> Html:
    """An element. An attribute's `_` is written `-`, and one at its end is dropped: `class_`."""
    written = "".join([_attribute(*pair) for pair in attributes.items()]) if attributes else ""
    if name in _EMPTY:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{_joined(inside)}</{name}>")


def page(title: str, style: str, *body: str) -> str:
    """A whole document that loads nothing and runs nothing."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("title", title),
        tag("style", Html(style)),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, tag('body', *body), lang='en')}\n"


def _joined(parts: Iterable[str]) -> str:
    return "".join([part if type(part) is Html else _escaped(part) for part in parts])


@lru_cache(_KEPT)
def _escaped(text: str) -> str:
    return escape(plain(text))


@lru_cache(_KEPT)
def _attribute(name: str, value: str) -> str:
    return f' {name.rstrip("_").replace("_", "-")}="{_escaped(value)}"'


_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
