"""Draws the output of a command as the README's picture: `... | python docs/picture.py > FILE.svg`.

A terminal's text as SVG text, so that it is sharp at any size and can be searched and read aloud.
"""

import sys
from html import escape

_FONT_SIZE = 14
_LINE_HEIGHT = 19
_CHARACTER_WIDTH = 8.43
_MARGIN = 24
_BAR = "█▉▊▋▌▍▎▏"
_QUIET = "─│├└"


def drawn(lines: list[str], title: str) -> str:
    """The picture of `lines` as SVG."""
    width = round(max(map(len, lines)) * _CHARACTER_WIDTH) + 2 * _MARGIN
    height = len(lines) * _LINE_HEIGHT + 2 * _MARGIN
    texts = "\n".join(_line(line, at) for at, line in enumerate(lines))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
        f' aria-label="{escape(title)}">\n<title>{escape(title)}</title>\n'
        f'<rect width="{width}" height="{height}" rx="10" fill="#10151c"/>\n'
        f"<g font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\""
        f' font-size="{_FONT_SIZE}" fill="#d7dee7">\n{texts}\n</g>\n</svg>\n'
    )


def _line(line: str, at: int) -> str:
    y = _MARGIN + at * _LINE_HEIGHT + _FONT_SIZE
    found, start = [], 0
    while start < len(line):
        end = start
        while end < len(line) and _colour(line[end]) == _colour(line[start]):
            end += 1
        if line[start:end].strip():
            x = _MARGIN + start * _CHARACTER_WIDTH
            length = (end - start) * _CHARACTER_WIDTH
            found.append(
                f'<text x="{x:.1f}" y="{y}" textLength="{length:.1f}" xml:space="preserve"'
                f"{_colour(line[start])}>{escape(line[start:end])}</text>"
            )
        start = end
    return "".join(found)


def _colour(character: str) -> str:
    if character in _BAR:
        return ' fill="#5aa9e6"'
    return ' fill="#5b6672"' if character in _QUIET else ""


if __name__ == "__main__":
    text = sys.stdin.read().rstrip("\n").split("\n")
    sys.stdout.write(drawn(text, "everyline demo: bill, scope, coverage and one team's statement"))
