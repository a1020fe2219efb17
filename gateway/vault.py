"""Sealing of identities: AES-256-GCM with keys that never lie in the database.

The keys are lines ``id base64`` of one file, for the owner alone; the last one seals, each opens what it sealed. To
turn the key, append a line. Whoever has the database or a backup of it, and not this file, has no identity.
"""

import base64
import binascii
import datetime
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12
#: Under this name systemd hands the file over (LoadCredential=, LoadCredentialEncrypted=).
CREDENTIAL = "hcp-applicant-keys"


class VaultError(Exception):
    """The keys cannot be used, or they do not open this. The text never holds a key or what was sealed."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """``key`` is the id of the key that sealed it."""

    key: str
    blob: bytes = field(repr=False)


class Vault:
    """The keys, in the order of the file."""

    def __init__(self, keys: dict[str, bytes]):
        self._keys = dict(keys)
        self.current = list(keys)[-1]

    @property
    def ids(self) -> frozenset[str]:
        """The ids of the keys that are here."""
        return frozenset(self._keys)

    def seal(self, plain: bytes, bound_to: bytes) -> Sealed:
        nonce = os.urandom(_NONCE_BYTES)
        return Sealed(self.current, nonce + AESGCM(self._keys[self.current]).encrypt(nonce, plain, bound_to))

    def unseal(self, sealed: Sealed, bound_to: bytes) -> bytes:
        """Raises VaultError if the key is not here, or the blob was changed or belongs to another service."""
        key = self._keys.get(sealed.key)
        if key is None:
            raise VaultError(f"the key {sealed.key} is not among the applicant keys; put its line back into the file")
        nonce, body = sealed.blob[:_NONCE_BYTES], sealed.blob[_NONCE_BYTES:]
        try:
            return AESGCM(key).decrypt(nonce, body, bound_to)
        except (InvalidTag, ValueError):
            raise VaultError("it does not open: changed, or sealed for another service") from None


def default_path(data: Path) -> Path:
    """The credential that systemd gave, or else a file in the data folder."""
    given = os.environ.get("CREDENTIALS_DIRECTORY")
    credential = Path(given) / CREDENTIAL if given else None
    return credential if credential and credential.exists() else data / "applicant.keys"


def load(path: Path) -> Vault:
    """Read the keys; if there is no file, make one with a first key. Raises VaultError."""
    try:
        if not path.exists():
            _create(path)
        if path.name != CREDENTIAL and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise VaultError(f"{path} is readable by others; chmod 600 {path}, and consider its keys known")
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise VaultError(f"{path}: {type(error).__name__}; expected keys in ASCII that the gateway may read") from None
    keys: dict[str, bytes] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, text = line.strip().partition(" ")
        try:
            key = base64.b64decode(text.strip(), validate=True)
        except binascii.Error:
            key = b""
        if not 1 <= len(name) <= 40 or len(key) != KEY_BYTES or name in keys:
            raise VaultError(f"{path} line {number}: expected a new id and {KEY_BYTES} bytes in base64")
        keys[name] = key
    if not keys:
        raise VaultError(f"{path} holds no key; remove it and a new one is made, which opens nothing sealed before")
    return Vault(keys)


def _create(path: Path) -> None:
    name = f"{datetime.datetime.now(datetime.UTC):%Y%m%d}-{secrets.token_hex(3)}"
    key = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    text = (
        "# Keys that seal the identity of applicants: id, 32 bytes in base64. The last one seals.\n"
        "# Keep this file away from backups of the database. A line that is gone makes its identities unreadable.\n"
        f"{name} {key}\n"
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
