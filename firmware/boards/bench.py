"""The bench test of a new board, before it has a firmware: each part in turn, on stock MicroPython over its USB port.

    mpremote mount . run firmware/boards/bench.py

runs the sources of this folder with the pins and drivers of the firmware; nothing of it ships. A step ends as `ok`, as
`FAIL` with what is wrong, or as `none` if a part is not there that a variant may lack. What only eye and ear can judge
is asked for in the step's words; what each failing step means is in hardware/bring-up.md.
"""

import asyncio
import time

import network
from machine import I2C, PWM, SPI, Pin

from firmware.boards import pins
from firmware.drivers import net, tft
from firmware.drivers.buzzer import Buzzer
from firmware.drivers.ds3231 import Ds3231
from firmware.drivers.stars import Stars
from firmware.drivers.voice import Voice

PRESS_MS = 20000  # for each key
LINK_MS = 8000
TONE_MS = 300
LIGHT_MS = 1500
PROMPT = "firmware/voice/rate.wav"
CELSIUS = (5, 50)  # of a board on a bench
BARS = (("red", b"\xf8\x00"), ("green", b"\x07\xe0"), ("blue", b"\x00\x1f"), ("white", b"\xff\xff"))


class Wrong(Exception):
    """A step failed."""


class Absent(Exception):
    """A part does not answer that a variant may lack."""


def _out(gpio, value=0):
    return Pin(gpio, Pin.OUT, value=value)


def stars():
    """All five at their brightest for a moment: the same white, none dark, none flickering."""
    lights = Stars(_out(pins.LED_DATA))
    lights.show((1 << pins.STARS_COUNT) - 1, pins.STARS_BRIGHTEST)
    time.sleep_ms(LIGHT_MS)
    lights.show(0, 0)
    return "were all five the same white?"


def keys():
    """One star is lit after the other, and its key has to answer: the order of both is the same."""
    lights = Stars(_out(pins.LED_DATA))
    levels = [Pin(gpio, Pin.IN, Pin.PULL_UP) for gpio in pins.BTN]
    for number, level in enumerate(levels):
        if not level():
            raise Wrong("%s is low without a finger" % _key(number))
    for number in range(len(levels)):
        lights.show(1 << number, pins.STARS_BRIGHTEST)
        answered = _first_low(levels)
        lights.show(0, 0)
        if answered is None:
            raise Wrong("%s was not pressed within %d s" % (_key(number), PRESS_MS // 1000))
        if answered != number:
            raise Wrong("star %d was lit, and %s answered" % (number + 1, _key(answered)))
    return "each key answered to its star"


def _key(number):
    return "BTN%d (GPIO%d)" % (number + 1, pins.BTN[number])


def _first_low(levels):
    # the key that goes down, once it is up again; None if none does
    began = time.ticks_ms()
    found = None
    while time.ticks_diff(time.ticks_ms(), began) < PRESS_MS:
        low = [number for number, level in enumerate(levels) if not level()]
        if low:
            found = low[0]
        elif found is not None:
            return found
        time.sleep_ms(20)
    return found


def display():
    """Four bars on each controller's own terms: one of the two words fits what is seen."""
    spi = SPI(pins.TFT_HOST, baudrate=pins.TFT_HZ, sck=Pin(pins.TFT_SCK), mosi=Pin(pins.TFT_MOSI), miso=None)
    light = PWM(Pin(pins.TFT_BL), freq=pins.BACKLIGHT_HZ, duty_u16=pins.BACKLIGHT_DUTY_PCT * 65536 // 100)
    width = tft.WIDTH // len(BARS)
    for kind in (tft.ST7789, tft.ILI9341):
        panel = tft.Tft(spi, _out(pins.TFT_CS, 1), _out(pins.TFT_DC), _out(pins.TFT_RST, 1), kind)
        for number, (_, colour) in enumerate(BARS):
            for y in range(0, tft.HEIGHT, 8):
                panel.draw(number * width, y, width, 8, colour * width * 8)
        time.sleep_ms(LIGHT_MS)
    light.duty_u16(0)
    names = ", ".join([name for name, _ in BARS])
    return "was it %s from the left, first (st7789) or second (ili9341)?" % names


def clock():
    """It answers, counts, and its temperature is that of a room."""
    i2c = I2C(pins.I2C_HOST, scl=Pin(pins.I2C_SCL), sda=Pin(pins.I2C_SDA), freq=pins.I2C_HZ)
    found = i2c.scan()
    if pins.I2C_DS3231 not in found:
        raise Wrong("nobody answers at 0x%02x, but at %s" % (pins.I2C_DS3231, [hex(one) for one in found]))
    chip = Ds3231(i2c)
    second = i2c.readfrom_mem(pins.I2C_DS3231, 0, 1)
    time.sleep_ms(1100)
    if i2c.readfrom_mem(pins.I2C_DS3231, 0, 1) == second:
        raise Wrong("the clock counts no seconds")
    celsius = chip.milli_celsius() // 1000
    if not CELSIUS[0] <= celsius <= CELSIUS[1]:
        raise Wrong("the clock says %d degrees Celsius" % celsius)
    return "counts seconds, %d degrees Celsius, addresses %s" % (celsius, [hex(one) for one in found])


def buzzer():
    """One tone."""
    tone = Buzzer(_out(pins.BUZZER))
    tone.sound(True)
    time.sleep_ms(TONE_MS)
    tone.sound(False)
    return "was there a tone of %d Hz?" % pins.BUZZER_HZ


def voice():
    """The spoken question, a quarter as loud as it is stored."""
    amplifier = Voice(Pin(pins.I2S_BCLK), Pin(pins.I2S_LRCLK), Pin(pins.I2S_DOUT), _out(pins.AMP_SD), 2)
    if not asyncio.run(amplifier.play(PROMPT)):
        raise Wrong("no %s: start this in the folder of the project, mounted" % PROMPT)
    return "was the question heard, without crackle?"


def ethernet():
    """A W5500 answers, and gets an address by its cable."""
    spi = SPI(pins.ETH_HOST, sck=Pin(pins.ETH_SCK), mosi=Pin(pins.ETH_MOSI), miso=Pin(pins.ETH_MISO))
    try:
        lan = net.Lan(spi, _out(pins.ETH_CS, 1), Pin(pins.ETH_INT, Pin.IN), _out(pins.ETH_RST, 1))
    except OSError as error:
        raise Absent("no W5500 answers (%s)" % error)
    began = time.ticks_ms()
    while not lan.up():
        if time.ticks_diff(time.ticks_ms(), began) > LINK_MS:
            raise Wrong("a W5500 answers, and got no address within %d s: cable, magjack, DHCP" % (LINK_MS // 1000))
        time.sleep_ms(100)
    return "has an address"


def wifi():
    """The radio hears somebody."""
    network.country("CN")
    wlan = network.WLAN(network.STA_IF)
    wlan.active(True)
    heard = [found[3] for found in wlan.scan()]
    wlan.active(False)
    if not heard:
        raise Wrong("no access point heard: antenna, or none is there")
    return "%d access points, the best at %d dBm" % (len(heard), max(heard))


STEPS = (stars, keys, display, clock, buzzer, voice, ethernet, wifi)


def run(steps=STEPS):
    """The names of the steps that failed, after a line for each."""
    failed = []
    for step in steps:
        name = step.__name__
        try:
            print("ok   %s: %s" % (name, step()))
        except Absent as error:
            print("none %s: %s" % (name, error))
        except (Wrong, OSError, ValueError) as error:
            print("FAIL %s: %s" % (name, error))
            failed.append(name)
    print("failed: %s" % ", ".join(failed) if failed else "nothing failed; what you saw and heard decides the rest")
    return failed


if __name__ == "__main__":
    run()
