"""Which business systems may speak to the gateway: ``systems.toml`` in the data folder, written by the operator."""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SCOPES = frozenset({"events", "windows", "read", "feed", "metrics", "operate"})
MIN_KEY = 24
MIN_SECRET_BYTES = 24
MAX_SECRET_BYTES = 64
#: Requests a second, and how many may come at once, of a system that names no figure of its own.
RATE = 200
_MUST = {"name", "key", "scopes"}
_MAY = {"windows", "rate", "webhook", "webhook_secret"}


class SystemsError(Exception):
    """systems.toml cannot be used; the text says which line of it and why."""


@dataclass(frozen=True)
class Webhook:
    """Where the feed is posted to. ``secret`` signs (Standard Webhooks: HMAC-SHA-256)."""

    url: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True)
class System:
    """A business system. It may submit ``events``, register ``windows``, ``read`` windows, hear the ``feed``, see and
    command devices (``operate``); each at ``windows`` alone, unless that is None."""

    name: str
    key_hash: bytes = field(repr=False)
    scopes: frozenset[str]
    windows: frozenset[str] | None = None
    rate: int = RATE
    webhook: Webhook | None = None

    def allows(self, window: str) -> bool:
        return self.windows is None or window in self.windows


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

    def webhooks(self) -> list[System]:
        """Those who have the feed posted to them."""
        return [system for system in self._systems if system.webhook]


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


def operator_key(path: Path, scope: str = "operate") -> str | None:
    """The key of the first system that has ``scope`` at every window, for a command on the gateway's own machine.

    Raises SystemsError.
    """
    if not path.exists():
        return None
    for entry in _entries(path):
        system = _system(path, entry)
        if scope in system.scopes and system.windows is None:
            return entry["key"]
    return None


def _entries(path: Path) -> list:
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("system", [])
    except (OSError, ValueError) as error:
        raise SystemsError(f"{path}: {error}") from error
    return entries if isinstance(entries, list) else []


def _system(path: Path, entry: object) -> System:
    if not isinstance(entry, dict) or not _MUST <= set(entry) <= _MUST | _MAY:
        raise SystemsError(
            f"{path}: each [[system]] has {', '.join(sorted(_MUST))}, and may have {', '.join(sorted(_MAY))}"
        )
    name, key, scopes = entry["name"], entry["key"], entry["scopes"]
    if not isinstance(name, str) or not 1 <= len(name) <= 64 or not name.isprintable():
        raise SystemsError(f"{path}: a name is 1 to 64 printable characters")
    if not isinstance(key, str) or len(key) < MIN_KEY:
        raise SystemsError(f"{path}: the key of {name} has fewer than {MIN_KEY} characters")
    if not isinstance(scopes, list) or not set(map(str, scopes)) <= SCOPES:
        raise SystemsError(f"{path}: scopes of {name}: expected some of {' '.join(sorted(SCOPES))}")
    windows = entry.get("windows")
    if windows is not None and (
        not isinstance(windows, list) or not windows or not all(isinstance(w, str) and w for w in windows)
    ):
        raise SystemsError(f"{path}: windows of {name}: expected a list of windows; leave it out for all of them")
    rate = entry.get("rate", RATE)
    if not isinstance(rate, int) or isinstance(rate, bool) or not 1 <= rate <= 10_000:
        raise SystemsError(f"{path}: rate of {name}: expected 1 to 10000 requests a second")
    return System(
        name,
        _hash(key),
        frozenset(scopes),
        None if windows is None else frozenset(windows),
        rate,
        _webhook(path, name, entry),
    )


def _webhook(path: Path, name: str, entry: Mapping[str, Any]) -> Webhook | None:
    url, secret = entry.get("webhook"), entry.get("webhook_secret")
    if url is None and secret is None:
        return None
    try:
        parts = urlsplit(url) if isinstance(url, str) and len(url) <= 500 and url.isascii() else None
        good = bool(
            parts
            and parts.scheme in ("http", "https")
            and parts.hostname
            and parts.port != 0
            and parts.username is None
            and not parts.fragment
        )
    except ValueError:
        good = False
    if not good:
        raise SystemsError(f"{path}: webhook of {name}: expected http:// or https://, without name or password in it")
    text = secret.removeprefix("whsec_") if isinstance(secret, str) else ""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not MIN_SECRET_BYTES <= len(raw) <= MAX_SECRET_BYTES:
        raise SystemsError(
            f"{path}: webhook_secret of {name}: expected whsec_ and {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} bytes in"
            " base64; make one with: echo whsec_$(openssl rand -base64 32)"
        )
    return Webhook(str(url), raw)


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _create(path: Path) -> None:
    text = (
        "# 业务系统密钥 (keys of business systems); scopes: events windows read feed metrics operate\n"
        '# 可选 (optional): windows = ["A01"]   rate = 200   webhook = "https://…"   webhook_secret = "whsec_…"\n'
        f'[[system]]\nname = "default"\nkey = "{secrets.token_urlsafe(32)}"\n'
        'scopes = ["events", "windows", "read", "feed"]\n\n'
        "# 本机运维 (hcp device ...)\n"
        f'[[system]]\nname = "operator"\nkey = "{secrets.token_urlsafe(32)}"\n'
        'scopes = ["operate"]\n'
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
