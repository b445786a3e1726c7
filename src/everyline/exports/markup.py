"""HTML that escapes by default: what is no `Html` is text, whatever it holds."""

from collections.abc import Iterable
from html import escape

_EMPTY = ("meta",)


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
    return Html("".join(p if isinstance(p, Html) else escape(plain(p)) for p in parts))


def tag(name: str, /, *inside: str, **attributes: str) -> Html:
    """An element. An attribute's `_` is written `-`, and one at its end is dropped: `class_`."""
    written = "".join(
        f' {attribute.rstrip("_").replace("_", "-")}="{escape(plain(value))}"'
        for attribute, value in attributes.items()
    )
    if name in _EMPTY:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{joined(inside)}</{name}>")


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


_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
