"""Which business systems may speak to the gateway: ``systems.toml`` in the data folder."""

import hashlib
import hmac
import os
import secrets
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

SCOPES = frozenset({"events", "windows", "read", "operate"})
MIN_KEY = 24


class SystemsError(Exception):
    """systems.toml cannot be used; the text says which line of it and why."""


@dataclass(frozen=True)
class System:
    """A business system. It may submit ``events``, register ``windows``, ``read`` windows, see and command devices
    (``operate``)."""

    name: str
    key_hash: bytes = field(repr=False)
    scopes: frozenset[str]


class Systems:
    """The register of keys."""

    def __init__(self, systems: list[System]):
        self._systems = systems

    def find(self, key: str) -> System | None:
        """The system with this key. Every key is compared, in constant time."""
        digest = _hash(key)
        found = None
        for system in self._systems:
            if hmac.compare_digest(system.key_hash, digest):
                found = system
        return found


def load(path: Path) -> Systems:
    """Read ``path``; if it is missing, write one with a system ``default`` and a random key, for the owner alone.

    Raises SystemsError.
    """
    if not path.exists():
        _create(path)
    entries = _entries(path)
    systems: list[System] = []
    for entry in entries:
        systems.append(_system(path, entry))
    if len({system.name for system in systems}) != len(systems):
        raise SystemsError(f"{path}: two systems have one name; names tell whose event ids are whose")
    if len({system.key_hash for system in systems}) != len(systems):
        raise SystemsError(f"{path}: two systems have one key")
    return Systems(systems)


def operator_key(path: Path) -> str | None:
    """The key of the first system that may operate, for a command on the gateway's own machine. Raises SystemsError."""
    if not path.exists():
        return None
    for entry in _entries(path):
        if "operate" in _system(path, entry).scopes:
            return entry["key"]
    return None


def _entries(path: Path) -> list:
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("system", [])
    except (OSError, ValueError) as error:
        raise SystemsError(f"{path}: {error}") from error
    return entries if isinstance(entries, list) else []


def _system(path: Path, entry: object) -> System:
    if not isinstance(entry, dict) or set(entry) != {"name", "key", "scopes"}:
        raise SystemsError(f"{path}: each [[system]] has exactly name, key, scopes")
    name, key, scopes = entry["name"], entry["key"], entry["scopes"]
    if not isinstance(name, str) or not 1 <= len(name) <= 64 or not name.isprintable():
        raise SystemsError(f"{path}: a name is 1 to 64 printable characters")
    if not isinstance(key, str) or len(key) < MIN_KEY:
        raise SystemsError(f"{path}: the key of {name} has fewer than {MIN_KEY} characters")
    if not isinstance(scopes, list) or not set(map(str, scopes)) <= SCOPES:
        raise SystemsError(f"{path}: scopes of {name}: expected some of {' '.join(sorted(SCOPES))}")
    return System(name, _hash(key), frozenset(scopes))


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _create(path: Path) -> None:
    text = (
        "# 业务系统密钥 (keys of business systems); scopes: events windows read operate\n"
        f'[[system]]\nname = "default"\nkey = "{secrets.token_urlsafe(32)}"\n'
        'scopes = ["events", "windows", "read"]\n\n'
        "# 本机运维 (hcp device ...)\n"
        f'[[system]]\nname = "operator"\nkey = "{secrets.token_urlsafe(32)}"\n'
        'scopes = ["operate"]\n'
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
