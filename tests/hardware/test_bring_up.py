"""The guides name what exists: nets at their places, test points, steps and codes of the firmware, figures."""

import re

import pytest

from firmware.screen import SCREENS
from hardware.circuit.blocks import BLOCKS
from hcp import pinout
from protocol.downlink import COMMANDS
from protocol.record import EVENTS

PAGE = (pinout.ROOT / "hardware" / "bring-up.md").read_text(encoding="utf-8")
PARTS = {part.ref: part for block in BLOCKS for part in block.parts}
PINS = pinout.read()
FIRMWARE = pinout.ROOT / "firmware"


def rows(heads: str) -> list[list[str]]:
    """The cells of each row of all tables whose heads are these."""
    found: list[list[str]] = []
    inside = False
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")] if line.startswith("|") else []
        if not cells:
            inside = False
        elif line == heads:
            inside = True
        elif inside and not line.startswith("|---"):
            found.append(cells)
    return found


NETS = rows("| net | GPIO | at | expected | says |")


def on_net(place: str) -> str:
    """The net at a place: a test point, or REF-PIN."""
    ref, _, pin = place.partition("-")
    assert ref in PARTS, place
    return PARTS[ref].nets[pin or "1"]


def test_every_net_of_the_pin_map_has_its_row_and_is_at_the_place_named():
    assert [row[0].strip("`") for row in NETS] == [pin.net for pin in PINS.pins]
    for net, _, place, *_ in NETS:
        assert on_net(place) == net.strip("`"), place


def test_every_test_point_of_the_circuit_is_measured_somewhere():
    points = {ref for ref, part in PARTS.items() if part.symbol == "Connector:TestPoint"}
    text = re.sub(r"TP(\d+) to TP(\d+)", lambda m: " ".join(f"TP{n}" for n in range(int(m[1]), int(m[2]) + 1)), PAGE)
    assert set(re.findall(r"TP\d+", text)) == points


@pytest.mark.parametrize(
    ("name", "net"),
    [("VBUS", "VBUS"), ("+5V", "+5V"), ("+3V3", "+3V3"), ("VBAT and ground", "VBAT"), ("EN", "EN"), ("BOOT", "BOOT"),
     ("W5500's own 1.2 V", "ETH_1V2"), ("W5500's analogue 3.3 V", "ETH_3V3A"), ("ripple of +3V3", "+3V3")],
)  # fmt: skip
def test_rails_are_measured_at_their_own_test_points(name, net):
    lines = [line for line in PAGE.splitlines() if line.startswith(f"| {name}") and re.search(r"\| TP\d+", line)]
    assert lines, name
    for line in lines:
        point = re.search(r"\| (TP\d+)", line)
        assert point and PARTS[point[1]].nets["1"] == net, line


def test_every_part_that_the_page_names_exists():
    for ref in re.findall(r"`?\b((?:R|C|L|D|U|Q|J|F|FB|SW|BZ|BT)\d{1,3})\b", PAGE):
        assert ref in PARTS, ref


def told() -> set[str]:
    """What bench, screen, log, counters, events and commands of the firmware can say."""
    sources = {path.name: path.read_text(encoding="utf-8") for path in FIRMWARE.rglob("*.py")}
    everything = "\n".join(sources.values())
    steps = re.search(r"^STEPS = \((.*)\)$", sources["bench.py"], re.MULTILINE)
    assert steps
    known = {f"bench {name.strip()}" for name in steps[1].split(",")}
    known |= {name for name in SCREENS if re.fullmatch(r"E\d\d", name)} | set(
        re.findall(r"^    (E\d\d)  ", sources["main.py"], re.MULTILINE)
    )
    known |= {f"no {name}" for name in re.findall(r'_part\("(\w+)"', sources["esp32s3.py"])}
    known |= set(re.findall(r'count\("(\w+)"\)', everything))
    known |= {text.replace("%d", "N") for text in re.findall(r'\.log\("([^"%]*%d[^"%]*)"', everything)}
    return known | set(EVENTS.values()) | set(COMMANDS) | {"power", "watchdog", "reset", "crash"}


def test_every_step_and_code_of_the_page_exists_in_the_firmware():
    known = told()
    assert {"E01", "E06", "no clock", "key N is stuck", "bench ethernet", "clock_errors", "selftest"} <= known
    said = [row[-1] for row in rows("| step | expected | says |") + rows("| step | what happens | expected | says |")]
    said += [row[-1] for row in NETS] + [row[0] for row in rows("| step | what happens | expected | if not |")]
    assert len(said) > 40
    for cell in said:
        for word in re.findall(r"`([^`]+)`", cell):
            assert word in known, f"{word}: neither bench test nor firmware say that"


def test_every_step_of_the_bench_test_is_explained():
    steps = {word for word in told() if word.startswith("bench ")}
    assert {row[0].strip("`") for row in rows("| step | what happens | expected | if not |")} == steps


def test_the_figures_of_the_page_are_those_of_the_map():
    limits, buses = PINS.limits, PINS.buses
    for figure in (
        f"{limits.usb_min_v:.1f} to {limits.usb_max_v} V", f"{limits.rail_3v3_min_v} to {limits.rail_3v3_max_v} V",
        f"below {limits.rail_3v3_ripple_mv} mV", f"low below {limits.key_low_max_v} V",
        f"{buses.tft.hz // 10**6} MHz in bursts of 8 rows",
        f"{buses.eth.hz // 10**6} MHz in bursts, mode {buses.eth.mode}",
        f"{buses.i2c.hz // 1000} kHz", f"0x{buses.i2c.ds3231:02x}", f"0x{buses.i2c.atecc608b:02x}",
        f"{buses.buzzer.hz / 1000} kHz", f"{buses.backlight.hz // 1000} kHz, high for {buses.backlight.duty_pct} %",
        f"{buses.voice.hz // 1000} kHz while it speaks", f"{buses.console.baud:,} baud", f"{PINS.stars_ma:.0f} mA more",
        f"{buses.stars.zero_high_ns / 1000} µs or {buses.stars.one_high_ns / 1000} µs, ± {buses.stars.tolerance_ns} ns",
        f"{(limits.key_pull_up_ohm + 1000) / 1000:.1f} kΩ", f"{limits.i2c_pull_up_ohm / 1000} kΩ each",
    ):  # fmt: skip
        assert figure in PAGE, figure


def test_the_safety_notes_have_the_supply_of_the_map_and_name_what_is_not_done():
    text = (pinout.ROOT / "hardware" / "safety.md").read_text(encoding="utf-8")
    assert f"{PINS.limits.usb_max_v} V" in text and f"{PINS.limits.usb_ma} mA" in text
    for word in ("CR2032", "儿童", "PoE", "CCC", "SRRC", "GB 4943.1-2022", "未做", "220 V"):
        assert word in text, word
