"""The five star lights: WS2812 in a row, one star first. All shine in the same white, whichever is lit."""

from machine import bitstream
from micropython import const

from firmware.boards.pins import (
    STARS_BRIGHTEST,
    STARS_COUNT,
    STARS_ONE_HIGH_NS,
    STARS_ONE_LOW_NS,
    STARS_ZERO_HIGH_NS,
    STARS_ZERO_LOW_NS,
)

_TIMING = (STARS_ZERO_HIGH_NS, STARS_ZERO_LOW_NS, STARS_ONE_HIGH_NS, STARS_ONE_LOW_NS)
_BYTES = const(3)


class Stars:
    """The chain on an output pin. Setting it blocks for 0.2 ms."""

    def __init__(self, pin):
        self._pin = pin
        self._data = bytearray(STARS_COUNT * _BYTES)
        self.show(0, 0)

    def show(self, stars: int, brightness: int) -> None:
        """Light the stars of a mask (bit 0: one star) and darken the others. ``brightness`` is 0 to 255, clipped."""
        value = min(brightness, STARS_BRIGHTEST)
        for at in range(STARS_COUNT * _BYTES):
            self._data[at] = value if stars >> at // _BYTES & 1 else 0
        bitstream(self._pin, 0, _TIMING, self._data)
