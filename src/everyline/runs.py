"""Runs: what was published last, whole and hashed; and how the next one takes its place (R26).

`.everyline/runs/<run id>/` holds Parquet files and `manifest.json`, which also has the relations
that are views over the files: nothing is written twice. Files are written in a folder aside, hashed
and synced; the folder is renamed; then the one file `.everyline/current`, which names the run and
the SHA-256 of its manifest, is replaced. A reader sees the last good run or the new one, never a
mixture.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from everyline.engines.duckdb import parquet
from everyline.problems import Problem

FOLDER = ".everyline"
_MANIFEST = "manifest.json"
_CURRENT = "current"
_RUNS = "runs"
_KEPT = 5
_FILE = re.compile(r"\{\{(\w+)\}\}")


def file_in_view(name: str) -> str:
    """How the SQL of a view names a file of its run, or another view."""
    return "{{" + name + "}}"


@dataclass(frozen=True, slots=True)
class Run:
    """A published run.

    Attributes:
        id: SHA-256 of inputs, configuration and version, in hex.
        folder: where its files lie.
        manifest: what it holds: `files` with their SHA-256, `views` over them, row counts of
            `relations`, `inputs`, and the totals of `control`.
        instead: SQL of relations and files that are read elsewhere, by name.
    """

    id: str
    folder: Path
    manifest: Mapping[str, Any]
    instead: Mapping[str, str] = field(default_factory=dict)

    def relation(self, name: str) -> str:
        """SQL of a relation: a file of the run, or a view over its files."""
        if sql := self.instead.get(name):
            return sql
        if (view := self.manifest["views"].get(name)) is None:
            return self.file(name)
        return f"({_FILE.sub(lambda match: Run.relation(self, match[1]), view)})"

    def file(self, name: str) -> str:
        """SQL of a file of the run."""
        return self.instead.get(name) or parquet(self.folder / f"{name}.parquet")


@contextmanager
def aside(project: Path) -> Iterator[Path]:
    """A folder to write a run into; gone afterwards, unless it was published."""
    runs = project / FOLDER / _RUNS
    runs.mkdir(parents=True, exist_ok=True)
    (project / FOLDER / ".gitignore").write_text("*\n", encoding="utf-8")
    _sweep(project / FOLDER)
    folder = runs / f".{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(project: Path, folder: Path, run_id: str, facts: Mapping[str, Any]) -> Run:
    """Makes the files in `folder` the current run; `facts` go into its manifest."""
    written = sorted(folder.glob("*.parquet"))
    with ThreadPoolExecutor(max_workers=2) as workers:
        hashes = list(workers.map(_synced_hash, written))
    files = {file.stem: sha256 for file, sha256 in zip(written, hashes, strict=True)}
    manifest = {"run": run_id} | dict(facts) | {"files": files}
    path = folder / _MANIFEST
    path.write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    _sync(path)
    target, sha256 = folder.parent / run_id, _hash(path)
    _put_in_place(folder, target, sha256)
    _point(project, run_id, sha256)
    _forget(target.parent, run_id)
    return Run(run_id, target, manifest)


def _put_in_place(folder: Path, target: Path, sha256: str) -> None:
    """Names the finished `folder` `target`; where the same run lies there whole, that one stays.

    So a run again never takes away, not for a moment, what the pointer names.
    """
    if _fault(target, sha256):
        if target.exists():
            target.rename(folder.with_name(f".damaged.{os.getpid()}"))
        try:
            folder.rename(target)
        except OSError:
            # Another run of the same inputs has just put the same bytes there.
            if _fault(target, sha256):
                raise
    _sync(target.parent)


def current(project: Path) -> Run | Problem:
    """The last good run, every file of it verified; or the problem why there is none to read."""
    pointer = project / FOLDER / _CURRENT
    try:
        run_id, sha256 = pointer.read_text(encoding="utf-8").split()
    except FileNotFoundError:
        return Problem(
            name="no-run",
            level="stop",
            sentence="nothing has been run here yet",
            place=str(pointer.relative_to(project)),
            hint="`everyline run` makes all relations",
        )
    except (OSError, ValueError) as error:
        return _damaged(project, pointer, str(error))
    folder = project / FOLDER / _RUNS / run_id
    if file := _fault(folder, sha256):
        return _damaged(project, file, "its bytes are not those that were published")
    return Run(run_id, folder, _manifest(folder))


def made_on(run_: Run) -> datetime | None:
    """When a run was made, in UTC; the same inputs again make no other. None if it is gone."""
    try:
        return datetime.fromtimestamp((run_.folder / _MANIFEST).stat().st_mtime, UTC)
    except OSError:
        return None


def unpublished(folder: Path, facts: Mapping[str, Any]) -> Run:
    """What lies in `folder` as a run that nobody else ever reads."""
    files = {file.stem: _hash(file) for file in sorted(folder.glob("*.parquet"))}
    return Run("", folder, dict(facts) | {"files": files})


def kept(project: Path, beginning: str) -> Run | Problem:
    """One of the newest few runs, by how its id begins; or the problem why there is none to read.

    Its files are verified by its manifest. Nothing but the pointer vouches for a manifest, so that
    of an earlier run is taken as it is.
    """
    runs = project / FOLDER / _RUNS
    ids = sorted(path.parent.name for path in _manifests(project))
    found = [run_id for run_id in ids if run_id.startswith(beginning)]
    if len(found) != 1:
        what = "no run that is kept begins" if not found else f"{len(found)} runs begin"
        return Problem(
            name="run-not-kept",
            level="stop",
            sentence=f"{what} with `{beginning}`",
            place=f"{FOLDER}/{_RUNS}",
            subject=beginning,
            hint=f"the last {_KEPT} runs are kept"
            + (f", here {', '.join(f'`{run_id[:12]}`' for run_id in ids)}" if ids else ""),
        )
    folder = runs / found[0]
    last = current(project)
    if isinstance(last, Run) and last.id == found[0]:
        return last
    try:
        file = _fault(folder, _hash(folder / _MANIFEST))
    except (OSError, ValueError, KeyError):
        file = folder / _MANIFEST
    if file:
        return _damaged(project, file, "its bytes are not those that were published")
    return Run(found[0], folder, _manifest(folder))


def kept_ids(project: Path) -> list[str]:
    """The ids of all runs that are kept, the newest first."""
    found = [(path.stat().st_mtime_ns, path.parent.name) for path in _manifests(project)]
    return [run_id for _, run_id in sorted(found, reverse=True)]


def _manifests(project: Path) -> Iterator[Path]:
    return (project / FOLDER / _RUNS).glob(f"[0-9a-f]*/{_MANIFEST}")


def _manifest(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / _MANIFEST).read_text(encoding="utf-8")))


def _fault(folder: Path, sha256: str) -> Path | None:
    """The first file of a run that is not as it was published; `sha256` is its manifest's."""
    path = folder / _MANIFEST
    if _hash_if_any(path) != sha256:
        return path
    files: Mapping[str, str] = _manifest(folder)["files"]
    for name, expected in files.items():
        file = folder / f"{name}.parquet"
        if _hash_if_any(file) != expected:
            return file
    return None


def _damaged(project: Path, file: Path, why: str) -> Problem:
    return Problem(
        name="run-damaged",
        level="stop",
        sentence=f"the last run can't be trusted: {why}",
        place=file.relative_to(project).as_posix(),
        subject=file.name,
        hint="`everyline run` makes it again from the bills",
    )


def _point(project: Path, run_id: str, sha256: str) -> None:
    pointer = project / FOLDER / _CURRENT
    new = pointer.with_name(f"{_CURRENT}.{os.getpid()}")
    new.write_text(f"{run_id} {sha256}\n", encoding="utf-8")
    _sync(new)
    os.replace(new, pointer)
    _sync(pointer.parent)


def _forget(runs: Path, run_id: str) -> None:
    """Removes all but the newest few runs; the current one always stays."""
    finished = [entry for entry in runs.iterdir() if entry.is_dir() and entry.name[0] != "."]
    finished.sort(key=lambda entry: entry.stat().st_mtime, reverse=True)
    for entry in finished[_KEPT:]:
        if entry.name != run_id:
            shutil.rmtree(entry, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Removes what runs that were killed have left behind: all that is named for their process."""
    for pattern in ("*.*", f"{_RUNS}/.*", "cache/*/*.*"):
        for entry in folder.glob(pattern):
            process = entry.name.rpartition(".")[2]
            if not process.isdecimal() or _alive(int(process)):
                continue
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _hash(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _hash_if_any(file: Path) -> str | None:
    try:
        return _hash(file)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _synced_hash(file: Path) -> str:
    _sync(file)
    return _hash(file)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
