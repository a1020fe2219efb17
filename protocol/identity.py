"""Sealing who is to be called back, for central alone (spec 9.6): HPKE (RFC 9180) in base mode. On hosts only.

A hall's gateway has central's public key and seals; it cannot open again what it sealed. What is sealed has one length,
whoever it is, and opens only for the hall, the service and the revision that it was sealed for.
"""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from protocol import cbor

#: What is in the seal, and the seal itself: 32 bytes of the encapsulated key before it, a tag of 16 behind.
PLAIN_BYTES = 1024
SEALED_BYTES = 32 + PLAIN_BYTES + 16
KEY_BYTES = 32
MAX_NAME = 64
MAX_PHONE = 24

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_LABEL = "hcp-identity-1"
_WHO = ("applicant", "agent")
_MOST = {"name": MAX_NAME, "phone": MAX_PHONE}


class IdentityError(Exception):
    """A key or a seal that cannot be used. The text says why, and nothing of what is sealed."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask for, and where. No field is printed by ``repr``."""

    name: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Callee:
    """The applicant (申请人), and the agent (代办人) if somebody came in the applicant's place."""

    applicant: Contact = field(default=Contact(), repr=False)
    agent: Contact | None = field(default=None, repr=False)

    @property
    def has_phone(self) -> bool:
        return any(each is not None and each.phone is not None for each in (self.applicant, self.agent))


@dataclass(frozen=True, slots=True)
class About:
    """What a seal is bound to."""

    hall: str
    case_no: str
    service_no: int
    revision: int


def key_id(key: X25519PublicKey) -> str:
    """The first 16 hex digits of SHA-256 over the 32 bytes of a key."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def key_text(key: X25519PublicKey) -> str:
    """How a public key is told to halls: ``id base64``. The id catches what was mistyped."""
    return f"{key_id(key)} {base64.b64encode(key.public_bytes_raw()).decode()}"


def read_key(text: str) -> X25519PublicKey:
    """What ``key_text`` made. Raises IdentityError."""
    name, _, encoded = text.strip().partition(" ")
    try:
        raw = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise IdentityError(
            f"expected an id and {KEY_BYTES} bytes in base64, as `hcp central identity-key` prints them"
        )
    key = X25519PublicKey.from_public_bytes(raw)
    if key_id(key) != name:
        raise IdentityError(f"the id {name[:16]} is not that of the key: it was changed on its way")
    return key


def seal(key: X25519PublicKey, about: About, callee: Callee) -> bytes:
    """Seal for the owner of the private key alone. Twice the same gives two different seals."""
    return _SUITE.encrypt(_pack(callee), key, info=_info(about, key_id(key)))


def unseal(key: X25519PrivateKey, about: About, sealed: bytes) -> Callee:
    """Raises IdentityError if it was changed, sealed to another key or for something else, or says what it must not."""
    if len(sealed) != SEALED_BYTES:
        raise IdentityError(f"a seal has {SEALED_BYTES} bytes, got {len(sealed)}")
    try:
        packed = _SUITE.decrypt(sealed, key, info=_info(about, key_id(key.public_key())))
    except (InvalidTag, ValueError):
        raise IdentityError("it does not open: changed, or sealed to another key or for another service") from None
    return _unpack(packed)


def _info(about: About, key: str) -> bytes:
    return cbor.encode([_LABEL, about.hall, about.case_no, about.service_no, about.revision, key])


def _pack(callee: Callee) -> bytes:
    people = {"applicant": callee.applicant, "agent": callee.agent}
    value = {
        who: {name: text for name in _MOST if (text := getattr(contact, name)) is not None}
        for who, contact in people.items()
        if contact is not None
    }
    packed = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    if len(packed) > PLAIN_BYTES:
        raise IdentityError(f"names and phones take {len(packed)} bytes, more than {PLAIN_BYTES}")
    return packed.ljust(PLAIN_BYTES)


def _unpack(packed: bytes) -> Callee:
    try:
        value = json.loads(packed)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or "applicant" not in value or not set(value) <= set(_WHO):
        raise IdentityError("what was sealed is not what spec 9.6 says")
    agent = value.get("agent")
    return Callee(_contact(value["applicant"]), None if agent is None else _contact(agent))


def _contact(value: object) -> Contact:
    if not isinstance(value, dict) or not set(value) <= set(_MOST):
        raise IdentityError("what was sealed is not what spec 9.6 says")
    for name, text in value.items():
        if not isinstance(text, str) or not text.isprintable() or not 0 < len(text) <= _MOST[name]:
            raise IdentityError("what was sealed is not what spec 9.6 says")
    return Contact(**value)
