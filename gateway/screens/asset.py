"""The format of a picture that a device can draw (spec 5.7), and the 16 colours of its panel.

Pure: pictures and bytes. The numbers are those of ``firmware/display.py``; a test holds the two together.
"""

import zlib

from PIL import Image

WIDTH, HEIGHT = 320, 240
HEAD = 72
"""Rows of the device's own head above a prompt."""
ROW = 36
"""Height of a reason."""
TEXT_X = 52
"""Left of it stands the number of a reason's key."""
#: 16 colours as RGB565, high byte first.
PALETTE = bytes.fromhex("11483a6c63908cb4adb8d6dcffff6308acc9fe895bd2ae5d2a4e7f14fcec0000")

MAGIC = b"S1"
_HEADER = 6
_WINDOW_BITS = 10  # what the device has room for: 1 KB


class AssetError(ValueError):
    """These bytes are no picture the device could draw."""


def rgb888(high: int, low: int) -> tuple[int, int, int]:
    """A pixel of RGB565 as the panel shows it: 5 or 6 bits stretched to 8."""
    red, green, blue = high >> 3, (high & 7) << 3 | low >> 5, low & 31
    return red << 3 | red >> 2, green << 2 | green >> 4, blue << 3 | blue >> 2


#: The 16 colours of every picture.
COLOURS = tuple(rgb888(PALETTE[at], PALETTE[at + 1]) for at in range(0, 32, 2))
BACKGROUND, INK, GOLD, SOFT, QUIET, GREEN, ORANGE, BLACK = (COLOURS[n] for n in (0, 6, 9, 11, 12, 13, 14, 15))


def indexed(picture: Image.Image) -> Image.Image:
    """The picture in the 16 colours: each pixel the nearest one, without dithering."""
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for colour in COLOURS for part in colour])
    return picture.convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE)


def packed(picture: Image.Image) -> bytes:
    """The rows of an indexed picture (mode P, see ``indexed``) of even width, two pixels a byte. Raises AssetError."""
    if picture.mode != "P" or picture.width % 2:
        raise AssetError(f"expected an indexed picture of even width, got {picture.mode} {picture.size}")
    pixels = picture.tobytes()
    if max(pixels) > 15:
        raise AssetError(f"expected 16 colours, got one of index {max(pixels)}")
    left, right = (int.from_bytes(pixels[at::2], "big") for at in (0, 1))
    return (left << 4 | right).to_bytes(len(pixels) // 2, "big")


def wrapped(width: int, rows: bytes, compress: bool = True) -> bytes:
    """The asset of packed rows."""
    head = MAGIC + width.to_bytes(2, "big") + (len(rows) * 2 // width).to_bytes(2, "big")
    if not compress:
        return head + rows
    deflater = zlib.compressobj(9, zlib.DEFLATED, -_WINDOW_BITS, 9)
    return head + deflater.compress(rows) + deflater.flush()


def encode(picture: Image.Image, compress: bool = True) -> bytes:
    """The asset of an indexed picture. Raises AssetError."""
    return wrapped(picture.width, packed(picture), compress)


def decode(asset: bytes, compressed: bool = True) -> Image.Image:
    """The indexed picture of an asset. Raises AssetError."""
    if asset[:2] != MAGIC or len(asset) < _HEADER:
        raise AssetError(f"expected {MAGIC!r} and a size, got {asset[:_HEADER]!r}")
    size = int.from_bytes(asset[2:4], "big"), int.from_bytes(asset[4:6], "big")
    expected = size[0] * size[1] // 2
    packed = asset[_HEADER:]
    if compressed:
        inflater = zlib.decompressobj(-_WINDOW_BITS)
        try:
            packed = inflater.decompress(packed, expected + 1)
        except zlib.error as error:
            raise AssetError(f"not deflated with a window of 1 KB: {error}") from error
    if len(packed) != expected:
        raise AssetError(f"expected {expected} bytes of pixels, got {len(packed)}")
    picture = Image.frombytes("P", size, bytes(half for byte in packed for half in (byte >> 4, byte & 15)))
    picture.putpalette([part for colour in COLOURS for part in colour])
    return picture
