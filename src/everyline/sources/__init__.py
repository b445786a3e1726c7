"""In: the bytes of a bill's files. Out: native relations under FOCUS names, and problems.

Grain: one row per billed line, as delivered. Conserves: every row and every digit of the text.
A new source is one file here that defines `FORMAT`, and one folder of cases; nothing else changes.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from everyline.sources.format import Format


@cache
def formats() -> Mapping[str, Format]:
    """Every bill format by name: the modules of this folder that define `FORMAT`."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        if isinstance(format_ := getattr(loaded, "FORMAT", None), Format):
            found[format_.name] = format_
    return dict(sorted(found.items()))
