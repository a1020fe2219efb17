"""The hall's register of devices: one folder of small files for each, read again whenever they change.

``<data>/devices/<id>/`` holds ``device.toml`` (window, hall, dates, the key in force), ``device.pem`` (the newest
certificate), ``earlier-<n>.pem`` (those before it) and ``downlink.key`` (32 bytes, mode 600). Files rather than rows:
the enrolling command and the running gateway never write to one database at once, and a technician can read the
register.
"""

import contextlib
import os
import threading
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from protocol import signature, topics
from protocol.errors import ProtocolError


class RegistryError(Exception):
    """The register on disk cannot be read: whose file, what was expected, what to do."""


@dataclass(frozen=True)
class Device:
    """One enrolled device. ``window`` is where it stands; ``revoked_ms`` is None while it may speak.

    ``certificate``, ``public_key`` and ``fingerprint`` are the newest; ``certificates`` are all, oldest first.
    ``key`` is the id of the key in force (spec 7.6), as far as this hall has seen.
    """

    id: str
    window: str
    hall: str
    certificate: x509.Certificate = field(repr=False)
    public_key: ec.EllipticCurvePublicKey = field(repr=False)
    fingerprint: bytes
    downlink_key: bytes = field(repr=False)
    enrolled_ms: int
    revoked_ms: int | None = None
    certificates: tuple[x509.Certificate, ...] = field(default=(), repr=False)
    keys: Mapping[str, ec.EllipticCurvePublicKey] = field(default_factory=dict, repr=False)
    key: str = ""

    @property
    def revoked(self) -> bool:
        return self.revoked_ms is not None

    @property
    def admitted(self) -> tuple[x509.Certificate, ...]:
        """The certificates it may connect with: none if revoked, and none of a key before the one in force."""
        ids = list(self.keys)
        past = ids[: ids.index(self.key)]
        return () if self.revoked else tuple(found for found in self.certificates if _key_id(found) not in past)

    def admits(self, fingerprint: bytes) -> bool:
        """Whether it may connect with the certificate of this SHA-256."""
        return any(fingerprint == found.fingerprint(hashes.SHA256()) for found in self.admitted)


class Registry:
    """Reads ``<data>/devices``. Safe to call from any thread; a change on disk is seen at the next call.

    ``on_key`` is called after another key was put in force: certificates of the earlier ones connect no more.
    """

    def __init__(self, data_dir: Path, on_key: Callable[[], None] = lambda: None):
        self._on_key = on_key
        self._root = Path(data_dir) / "devices"
        self._lock = threading.Lock()
        self._known: dict[str, tuple[tuple[int, ...], Device]] = {}

    def device(self, device_id: str) -> Device | None:
        """The device, or None if nobody enrolled it.

        Raises RegistryError if its files are damaged: a damaged entry must not look like an unknown device.
        """
        try:
            topics.check_id(device_id)
        except ProtocolError:
            return None
        folder = self._root / device_id
        try:
            stamp = tuple((folder / name).stat().st_mtime_ns for name in ("device.toml", "device.pem", "downlink.key"))
        except FileNotFoundError:
            return None
        with self._lock:
            known = self._known.get(device_id)
            if known is None or known[0] != stamp:
                known = (stamp, _read(folder))
                self._known[device_id] = known
            return known[1]

    def put_in_force(self, device_id: str, key: str) -> None:
        """Note that ``key`` (its id) signs now: certificates of earlier keys connect no more. Raises RegistryError."""
        known = self.device(device_id)
        if known is not None and known.key != key and key in known.keys:
            file = self._root / device_id / "device.toml"
            lines = [line for line in file.read_text().splitlines() if not line.startswith("key = ")]
            write_file(file, "\n".join([*lines, f'key = "{key}"\n']).encode())
            self._on_key()

    def devices(self) -> list[Device]:
        """Every enrolled device, revoked ones too, by id. Raises RegistryError."""
        if not self._root.is_dir():
            return []
        found = (self.device(folder.name) for folder in sorted(self._root.iterdir()) if folder.is_dir())
        return [device for device in found if device]


def write_file(path: Path, data: bytes, secret: bool = False) -> None:
    """Replace ``path`` as a whole and durably; a ``secret`` is readable by its owner alone from its first byte on."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if secret else 0o644)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(folder: Path) -> Device:
    try:
        facts = tomllib.loads((folder / "device.toml").read_text())
        certificate = x509.load_pem_x509_certificate((folder / "device.pem").read_bytes())
        key = (folder / "downlink.key").read_bytes()
        if len(key) != 32:
            raise ValueError(f"downlink.key has {len(key)} bytes, expected 32")
        if facts["id"] != folder.name or signature.certificate_name(certificate) != folder.name:
            raise ValueError("device.toml, certificate and folder name different devices")
        earlier = sorted(folder.glob("earlier-*.pem"), key=lambda file: int(file.stem[8:]))
        certificates = (*(x509.load_pem_x509_certificate(file.read_bytes()) for file in earlier), certificate)
        keys = {_key_id(found): signature.certificate_key(found) for found in certificates}
        key_in_force = facts.get("key", next(iter(keys)))
        if key_in_force not in keys:
            raise ValueError(f"no certificate for the key in force, {key_in_force}")
        return Device(
            id=facts["id"],
            window=facts["window"],
            hall=facts["hall"],
            certificate=certificate,
            public_key=signature.certificate_key(certificate),
            fingerprint=certificate.fingerprint(hashes.SHA256()),
            downlink_key=key,
            enrolled_ms=facts["enrolled_ms"],
            revoked_ms=facts.get("revoked_ms"),
            certificates=certificates,
            keys=keys,
            key=key_in_force,
        )
    except (ValueError, KeyError, OSError, ProtocolError) as error:
        raise RegistryError(f"{folder}: {error}; restore it from a backup or enroll the device again") from error


def _key_id(certificate: x509.Certificate) -> str:
    return signature.key_id(signature.certificate_key(certificate))
