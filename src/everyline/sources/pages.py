"""Paged reports: what must hold between the pages of one folder (R1).

A page that says `has_more` must have its successor in the folder, and one folder may hold only one
grouping of the same days: a grouped and an ungrouped answer are the same money twice.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from everyline.problems import Problem
from everyline.sources.format import Facts
from everyline.sources.json_text import cell, lines_of, load
from everyline.sources.unreadable import Unreadable


def read(path: Path, title: str, start: str) -> Mapping[str, Any]:
    """The page in `path`, known to have the shape of one: a list `data` of buckets of results.

    Raises:
        Unreadable: it is no JSON, or of another shape; `title` is what it should be, and `start`
            the setting with which each bucket says when it begins.
    """
    page = load(path.read_bytes())
    buckets = page.get("data") if isinstance(page, dict) else None
    if not isinstance(buckets, list):
        hint = "expected an object with a list `data`; an error message is no report"
        raise Unreadable(f"the file is no page of {title}", hint, line=1)
    for bucket in buckets:
        if not isinstance(bucket, dict) or not bucket.get(start):
            hint = f"expected objects with `{start}` and `results` in `data`"
            raise Unreadable(f"the file is no page of {title}", hint, line=1)
        results = bucket.get("results") or []
        if not (isinstance(results, list) and all(isinstance(one, dict) for one in results)):
            hint = "expected a list of objects in `results`"
            raise Unreadable(f"the file is no page of {title}", hint, line=1)
    found: Mapping[str, Any] = page
    return found


def facts(
    page: Mapping[str, Any], results: str, start: str, end: str, dimensions: Sequence[str]
) -> Mapping[str, object]:
    """What `across` needs of one page: its days, its grouping, and whether more follows."""
    days = [(cell(b.get(start)), cell(b.get(end))) for b in page["data"]]
    rows = [row for bucket in page["data"] for row in bucket.get(results) or ()]
    grouped = sorted(d for d in dimensions if any(cell(row.get(d)) for row in rows))
    return {
        "starts": sorted({s for s, _ in days if s}),
        "charged": sorted({cell(b.get(start)) or "" for b in page["data"] if b.get(results)}),
        "end": max((e for _, e in days if e), default=None),
        "grouping": grouped,
        "has_more": page.get("has_more") is True,
    }


def line(path: Path, row: int) -> int:
    """The line of a page at which its row-th result begins."""
    found = _lines(path, path.stat().st_mtime_ns)
    return found[row - 1] if row <= len(found) else 1


@lru_cache(maxsize=8)
def _lines(path: Path, _: int) -> list[int]:
    return lines_of(path.read_text(encoding="utf-8-sig"), "results")


def across(files: Sequence[Facts]) -> list[Problem]:
    """Pages that are missing from one bill's files, and days that two groupings report (R1)."""
    return [*_missing_pages(files), *_two_groupings(files)]


def _missing_pages(files: Sequence[Facts]) -> list[Problem]:
    found = []
    for page in files:
        if not page.facts["has_more"]:
            continue
        end = page.facts["end"]
        if not any(end in _list(other, "starts") for other in files if other is not page):
            found.append(
                Problem(
                    name="missing-page",
                    level="stop",
                    sentence="the report goes on (`has_more`), but no file has its next page",
                    place=page.file,
                    subject=str(end),
                    hint=f"fetch the page whose first bucket starts at `{end}`, and run again",
                )
            )
    return found


def _two_groupings(files: Sequence[Facts]) -> list[Problem]:
    found = []
    for i, one in enumerate(files):
        for other in files[:i]:
            days = set(_list(one, "charged")) & set(_list(other, "charged"))
            if days and one.facts["grouping"] != other.facts["grouping"]:
                found.append(
                    Problem(
                        name="two-groupings",
                        level="stop",
                        sentence=f"the same days are reported by {_by(one)} here and by "
                        f"{_by(other)} in `{other.file}`: the same money twice",
                        place=one.file,
                        subject=other.file,
                        hint="keep one grouping in this bill's path, and move the other away",
                    )
                )
                break
    return found


def _by(page: Facts) -> str:
    names = _list(page, "grouping")
    return " and ".join(f"`{name}`" for name in names) if names else "no dimension"


def _list(page: Facts, name: str) -> list[str]:
    value = page.facts[name]
    assert isinstance(value, list)
    return value
