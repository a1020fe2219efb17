"""The panel on which a device draws. Pure: rectangles in, a picture out."""

from PIL import Image

from firmware.display import HEIGHT, WIDTH
from gateway.screens.asset import AssetError, rgb888


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
