"""Programs that are no packages, and which tests at the edges need.

Without one its tests are skipped, and say what to install; where EVERYLINE_EDGES is `required`, as
in CI, they fail.
"""

import os
import shutil
from typing import NoReturn

import pytest

REQUIRED = "EVERYLINE_EDGES"


def chromium() -> str:
    """The path of Chromium, or of Chrome."""
    return _path("chromium", "chromium", "chromium-browser", "google-chrome")


def libreoffice() -> str:
    """The path of LibreOffice; its Calc is needed."""
    return _path("libreoffice-calc-nogui", "soffice", "libreoffice")


def _path(package: str, *names: str) -> str:
    found = next(filter(None, map(shutil.which, names)), None)
    return found or _without(f"no `{names[0]}` is installed: on Debian `apt-get install {package}`")


def _without(reason: str) -> NoReturn:
    if os.environ.get(REQUIRED) == "required":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
