"""Files of several JSON values: one a line, or one after the other, plain or gzipped.

Logs come one value a line; `gh api --paginate` writes page after page with nothing between them;
a value that is laid out over lines is read too. Numbers are texts, as in `json_text`.
"""

import gzip
import json
import zlib
from collections.abc import Iterator
from io import BufferedIOBase
from pathlib import Path
from typing import Any

from everyline.sources import json_text
from everyline.sources.json_text import Number
from everyline.sources.unreadable import Unreadable

_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"


def _no_number(text: str) -> Any:
    raise ValueError(text)


_DECODER = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=_no_number)


def values(path: Path) -> Iterator[tuple[int, Any]]:
    """Each value of the file with the line, from 1, at which it begins.

    One line is held at a time while lines hold whole values; what follows is held at once.

    Raises:
        Unreadable: with the line, where the text is no JSON, no UTF-8, or a damaged archive.
    """
    with path.open("rb") as plain:
        packed = plain.read(2) == _GZIP
    with gzip.open(path) if packed else path.open("rb") as file:
        try:
            yield from _values(file)
        except (gzip.BadGzipFile, EOFError, zlib.error):
            hint = "fetch it again: it may have been cut off"
            raise Unreadable("the file can't be unpacked", hint) from None


def head(data: bytes) -> bytes:
    """The first bytes of a file, unpacked if they are gzipped; as they are if they can't be."""
    if not data.startswith(_GZIP):
        return data
    try:
        # A stream that is cut off gives what it has.
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data, 65536)
    except zlib.error:
        return data


def _values(file: BufferedIOBase) -> Iterator[tuple[int, Any]]:
    for number, raw in enumerate(file, 1):
        line = raw.removeprefix(_BOM) if number == 1 else raw
        try:
            found = [value for _, value in _chain(line.decode())]
        except (ValueError, RecursionError):
            # Laid out over lines, or damaged: then reading the rest says where.
            yield from _rest(line + file.read(), number)
            return
        yield from ((number, value) for value in found)


def _rest(data: bytes, line: int) -> Iterator[tuple[int, Any]]:
    """The values of `data`, which begins at `line`."""
    try:
        text = data.decode()
        for at, value in _chain(text):
            yield line + text.count("\n", 0, at), value
    except UnicodeDecodeError:
        json_text.load(data, first_line=line)
        raise
    except _DamagedError as error:
        # The reader of one value fails at the same place, and knows how to say so.
        before = text.count("\n", 0, error.at)
        json_text.load(text[error.at :].encode(), first_line=line + before)
        raise


class _DamagedError(ValueError):
    """The text is no JSON in the value that begins `at`."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


def _chain(text: str) -> Iterator[tuple[int, Any]]:
    """The values of `text` one after another, each with where it begins."""
    at = _skip(text, 0)
    while at < len(text):
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            raise _DamagedError(at) from None
        yield at, value
        at = _skip(text, end)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at
