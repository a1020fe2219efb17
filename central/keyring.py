"""Central's identity keys (spec 9.6): private keys in a file for its owner alone, never in the database.

Halls seal to the newest; each opens what was sealed to it. Whoever has the database or a backup of it, and not this
file, has no identity.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from central.settings import Settings, SettingsError
from gateway import keyfile
from protocol import identity
from protocol.identity import About, Callee, IdentityError

CREDENTIAL = "hcp-identity-keys"
FILE = "identity.keys"
_COMMENT = """\
Private keys of central, X25519: id, 32 bytes in base64. Halls seal to the last one.
Keep this file away from backups of the database. A line that is gone makes its identities unreadable."""


@dataclass(frozen=True)
class Keyring:
    """The private keys by id, the newest last; there may be none."""

    keys: Mapping[str, X25519PrivateKey] = field(default_factory=dict, repr=False)

    @property
    def ids(self) -> frozenset[str]:
        """The ids of the keys that are here."""
        return frozenset(self.keys)

    @property
    def public(self) -> str | None:
        """What halls are told: the newest public key as text, None if there is none."""
        return identity.key_text(list(self.keys.values())[-1].public_key()) if self.keys else None

    def unseal(self, key: str, about: About, sealed: bytes) -> Callee:
        """Raises IdentityError if the key is not here, or it does not open."""
        if key not in self.keys:
            raise IdentityError(f"the identity key {key} is not in central's file; put its line back")
        return identity.unseal(self.keys[key], about, sealed)


def path_of(settings: Settings) -> Path:
    """Where the keys are: a setting, systemd's credential, or a file in the data folder."""
    return settings.identity_keys or default_path(settings.data_dir)


def default_path(data: Path) -> Path:
    return keyfile.default_path(CREDENTIAL, data / FILE)


def load(path: Path) -> Keyring:
    """The keys of a file; none if there is no file. Raises SettingsError."""
    if not path.exists():
        return Keyring()
    try:
        return Keyring(dict(_keys(path, keyfile.read(path, identity.KEY_BYTES))))
    except keyfile.KeyFileError as error:
        raise SettingsError(str(error)) from None


def add(path: Path) -> Keyring:
    """Make a new key, the newest from now on; gives all of them. Raises SettingsError."""
    present = load(path)
    key = X25519PrivateKey.generate()
    name = identity.key_id(key.public_key())
    try:
        if path.exists():
            keyfile.append(path, name, key.private_bytes_raw())
        else:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            keyfile.create(path, _COMMENT, name, key.private_bytes_raw())
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from None
    return Keyring({**present.keys, name: key})


def _keys(path: Path, lines: Mapping[str, bytes]) -> Iterable[tuple[str, X25519PrivateKey]]:
    for name, raw in lines.items():
        key = X25519PrivateKey.from_private_bytes(raw)
        if identity.key_id(key.public_key()) != name:
            raise SettingsError(f"{path}: the key {name} is not the one of this id; restore the file from its copy")
        yield name, key
