"""Models of the parts on the board: each takes what comes over its wires literally, and refuses what the part would."""

import machine


class Panel:
    """A 240 × 320 display controller behind SPI with CS and DC: memory, address window, orientation, sleep.

    ``pixel(x, y)`` is what somebody sees who looks at the panel lying on its side: ``(red, green, blue)`` of 5, 6 and 5
    bits. ``mirrored`` and ``bgr`` say how the glass hangs on the controller (so on ILI9341 modules), ``inverted``
    that it wants inverted data (IPS glass, so on ST7789 modules).
    """

    def __init__(self, cs, dc, mirrored=False, bgr=False, inverted=True):
        self._cs, self._dc = cs, dc
        self._mirrored, self._bgr, self._inverted = mirrored, bgr, inverted
        self._memory = bytearray(b"\xa5\x5a" * (240 * 320))  # noise
        self._command = None
        self._data = bytearray()
        self._madctl = 0
        self._inversion = False
        self.asleep = True
        self.on = False
        self.colmod = 0
        self._columns = (0, 239)
        self._rows = (0, 319)
        self.largest_write = 0

    def hear(self, data):
        if machine.Pin(self._cs).level:
            return  # not selected
        if machine.Pin(self._dc).level:
            self.largest_write = max(self.largest_write, len(data))
            self._take(data)
        else:
            for code in data:
                self._begin(code)

    def _begin(self, code):
        self._command = code
        self._data = bytearray()
        if code == 0x01:
            self._madctl = 0
            self._inversion = self.on = False
            self.asleep = True
            self.colmod = 0x66
        elif code == 0x11:
            self.asleep = False
        elif code in (0x20, 0x21):
            self._inversion = code == 0x21
        elif code in (0x28, 0x29):
            self.on = code == 0x29
        elif code == 0x2C:
            self._at = (self._columns[0], self._rows[0])
            self._odd = None
        elif code not in (0x2A, 0x2B, 0x36, 0x3A):
            raise ValueError("command %02x is not in this model" % code)

    def _take(self, data):
        if self._command == 0x2C:
            self._draw(data)
            return
        self._data += data
        if self._command in (0x2A, 0x2B) and len(self._data) == 4:
            first, last = self._data[0] << 8 | self._data[1], self._data[2] << 8 | self._data[3]
            lying = bool(self._madctl & 0x20)
            size = 240 if lying == (self._command == 0x2B) else 320
            if not first <= last < size:
                raise ValueError("window %d to %d of %d" % (first, last, size))
            if self._command == 0x2A:
                self._columns = (first, last)
            else:
                self._rows = (first, last)
        elif self._command == 0x36:
            self._madctl = self._data[0]
        elif self._command == 0x3A:
            self.colmod = self._data[0]

    def _draw(self, data):
        if self.colmod & 7 != 5:
            raise ValueError("pixels of 16 bits while COLMOD is %02x" % self.colmod)
        column, row = self._at
        for byte in data:
            if self._odd is None:
                self._odd = byte
                continue
            if row is None:
                raise ValueError("more pixels than the window has")
            x, y = (row, column) if self._madctl & 0x20 else (column, row)
            if self._madctl & 0x40:
                x = 239 - x
            if self._madctl & 0x80:
                y = 319 - y
            at = 2 * (y * 240 + x)
            self._memory[at] = self._odd
            self._memory[at + 1] = byte
            self._odd = None
            column += 1
            if column > self._columns[1]:
                column = self._columns[0]
                row = row + 1 if row < self._rows[1] else None
        self._at = (column, row)

    def pixel(self, x, y):
        if self.asleep or not self.on:
            return None
        column = y if self._mirrored else 239 - y
        at = 2 * (x * 240 + column)
        value = self._memory[at] << 8 | self._memory[at + 1]
        if self._inversion != self._inverted:
            value ^= 0xFFFF
        red, green, blue = value >> 11, value >> 5 & 63, value & 31
        return (blue, green, red) if bool(self._madctl & 8) != self._bgr else (red, green, blue)


class Ds3231:
    """The registers of a DS3231: BCD, pointer that wraps, century bit, oscillator-stop flag, temperature.

    ``pass_ms`` lets time go by. Writing the seconds starts the second anew. The flag can be cleared, not set.
    """

    SIZE = 19

    def __init__(self, quarters_celsius=86):
        self._fraction_ms = 0
        self.registers = bytearray(self.SIZE)
        self.registers[0:7] = bytes((0, 0, 0, 1, 1, 1, 0))
        self.registers[14] = 0x1C
        self.registers[15] = 0x88
        self.registers[17] = quarters_celsius >> 2 & 0xFF
        self.registers[18] = (quarters_celsius & 3) << 6
        self.fail = False

    def read(self, register, count):
        self._answer()
        return bytes([self.registers[(register + i) % self.SIZE] for i in range(count)])

    def write(self, register, data):
        self._answer()
        for i, value in enumerate(data):
            at = (register + i) % self.SIZE
            if at in (17, 18):
                continue  # read only
            if at == 15:
                value = self.registers[15] & value & 0x83 | value & 0x08
            if at == 0:
                self._fraction_ms = 0
            self.registers[at] = value

    def _answer(self):
        if self.fail:
            raise OSError(116)  # ETIMEDOUT

    def lose_battery(self):
        """The oscillator stopped for a while."""
        self.registers[15] |= 0x80

    def pass_ms(self, ms):
        whole_ms = self._fraction_ms + ms
        self._fraction_ms = whole_ms % 1000
        r = self.registers
        second, minute, hour = [(value >> 4) * 10 + (value & 15) for value in r[0:3]]
        seconds = (hour * 60 + minute) * 60 + second + whole_ms // 1000
        for _ in range(seconds // 86400):
            self._next_day()
        seconds %= 86400
        for at, value in enumerate((seconds % 60, seconds // 60 % 60, seconds // 3600)):
            r[at] = value // 10 << 4 | value % 10

    def _next_day(self):
        r = self.registers
        day, month, year = [(v >> 4) * 10 + (v & 15) for v in (r[4], r[5] & 0x1F, r[6])]
        length = (31, 29 if year % 4 == 0 else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]
        day += 1
        if day > length:
            day, month = 1, month + 1
        if month > 12:
            month, year = 1, year + 1
        century = r[5] & 0x80
        if year > 99:
            year, century = 0, century ^ 0x80
        r[3] = r[3] % 7 + 1
        r[4], r[6] = day // 10 << 4 | day % 10, year // 10 << 4 | year % 10
        r[5] = century | month // 10 << 4 | month % 10


class Chain:
    """WS2812 lights in a row: bits by the length of the pulses, colours as (red, green, blue), the nearest first."""

    def __init__(self, count):
        self.count = count
        self.colours = [(0, 0, 0)] * count
        self.history = []

    def hear(self, pulses):
        bits = []
        for high, low in pulses:
            if 250 <= high <= 550 and 700 <= low <= 1000:
                bits.append(0)
            elif 650 <= high <= 950 and 300 <= low <= 600:
                bits.append(1)
            else:
                raise ValueError("no bit of a WS2812B: %d ns high, %d ns low" % (high, low))
        if len(bits) > self.count * 24 or len(bits) % 24:
            raise ValueError("%d bits for %d lights" % (len(bits), self.count))
        for light in range(len(bits) // 24):
            green, red, blue = [_number(bits[light * 24 + at : light * 24 + at + 8]) for at in (0, 8, 16)]
            self.colours[light] = (red, green, blue)
        self.history.append(tuple(self.colours))


def _number(bits):
    number = 0
    for bit in bits:
        number = number * 2 + bit
    return number
