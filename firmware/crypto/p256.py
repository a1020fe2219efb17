"""Arithmetic on the curve P-256 (SEC 2 §2.4.2) for the one operation a signer needs: a multiple of the base point.

Method: a signed comb. A scalar k is written with 7 x 37 digits that are all 1 or -1; the digits of one column pick one
of 64 points from a table, and 36 doublings and additions give k·G. There is no digit zero, so every scalar takes the
same sequence of operations. An unsigned comb with 6 teeth has the same table size and needs 43 columns. The table lies
in a file (4 KB, see make_table.py), of which each column reads the 64 bytes that it needs.

Points are Jacobian: (X, Y, Z) is (X/Z², Y/Z³). Each run starts with a random Z, so the numbers met on the way differ
from run to run. Still, MicroPython's integers do not take constant time; docs/threats.md says why that is accepted.

Runs on MicroPython and CPython. MicroPython's pow(a, -1, m) gives 0, hence the Euclid below.
"""

from os import stat, urandom

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF  # the field
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # the order of the base point

_TABLE = __file__.rsplit("/", 1)[0] + "/p256.bin"
_COLUMNS = 37
_OFFSET = ((1 << 259) - 1) % N
_COLUMNS_A_SLICE = 2
_DIVISIONS_A_SLICE = 32

if stat(_TABLE)[6] != 4096:
    raise ImportError(_TABLE + " has another size")


def scalar(private_key: bytes) -> int:
    """The private key as a number. ValueError, never naming its bytes, unless it is 32 bytes and 1 <= d < n."""
    if not isinstance(private_key, (bytes, bytearray, memoryview)):
        raise ValueError(f"private key: expected 32 bytes, got {type(private_key).__name__}")
    if len(private_key) != 32:
        raise ValueError(f"private key: expected 32 bytes, got {len(private_key)}")
    d = int.from_bytes(private_key, "big")
    if not 0 < d < N:
        raise ValueError("private key: expected a number from 1 to n-1, got one outside; make another key")
    return d


def random_scalar(modulus: int) -> int:
    """A random number from 1 to modulus-1 for blinding. Slightly uneven: not for keys or nonces."""
    return int.from_bytes(urandom(32), "big") % (modulus - 1) + 1


def inverse_steps(a: int, modulus: int):
    """Returns 1/a modulo a prime, by Euclid (half as dear as a power, and the divisions are of C). ValueError if 0."""
    r, next_r = modulus, a % modulus
    if not next_r:
        raise ValueError("0 has no inverse")
    t, next_t = 0, 1
    divisions = 0
    while next_r:
        quotient = r // next_r
        r, next_r = next_r, r - quotient * next_r
        t, next_t = next_t, t - quotient * next_t
        divisions += 1
        if divisions % _DIVISIONS_A_SLICE == 0:
            yield
    return t % modulus


def double(x: int, y: int, z: int):
    """Twice a Jacobian point (EFD dbl-2001-b, with 2YZ spelt out: a square is no cheaper here)."""
    p = P
    delta = z * z % p
    gamma = y * y % p
    beta = x * gamma % p
    alpha = 3 * (x - delta) * (x + delta) % p
    beta4 = beta << 2
    x3 = (alpha * alpha - (beta4 << 1)) % p
    return x3, (alpha * (beta4 - x3) - (gamma * gamma << 3)) % p, 2 * y * z % p


def add(x: int, y: int, z: int, x2: int, y2: int):
    """A Jacobian point plus an affine one (IEEE 1363 mixed addition); (1, 1, 0) is the point at infinity."""
    p = P
    if not z:
        return x2, y2, 1
    zz = z * z % p
    h = (x2 * zz - x) % p
    r = (y2 * (z * zz % p) - y) % p
    if not h:
        # The same x: about once in 2^248 signatures, and the formulas below would give nonsense.
        return (1, 1, 0) if r else double(x, y, z)
    hh = h * h % p
    hhh = h * hh % p
    v = x * hh % p
    x3 = (r * r - hhh - (v << 1)) % p
    return x3, (r * (v - x3) - y * hhh) % p, z * h % p


def _entry(table, digits: bytes, column: int):
    """The affine point that the digits of this column stand for (bit 1 is the digit 1, bit 0 the digit -1)."""
    index = 0
    place = column
    for tooth in range(6):
        index |= (digits[place >> 3] >> (place & 7) & 1) << tooth
        place += _COLUMNS
    positive = digits[place >> 3] >> (place & 7) & 1
    if not positive:
        index ^= 63
    table.seek(index << 6)
    x = int.from_bytes(table.read(32), "big")
    y = int.from_bytes(table.read(32), "big")
    return x, (y if positive else P - y)


def multiply_steps(k: int):
    """Returns k·G as affine (x, y). ValueError unless 1 <= k < n, OSError if the table cannot be read."""
    if not 0 < k < N:
        raise ValueError("scalar: expected a number from 1 to n-1")
    # With digits 2b-1 the value is 2·Σ b·2^i - (2^259 - 1), so the bits b are those of (k + 2^259 - 1)/2 modulo n.
    half = k + _OFFSET
    if half & 1:
        half += N
    digits = ((half >> 1) % N).to_bytes(33, "little")
    yield

    column = _COLUMNS - 1
    z = random_scalar(P)
    with open(_TABLE, "rb") as table:
        x, y = _entry(table, digits, column)
        zz = z * z % P
        x, y = x * zz % P, y * (z * zz % P) % P
        while column:
            column -= 1
            x, y, z = double(x, y, z)
            x, y, z = add(x, y, z, *_entry(table, digits, column))
            if column % _COLUMNS_A_SLICE == 0:
                yield
    inverse = yield from inverse_steps(z, P)
    square = inverse * inverse % P
    return x * square % P, y * (square * inverse % P) % P
