"""HPKE in base mode, written from RFC 9180 with plain primitives: an independent reader of spec 9.6.

Nothing of ours, nor the library's own HPKE, is imported. Checked against the RFC's example in ``test_identity.py``.
"""

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEM_ID, KDF_ID = 0x0020, 0x0001  # DHKEM(X25519, HKDF-SHA256), HKDF-SHA256
#: AEAD ids of RFC 9180 §7.3 and the bytes of their keys.
AES_128_GCM, AES_256_GCM = (0x0001, 16), (0x0002, 32)
_KEM = b"KEM" + KEM_ID.to_bytes(2, "big")


def unseal(secret: bytes, info: bytes, aad: bytes, enc: bytes, ciphertext: bytes, aead=AES_256_GCM) -> bytes:
    """RFC 9180 §6.1, SetupBaseR and Open with sequence number 0."""
    private = X25519PrivateKey.from_private_bytes(secret)
    public = private.public_key().public_bytes_raw()
    shared = private.exchange(X25519PublicKey.from_public_bytes(enc))
    eae = _extract(_KEM, b"", b"eae_prk", shared)
    shared_secret = _expand(_KEM, eae, b"shared_secret", enc + public, 32)
    suite = b"HPKE" + b"".join(number.to_bytes(2, "big") for number in (KEM_ID, KDF_ID, aead[0]))
    context = b"\x00" + _extract(suite, b"", b"psk_id_hash", b"") + _extract(suite, b"", b"info_hash", info)
    secret = _extract(suite, shared_secret, b"secret", b"")
    key = _expand(suite, secret, b"key", context, aead[1])
    nonce = _expand(suite, secret, b"base_nonce", context, 12)
    return AESGCM(key).decrypt(nonce, ciphertext, aad)


def _extract(suite: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + ikm, "sha256")


def _expand(suite: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
    info = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    out = block = b""
    for number in range(1, -(-length // hashlib.sha256().digest_size) + 1):
        block = hmac.digest(prk, block + info + bytes([number]), "sha256")
        out += block
    return out[:length]
