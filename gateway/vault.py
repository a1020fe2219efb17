"""Sealing of identities: AES-256-GCM with keys that never lie in the database.

The keys are lines ``id base64`` of one file, for the owner alone; the last one seals, each opens what it sealed. To
turn the key, append a line. Whoever has the database or a backup of it, and not this file, has no identity.
"""

import datetime
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway import keyfile

KEY_BYTES = 32
_NONCE_BYTES = 12
CREDENTIAL = "hcp-applicant-keys"
_COMMENT = """\
Keys that seal the identity of applicants: id, 32 bytes in base64. The last one seals.
Keep this file away from backups of the database. A line that is gone makes its identities unreadable."""


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
    return keyfile.default_path(CREDENTIAL, data / "applicant.keys")


def load(path: Path) -> Vault:
    """Read the keys; if there is no file, make one with a first key. Raises VaultError."""
    try:
        if not path.exists():
            name = f"{datetime.datetime.now(datetime.UTC):%Y%m%d}-{secrets.token_hex(3)}"
            keyfile.create(path, _COMMENT, name, secrets.token_bytes(KEY_BYTES))
        keys = keyfile.read(path, KEY_BYTES)
    except (OSError, keyfile.KeyFileError) as error:
        raise VaultError(str(error)) from None
    if not keys:
        raise VaultError(f"{path} holds no key; remove it and a new one is made, which opens nothing sealed before")
    return Vault(keys)
