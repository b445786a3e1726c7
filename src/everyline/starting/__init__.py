"""Starting: what `init` finds out about a folder of files nobody has described yet.

In: files below a folder. Out: the text of an `everyline.yaml` that runs, and what was left out of
it and why. Grain: one bill, or one source of usage, is files of one format under one path pattern.
Conserves: every file of a bill that is recognised belongs to just one bill, unless it is a copy of
one that does; telemetry is counted once, and what is not read is named with its reason.
"""

from everyline.starting.bills import Found, FoundBill, FoundTable, found
from everyline.starting.files import below
from everyline.starting.tag_keys import Tags, tags_of, with_used
from everyline.starting.telemetry import FoundTelemetry, FoundUsage, telemetry_of
from everyline.starting.telemetry_tags import Tagged, shares_of_usage, tagged_usage
from everyline.starting.text import configuration_text
from everyline.starting.traces import FoundTrace, Used, configuration_of, used

__all__ = [
    "Found",
    "FoundBill",
    "FoundTable",
    "FoundTelemetry",
    "FoundTrace",
    "FoundUsage",
    "Tagged",
    "Tags",
    "Used",
    "below",
    "configuration_of",
    "configuration_text",
    "found",
    "shares_of_usage",
    "tagged_usage",
    "tags_of",
    "telemetry_of",
    "used",
    "with_used",
]
