"""The pin map: read and check hardware/pinout.toml, and write the firmware's constants from it.

python -m hcp.pinout          # writes firmware/boards/pins.py
"""

import re
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "hardware" / "pinout.toml"
TARGET = ROOT / "firmware" / "boards" / "pins.py"

#: GPIOs that an ESP32-S3 has; 22 to 25 do not exist, 26 to 32 are its flash.
GPIOS = (*range(22), *range(33, 49))
#: Those that no map may leave out of its ``[reserved]``, and why.
TAKEN = {
    **dict.fromkeys((0, 3, 45, 46), "a strap"),
    **dict.fromkeys((19, 20), "USB"),
    **dict.fromkeys(range(33, 38), "octal flash and PSRAM of an R8 module"),
    **dict.fromkeys((43, 44), "the console"),
}
DIRECTIONS = ("in", "out", "io")
PULLS = ("", "up", "down")
KEYS = tuple(f"BTN{number}" for number in range(1, 6))
_MODULE = re.compile(r"ESP32-S3-[A-Z0-9-]+")
_NET = re.compile(r"[A-Z][A-Z0-9_]*")
_HEAD = '''"""Pins by net, and how the buses run. Written by `python -m hcp.pinout` from hardware/pinout.toml.

All but BTN are integers, which go into the code where they are named and cost a device nothing."""

'''


class PinoutError(ValueError):
    """The pin map cannot be built; the text names every net and value that is wrong."""


@dataclass(frozen=True)
class Pin:
    net: str
    gpio: int
    direction: str
    pull: str = ""
    note: str = ""


def _within(least: float, most: float, told: bool = True) -> Any:
    """A value's range, and whether the firmware is told: some of it decides what only hosts and workshops need."""
    return field(metadata={"least": least, "most": most, "told": told})


@dataclass(frozen=True)
class Limits:
    """What pins and rails bear, and what they need. The reasons stand beside the values."""

    usb_min_v: float = _within(4.0, 5.0)
    usb_max_v: float = _within(5.0, 5.5)
    usb_ma: int = _within(100, 3000)
    rail_3v3_v: float = _within(3.3, 3.3)
    rail_3v3_min_v: float = _within(3.0, 3.3)
    rail_3v3_max_v: float = _within(3.3, 3.6)
    rail_3v3_ripple_mv: int = _within(5, 200)
    gpio_drive_ma: int = _within(5, 40)
    gpio_low_max_v: float = _within(0.3, 0.9)
    gpio_high_min_v: float = _within(2.0, 3.0)
    key_low_max_v: float = _within(0.1, 0.82)
    key_pull_up_ohm: int = _within(1000, 100000)
    i2c_pull_up_ohm: int = _within(1000, 10000)
    star_full_ma: int = _within(20, 60)
    cell_min_v: float = _within(2.3, 3.0)
    speaker_ohm: int = _within(4, 32)


@dataclass(frozen=True)
class Spi:
    """``mode`` is 0, the one that the firmware does not have to ask for."""

    host: int = _within(1, 2)
    hz: int = _within(1_000_000, 80_000_000)
    mode: int = _within(0, 0, told=False)


@dataclass(frozen=True)
class EthSpi:
    """Speed and mode are those of the port's own driver (`network_lan.c`: 36 MHz on an ESP32-S3)."""

    host: int = _within(1, 2)
    hz: int = _within(36_000_000, 36_000_000, told=False)
    mode: int = _within(0, 0, told=False)


@dataclass(frozen=True)
class I2c:
    host: int = _within(0, 1)
    hz: int = _within(10_000, 400_000)
    ds3231: int = _within(0x68, 0x68)
    atecc608b: int = _within(0x08, 0x77, told=False)


@dataclass(frozen=True)
class Stars:
    """A bit's times differ from the data sheet's by ``tolerance_ns`` at most."""

    count: int = _within(5, 5)
    brightest: int = _within(1, 255)
    zero_high_ns: int = _within(250, 550)
    zero_low_ns: int = _within(700, 1000)
    one_high_ns: int = _within(650, 950)
    one_low_ns: int = _within(300, 600)
    tolerance_ns: int = _within(50, 150, told=False)
    latch_us: int = _within(50, 1000, told=False)


@dataclass(frozen=True)
class Pwm:
    hz: int = _within(100, 40_000)
    duty_pct: int = _within(1, 100)


@dataclass(frozen=True)
class I2s:
    hz: int = _within(8_000, 48_000)
    bits: int = _within(16, 16)


@dataclass(frozen=True)
class Uart:
    baud: int = _within(115_200, 115_200, told=False)


@dataclass(frozen=True)
class Buses:
    tft: Spi
    eth: EthSpi
    i2c: I2c
    stars: Stars
    buzzer: Pwm
    backlight: Pwm
    voice: I2s
    console: Uart


@dataclass(frozen=True)
class Pinout:
    module: str
    reserved: dict[int, str]
    pins: tuple[Pin, ...]
    limits: Limits
    buses: Buses

    @property
    def stars_ma(self) -> float:
        """All stars at once, as bright as they get."""
        stars = self.buses.stars
        return stars.count * self.limits.star_full_ma * stars.brightest / 255


def read() -> Pinout:
    """The map of this tree."""
    return load(SOURCE.read_text(encoding="utf-8"))


def parse(text: str) -> tuple[Pin, ...]:
    """The pins of a map in TOML, in its order. Raises PinoutError."""
    return load(text).pins


def load(text: str) -> Pinout:
    """A map in TOML. Raises PinoutError, naming all that is wrong with it."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PinoutError(f"pinout.toml: not TOML: {error}") from error
    known = ("module", "reserved", "limits", "buses", "pins")
    wrong = [f"{name}: unknown" for name in tables if name not in known]
    module = tables.get("module")
    if not isinstance(module, str) or not _MODULE.fullmatch(module):
        wrong.append(f"module: expected the name of an ESP32-S3 module, got {module!r}")
    reserved = _reserved(_table(tables, "reserved", wrong), wrong)
    limits = _values(Limits, "limits", _table(tables, "limits", wrong), wrong)
    named = _table(tables, "buses", wrong)
    kinds: dict[str, Any] = {one.name: one.type for one in fields(Buses)}
    wrong += [f"[buses.{name}] is unknown" for name in named if name not in kinds]
    buses = {
        name: _values(kind, f"buses.{name}", _table(named, name, wrong, "buses."), wrong)
        for name, kind in kinds.items()
    }
    pins = _pins(_table(tables, "pins", wrong), reserved, wrong)
    if not wrong:
        wrong += _disorder(limits, buses["stars"])
    if wrong:
        raise PinoutError("; ".join(wrong))
    return Pinout(str(module), reserved, pins, limits, Buses(**buses))


def _table(tables: dict[str, Any], name: str, wrong: list[str], within: str = "") -> dict[str, Any]:
    """The table of that name; an empty one if there is none or something else."""
    table = tables.get(name, {})
    if isinstance(table, dict):
        return table
    wrong.append(f"[{within}{name}]: expected a table, got {table!r}")
    return {}


def _reserved(table: dict[str, Any], wrong: list[str]) -> dict[int, str]:
    reserved = {int(gpio): why for gpio, why in table.items() if gpio.isdecimal()}
    wrong += [f"[reserved] {gpio}: expected the number of a GPIO" for gpio in table if not gpio.isdecimal()]
    wrong += [f"[reserved] {gpio}: expected why, got {why!r}" for gpio, why in reserved.items() if not _is_line(why)]
    wrong += [f"[reserved] lacks GPIO{gpio}, {why}" for gpio, why in TAKEN.items() if gpio not in reserved]
    return reserved


def _is_line(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable()


def _pins(table: dict[str, Any], reserved: dict[int, str], wrong: list[str]) -> tuple[Pin, ...]:
    pins: list[Pin] = []
    used: dict[int, str] = {}
    for net, row in table.items():
        if not isinstance(row, dict):
            wrong.append(f"{net}: expected {{ gpio = ..., dir = ... }}, got {row!r}")
            continue
        if unknown := sorted(row.keys() - {"gpio", "dir", "pull", "note"}):
            wrong.append(f"{net}: knows gpio, dir, pull and note, got {', '.join(unknown)}")
        if not _NET.fullmatch(net):
            wrong.append(f"{net}: a net has capital letters, digits and _")
        gpio = row.get("gpio")
        if type(gpio) is not int:
            wrong.append(f"{net}: gpio is a number, got {gpio!r}")
            continue
        pin = Pin(net, gpio, row.get("dir", ""), row.get("pull", ""), row.get("note", ""))
        if gpio not in GPIOS:
            wrong.append(f"{net}: an ESP32-S3 has no free GPIO{gpio}")
        if gpio in reserved:
            wrong.append(f"{net}: GPIO{gpio} is reserved: {reserved[gpio]}")
        if gpio in used:
            wrong.append(f"{net}: GPIO{gpio} is {used[gpio]} already")
        if pin.direction not in DIRECTIONS:
            wrong.append(f"{net}: dir is one of {', '.join(DIRECTIONS)}, got {pin.direction!r}")
        if pin.pull not in PULLS:
            wrong.append(f"{net}: pull is up, down or left out, got {pin.pull!r}")
        if not _is_line(pin.note):
            wrong.append(f"{net}: note is a line of text, got {pin.note!r}")
        used[gpio] = net
        pins.append(pin)
    wrong += [f"{key}: the device has five keys, and this one has no pin" for key in KEYS if key not in table]
    return tuple(pins)


def _values(kind: Any, name: str, table: dict[str, Any], wrong: list[str]) -> Any:
    """The table as ``kind``; None if it is not one."""
    known = {one.name: one for one in fields(kind)}
    bad = [f"[{name}] {key} is unknown" for key in table if key not in known]
    for key, one in known.items():
        least, most = one.metadata["least"], one.metadata["most"]
        value = table.get(key)
        if value is None:
            bad.append(f"[{name}] {key} is missing")
        elif type(value) is not one.type and not (type(value) is int and one.type is float):
            bad.append(f"[{name}] {key}: expected {'a whole number' if one.type is int else 'a number'}, got {value!r}")
        elif not least <= value <= most:
            bad.append(f"[{name}] {key}: expected {least:,} to {most:,}, got {value:,}")
    wrong += bad
    return None if bad else kind(**table)


def _disorder(limits: Limits, stars: Stars) -> list[str]:
    """What cannot be true together."""
    wrong = []
    if limits.key_low_max_v > limits.gpio_low_max_v:
        wrong.append("[limits] key_low_max_v: a pressed key would not be low (gpio_low_max_v)")
    if limits.gpio_high_min_v > limits.rail_3v3_min_v:
        wrong.append("[limits] gpio_high_min_v: more than the rail has (rail_3v3_min_v)")
    if stars.count * limits.star_full_ma * stars.brightest / 255 > limits.usb_ma / 4:
        wrong.append("[buses.stars] brightest: all stars would take more than a quarter of what a USB port gives")
    return wrong


def render(pinout: Pinout) -> str:
    """firmware/boards/pins.py: a constant for each net, the keys as one tuple, and one for each value of a bus."""
    by_net = {pin.net: pin for pin in pinout.pins}
    keys = [by_net.pop(key).gpio for key in KEYS]
    lines = [f"BTN = ({', '.join(map(str, keys))})  # one star to five; low while pressed"]
    lines += [f"{pin.net} = {pin.gpio}{f'  # {pin.note}' if pin.note else ''}" for pin in by_net.values()]
    for bus in fields(Buses):
        values = getattr(pinout.buses, bus.name)
        told = [one.name for one in fields(values) if one.metadata["told"]]
        lines += ["", *(f"{bus.name}_{name}".upper() + f" = {getattr(values, name)}" for name in told)] if told else []
    return _HEAD + "\n".join(lines) + "\n"


def main() -> None:
    TARGET.write_text(render(read()), encoding="utf-8")


if __name__ == "__main__":
    main()
