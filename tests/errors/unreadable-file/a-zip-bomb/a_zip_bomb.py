"""A zip of 60 KB that unpacks to 60 MB."""

import zipfile
from pathlib import Path


def write(folder: Path) -> None:
    target = folder / "bills" / "october.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("october.csv", b"0" * 60_000_000)
