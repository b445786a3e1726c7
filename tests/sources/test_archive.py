"""Zip archives of CSV parts: what is read, what is named, what is refused."""

import io
import stat
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everyline.sources import archive
from everyline.sources.archive import Limits, Member, extract, members
from everyline.sources.unreadable import Unreadable

PINECONE = (
    ("manifest.json", b"{}"),
    ("part-1-of-2.csv", b"a\n1\n"),
    ("part-2-of-2.csv", b"a\n2\n"),
)


def zipped(path: Path, *contents: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in contents:
            file.writestr(name, content)
    return path


def patched(path: Path, before: bytes, after: bytes, *, at_most: int = -1) -> Path:
    assert before in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(before, after, at_most))
    return path


def refusal(path: Path) -> str:
    with pytest.raises(Unreadable) as caught:
        members(path)
    assert caught.value.hint
    return caught.value.sentence


def test_parts_come_in_natural_order_and_the_rest_is_named(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", *((f"part-{n}-of-10.csv", b"a") for n in range(10, 0, -1)))
    assert [member.name for member in members(path)] == [
        f"part-{n}-of-10.csv" for n in range(1, 11)
    ]


def test_a_manifest_is_named_but_is_no_csv(tmp_path: Path) -> None:
    assert members(zipped(tmp_path / "a.zip", *PINECONE)) == [
        Member("manifest.json", "other", 2),
        Member("part-1-of-2.csv", "csv", 4),
        Member("part-2-of-2.csv", "csv", 4),
    ]


def test_folders_nested_archives_and_notes_of_macos_are_no_csv(tmp_path: Path) -> None:
    names = ("out/", "out/A.CSV", "out/b.csv.gz", "c.zip", "__MACOSX/out/._A.csv", ".d.csv")
    path = zipped(tmp_path / "a.zip", *((name, b"") for name in names))
    assert {member.name: member.kind for member in members(path)} == {
        "out/": "folder",
        "out/A.CSV": "csv",
        "out/b.csv.gz": "archive",
        "c.zip": "archive",
        "__MACOSX/out/._A.csv": "other",
        ".d.csv": "other",
    }


def test_a_member_is_extracted_byte_for_byte(tmp_path: Path) -> None:
    content = b"id,amount\n" + b"".join(b"%d,0.%d\n" % (n, n) for n in range(50_000))
    path = zipped(tmp_path / "a.zip", ("part.csv", content))
    extract(path, members(path)[0], tmp_path / "part.csv")
    assert (tmp_path / "part.csv").read_bytes() == content


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("/etc/part.csv", "absolute path"),
        ("C:part.csv", "absolute path"),
        ("../part.csv", "`..` step"),
        ("a/../../part.csv", "`..` step"),
        ("a/./part.csv", "`.` or `..` step"),
        ("a//part.csv", "empty"),
        ("a\\part.csv", "backslash"),
        ("a\x1b[2Jpart.csv", "control character"),
    ],
)
def test_a_name_that_could_lead_elsewhere_is_refused(tmp_path: Path, name: str, why: str) -> None:
    sentence = refusal(zipped(tmp_path / "a.zip", (name, b"a"), ("good.csv", b"a")))
    assert why in sentence
    assert "\x1b" not in sentence


def test_a_name_with_a_zero_byte_is_refused(tmp_path: Path) -> None:
    path = patched(zipped(tmp_path / "a.zip", ("a.csv#.exe", b"a")), b"a.csv#", b"a.csv\x00")
    assert "control character" in refusal(path)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(tmp_path: Path, kind: int) -> None:
    info = zipfile.ZipInfo("part.csv")
    info.external_attr = (kind | 0o644) << 16
    assert "a link or a device" in refusal(zipped(tmp_path / "a.zip", (info, b"/etc/passwd")))


def test_a_doubled_name_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", ("part-1.csv", b"a"), ("part-2.csv", b"b"))
    assert "`part-1.csv` stands in the archive 2 times" in refusal(
        patched(path, b"part-2.csv", b"part-1.csv")
    )


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", ("part.csv", b"a"))
    # Both headers: version needed 2.0, then the flags, of which bit 0 says encrypted.
    data = path.read_bytes().replace(b"PK\x03\x04\x14\x00\x00\x00", b"PK\x03\x04\x14\x00\x01\x00")
    at = data.index(b"PK\x01\x02") + 8
    path.write_bytes(data[:at] + b"\x01" + data[at + 1 :])
    assert refusal(path) == "`part.csv` is encrypted"


def test_more_than_20_gib_in_all_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", *((f"part-{n}.csv", b"12345") for n in range(8)))
    # 8 members that each state 3,000,000,000 bytes make 24 GB; 20 GiB are 21.5 GB.
    assert "more than 20 GiB" in refusal(
        patched(
            path,
            (5).to_bytes(4, "little") + b"\x0a\x00",
            (3 * 10**9).to_bytes(4, "little") + b"\x0a\x00",
        )
    )


def test_what_is_no_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"id,amount\n1,2\n")
    assert "not a zip file" in refusal(path)


def test_a_bomb_is_refused_while_it_unpacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "PARTS_LIMITS", Limits(2**30, ratio=1000, ratio_from_bytes=10**6))
    path = zipped(tmp_path / "a.zip", ("part.csv", bytes(5 * 10**6)))
    with pytest.raises(Unreadable, match="more than 1000 times its size"):
        extract(path, members(path)[0], tmp_path / "part.csv")
    assert not (tmp_path / "part.csv").exists()


def test_the_bounds_are_20_gib_and_a_ratio_of_1000_above_50_mb() -> None:
    assert archive.PARTS_LIMITS == (20 * 2**30, 1000, 50_000_000)


def test_a_packed_size_beyond_the_file_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", ("part.csv", bytes(10**6)))
    with zipfile.ZipFile(path) as file:
        packed = file.getinfo("part.csv").compress_size.to_bytes(4, "little")
    patched(path, packed, (2**31).to_bytes(4, "little"))
    with pytest.raises(Unreadable, match="the zip archive"):
        extract(path, members(path)[0], tmp_path / "part.csv")
    assert not (tmp_path / "part.csv").exists()


def test_a_directory_that_points_before_the_file_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", ("part.csv", b"a"))
    data = path.read_bytes()
    # The end record states where the directory begins; one too much shifts all members by one.
    at = len(data) - 6
    offset = int.from_bytes(data[at : at + 4], "little") + 1
    path.write_bytes(data[:at] + offset.to_bytes(4, "little") + data[at + 4 :])
    assert "points outside itself" in refusal(path)


def test_one_member_over_the_size_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = zipped(tmp_path / "a.zip", ("part.csv", b"0123456789" * 30_000))
    member = members(path)[0]
    monkeypatch.setattr(
        archive, "PARTS_LIMITS", Limits(200_000, ratio=1000, ratio_from_bytes=10**9)
    )
    with pytest.raises(Unreadable, match="unpacks to more than"):
        extract(path, member, tmp_path / "part.csv")
    assert not (tmp_path / "part.csv").exists()


def test_a_member_that_is_damaged_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("part.csv", "id,amount\n1,2\n")
    patched(path, b"1,2\n", b"1,9\n")
    with pytest.raises(Unreadable, match="damaged: Bad CRC"):
        extract(path, members(path)[0], tmp_path / "part.csv")
    assert not (tmp_path / "part.csv").exists()


def test_a_member_shorter_than_stated_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", ("part.csv", b"x" * 77))
    patched(path, (77).to_bytes(4, "little"), (78).to_bytes(4, "little"))
    with pytest.raises(Unreadable, match="ends too early"):
        extract(path, members(path)[0], tmp_path / "part.csv")


def test_other_packing_than_deflate_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as file:
        file.writestr("part.csv", b"a" * 1000)
    with pytest.raises(Unreadable, match="packed by method 14"):
        extract(path, members(path)[0], tmp_path / "part.csv")


def test_a_member_that_went_away_is_told(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", ("part.csv", b"a"))
    with pytest.raises(Unreadable, match=r"has no `gone\.csv`"):
        extract(path, Member("gone.csv", "csv", 1), tmp_path / "part.csv")


def _sample() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in PINECONE:
            file.writestr(name, content)
    return stream.getvalue()


SAMPLE = _sample()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(SAMPLE) - 1), st.integers(0, 255)), max_size=4))
def test_a_garbled_archive_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(SAMPLE)
    for at, byte in changes:
        data[at] = byte
    folder = tmp_path_factory.getbasetemp()
    path = folder / "garbled.zip"
    path.write_bytes(data)
    # Anything but `Unreadable` would be a fault of ours.
    with suppress(Unreadable):
        for member in members(path):
            extract(path, member, folder / "garbled.csv")
