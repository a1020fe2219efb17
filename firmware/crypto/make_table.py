"""Writes p256.bin: the multiples of the base point that p256.py adds up. Runs on a laptop, not on the device.

    python -m firmware.crypto.make_table

Plain affine arithmetic with a Fermat inverse: slow, short, and unlike p256.py, which it therefore checks. A test makes
the file again and compares.
"""

from pathlib import Path

# SEC 2 version 2 §2.4.2, FIPS 186-5 with SP 800-186 §3.2.1.3
P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
TEETH = 7
COLUMNS = 37

Point = tuple[int, int]


def add(a: Point, b: Point) -> Point:
    """a + b; never the point at infinity here."""
    if a == b:
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], P - 2, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], P - 2, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def teeth() -> list[Point]:
    """2^(COLUMNS t) G for each tooth t."""
    points = [G]
    while len(points) < TEETH:
        point = points[-1]
        for _ in range(COLUMNS):
            point = add(point, point)
        points.append(point)
    return points


def entries() -> list[Point]:
    """The points of the table, in order.

    Entry i is (2^222 + e_5 2^185 + … + e_1 2^37 + e_0) G, where e_t is 1 if bit t of i is set, else -1.
    """
    *low, top = teeth()
    table = []
    for index in range(1 << len(low)):
        point = top
        for tooth, (x, y) in enumerate(low):
            point = add(point, (x, y) if index >> tooth & 1 else (x, P - y))
        table.append(point)
    return table


def table() -> bytes:
    """The content of p256.bin: of each entry x and y, 32 bytes each, big-endian."""
    return b"".join(x.to_bytes(32, "big") + y.to_bytes(32, "big") for x, y in entries())


if __name__ == "__main__":
    Path(__file__).with_name("p256.bin").write_bytes(table())
