"""Releases of firmware: making a manifest, signing it, and answering a device that fetches it (SPEC 5.6).

Signing belongs on the machine of whoever answers for the firmware; a hall only passes on what was signed. A release is
a folder with the files as they will lie on the device, and ``manifest.cose`` beside them.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from gateway import assets
from gateway.assets import CHUNK
from gateway.core import wants
from protocol import cbor, cose, signature
from protocol.downlink import Asset
from protocol.errors import ProtocolError

MANIFEST = "manifest.cose"
KID = "release"
MAX_FILES = 120
MAX_PATH = 64
MAX_MANIFEST = 8192
_PATH = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./")
_U32 = 0xFFFFFFFF


class ReleaseError(Exception):
    """The release cannot be made, or is not what it says; the text says why and what to try."""


@dataclass(frozen=True)
class File:
    path: str
    size: int
    sha256: bytes


@dataclass(frozen=True)
class Manifest:
    """What a release says of itself. ``needs``: the lowest version that may be updated to it."""

    board: str
    version: int
    needs: int
    files: tuple[File, ...]


@dataclass(frozen=True)
class Release:
    """A signed release in memory: ``manifest`` are its COSE bytes, ``assets`` all bytes by their SHA-256."""

    manifest: bytes
    assets: dict[bytes, bytes] = field(repr=False)

    @property
    def hash(self) -> bytes:
        return hashlib.sha256(self.manifest).digest()

    @property
    def args(self) -> dict[str, int | str]:
        """Of the command ``update``."""
        return {"manifest": self.hash.hex(), "size": len(self.manifest)}

    def answer(self, text: str, chunk: int = CHUNK) -> Asset | None:
        """The chunk that a result with status 3 and this text asks for; None if it asks for nothing of ours."""
        want = wants.read(text)
        if want is None or want.offset >= len(data := self.assets.get(want.hash, b"")):
            return None
        return Asset(want.hash, len(data), want.offset, data[want.offset : want.offset + chunk])


def describe(folder: Path, board: str, version: int, needs: int) -> Manifest:
    """The manifest of all files in ``folder``. Raises ReleaseError."""
    if not 0 < version <= _U32 or not 0 <= needs < version:
        raise ReleaseError(f"a version is 1 to {_U32} and needs a lower one, got version {version}, needs {needs}")
    files = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        if name == MANIFEST:
            continue
        if len(name) > MAX_PATH or set(name) - _PATH or name == "manifest":
            raise ReleaseError(f"{name!r}: a path has up to {MAX_PATH} of A-Z a-z 0-9 _ - . / and is not 'manifest'")
        data = path.read_bytes()
        files.append(File(name, len(data), hashlib.sha256(data).digest()))
    if not 0 < len(files) <= MAX_FILES:
        raise ReleaseError(f"{folder}: a set has 1 to {MAX_FILES} files, got {len(files)}; build it first")
    return Manifest(board, version, needs, tuple(files))


def sign(manifest: Manifest, key: ec.EllipticCurvePrivateKey) -> bytes:
    """The COSE bytes of a manifest. Raises ReleaseError if a device would refuse its size."""
    files = [[file.path, file.size, file.sha256] for file in manifest.files]
    payload = cbor.encode([1, manifest.board, manifest.version, manifest.needs, files])
    to_be_signed = cose.sign1_to_be_signed(cose.sign1_protected(KID), payload)
    r, s = decode_dss_signature(key.sign(to_be_signed, ec.ECDSA(hashes.SHA256())))
    data = cose.sign1_pack(KID, payload, r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    if len(data) > MAX_MANIFEST:
        raise ReleaseError(f"a manifest has up to {MAX_MANIFEST} bytes, got {len(data)}; use fewer files")
    return data


def opened(data: bytes, key: ec.EllipticCurvePublicKey) -> Manifest:
    """Verify a manifest and read it. Raises ReleaseError."""
    try:
        envelope = cose.sign1_unpack(data)
        signature.verify(key, envelope.to_be_signed, envelope.signature)
    except ProtocolError as error:
        raise ReleaseError(f"not a manifest signed by this key: {error}") from None
    return read(data)


def read(data: bytes) -> Manifest:
    """What a manifest says, whoever signed it: a hall passes it on, each device verifies. Raises ReleaseError."""
    try:
        if len(data) > MAX_MANIFEST:
            raise ValueError(f"{len(data)} bytes, at most {MAX_MANIFEST}")
        _, board, version, needs, files = cbor.decode(cose.sign1_unpack(data).payload)
        found = Manifest(board, version, needs, tuple(File(*file) for file in files))
    except (ProtocolError, ValueError, TypeError) as error:
        raise ReleaseError(f"not a manifest: {error}") from None
    numbers = (found.version, found.needs, *(file.size for file in found.files))
    if any(type(number) is not int or not 0 <= number <= _U32 for number in numbers):
        raise ReleaseError("not a manifest: version, needs and sizes are numbers")
    if any(not isinstance(file.sha256, bytes) or len(file.sha256) != 32 for file in found.files):
        raise ReleaseError("not a manifest: a file has a SHA-256")
    return found


def publish(folder: Path, shelf: Path) -> Release:
    """Put the release in ``folder`` on a gateway's shelf, the manifest last: then a device can be told of it.

    Raises ReleaseError if a file is not the one that the manifest names.
    """
    found = load(folder)
    for file in read(found.manifest).files:
        data = found.assets.get(file.sha256)
        if data is None or len(data) != file.size:
            raise ReleaseError(f"{file.path} in {folder} is not the file that was signed; get the release again")
        if data:  # a device needs not fetch nothing
            assets.store(shelf, data)
    assets.store(shelf, found.manifest)
    return found


def load(folder: Path) -> Release:
    """The release in ``folder``, for a gateway to serve. Raises ReleaseError if there is none."""
    try:
        manifest = (folder / MANIFEST).read_bytes()
    except FileNotFoundError:
        raise ReleaseError(f"no {MANIFEST} in {folder}; make it with `hcp firmware sign`") from None
    contents = [manifest, *(path.read_bytes() for path in folder.rglob("*") if path.is_file())]
    return Release(manifest, {hashlib.sha256(data).digest(): data for data in contents})


def public_point(key: ec.EllipticCurvePublicKey) -> bytes:
    """The 65 bytes that a device trusts (SEC 1 §2.3.3)."""
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def key_module(key: ec.EllipticCurvePublicKey) -> str:
    """The text of ``firmware/release_key.py`` for a build that trusts this key."""
    return (
        '"""The public key that signs releases: 65 bytes (4, x, y)."""\n\nKEY = bytes.fromhex(\n'
        f'    "{public_point(key).hex()}"\n)\n'
    )
