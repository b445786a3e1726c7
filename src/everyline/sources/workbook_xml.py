"""The XML parts of an XLSX workbook, a piece at a time and with nothing kept.

Transitional and strict namespaces are read alike. Document types are refused: entities make a small
file large, or read others.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import cast
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from zipfile import ZipFile

from everyline.sources.archive import Limits, chunks, info_of
from everyline.sources.unreadable import Unreadable

PART_LIMITS = Limits(size_bytes=2 * 2**30, ratio=1000, ratio_from_bytes=10 * 10**6)
SAVE_AGAIN = "open it in a spreadsheet program and save it again"

# What stands in memory at one time is bounded too; a cell holds at most 32,767 characters.
_PIECE_BYTES_MAX = 8 * 2**20
_DEPTH_MAX = 64

_NAMESPACES = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
    "http://schemas.openxmlformats.org/package/2006/relationships",
)
_READ = (
    *("Relationship", "sheet", "workbookPr", "calcPr", "numFmts", "numFmt", "cellXfs", "xf"),
    *("si", "row", "c", "f", "v", "is", "t", "r"),
)
_NAMES = {f"{{{space}}}{name}": name for space in _NAMESPACES for name in _READ}
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"

_FORBIDDEN = (b"<!DOCTYPE", b"<!ENTITY")
# Excel writes what XML cannot hold as `_x000B_`; surrogates alone are no characters.
_ESCAPED = re.compile("_x(?![dD][89a-fA-F])([0-9a-fA-F]{4})_")


def elements(
    archive: ZipFile, part: str, whole: str | None = None
) -> Iterator[tuple[str, str, Element]]:
    """(`start` or `end`, name, element) for each element of a part, in its order.

    At `end`, an element called `whole` has all its content, any other none; what is inside `whole`
    is not told apart. Names that no reader here asks for are empty.

    Raises:
        Unreadable: the part is missing, too large, no XML, or has a document type.
    """
    path: list[Element] = []
    depth_of_whole = 0
    kept_bytes = 0
    for size_bytes, events in _events(archive, part):
        kept_bytes += size_bytes
        for event, element in events:
            name = name_of(element)
            if event == "start":
                path.append(element)
                if not depth_of_whole:
                    yield event, name, element
                    depth_of_whole = len(path) if name == whole else 0
                continue
            if depth_of_whole == len(path):
                depth_of_whole = 0
            path.pop()
            if not depth_of_whole:
                yield event, name, element
                if path:
                    # With those that the chunk holds besides; their events are still to come.
                    del path[-1][:]
                kept_bytes = 0
        if len(path) > _DEPTH_MAX or kept_bytes > _PIECE_BYTES_MAX:
            raise Unreadable(f"`{part}` is nested too deep or has too large a cell", SAVE_AGAIN)


def name_of(element: Element) -> str:
    """The local name of an element that some reader here asks for, else empty."""
    return _NAMES.get(element.tag, "")


def text_of(element: Element) -> str:
    """The text of an `si` or `is`: its own or its runs', without phonetic hints (`rPh`)."""
    pieces = []
    for child in element:
        name = name_of(child)
        if name == "t":
            pieces.append(_run(child))
        elif name == "r":
            pieces += [_run(run) for run in child if name_of(run) == "t"]
    return "".join(pieces)


def unescaped(text: str) -> str:
    """`text` with `_x000B_` and the like made the characters they stand for."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def related(archive: ZipFile, names: dict[str, str], part: str) -> dict[str, tuple[str, str]]:
    """Relationship id to (last word of its type, part), for all that `part` points at inside.

    Args:
        names: case-folded name to name of all members; parts are found whatever their case.
        part: empty for the package itself.
    """
    folder, _, file = part.rpartition("/")
    listed = names.get(posixpath.join(folder, "_rels", f"{file}.rels").casefold())
    found: dict[str, tuple[str, str]] = {}
    if listed is None:
        return found
    for event, name, element in elements(archive, listed):
        if event == "start" and name == "Relationship" and element.get("TargetMode") != "External":
            target = posixpath.join("/", folder, element.get("Target", ""))
            path = posixpath.normpath(target).lstrip("/")
            kind = element.get("Type", "").rpartition("/")[2]
            found[element.get("Id", "")] = (kind, names.get(path.casefold(), path))
    return found


def _events(archive: ZipFile, part: str) -> Iterator[tuple[int, Iterable[tuple[str, Element]]]]:
    """(bytes read, what they completed), a chunk at a time."""
    parser: ElementTree.XMLPullParser[Element] = ElementTree.XMLPullParser(("start", "end"))
    try:
        for chunk in chain(_safe_chunks(archive, part), (b"",)):
            if chunk:
                parser.feed(chunk)
            else:
                parser.close()
            yield len(chunk), cast(Iterable[tuple[str, Element]], list(parser.read_events()))
    except ElementTree.ParseError as error:
        raise Unreadable(f"`{part}` is no well-formed XML: {error}", SAVE_AGAIN) from error


def _safe_chunks(archive: ZipFile, part: str) -> Iterator[bytes]:
    end = b""
    for chunk in chunks(archive, info_of(archive, part), PART_LIMITS):
        window = end + chunk
        if any(word in window for word in _FORBIDDEN):
            raise Unreadable(f"`{part}` declares a document type", SAVE_AGAIN)
        # In UTF-16 every `<` has a zero byte beside it, and could hide such a declaration.
        if b"\x00" in chunk:
            raise Unreadable(f"`{part}` is not in UTF-8", SAVE_AGAIN)
        end = window[-8:]
        yield chunk


def _run(element: Element) -> str:
    text = element.text or ""
    return unescaped(text if element.get(_SPACE) == "preserve" else text.strip(" \t\r\n"))
