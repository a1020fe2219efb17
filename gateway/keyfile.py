"""Files of keys for their owner alone: lines ``id base64``, the last one is the newest. None lies in a database.

Lines that begin with # are comments. The texts of errors hold no key.
"""

import base64
import binascii
import os
import stat
from pathlib import Path


class KeyFileError(Exception):
    """The file cannot be used; the text says what was expected and what to do."""


def default_path(credential: str, otherwise: Path) -> Path:
    """The credential of this name that systemd gave (LoadCredential=, LoadCredentialEncrypted=), or else a file."""
    given = os.environ.get("CREDENTIALS_DIRECTORY")
    found = Path(given) / credential if given else None
    return found if found and found.exists() else otherwise


def read(path: Path, key_bytes: int) -> dict[str, bytes]:
    """Every key by its id, in the order of the file; none if the file has none. Raises KeyFileError."""
    try:
        # a credential of systemd is for the service alone, whatever its mode says
        given = os.environ.get("CREDENTIALS_DIRECTORY")
        if path.parent != Path(given or "/-") and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise KeyFileError(f"{path} is readable by others; chmod 600 {path}, and consider its keys known")
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"{path}: {type(error).__name__}; expected keys in ASCII that this user may read") from None
    keys: dict[str, bytes] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, text = line.strip().partition(" ")
        try:
            key = base64.b64decode(text.strip(), validate=True)
        except binascii.Error:
            key = b""
        if not 1 <= len(name) <= 40 or len(key) != key_bytes or name in keys:
            raise KeyFileError(f"{path} line {number}: expected a new id and {key_bytes} bytes in base64")
        keys[name] = key
    return keys


def create(path: Path, comment: str, name: str, key: bytes) -> None:
    """A new file with its first key. Raises OSError, FileExistsError if there is one."""
    heading = "".join(f"# {line}\n" for line in comment.splitlines())
    _write(path, os.O_EXCL, f"{heading}{name} {base64.b64encode(key).decode()}\n")


def append(path: Path, name: str, key: bytes) -> None:
    """A newer key behind those that are there. Raises OSError."""
    _write(path, os.O_APPEND, f"{name} {base64.b64encode(key).decode()}\n")


def _write(path: Path, how: int, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
