"""A line that the engine would lose is found before: the last one, and any of a gzip file."""

import gzip
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everyline.sources import delimited, line_ends
from everyline.sources.line_ends import LINE_BYTES_MAX, refuse_endless
from everyline.sources.unreadable import Unreadable

_MOST = 60


def refused(path: Path, most: int) -> int | None:
    """The line that is too long; None if there is none."""
    try:
        refuse_endless(path, most)
    except Unreadable as error:
        return error.line
    return None


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_ends, "_PIECE_BYTES", 16)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@given(
    sizes=st.lists(st.one_of(st.integers(1, 200), st.sampled_from([59, 60, 61])), min_size=1),
    is_ended=st.booleans(),
)
def test_the_line_that_is_too_long_is_named(end: str, sizes: Sequence[int], is_ended: bool) -> None:
    data = end.join("x" * size for size in sizes) + end * is_ended
    long = [line for line, size in enumerate(sizes, 1) if size > _MOST]
    with TemporaryDirectory() as folder:
        plain, packed = Path(folder, "a.csv"), Path(folder, "a.csv.gz")
        plain.write_bytes(data.encode())
        packed.write_bytes(gzip.compress(data.encode(), 1))
        assert refused(packed, _MOST) == (long[0] if long else None)
        assert refused(plain, _MOST) == (len(sizes) if sizes[-1] > _MOST else None)


@pytest.mark.parametrize("data", [b"", b"\n", b"\n\n\n", b"a", b"\r", b"x" * 60])
def test_short_files_are_whole(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    assert refused(path, _MOST) is None


def test_a_row_is_placed_in_a_file_whose_lines_may_be_longer(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('a,b\n1,"x\ny"\n2,' + "z" * LINE_BYTES_MAX)
    assert delimited.line(path, 1) == 2


def test_a_gzip_file_cut_off_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"x\n" * 1000)[:-9])
    with pytest.raises(EOFError):
        refuse_endless(path, _MOST)
