"""AWS Organizations tag policy: spelling of tag keys and values.

It refuses a tag with another spelling of the key or a value that is not listed, on the types of
`enforced_for`. It lets things without the tag through (AWS: "basic compliance rules do not
enforce missing tag keys"); `report_required_tag_for` makes those fail in CloudFormation,
Terraform and Pulumi only, where their checks are switched on. `aws_scp` refuses the rest.
"""

from collections.abc import Sequence

from everyline.provisioning.policies import aws
from everyline.provisioning.policies.asked import Asked
from everyline.provisioning.policies.written import Written

TITLE = "AWS Organizations tag policy"

_FILE = "tag-policy.json"

LIMIT = 10_000
"""Characters of a tag policy: Quotas for AWS Organizations."""


def written(asked: Sequence[Asked]) -> Written:
    """The tag policy as one JSON document."""
    types = [kind.tag_policy for kind in aws.kinds() if kind.tag_policy]
    speech, tags = aws.speech(), {}
    for ask in asked:
        tag, values = speech.tag(ask), speech.values(ask)
        asks: dict[str, object] = {"tag_key": tag}
        if values:
            asks |= {"tag_value": values, "enforced_for": types}
        if ask.needed:
            asks["report_required_tag_for"] = types
        tags[tag] = {name: {"@@assign": what} for name, what in asks.items()}
    text = aws.as_json({"tags": tags}, LIMIT)
    problems = [*speech.problems, *aws.longer(_FILE, text, LIMIT)]
    return Written({_FILE: text}, tuple(problems))
