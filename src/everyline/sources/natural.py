"""Natural order: `part-2-of-10` stands before `part-10-of-10`."""

import re

NaturalKey = tuple[tuple[bytes | tuple[int, bytes], ...], bytes]

_NUMBER = re.compile("([0-9]+)")


def natural_key(text: str) -> NaturalKey:
    """The key that sorts `text` in natural order (R1).

    Runs of ASCII digits compare as numbers, what stands between them bytewise as UTF-8. Texts that
    differ only in leading zeros compare bytewise, so different texts never have equal keys.
    """
    # Splitting by a group alternates text and number, so a number only ever meets a number.
    pieces = _NUMBER.split(text)
    return tuple(_piece(piece, at % 2 == 1) for at, piece in enumerate(pieces)), _bytes(text)


def _piece(piece: str, is_number: bool) -> bytes | tuple[int, bytes]:
    if not is_number:
        return _bytes(piece)
    # Length and digits order numbers of any length; `int` refuses more than 4,300 digits.
    digits = piece.lstrip("0")
    return len(digits), digits.encode("ascii")


def _bytes(text: str) -> bytes:
    # Paths may hold lone surrogates, where a name on disk is not UTF-8.
    return text.encode("utf-8", "surrogatepass")
