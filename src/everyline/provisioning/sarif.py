"""Problems as SARIF 2.1.0, which code hosts show at the line of a pull request.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0"; GitHub, "SARIF
support for code scanning". A rule is a name of a problem, a result one problem.
"""

import hashlib
import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from everyline import __version__
from everyline.problems import Level, Problem

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

_LEVELS: dict[Level, str] = {
    "configuration": "error",
    "stop": "error",
    "fail": "error",
    "warn": "warning",
}
_PLACE = re.compile(r"(?P<file>.*?)(?::(?P<line>[1-9]\d*))?(?::(?P<column>[1-9]\d*))?")


def log(problems: Sequence[Problem]) -> dict[str, Any]:
    """The SARIF log of one check."""
    names = sorted({problem.name for problem in problems})
    unread = any(problem.level in ("configuration", "stop") for problem in problems)
    driver = {
        "name": "everyline",
        "semanticVersion": __version__,
        "rules": [
            {"id": name, "shortDescription": {"text": name.replace("-", " ")}} for name in names
        ],
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": not unread}],
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, names.index(problem.name)) for problem in problems],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(problem: Problem, rule: int) -> dict[str, Any]:
    hint = f" Hint: {problem.hint}." if problem.hint else ""
    match = _PLACE.fullmatch(problem.place)
    assert match is not None
    region = {"startLine": int(match["line"] or 1)}
    if match["column"]:
        region["startColumn"] = int(match["column"])
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": _artifact(match["file"]), "region": region}
    }
    if problem.subject:
        location["logicalLocations"] = [{"fullyQualifiedName": problem.subject}]
    # Lines move; by the name of the problem and of the thing an alert is known again.
    print_ = hashlib.sha256(
        f"{problem.name}\n{problem.subject}\n{match['file']}".encode()
    ).hexdigest()
    return {
        "ruleId": problem.name,
        "ruleIndex": rule,
        "level": _LEVELS[problem.level],
        "message": {"text": f"{problem.sentence}.{hint}"},
        "locations": [location],
        "partialFingerprints": {"everyline/v1": print_},
    }


def _artifact(file: str) -> dict[str, str]:
    """The file as a URI: below the repository, or absolute."""
    path = PurePath(file)
    if path.is_absolute():
        return {"uri": path.as_uri()}
    return {"uri": quote(path.as_posix()), "uriBaseId": "%SRCROOT%"}
