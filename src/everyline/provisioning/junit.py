"""Verdicts as JUnit XML, which build servers show as tests: a suite a file, a test a planned thing.

Source: the schema that Jenkins and GitLab read. What fails is a `failure`, what was not judged is
`skipped` with the reason, and a file that can't be read is an `error`.
"""

import re
from collections.abc import Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from everyline.problems import Problem
from everyline.provisioning.findings import Verdict

# What XML 1.0 has no way to say, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(verdicts: Sequence[Verdict], problems: Sequence[Problem]) -> str:
    """The XML; `problems` are all of the check, also those of files and of the configuration."""
    root = Element("testsuites", {"name": "everyline"})
    suites: dict[str, Element] = {}
    for verdict in verdicts:
        source = verdict.owned.source
        if source not in suites:
            suites[source] = SubElement(root, "testsuite", {"name": _safe(source)})
        _case(suites[source], verdict)
    unread = [one for one in problems if one.level in ("configuration", "stop")]
    if unread:
        suites[""] = SubElement(root, "testsuite", {"name": "files"})
    for problem in unread:
        case = SubElement(suites[""], "testcase", _named(problem.place, problem.name))
        _said(case, "error", problem)
    for suite in suites.values():
        _count(suite)
    _count(root)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def _case(suite: Element, verdict: Verdict) -> None:
    owned = verdict.owned
    case = SubElement(suite, "testcase", _named(owned.address, owned.thing.type))
    if verdict.unjudged:
        SubElement(case, "skipped", {"message": _safe(verdict.unjudged)})
    for problem in verdict.problems:
        if problem.level == "fail":
            _said(case, "failure", problem)
    warned = [problem.sentence for problem in verdict.problems if problem.level == "warn"]
    if warned:
        SubElement(case, "system-out").text = _safe("\n".join(warned))


def _said(case: Element, tag: str, problem: Problem) -> None:
    said = {"message": _safe(problem.sentence), "type": problem.name}
    SubElement(case, tag, said).text = _safe(f"{problem.place}\n{problem.hint}")


def _named(name: str, kind: str) -> dict[str, str]:
    return {"name": _safe(name), "classname": _safe(kind)}


def _count(holder: Element) -> None:
    for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
        found = {
            case
            for case in holder.iter("testcase")
            if tag == "testcase" or case.find(tag) is not None
        }
        holder.set(name, str(len(found)))
    holder.set("skipped", str(len(list(holder.iter("skipped")))))


def _safe(text: str) -> str:
    return _NOT_XML.sub("�", text)
