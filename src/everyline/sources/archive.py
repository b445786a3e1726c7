"""Zip archives, read with distrust: a bill in CSV parts, and the zip inside an XLSX workbook.

Names that could lead out of a folder, and contents that could fill a disk, are refused. A header's
sizes are promises of whoever made the file, so bytes are counted as they are unpacked.
"""

import errno
import re
import stat
import struct
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from everyline.sources.natural import natural_key
from everyline.sources.unreadable import Unreadable

CHUNK_BYTES = 1 << 16

_ENCRYPTED = 0x1 | 0x40 | 0x2000  # traditional, strong, and a central directory that is masked
_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NESTED = (".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".zst", ".7z", ".rar", ".xlsx", ".xlsm")
_ASK_AGAIN = "export or download the file again"


class Limits(NamedTuple):
    """How much one member may unpack to; the ratio counts only above `ratio_from_bytes`."""

    size_bytes: int
    ratio: int
    ratio_from_bytes: int


PARTS_LIMITS = Limits(size_bytes=20 * 2**30, ratio=1000, ratio_from_bytes=50 * 10**6)

Kind = Literal["csv", "folder", "archive", "other"]


class Member(NamedTuple):
    """One member of an archive.

    Attributes:
        name: as the archive has it, `/` between folders.
        kind: only `csv` is read; the caller tells of an `archive` or `other` that it was not.
        size_bytes: unpacked, as the archive states it; `extract` proves it.
    """

    name: str
    kind: Kind
    size_bytes: int


def members(path: Path) -> list[Member]:
    """All members of the zip at `path`, in natural order of their names.

    Raises:
        Unreadable: `path` is no zip, or a member has an unsafe or doubled name, is a link, is
            encrypted, or all together would unpack to more than 20 GiB.
    """
    with opened(path) as archive:
        infos = archive.infolist()
    for info in infos:
        _refuse_unsafe(info)
    refuse_doubled(info.filename for info in infos)
    if sum(info.file_size for info in infos) > PARTS_LIMITS.size_bytes:
        raise Unreadable(
            "the archive unpacks to more than 20 GiB", "deliver it in smaller archives"
        )
    found = [Member(info.filename, _kind(info), info.file_size) for info in infos]
    return sorted(found, key=lambda member: natural_key(member.name))


def extract(path: Path, member: Member, target: Path) -> None:
    """Write the bytes of `member` of the zip at `path` to the file `target`, a piece at a time.

    No more than the stated size is ever written, so what `members` promised as total holds. If the
    member cannot be read in full, `target` is removed.

    Raises:
        Unreadable: as `members`; or the member is damaged or unpacks to more than 1000 times its
            size.
    """
    with opened(path) as archive:
        info = info_of(archive, member.name)
        _refuse_unsafe(info)
        try:
            with target.open("wb") as file:
                for chunk in chunks(archive, info, PARTS_LIMITS):
                    file.write(chunk)
        except BaseException:
            target.unlink(missing_ok=True)
            raise


@contextmanager
def opened(data: BinaryIO | Path) -> Iterator[ZipFile]:
    """The zip archive in `data`; damage found on opening or while it is open becomes Unreadable."""
    with _archive(data) as archive:
        try:
            yield archive
        except EOFError as error:
            raise Unreadable("the zip archive ends too early", _ASK_AGAIN) from error
        except (zlib.error, struct.error) as error:
            raise Unreadable(
                "the zip archive is damaged: it can't be unpacked", _ASK_AGAIN
            ) from error
        except BadZipFile as error:
            raise Unreadable(f"the zip archive is damaged: {error}", _ASK_AGAIN) from error
        except (NotImplementedError, UnicodeDecodeError) as error:
            raise Unreadable(f"the zip archive is of a kind not read here: {error}") from error


def info_of(archive: ZipFile, name: str) -> ZipInfo:
    """The entry called `name`, or Unreadable."""
    try:
        return archive.getinfo(name)
    except KeyError:
        raise Unreadable(f"the archive has no `{name:.200}`", _ASK_AGAIN) from None


def chunks(archive: ZipFile, info: ZipInfo, limits: Limits) -> Iterator[bytes]:
    """The unpacked bytes of one member, counted against `limits` as they come.

    Use inside `opened`, which tells of damage found on the way.
    """
    _refuse_encrypted(info)
    # zipfile unpacks bzip2 and LZMA without a bound on one read; nobody sends bills in them.
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise Unreadable(
            f"`{info.filename}` is packed by method {info.compress_type}",
            "make the archive with the usual method, deflate",
        )
    packed_bytes = max(1, info.compress_size)
    count = 0
    with archive.open(info) as file:
        while chunk := file.read(CHUNK_BYTES):
            count += len(chunk)
            _refuse_bomb(info.filename, count, packed_bytes, limits)
            yield chunk
    if count != info.file_size:
        raise Unreadable(f"`{info.filename}` ends too early", _ASK_AGAIN)


def refuse_doubled(names: Iterable[str]) -> None:
    """Two members of one name: programs differ in which one they read, and so in the money."""
    for name, count in Counter(names).items():
        if count > 1:
            raise Unreadable(f"`{name}` stands in the archive {count} times", _ASK_AGAIN)


def _archive(data: BinaryIO | Path) -> ZipFile:
    try:
        archive = ZipFile(data)
    except OSError as error:
        # A directory that points before the file's start; any other is no fault of the archive.
        if error.errno != errno.EINVAL:
            raise
        raise Unreadable("the zip archive is damaged", _ASK_AGAIN) from error
    except (BadZipFile, NotImplementedError, ValueError, OverflowError, struct.error) as error:
        raise Unreadable(f"the zip archive is damaged: {error}", _ASK_AGAIN) from error
    size_bytes = _size_bytes(archive)
    if any(not 0 <= info.header_offset < size_bytes for info in archive.infolist()):
        archive.close()
        raise Unreadable("the zip archive points outside itself", _ASK_AGAIN)
    return archive


def _size_bytes(archive: ZipFile) -> int:
    assert archive.fp is not None, "the archive is open while its members are read"
    # zipfile goes back to its own place before each read.
    return archive.fp.seek(0, 2)


def _refuse_bomb(name: str, count: int, packed_bytes: int, limits: Limits) -> None:
    if count > limits.size_bytes:
        gib = limits.size_bytes // 2**30
        raise Unreadable(f"`{name}` unpacks to more than {gib} GiB", "deliver it in smaller parts")
    if count > limits.ratio_from_bytes and count > limits.ratio * packed_bytes:
        raise Unreadable(
            f"`{name}` unpacks to more than {limits.ratio} times its size",
            "ask its sender for the file as it is, not packed",
        )


def _refuse_unsafe(info: ZipInfo) -> None:
    name = info.orig_filename  # `filename` is already mended by zipfile
    why = _why_unsafe(name, info.external_attr >> 16)
    if why:
        # `repr` keeps a name from steering the terminal.
        raise Unreadable(f"the archive has a member `{repr(name)[1:-1]:.200}`, {why}", _ASK_AGAIN)
    _refuse_encrypted(info)


def _refuse_encrypted(info: ZipInfo) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise Unreadable(
            f"`{info.filename}` is encrypted", "save and deliver it without a password"
        )


def _why_unsafe(name: str, mode: int) -> str:
    if _CONTROL.search(name) or "\\" in name:
        return "whose name has a backslash or a control character"
    if name.startswith("/") or _DRIVE.match(name):
        return "whose name is an absolute path"
    if any(step in ("", ".", "..") for step in name.removesuffix("/").split("/")):
        return "whose name has an empty, `.` or `..` step"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "which is a link or a device, not a file"
    return ""


def _kind(info: ZipInfo) -> Kind:
    name = info.filename.casefold()
    if info.is_dir():
        return "folder"
    if name.endswith(_NESTED):
        return "archive"
    # macOS puts `__MACOSX/._part.csv` beside `part.csv`: Finder's notes, not a table.
    hidden = any(step.startswith((".", "__macosx")) for step in name.split("/"))
    return "csv" if name.endswith(".csv") and not hidden else "other"
