"""Whose API calls a model by a name, as far as the table of model names knows."""

import csv
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from everyline import names

_API = re.compile(r"(.+?) (?:API|model id|inference profile)\b.*")


def vendor_of(model: str | None) -> str | None:
    """The provider whose own API has a model of this name; None where the table does not say.

    A model may be bought elsewhere under the same name; a source's `accounts` then says so.
    """
    return _vendors().get(names.folded(model)) if model else None


@cache
def _vendors() -> Mapping[str, str]:
    """Provider by folded name of a model, from where `models.csv` says that the name is from."""
    text = (files("everyline.names") / "models.csv").read_text("utf-8")
    found = {}
    for row in csv.DictReader(text.splitlines()):
        said = _API.fullmatch(row["source"])
        vendor = names.providers().get(names.folded(said[1])) if said else None
        if vendor is not None:
            found[names.folded(row["name"])] = vendor
    return MappingProxyType(found)
