"""Pictures as the device holds them, and the panel on which it draws: palette, asset files, canvas.

Pure: bytes in, pictures out. The format and its numbers are those of ``firmware/display.py``.
"""

import zlib

from PIL import Image

from firmware.display import CHARS, GLYPH, HEIGHT, PALETTE, WIDTH

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


def indexed(picture: Image.Image) -> Image.Image:
    """The picture in the 16 colours: each pixel the nearest one, without dithering."""
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for colour in COLOURS for part in colour])
    return picture.convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE)


def encode(picture: Image.Image, compress: bool = True) -> bytes:
    """The asset file of an indexed picture (mode P, see ``indexed``) of even width. Raises AssetError."""
    if picture.mode != "P" or picture.width % 2:
        raise AssetError(f"expected an indexed picture of even width, got {picture.mode} {picture.size}")
    pixels = picture.tobytes()
    if max(pixels) > 15:
        raise AssetError(f"expected 16 colours, got one of index {max(pixels)}")
    packed = bytes(left << 4 | right for left, right in zip(pixels[::2], pixels[1::2], strict=True))
    if compress:
        deflater = zlib.compressobj(9, zlib.DEFLATED, -_WINDOW_BITS, 9)
        packed = deflater.compress(packed) + deflater.flush()
    return MAGIC + picture.width.to_bytes(2, "big") + picture.height.to_bytes(2, "big") + packed


def decode(asset: bytes, compressed: bool = True) -> Image.Image:
    """The indexed picture of an asset file. Raises AssetError."""
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


def glyph_strip() -> tuple[int, int]:
    """The size of ``glyphs.bin`` as a picture of one glyph column: all stars, then all characters, half as wide."""
    return GLYPH, 10 * GLYPH + len(CHARS) * GLYPH // 2


class Canvas:
    """What a panel of 320 x 240 shows after the rectangles drawn on it so far. It starts black, as without power."""

    def __init__(self) -> None:
        self._pixels = bytearray(WIDTH * HEIGHT * 2)

    def draw(self, x: int, y: int, width: int, height: int, data: bytes) -> None:
        """Rows of RGB565, high byte first. Raises AssetError for a rectangle outside the panel or of another size."""
        if x < 0 or y < 0 or width < 1 or height < 1 or x + width > WIDTH or y + height > HEIGHT:
            raise AssetError(f"expected a rectangle inside {WIDTH}x{HEIGHT}, got {width}x{height} at {x},{y}")
        if len(data) != width * height * 2:
            raise AssetError(f"expected {width * height * 2} bytes for {width}x{height}, got {len(data)}")
        for row in range(height):
            at = ((y + row) * WIDTH + x) * 2
            self._pixels[at : at + width * 2] = data[row * width * 2 : (row + 1) * width * 2]

    def picture(self) -> Image.Image:
        """The whole panel, RGB."""
        pixels = self._pixels
        table: dict[tuple[int, int], bytes] = {}
        shown = bytearray()
        for pixel in zip(pixels[::2], pixels[1::2], strict=True):
            if pixel not in table:
                table[pixel] = bytes(rgb888(*pixel))
            shown += table[pixel]
        return Image.frombytes("RGB", (WIDTH, HEIGHT), bytes(shown))
