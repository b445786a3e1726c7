"""The worklist as a registry to fill in, and in words."""

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence

from everyline.proposing import adopting
from everyline.proposing.suggestions import Suggestion
from everyline.worklist import IDENTITIES, Unowned

VALIDITY = ("valid_from", "valid_to")
"""Columns of every registry, after owners."""

_REASONS = {
    "unknown_value": "no declared value",
    "conflict": "tags contradict each other",
    "driver_unowned": "usage unowned",
    "unseen": "unseen",
}


def registry(
    listed: Sequence[Unowned],
    keys: Sequence[str],
    suggestions: Mapping[int, Suggestion] | None = None,
) -> str:
    """The registry as csv, owner cells empty; columns that no row fills are left out.

    Suggestions, by `id` of who they are for, stand in columns of their own, which no registry has
    and `--adopt` leaves out.
    """
    filled = {name for one in listed for name in one.identity} or {
        "ServiceProviderName",
        "SubAccountId",
    }
    names = [name for name in IDENTITIES if name in filled]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    more = [] if suggestions is None else [adopting.suggested(keys[0]), adopting.BECAUSE]
    writer.writerow([*names, *keys, *VALIDITY, *more])
    for one in listed:
        empty = [""] * (len(keys) + len(VALIDITY))
        found = (suggestions or {}).get(id(one))
        said = [found.owner, found.because] if found and more else [""] * len(more)
        writer.writerow([*(one.identity.get(name, "") for name in names), *empty, *said])
    return out.getvalue()


def names_of(listed: Sequence[Unowned]) -> dict[int, str]:
    """The id of each that tells most; with its provider where another has the same id."""
    told = {id(one): [*one.identity.values()][::-1] for one in listed}
    count = Counter(texts[0] for texts in told.values() if texts)
    return {
        key: ", ".join(texts if count[texts[0]] > 1 else texts[:1])
        if texts
        else "(nothing to name)"
        for key, texts in told.items()
    }


def why(one: Unowned) -> str:
    """Why it has no owner, in words."""
    return ", ".join(_REASONS.get(reason, reason.replace("_", " ")) for reason in one.reasons)
