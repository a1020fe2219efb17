"""The board of hardware/pinout.toml: ESP32-S3, keys, WS2812 stars, display, buzzer, voice, DS3231, W5500 or Wi-Fi.

What differs from device to device stands in ``board.json`` beside the code, all of it optional:

    {"wifi": {"ssid": "...", "password": "..."},   without it: the W5500
     "display": "ili9341",                         without it: ST7789
     "quieter": 2,                                 halve the voice so many times
     "mute": true}                                 no buzzer and no voice

A part that does not answer is logged and done without; only keys and stars are no option.
"""

import asyncio
import json
import time

from machine import I2C, PWM, SPI, Pin

from firmware.boards import pins
from firmware.boards.board import Board
from firmware.display import TICK_MS, Display
from firmware.drivers.keys import Keys
from firmware.drivers.stars import Stars

CLICK_MS = 30
IDLE_MS = 60000
BLINK_MS = 250
SPOKEN = {"rate": "rate", "thanks": "thanks", "saved": "thanks"}  # screens with a prompt
_STEPS = 8  # of the countdown
_ALL = (1 << pins.STARS_COUNT) - 1
_VOICE = "voice/"  # in the root of the file system: a hall's own recording outlives updates


def make_board():
    """The board that ``main`` runs on."""
    return Esp32S3(_settings())


def _settings():
    try:
        with open("board.json") as file:
            return json.load(file)
    except OSError:
        return {}
    except ValueError:
        print("board.json: expected JSON; going on without it")
        return {}


def _out(gpio, value=0):
    return Pin(gpio, Pin.OUT, value=value)


class Esp32S3(Board):
    """``settings`` as in ``board.json``."""

    def __init__(self, settings):
        super().__init__()
        self._settings = settings
        self._tasks = {}
        self._pressed = asyncio.ThreadSafeFlag()
        self._lit = 0
        self._stars = Stars(_out(pins.LED_DATA))
        self._keys = Keys(pins.BTN, self._edge)
        self.display = self._part("display", self._make_display)
        self._clock = self._part("clock", self._make_clock)
        self._net = self._part("network", self._make_net)
        mute = settings.get("mute")
        self._buzzer = None if mute else self._part("buzzer", self._make_buzzer)
        self._voice = None if mute else self._part("voice", self._make_voice)

    def _part(self, name, make):
        try:
            return make()
        except (OSError, ValueError) as error:
            self.count("no_" + name)
            self.log("no %s: %s" % (name, error))
            return None

    def _make_display(self):
        from firmware.drivers import tft

        spi = SPI(pins.TFT_HOST, baudrate=pins.TFT_HZ, sck=Pin(pins.TFT_SCK), mosi=Pin(pins.TFT_MOSI), miso=None)
        kind = tft.ILI9341 if self._settings.get("display") == "ili9341" else tft.ST7789
        panel = tft.Tft(spi, _out(pins.TFT_CS, 1), _out(pins.TFT_DC), _out(pins.TFT_RST, 1), kind)
        self._light = PWM(Pin(pins.TFT_BL), freq=pins.BACKLIGHT_HZ, duty_u16=pins.BACKLIGHT_DUTY_PCT * 65536 // 100)
        return Display(panel)

    def _make_clock(self):
        from firmware.drivers.ds3231 import Ds3231

        return Ds3231(I2C(pins.I2C_HOST, scl=Pin(pins.I2C_SCL), sda=Pin(pins.I2C_SDA), freq=pins.I2C_HZ))

    def _make_net(self):
        from firmware.drivers import net

        wifi = self._settings.get("wifi")
        if wifi:
            return net.Wifi(wifi["ssid"], wifi["password"])
        spi = SPI(pins.ETH_HOST, sck=Pin(pins.ETH_SCK), mosi=Pin(pins.ETH_MOSI), miso=Pin(pins.ETH_MISO))
        return net.Lan(spi, _out(pins.ETH_CS, 1), Pin(pins.ETH_INT, Pin.IN), _out(pins.ETH_RST, 1))

    def _make_buzzer(self):
        from firmware.drivers.buzzer import Buzzer

        return Buzzer(_out(pins.BUZZER))

    def _make_voice(self):
        from firmware.drivers.voice import Voice

        return Voice(
            Pin(pins.I2S_BCLK), Pin(pins.I2S_LRCLK), Pin(pins.I2S_DOUT), _out(pins.AMP_SD),
            self._settings.get("quieter", 0),
        )  # fmt: skip

    # --- keys ---

    def _edge(self, key, down):
        self.edges.put(self.ticks_ms(), key, down, self.meter.busy_ms())
        self._pressed.set()

    async def listen(self):
        if self.display:
            asyncio.create_task(self._draw(self.display))
        while True:
            await self._pressed.wait()
            self.woken.set()

    def ticks_ms(self):
        return time.ticks_ms() & (1 << 30) - 1  # type: ignore[operator]  # a number, whatever the stubs say

    # --- light and sound: the same for every star ---

    def light(self, level, ms):
        self._lit = mask = 1 << level - 1 if level else 0
        self._stars.show(mask, pins.STARS_BRIGHTEST)
        self._run("stars", self._countdown(mask, ms))
        if self.display:
            self.display.light(level, ms, self.ticks_ms())
            self.drawn.set()

    async def _countdown(self, mask, ms):
        if mask and ms:
            for step in range(_STEPS, 0, -1):
                self._stars.show(mask, pins.STARS_BRIGHTEST * step // _STEPS)
                await asyncio.sleep_ms(ms // _STEPS)

    def identify(self, ms):
        self._run("stars", self._blink(ms))

    async def _blink(self, ms):
        for number in range(ms // BLINK_MS):
            self._stars.show(0 if number & 1 else _ALL, pins.STARS_BRIGHTEST)
            await asyncio.sleep_ms(BLINK_MS)
        self._stars.show(self._lit, pins.STARS_BRIGHTEST)

    def click(self):
        if self._buzzer:
            self._buzzer.sound(True)
            self._run("click", self._quiet(self._buzzer))

    async def _quiet(self, buzzer):
        await asyncio.sleep_ms(CLICK_MS)
        buzzer.sound(False)

    def show(self, name, lines):
        if self.display:
            self.display.show(name, lines)
            self.drawn.set()
        if self._voice:
            if name in SPOKEN:
                self._run("voice", self._voice.play(_VOICE + SPOKEN[name] + ".wav"))
            elif name == "chosen" and "voice" in self._tasks:
                self._tasks["voice"].cancel()  # who has pressed need not be asked any more

    async def _draw(self, display):
        while True:
            for _ in display.steps(self.ticks_ms()):
                await asyncio.sleep_ms(0)
            await self.wait(self.drawn, TICK_MS if display.counting else IDLE_MS)

    def _run(self, name, task):
        # one of each name: a new one ends the one before
        old = self._tasks.get(name)
        if old:
            old.cancel()
        self._tasks[name] = asyncio.create_task(task)

    # --- the rest ---

    def rtc(self):
        try:
            return self._clock.read() if self._clock else None
        except OSError:
            self.count("clock_errors")
            return None

    def set_rtc(self, wall_ms, error_ms):
        try:
            if self._clock:
                self._clock.set(wall_ms, error_ms)
        except OSError:
            self.count("clock_errors")

    def network_up(self):
        return self._net is not None and self._net.up()

    def rssi(self):
        return self._net.rssi() if self._net else None
