"""JSON read as text: every number keeps the digits it was written with.

DuckDB's JSON reader takes numbers of more than 17 digits through DOUBLE, and the standard reader
makes floats; money must be neither. So numbers come out as `Number`, a text that knows it was one.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from everyline.sources.unreadable import Unreadable


class Number(str):
    """A JSON number, exactly as written."""

    __slots__ = ()


def _no_number(text: str) -> Any:
    raise ValueError(f"`{text}` is no JSON number")


_DECODER = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=_no_number)
# The scanner of the standard reader, which its type stubs leave out.
_scan: Callable[[str, int], tuple[str, int]] = json.decoder.scanstring  # type: ignore[attr-defined]
_SPACE = re.compile(r"[ \t\r\n]*")


def load(data: bytes, *, first_line: int = 1) -> Any:
    """The JSON value of `data` (UTF-8, a BOM is skipped), numbers as `Number`.

    Raises:
        Unreadable: with the line, where the text is no JSON or no UTF-8.
    """
    try:
        return _DECODER.decode(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = first_line + data.count(b"\n", 0, error.start)
        raise Unreadable("the file is not UTF-8", "save it as UTF-8", line=line) from None
    except json.JSONDecodeError as error:
        line = first_line + error.lineno - 1
        hint = "fetch the file again: it may have been cut off"
        said = f"the text is no JSON from column {error.colno} on"
        raise Unreadable(said, hint, line=line) from None
    except RecursionError:
        hint = "no report is nested so deeply: fetch the file again"
        raise Unreadable("the text is nested too deeply", hint, line=first_line) from None
    except ValueError as error:
        hint = "fetch the file again, or ask its sender for numbers in digits"
        raise Unreadable(f"the text is no JSON: {error}", hint, line=first_line) from None


def cell(value: Any) -> str | None:
    """A JSON value as a CSV cell would hold it: trimmed, None where empty or null."""
    if value is None:
        return None
    if isinstance(value, str):
        return value.strip() or None
    return written(value)


def written(value: Any) -> str:
    """A JSON value as JSON text again, numbers with the digits they came with."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{written(str(k))}:{written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)


def lines_of(text: str, name: str) -> list[int]:
    """The line, from 1, at which each object of the lists called `name` begins."""
    found: list[int] = []
    inside: list[str] = []
    key = last = ""
    line, at = 1, 0
    for token in _TOKEN.finditer(text):
        line += text.count("\n", at, token.start())
        at, word = token.start(), token[0]
        if word in "{[":
            if word == "{" and inside and inside[-1] == name:
                found.append(line)
            inside.append(key if word == "[" else "")
            key = ""
        elif word in "}]":
            inside.pop()
        elif word == ":":
            key = last.strip('"')
        elif word == ",":
            key = ""
        last = word
    return found


def members(text: str) -> list[tuple[str, str, bool]] | None:
    """The members of a JSON object in order: key, value, and whether the value is a text.

    A value that is a text is decoded, any other is its JSON text as written (tag values, R7).
    None where `text` is not one JSON object.
    """
    try:
        return _members(text)
    except (ValueError, IndexError, RecursionError):
        return None


def _members(text: str) -> list[tuple[str, str, bool]]:
    def skip(at: int) -> int:
        found = _SPACE.match(text, at)
        assert found is not None
        return found.end()

    def expect(at: int, sign: str) -> int:
        if text[at] != sign:
            raise ValueError(sign)
        return skip(at + 1)

    found: list[tuple[str, str, bool]] = []
    at = expect(skip(0), "{")
    while text[at] != "}":
        if found:
            at = expect(at, ",")
        if text[at] != '"':
            raise ValueError(at)
        key, at = _scan(text, at + 1)
        at = expect(skip(at), ":")
        if text[at] == '"':
            value, end = _scan(text, at + 1)
            found.append((key, value, True))
        else:
            _, end = _DECODER.raw_decode(text, at)
            found.append((key, text[at:end], False))
        at = skip(end)
    if skip(at + 1) != len(text):
        raise ValueError(at)
    return found
