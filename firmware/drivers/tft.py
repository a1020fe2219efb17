"""The colour display: ST7789 or ILI9341 on SPI, 320 × 240 lying down, RGB565 with the high byte first.

Both controllers know the same commands (MIPI DCS, the numbers below) and differ in how the glass hangs on them: an
ILI9341 has its columns mirrored and blue before red, an ST7789 shows an IPS glass, which wants its colours inverted.
A picture is written in bands, so that the loop may do something else between two of them.
"""

import struct
import time

from micropython import const

WIDTH = 320
HEIGHT = 240

# memory access control for a panel that lies on its side, and whether colours are inverted
ST7789 = (0x60, 0x21)
ILI9341 = (0x28, 0x20)

_SWRESET = const(0x01)
_SLPOUT = const(0x11)
_DISPON = const(0x29)
_CASET = const(0x2A)
_RASET = const(0x2B)
_RAMWR = const(0x2C)
_MADCTL = const(0x36)
_COLMOD = const(0x3A)


class Tft:
    """A display on an SPI bus and three output pins. Blocks for 250 ms while it starts; blank afterwards."""

    def __init__(self, spi, cs, dc, rst, kind=ST7789):
        self._spi = spi
        self._cs = cs
        self._dc = dc
        cs(1)
        rst(0)
        time.sleep_ms(1)
        rst(1)
        time.sleep_ms(120)  # from reset to the first sleep-out
        self._command(_SWRESET)
        time.sleep_ms(120)
        self._command(_SLPOUT)
        time.sleep_ms(5)
        self._command(_COLMOD, b"\x55")  # 16 bits a pixel
        self._command(_MADCTL, bytes((kind[0],)))
        self._command(kind[1])
        band = bytes(WIDTH * 2 * 8)
        for y in range(0, HEIGHT, 8):
            self.draw(0, y, WIDTH, 8, band)  # its memory starts with noise
        self._command(_DISPON)

    def draw(self, x: int, y: int, w: int, h: int, pixels) -> None:
        """Fill a rectangle with its pixels, two bytes each, in rows from the top left; fewer leave the rest as it was.

        The bytes may be changed once this returned.
        """
        self._command(_CASET, struct.pack(">HH", x, x + w - 1))
        self._command(_RASET, struct.pack(">HH", y, y + h - 1))
        self._command(_RAMWR, pixels)

    def _command(self, code, data=b""):
        self._dc(0)
        self._cs(0)
        self._spi.write(bytes((code,)))
        self._dc(1)
        self._spi.write(data)
        self._cs(1)
