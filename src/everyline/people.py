"""People: a keyed hash in place of whoever called, unless the configuration keeps names.

HMAC-SHA-256 of x_PrincipalId under a key that stays on this machine: `.everyline/people.key`, made
on first use. A plain hash of an e-mail address could be guessed; without the key this one can't.
"""

import hashlib
import hmac
import os
from collections.abc import Iterable
from pathlib import Path

COLUMN = "x_PrincipalId"

_KEY_FILE = "people.key"
_KEY_BYTES = 32


def key_of(folder: Path) -> bytes:
    """The key in `folder`, which is everyline's own in the project; made if there is none."""
    file = folder / _KEY_FILE
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        new = file.with_name(f"{_KEY_FILE}.{os.getpid()}")
        new.touch(mode=0o600)
        new.write_bytes(os.urandom(_KEY_BYTES).hex().encode())
        os.replace(new, file)
    return file.read_bytes()


def hashed(text: str, key: bytes) -> str:
    """The keyed hash of one person, in hex."""
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def named_by(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """The keyed hash of each of `names` to the name; empty where nobody has been hashed yet."""
    if not (folder / _KEY_FILE).exists():
        return {}
    key = key_of(folder)
    return {hashed(name, key): name for name in names}
