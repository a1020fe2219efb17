"""``machine`` for the VM with a board around the chip: pins have levels, buses lead to the parts that a test put there.

A test owns the wires: ``drive(gpio, level)`` moves a key, ``spi[1] = [panel]`` and ``i2c[0x68] = clock`` connect parts.
Whatever a real part or port would refuse raises here.
"""

import sys
import time

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5
RESET_CODE = 75

QUEUE = 8  # the port's queue of soft interrupts; a ninth is lost without a word

spi = {}  # bus number -> parts that hear it
i2c = {}  # address -> part
chain = {}  # gpio -> the part that reads the bit stream
tones = []  # (gpio, Hz, duty) at each change
samples = []  # what I2S put out, as signed numbers
watchdogs = []  # each WDT made
cause = PWRON_RESET

_pins = {}
_queue = []
_stalled = False


class Pin:
    """One object for each GPIO, as on the port."""

    IN = 1
    OUT = 3
    PULL_UP = 2
    PULL_DOWN = 1
    IRQ_RISING = 1
    IRQ_FALLING = 2

    def __new__(cls, gpio, mode=None, pull=None, value=None):
        if not 0 <= gpio <= 48 or 22 <= gpio <= 25:
            raise ValueError("invalid pin")
        pin = _pins.get(gpio)
        if pin is None:
            pin = _pins[gpio] = object.__new__(cls)
            pin.gpio = gpio
            pin.mode = None
            pin.level = 0
            pin._handler = None
            pin._trigger = 0
        return pin

    def __init__(self, gpio, mode=None, pull=None, value=None):
        if mode is not None:
            self.mode = mode
            if mode == Pin.IN:
                self.level = 1 if pull == Pin.PULL_UP else 0
        if value is not None:
            self.value(value)

    def value(self, level=None):
        if level is None:
            return self.level
        if self.mode != Pin.OUT:
            raise OSError("GPIO%d is no output" % self.gpio)
        self.level = 1 if level else 0

    def __call__(self, *level):
        return self.value(*level)

    def irq(self, handler=None, trigger=3):
        self._handler = handler
        self._trigger = trigger
        return self


def drive(gpio, level):
    """Somebody outside pulls a pin. While the loop stalls, interrupts queue up and see the level at its end."""
    pin = _pins[gpio]
    if pin.mode != Pin.IN:
        raise ValueError("GPIO%d is no input" % gpio)
    if pin.level == level:
        return
    pin.level = level
    if pin._handler and pin._trigger & (Pin.IRQ_RISING if level else Pin.IRQ_FALLING):
        if len(_queue) < QUEUE:
            _queue.append(pin)
    if not _stalled:
        stall(False)


def stall(on):
    """Begin or end a time in which no bytecode runs, such as a handshake."""
    global _stalled
    _stalled = on
    while _queue and not _stalled:
        pin = _queue.pop(0)
        pin._handler(pin)


class SPI:
    def __init__(self, id, baudrate=500000, polarity=0, phase=0, *, sck=-1, mosi=-1, miso=-1):
        if id not in (1, 2):
            raise ValueError("SPI(%s) doesn't exist" % id)
        if -1 in (sck, mosi, miso):
            raise ValueError("the default pins are those of the octal PSRAM: name each, or None")
        self.id = id
        self.baudrate = baudrate
        self.pins = (sck, mosi, miso)

    def write(self, data):
        for part in spi.get(self.id, ()):
            part.hear(bytes(data))


class I2C:
    def __init__(self, id, scl=None, sda=None, freq=400000, timeout=50000):
        if id not in (0, 1):
            raise ValueError("I2C(%s) doesn't exist" % id)
        self.pins = (scl, sda)

    def _part(self, address):
        if address not in i2c:
            raise OSError(19)  # ENODEV: nobody acknowledged
        return i2c[address]

    def readfrom_mem(self, address, register, count, addrsize=8):
        return self._part(address).read(register, count)

    def writeto_mem(self, address, register, data, addrsize=8):
        self._part(address).write(register, bytes(data))

    def scan(self):
        return sorted(i2c)


class PWM:
    def __init__(self, pin, freq=5000, duty_u16=0):
        self._gpio = pin.gpio
        self._freq = freq
        self.duty_u16(duty_u16)

    def duty_u16(self, duty):
        if not 0 <= duty <= 65535:
            raise ValueError("duty_u16 must be from 0 to 65535")
        tones.append((self._gpio, self._freq, duty))


class I2S:
    """A buffer that empties at the rate of the samples; what is left in it at ``deinit`` is never heard."""

    TX = 1
    MONO = 0
    STEREO = 1
    busy = []
    gaps = 0  # ms of silence between two samples of one prompt, all together

    def __init__(self, id, sck=None, ws=None, sd=None, mode=None, bits=16, format=0, rate=0, ibuf=0):
        if id in I2S.busy:
            raise OSError("I2S%d is in use" % id)
        if mode != I2S.TX or bits != 16 or format != I2S.MONO:
            raise ValueError("not what this model plays")
        I2S.busy.append(id)
        self._id = id
        self._rate = rate
        self._room = ibuf
        self._buffer = bytearray()
        self._waiting = None
        self._done = None
        self._silent_ms = 0  # since the last sample
        self._began = False
        time.parts.append(self)

    def irq(self, handler):
        self._done = handler

    def write(self, data):
        if self._done is None or self._waiting is not None or len(data) % 2 or len(data) > self._room:
            raise ValueError("one write of whole samples at a time, after irq()")
        self._waiting = bytes(data)
        return len(data)

    def pass_ms(self, ms):
        if self._waiting is not None and len(self._buffer) + len(self._waiting) <= self._room:
            I2S.gaps += self._silent_ms
            self._silent_ms = 0
            self._buffer += self._waiting
            self._waiting = None
            self._done(self)
        size = self._rate * 2 * ms // 1000
        for at in range(0, min(size, len(self._buffer)), 2):
            value = self._buffer[at] | self._buffer[at + 1] << 8
            samples.append(value - 65536 if value & 0x8000 else value)
        self._began = self._began or bool(self._buffer)
        if self._began and size > len(self._buffer):
            self._silent_ms += ms
        self._buffer = self._buffer[size:]

    def deinit(self):
        I2S.busy.remove(self._id)
        time.parts.remove(self)

    @staticmethod
    def shift(buf, bits, shift):
        for at in range(0, len(buf), 2):
            value = buf[at] | buf[at + 1] << 8
            value = value - 65536 if value & 0x8000 else value
            value = value >> -shift if shift < 0 else value << shift
            buf[at] = value & 0xFF
            buf[at + 1] = value >> 8 & 0xFF


class RTC:
    """2048 bytes that survive a reset; one for all."""

    _memory = b""

    def memory(self, data=None):
        if data is None:
            return RTC._memory
        if len(data) > 2048:
            raise ValueError("buffer too long")
        RTC._memory = bytes(data)

    def datetime(self, fields):
        RTC.told = fields


class WDT:
    def __init__(self, id=0, timeout=5000):
        self.timeout = timeout
        self.fed = 0
        watchdogs.append(self)

    def feed(self):
        self.fed += 1


def bitstream(pin, encoding, timing, data):
    """Puts the pulses on the wire, as (high, low) in ns."""
    if encoding != 0 or pin.mode != Pin.OUT:
        raise ValueError("an output and encoding 0 are what the port has")
    short, long = timing[:2], timing[2:]
    part = chain.get(pin.gpio)
    if part:
        part.hear([long if byte >> bit & 1 else short for byte in data for bit in range(7, -1, -1)])


def unique_id():
    return b"\x34\x85\x18\x00\x00\x01"


def reset_cause():
    return cause


def reset():
    sys.exit(RESET_CODE)
