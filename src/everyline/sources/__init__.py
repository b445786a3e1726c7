"""In: the bytes of files of bills and telemetry. Out: native rows, and problems.

Grain: one row per billed line or call, as delivered. Conserves: every row and every digit.
A new source is one file here that defines `FORMAT` (a bill) or `TELEMETRY` (usage), and one folder
of cases; nothing else changes.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from types import ModuleType

from everyline.sources.format import Format
from everyline.sources.telemetry import Telemetry


@cache
def formats() -> Mapping[str, Format]:
    """Every bill format by name: the modules of this folder that define `FORMAT`."""
    found = (getattr(module, "FORMAT", None) for module in _modules())
    return {one.name: one for one in found if isinstance(one, Format)}


@cache
def usage_formats() -> Mapping[str, Telemetry]:
    """Every format of telemetry by name: the modules of this folder that define `TELEMETRY`."""
    found = (getattr(module, "TELEMETRY", None) for module in _modules())
    return {one.name: one for one in found if isinstance(one, Telemetry)}


def _modules() -> Iterator[ModuleType]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return (importlib.import_module(f"{__name__}.{name}") for name in names)
