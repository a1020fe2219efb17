"""Verifying ES256 (RFC 7518 §3.4, SEC 1 §4.1.4), for the one signature a device checks: that of a firmware manifest.

Everything here is public, so nothing is blinded: u1·G + u2·Q bit by bit with Shamir's trick, on the arithmetic of
p256. Import it when it is needed and let it go: a device verifies once in months. Runs on MicroPython and CPython.
"""

from hashlib import sha256

from firmware.crypto.p256 import N, P, add, double, inverse_steps

_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_BITS_A_SLICE = 2


def verify_steps(public_key: bytes, message: bytes, signature: bytes):
    """Returns whether ``signature`` (r then s, 64 bytes) is of ``message`` by ``public_key`` (4, x, y: 65 bytes).

    False too for a key that is no point of the curve. For slices.run and slices.run_async.
    """
    return (yield from verify_digest_steps(public_key, sha256(message).digest(), signature))


def verify_digest_steps(public_key: bytes, digest: bytes, signature: bytes):
    """The same of a message whose SHA-256 is ``digest``."""
    if len(public_key) != 65 or public_key[0] != 4 or len(signature) != 64:
        return False
    x, y, r, s = [
        int.from_bytes(part, "big") for part in (public_key[1:33], public_key[33:], signature[:32], signature[32:])
    ]
    if x >= P or y >= P or (y * y - x * x * x + 3 * x - _B) % P or not (0 < r < N and 0 < s < N):
        return False
    w = yield from inverse_steps(s, N)
    u1 = (int.from_bytes(digest, "big") * w % N).to_bytes(32, "big")
    u2 = (r * w % N).to_bytes(32, "big")
    both = add(*_G, 1, x, y)
    if both[2]:
        inverse = yield from inverse_steps(both[2], P)
        square = inverse * inverse % P
        both = both[0] * square % P, both[1] * (square * inverse % P) % P
    else:
        both = None  # Q = -G: their sum adds nothing
    points = (None, _G, (x, y), both)
    x, y, z = 1, 1, 0
    for bit in range(255, -1, -1):
        x, y, z = double(x, y, z)
        place, shift = 31 - (bit >> 3), bit & 7
        point = points[u1[place] >> shift & 1 | (u2[place] >> shift & 1) << 1]
        if point:
            x, y, z = add(x, y, z, *point)
        if bit % _BITS_A_SLICE == 0:
            yield
    # r = (x/z² mod p) mod n, without the division
    zz = z * z % P
    return bool(z) and ((r * zz - x) % P == 0 or (r + N < P and ((r + N) * zz - x) % P == 0))
