"""The bench test of a new board, in the VM with models of its parts: what it finds wrong, it names."""

import struct

import pytest

from tests.firmware import chip_vm

BENCH = """
from firmware.boards import bench
class Finger:
    "presses the key whose star is lit, or the one that `map` has for it"
    map = {}
    def pass_ms(self, ms):
        lit = [number for number, colour in enumerate(lights.colours) if max(colour)]
        for number, gpio in enumerate(pins.BTN):
            if gpio in machine._pins and machine.Pin(gpio).mode == machine.Pin.IN and gpio not in stuck:
                down = len(lit) == 1 and self.map.get(lit[0], lit[0]) == number and time.now_us // 300000 % 2
                machine.drive(gpio, 0 if down else 1)
stuck = []
finger = Finger()
time.parts.append(finger)
network.lan_state = network.ETH_GOT_IP
"""


@pytest.fixture
def prompt(tmp_path):
    """A spoken question of a tenth of a second."""
    data = bytes(3200)
    form = struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16)
    body = b"WAVEfmt " + form + b"data" + struct.pack("<I", len(data)) + data
    path = tmp_path / "rate.wav"
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return str(path)


def bench(prompt: str, story: str = "", steps: str = "bench.STEPS") -> list[str]:
    return chip_vm.run(f"{BENCH}\nbench.PROMPT = {prompt!r}\n{story}\nbench.run({steps})\n")


def test_a_sound_board_passes_every_step_and_each_says_what_to_look_at(prompt):
    out = bench(prompt)
    assert [line.split(":")[0] for line in out] == [
        "ok   stars", "ok   keys", "ok   display", "ok   clock", "ok   buzzer", "ok   voice", "ok   ethernet",
        "ok   wifi", "nothing failed; what you saw and heard decides the rest",
    ]  # fmt: skip
    assert "addresses ['0x68']" in out[3] and "2700 Hz" in out[4] and "the best at -60 dBm" in out[7]


@pytest.mark.parametrize(
    ("story", "step", "complaint"),
    [
        ("del machine.i2c[0x68]", "clock", "FAIL clock: nobody answers at 0x68, but at []"),
        ("machine.i2c[0x68].fail = True", "clock", "FAIL clock: 116"),
        ("time.parts.remove(clock)", "clock", "FAIL clock: the clock counts no seconds"),
        ("machine.i2c[0x68].registers[17] = 0x60", "clock", "FAIL clock: the clock says 96 degrees Celsius"),
        ("finger.map = {2: 3, 3: 2}", "keys", "FAIL keys: star 3 was lit, and BTN4 (GPIO7) answered"),
        ("finger.map = {1: 9}", "keys", "FAIL keys: BTN2 (GPIO5) was not pressed within 20 s"),
        ("network.lan_state = network.ETH_CONNECTED", "ethernet", "FAIL ethernet: a W5500 answers, and got no address"),
        ("network.heard.clear()", "wifi", "FAIL wifi: no access point heard"),
        ("bench.PROMPT = '/none'", "voice", "FAIL voice: no /none: start this in the folder of the project"),
    ],
)
def test_what_is_wrong_is_named(prompt, story, step, complaint):
    out = bench(prompt, story, f"(bench.{step},)")
    assert out[0].startswith(complaint), out
    assert out[-1] == f"failed: {step}"


def test_a_key_that_is_held_down_by_solder_is_named(prompt):
    story = """
stuck.append(pins.BTN[2])
pull = machine.Pin.__init__
def shorted(self, gpio, *rest, **named):
    pull(self, gpio, *rest, **named)
    if gpio in stuck:
        self.level = 0
machine.Pin.__init__ = shorted
"""
    assert bench(prompt, story, "(bench.keys,)")[0] == "FAIL keys: BTN3 (GPIO6) is low without a finger"


def test_a_board_without_ethernet_has_none_and_does_not_fail(prompt):
    story = """
def broken(*_, **__): raise OSError("esp_eth_driver_install failed")
network.LAN = broken
"""
    out = bench(prompt, story, "(bench.ethernet,)")
    assert out[0].startswith("none ethernet: no W5500 answers") and out[-1].startswith("nothing failed")
