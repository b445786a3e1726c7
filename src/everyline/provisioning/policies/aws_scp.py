"""AWS service control policy: no creation without the tag, or with another value.

It sees requests alone: the tags that come with a creation. Things that can't be tagged when they
are made are not named. Case of values does not count, as in R7. EC2 instances are asked only
where their family has accelerators, and only on the instance itself, since the other parts of the
same request carry no tags.
"""

import re
from collections.abc import Sequence
from typing import Any

from everyline.problems import Problem
from everyline.provisioning.policies import aws
from everyline.provisioning.policies.asked import Asked
from everyline.provisioning.policies.written import Speech, Written

TITLE = "AWS service control policy"

LIMIT = 5_120
"""Characters of a service control policy: Quotas for AWS Organizations."""

ATTACHED_MAX = 4
"""Policies that fit on one root, unit or account beside FullAWSAccess: five, the same page."""


def written(asked: Sequence[Asked]) -> Written:
    """As few policies as the statements fit into, each a JSON document."""
    speech = aws.speech()
    texts: list[str] = []
    fitting: list[Any] = []
    for statement in (one for ask in asked for one in _statements(ask, speech)):
        if fitting and len(_text([*fitting, statement])) > LIMIT:
            texts.append(_text(fitting))
            fitting = []
        fitting.append(statement)
    texts.append(_text(fitting))
    names = [f"scp-{n}.json" if len(texts) > 1 else "scp.json" for n in range(1, len(texts) + 1)]
    made = dict(zip(names, texts, strict=True))
    problems = [one for name, text in made.items() for one in aws.longer(name, text, LIMIT)]
    if len(texts) > ATTACHED_MAX:
        problems.append(_too_many(len(texts)))
    return Written(made, (*speech.problems, *problems))


def _text(statements: Sequence[Any]) -> str:
    return aws.as_json({"Version": "2012-10-17", "Statement": statements}, LIMIT)


def _too_many(count: int) -> Problem:
    return Problem(
        name="policy-too-long",
        level="configuration",
        sentence=f"{count} policies would be needed, and {ATTACHED_MAX} can be attached",
        place="everyline.yaml",
        subject="scp",
        hint="ask for fewer values, or only that the tag is there: a key without `values`",
    )


def _statements(ask: Asked, speech: Speech) -> list[dict[str, Any]]:
    """What one key refuses: of services, and of instances with accelerators."""
    condition = _condition(ask, speech)
    sid = re.sub("[^A-Za-z0-9]", "", ask.key.title())
    services = [kind.action for kind in aws.kinds() if kind.action not in ("", aws.INSTANCES)]
    ours = {"StringLike": {"ec2:InstanceType": aws.accelerated()}} | condition
    return [
        _denied(sid, services, "*", condition),
        _denied(f"{sid}Instances", [aws.INSTANCES], "arn:*:ec2:*:*:instance/*", ours),
    ]


def _denied(sid: str, actions: list[str], resource: str, condition: Any) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Action": actions,
        "Resource": resource,
        "Condition": condition,
    }


def _condition(ask: Asked, speech: Speech) -> dict[str, Any]:
    """What is refused: a negated test also holds where the tag is absent."""
    tag, values = f"aws:RequestTag/{speech.tag(ask)}", speech.values(ask)
    if not values:
        return {"Null": {tag: "true"}}
    other: dict[str, Any] = {"StringNotEqualsIgnoreCase": {tag: values}}
    return other if ask.needed else {"Null": {tag: "false"}} | other
