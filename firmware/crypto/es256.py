"""ES256: ECDSA on P-256 with SHA-256 (RFC 7518 §3.4, RFC 9053 §2.1), nonces of RFC 6979. Signing only.

`..._steps` are generators for slices.run and slices.run_async. Runs on MicroPython and CPython.
"""

from hashlib import sha256

from firmware.crypto.p256 import N, inverse_steps, multiply_steps, random_scalar, scalar
from firmware.crypto.slices import run, run_async
from protocol.hmac import hmac_sha256


def nonces(private_key: bytes, digest: bytes):
    """Yields the candidates for k in the order of RFC 6979 §3.2; the first one nearly always serves.

    `digest` is the SHA-256 of the message. The order n has 256 bits, as the hash has: bits2int is a plain conversion.
    """
    reduced = (int.from_bytes(digest, "big") % N).to_bytes(32, "big")
    v = b"\x01" * 32
    key = hmac_sha256(bytes(32), v, b"\x00", private_key, reduced)
    v = hmac_sha256(key, v)
    key = hmac_sha256(key, v, b"\x01", private_key, reduced)
    v = hmac_sha256(key, v)
    while True:
        v = hmac_sha256(key, v)
        k = int.from_bytes(v, "big")
        if 0 < k < N:
            yield k
        key = hmac_sha256(key, v, b"\x00")
        v = hmac_sha256(key, v)


def signature_steps(d: int, e: int, k: int):
    """Returns r then s, 32 bytes each, of the hash e with the key d and the nonce k; None if r or s is 0."""
    x, _ = yield from multiply_steps(k)
    r = x % N
    # s = (e + r·d)/k, every secret multiplied by a random number first: Euclid's time tells of its input.
    blind = random_scalar(N)
    inverse = yield from inverse_steps(k * blind, N)
    s = (blind * e + r * (blind * d % N)) % N * inverse % N
    return r.to_bytes(32, "big") + s.to_bytes(32, "big") if r and s else None


def sign_steps(private_key: bytes, message: bytes):
    """Returns the signature of the message, 64 bytes. ValueError for a bad private key."""
    d = scalar(private_key)
    digest = sha256(message).digest()
    for k in nonces(private_key, digest):
        signature = yield from signature_steps(d, int.from_bytes(digest, "big"), k)
        if signature:
            return signature


def public_key_steps(private_key: bytes):
    """Returns the public key as 65 bytes: 4, x, y (SEC 1 §2.3.3). ValueError for a bad private key."""
    x, y = yield from multiply_steps(scalar(private_key))
    return b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")


def sign(private_key: bytes, message: bytes) -> bytes:
    """sign_steps in one go; stalls an ESP32 for about a tenth of a second."""
    return run(sign_steps(private_key, message))


def public_key(private_key: bytes) -> bytes:
    """public_key_steps in one go."""
    return run(public_key_steps(private_key))


async def sign_async(private_key: bytes, message: bytes) -> bytes:
    """sign_steps for the event loop."""
    return await run_async(sign_steps(private_key, message))


async def public_key_async(private_key: bytes) -> bytes:
    """public_key_steps for the event loop."""
    return await run_async(public_key_steps(private_key))
