"""Files of several JSON values: whatever stands between them, all come out, numbers as texts."""

import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everyline.sources.json_text import written
from everyline.sources.json_values import head, values
from everyline.sources.unreadable import Unreadable

OBJECTS = st.dictionaries(st.text(), st.integers() | st.text() | st.none(), max_size=4)


@given(
    st.lists(OBJECTS, max_size=6),
    st.sampled_from(["", "\n", " ", "\r\n\n"]),
    st.sampled_from([None, 1]),
    st.booleans(),
)
def test_all_values_come_out_in_order(
    found: list[dict[str, Any]], between: str, indent: int | None, packed: bool
) -> None:
    text = between.join(json.dumps(one, indent=indent) for one in found).encode()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a"
        file.write_bytes(gzip.compress(text) if packed else text)
        read = [json.loads(written(value)) for _, value in values(file)]
    assert read == found


def test_each_value_knows_its_line(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text('\n{"a": 1}\n{"b": 2}{"c": 3}\n{\n "d": 4\n}{"e": 5}\n\n{"f": 6}\n')
    assert [(line, *value) for line, value in values(file)] == [
        (2, "a"),
        (3, "b"),
        (3, "c"),
        (4, "d"),
        (6, "e"),
        (8, "f"),
    ]


def test_numbers_keep_their_digits(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("[1234567890123456789012, 1.10, 1E-3]")
    assert [str(number) for number in next(values(file))[1]] == [
        "1234567890123456789012",
        "1.10",
        "1E-3",
    ]


def test_what_is_damaged_names_its_line_after_the_values_before_it(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text('{"a": 1}\n{\n "b": 2,,\n}\n')
    found = values(file)
    assert next(found) == (1, {"a": "1"})
    with pytest.raises(Unreadable) as caught:
        next(found)
    assert caught.value.line == 3


def test_the_head_of_a_packed_file_is_unpacked() -> None:
    packed = gzip.compress(b"a" * 1_000_000)
    assert head(packed[:200]).startswith(b"aaaa")
    assert len(head(packed)) <= 65536
    assert head(b"plain") == b"plain"
    assert head(b"\x1f\x8bnot packed") == b"\x1f\x8bnot packed"
