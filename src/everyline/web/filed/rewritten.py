"""A page as a file: its links lead to files, and what only a server can answer is left out."""

from collections.abc import Callable
from html import escape
from html.parser import HTMLParser

_LEFT_OUT = ("form", "script")

Link = Callable[[str], str | None]
"""Where an address leads from the file; None where there is nothing to lead to."""


def rewritten(html: str, link: Link) -> str:
    """The page with its links as `link` has them; those that lead nowhere are text."""
    parser = _Rewriter(link)
    parser.feed(html)
    parser.close()
    return "".join(parser.made)


class _Rewriter(HTMLParser):
    """Writes again what it reads, character for character, but for links, forms and scripts."""

    def __init__(self, link: Link) -> None:
        super().__init__(convert_charrefs=False)
        self.made: list[str] = []
        self._link = link
        self._left_out: str | None = None
        self._drawn = 0
        self._ends: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._left_out is not None:
            return
        if tag in _LEFT_OUT:
            self._left_out = tag
            return
        self._drawn += tag == "svg"
        if tag == "a":
            self._anchor(attrs)
        elif tag == "link":
            self._put("link", self._led(attrs))
        else:
            self.made.append(self.get_starttag_text() or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._left_out is None:
            self.made.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if self._left_out is not None:
            self._left_out = None if tag == self._left_out else self._left_out
            return
        self._drawn -= tag == "svg"
        self.made.append(f"</{self._ends.pop() if tag == 'a' else tag}>")

    def handle_data(self, data: str) -> None:
        self._copy(data)

    def handle_entityref(self, name: str) -> None:
        self._copy(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._copy(f"&#{name};")

    def handle_decl(self, decl: str) -> None:
        self._copy(f"<!{decl}>")

    def _copy(self, text: str) -> None:
        if self._left_out is None:
            self.made.append(text)

    def _anchor(self, attrs: list[tuple[str, str | None]]) -> None:
        """A link to what is there; else its text, in a group of a drawing or of a line."""
        led = self._led(attrs)
        names = [name for name, _ in led]
        if "href" in names:
            self._put("a", led)
            self._ends.append("a")
        elif "download" in names:
            self._left_out = "a"
        else:
            kept = [(name, value) for name, value in led if name == "class"]
            end = "g" if self._drawn else "span"
            self._put(end, kept)
            self._ends.append(end)

    def _led(self, attrs: list[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
        made: list[tuple[str, str | None]] = []
        for name, value in attrs:
            to = value
            if name == "href" and value is not None and not value.startswith("#"):
                to = self._link(value)
                if to is None:
                    continue
            made.append((name, to))
        return made

    def _put(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = "".join(
            f" {name}" if value is None else f' {name}="{escape(value)}"' for name, value in attrs
        )
        self.made.append(f"<{tag}{said}>")
