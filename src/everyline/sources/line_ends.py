"""Lines without end: the engine drops the last line of a text in silence if no buffer holds it.

It says so of every other line that is too long, so a look at the end of a plain file is enough. A
gzip file is read whole, which also compares it with its checksum: the engine does not.
"""

import gzip
import re
from pathlib import Path

from everyline.sources.unreadable import Unreadable

LINE_BYTES_MAX = 16_000_000
"""The longest line that is read, unless a format says otherwise."""

SENTENCE = "the line is longer than {0} bytes"
HINT = "look for a quote that is never closed, or for line ends that are missing"

_ENDS = re.compile(rb"[\r\n]")
# Lines within a piece are not measured, so it is shorter than any that is too long.
_PIECE_BYTES = 1 << 20


def refuse_endless(path: Path, most: int) -> None:
    """Reads a file, plain or gzipped, as far as it must to know that no line is lost.

    Raises:
        Unreadable: its last line, or any line of a gzip file, is longer than `most` bytes.
        EOFError, gzip.BadGzipFile, zlib.error: it is damaged.
    """
    line = _endless_in_gzip(path, most) if path.suffix == ".gz" else _endless_at_end(path, most)
    if line is not None:
        raise Unreadable(SENTENCE.format(most), HINT, line=line)


def _endless_in_gzip(path: Path, most: int) -> int | None:
    line, so_far = 1, 0
    with gzip.open(path) as file:
        while piece := file.read(_PIECE_BYTES):
            end = _ENDS.search(piece)
            if so_far + (end.start() if end else len(piece)) > most:
                return line
            line += piece.count(b"\n")
            so_far = len(piece) - 1 - _last_end(piece) if end else so_far + len(piece)
    return None


def _endless_at_end(path: Path, most: int) -> int | None:
    size = path.stat().st_size
    if size <= most:
        return None
    start = max(0, size - most - 3)  # the line, its end of two bytes, and one before it
    with path.open("rb") as file:
        file.seek(start)
        tail = file.read()
        last = tail.rstrip(b"\r\n")
        begins = _last_end(last) + 1
        if len(last) - begins <= most and (begins or not start):
            return None
        file.seek(0)
        ends = sum(piece.count(b"\n") for piece in iter(lambda: file.read(_PIECE_BYTES), b""))
    return 1 + ends - tail.count(b"\n", len(last))


def _last_end(piece: bytes) -> int:
    return max(piece.rfind(b"\n"), piece.rfind(b"\r"))
