"""Starting: what `init` finds out about a folder of files nobody has described yet.

In: files below a folder. Out: the text of an `everyline.yaml` that runs, and what was left out of
it and why. Grain: one bill is files of one format under one path pattern. Conserves: every file
that is recognised belongs to just one bill, unless it is a copy of one that does.
"""

from everyline.starting.bills import Found, FoundBill, FoundTable, found
from everyline.starting.files import below
from everyline.starting.tag_keys import Tags, tags_of
from everyline.starting.text import configuration_text

__all__ = [
    "Found",
    "FoundBill",
    "FoundTable",
    "Tags",
    "below",
    "configuration_text",
    "found",
    "tags_of",
]
