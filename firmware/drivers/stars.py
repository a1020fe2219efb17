"""The five star lights: WS2812 in a row, one star first. All shine in the same white, whichever is lit."""

from machine import bitstream
from micropython import const

COUNT = 5
BRIGHTEST = 64  # of 255: one star takes about 15 mA, all of them 75 mA, which a USB port can give beside the radio

_TIMING = (400, 850, 800, 450)  # ns high and low of a 0 and of a 1 (WS2812B data sheet, ± 150 ns)
_BYTES = const(3)


class Stars:
    """The chain on an output pin. Setting it blocks for 0.2 ms."""

    def __init__(self, pin):
        self._pin = pin
        self._data = bytearray(COUNT * _BYTES)
        self.show(0, 0)

    def show(self, stars: int, brightness: int) -> None:
        """Light the stars of a mask (bit 0: one star) and darken the others. ``brightness`` is 0 to 255, clipped."""
        value = min(brightness, BRIGHTEST)
        for at in range(COUNT * _BYTES):
            self._data[at] = value if stars >> at // _BYTES & 1 else 0
        bitstream(self._pin, 0, _TIMING, self._data)
