"""The battery clock: a DS3231 on I2C, which counts whole seconds (data sheet of Maxim 19-5170, table 1).

It is set at any moment, not only on a full second: writing the seconds starts its second anew, and how far that was
into ours is kept in the alarm registers, which nobody else uses, together with when it was set and how exact that was.
So it can say how wrong it may be. A chip that stopped, or that somebody else set, says nothing.
"""

import struct
import time

from micropython import const

from firmware.boards.pins import I2C_DS3231

_TIME = const(0x00)
_NOTE = const(0x07)  # the seven alarm registers
_CONTROL = const(0x0E)
_STATUS = const(0x0F)
_TEMPERATURE = const(0x11)
_STOPPED = const(0x80)

_UNIX_2000 = const(946684800)
_DRIFT_PPM = const(8)  # 2 for the crystal from 0 to 40 °C, 5 for ten years, rounded up
_DAYS = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)


class Ds3231:
    """The chip on this bus. Every call raises OSError if it does not answer."""

    def __init__(self, i2c):
        self._i2c = i2c
        i2c.readfrom_mem(I2C_DS3231, _STATUS, 1)

    def read(self):
        """``(wall_ms, error_ms)`` now, in Unix time, or None: it stopped, was never set by us, or shows nonsense."""
        note_s, low, error_ms = struct.unpack("<IBH", self._get(_NOTE, 7))
        if self._get(_STATUS, 1)[0] & _STOPPED or error_ms == 0:
            return None
        now_s = _seconds(self._get(_TIME, 7))
        if now_s is None or now_s < note_s:
            return None
        drift_ms = (now_s - note_s) * _DRIFT_PPM // 1000 + 1
        # the second that it shows began up to a second ago
        return (now_s + _UNIX_2000) * 1000 + low * 4 + 500, 500 + error_ms + drift_ms

    def set(self, wall_ms: int, error_ms: int) -> None:
        """Tell it that it is ``wall_ms`` ± ``error_ms``, of the years 2000 to 2099."""
        now_s = wall_ms // 1000 - _UNIX_2000
        error_ms += 8  # the note counts by four, and the bus takes its time
        self._put(_NOTE, bytes(7))  # should the power go meanwhile, it says nothing rather than something wrong
        year, month, day, hour, minute, second = time.gmtime(now_s + _epoch())[:6]
        self._put(_TIME, bytes([_bcd(n) for n in (second, minute, hour, 1, day, month, year - 2000)]))
        self._put(_CONTROL, b"\x1c\0")  # runs on its battery, no alarms, and did not stop
        self._put(_NOTE, struct.pack("<IBH", now_s, wall_ms % 1000 // 4, min(error_ms, 65535)))

    def milli_celsius(self) -> int:
        """The chip's temperature, in steps of a quarter of a degree."""
        return (struct.unpack(">h", self._get(_TEMPERATURE, 2))[0] >> 6) * 250

    def _get(self, register, count):
        return self._i2c.readfrom_mem(I2C_DS3231, register, count)

    def _put(self, register, data):
        self._i2c.writeto_mem(I2C_DS3231, register, data)


def _seconds(time_registers):
    # since 2000, or None: not a time, or one after the century, whose leap years the chip gets wrong
    fields = [(value >> 4) * 10 + (value & 15) for value in time_registers]
    second, minute, hour, _, day, month, year = fields
    if second > 59 or minute > 59 or hour > 23 or not 1 <= day <= 31 or not 1 <= month <= 12 or year > 99:
        return None
    days = year * 365 + (year + 3) // 4 + _DAYS[month - 1] + day - 1
    if month > 2 and year % 4 == 0:
        days += 1
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def _bcd(number):
    return number // 10 << 4 | number % 10


def _epoch():
    # the port's own epoch is 1970 or 2000
    return _UNIX_2000 if time.gmtime(0)[0] == 1970 else 0
