"""The hall's register of devices: one folder of small files for each, read again whenever they change.

``<data>/devices/<id>/`` holds ``device.toml`` (window, hall, dates), ``device.pem`` (certificate) and ``downlink.key``
(32 bytes, mode 600). Files rather than rows: the enrolling command and the running gateway never write to one database
at once, and a technician can read the register.
"""

import threading
import tomllib
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
    """One enrolled device. ``window`` is where it stands; ``revoked_ms`` is None while it may speak."""

    id: str
    window: str
    hall: str
    certificate: x509.Certificate = field(repr=False)
    public_key: ec.EllipticCurvePublicKey = field(repr=False)
    fingerprint: bytes
    downlink_key: bytes = field(repr=False)
    enrolled_ms: int
    revoked_ms: int | None = None

    @property
    def revoked(self) -> bool:
        return self.revoked_ms is not None


class Registry:
    """Reads ``<data>/devices``. Safe to call from any thread; a change on disk is seen at the next call."""

    def __init__(self, data_dir: Path):
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

    def devices(self) -> list[Device]:
        """Every enrolled device, revoked ones too, by id. Raises RegistryError."""
        if not self._root.is_dir():
            return []
        found = (self.device(folder.name) for folder in sorted(self._root.iterdir()) if folder.is_dir())
        return [device for device in found if device]


def _read(folder: Path) -> Device:
    try:
        facts = tomllib.loads((folder / "device.toml").read_text())
        certificate = x509.load_pem_x509_certificate((folder / "device.pem").read_bytes())
        key = (folder / "downlink.key").read_bytes()
        if len(key) != 32:
            raise ValueError(f"downlink.key has {len(key)} bytes, expected 32")
        if facts["id"] != folder.name or signature.certificate_name(certificate) != folder.name:
            raise ValueError("device.toml, certificate and folder name different devices")
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
        )
    except (ValueError, KeyError, OSError, ProtocolError) as error:
        raise RegistryError(f"{folder}: {error}; restore it from a backup or enroll the device again") from error
