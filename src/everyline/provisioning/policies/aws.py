"""What AWS's policies have in common: its tags, and the reviewed table of what costs AI money.

Source of `aws.csv`: the Service Authorization Reference (SAR) for actions that take
`aws:RequestTag`; for types of tag policies the table by which the Terraform provider maps them.
"""

import csv
import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, NamedTuple

from everyline import resource_types
from everyline.problems import Problem
from everyline.provisioning.policies.written import Speech, too_long

KEY = r"(?!aws:)[A-Za-z0-9 _.:/=+@\-]{1,128}"
VALUE = r"[A-Za-z0-9 _.:/=+@\-]{1,256}"
"""Characters that all services take in tags: the narrowest of their documents."""

INSTANCES = "ec2:RunInstances"


class Kind(NamedTuple):
    """A row of the table; either cell may be empty."""

    tag_policy: str
    action: str


def kinds() -> Iterator[Kind]:
    """The table, in its order."""
    text = files(__package__).joinpath("aws.csv").read_text("utf-8")
    for row in csv.DictReader(text.splitlines()):
        yield Kind(row["tag_policy"], row["action"])


def accelerated() -> list[str]:
    """Types of instances with accelerators, as `StringLike` takes them."""
    return list(resource_types.known("terraform")["aws_instance"][0].when["instance_type"])


def speech() -> Speech:
    """How AWS spells tags."""
    return Speech("AWS", KEY, VALUE)


def as_json(content: Any, limit: int) -> str:
    """The policy as JSON: with line ends where that fits `limit` characters, else without."""
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    if len(text) > limit:
        text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return text


def longer(name: str, text: str, limit: int) -> list[Problem]:
    """The problem that `text` does not fit, if so."""
    if len(text) <= limit:
        return []
    hint = "ask for fewer values, or only that the tag is there: a key without `values`"
    return [too_long(f"`{name}`", len(text), limit, "everyline.yaml", hint)]
