"""The pin map: read and check hardware/pinout.toml, and write the firmware's constants from it.

python -m hcp.pinout          # writes firmware/boards/pins.py
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "hardware" / "pinout.toml"
TARGET = ROOT / "firmware" / "boards" / "pins.py"

#: GPIOs that an ESP32-S3 has; 22 to 25 do not exist, 26 to 32 are its flash.
GPIOS = (*range(22), *range(33, 49))
DIRECTIONS = ("in", "out", "io")
_HEAD = '''"""Pins of the device, by net. Written by `python -m hcp.pinout` from hardware/pinout.toml; change that."""

'''


class PinoutError(ValueError):
    """The pin map cannot be built; the text names every net that is wrong."""


@dataclass(frozen=True)
class Pin:
    net: str
    gpio: int
    direction: str
    pull: str = ""
    note: str = ""


def parse(text: str) -> tuple[Pin, ...]:
    """The pins of a map in TOML, in its order. Raises PinoutError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PinoutError(f"not TOML: {error}") from error
    reserved = {int(gpio): why for gpio, why in table["reserved"].items()}
    pins: list[Pin] = []
    wrong: list[str] = []
    used: dict[int, str] = {}
    for net, row in table["pins"].items():
        unknown = sorted(row.keys() - {"gpio", "dir", "pull", "note"})
        pin = Pin(net, row["gpio"], row["dir"], row.get("pull", ""), row.get("note", ""))
        if unknown:
            wrong.append(f"{net}: knows gpio, dir, pull and note, got {', '.join(unknown)}")
        if pin.gpio not in GPIOS:
            wrong.append(f"{net}: an ESP32-S3 has no free GPIO{pin.gpio}")
        if pin.gpio in reserved:
            wrong.append(f"{net}: GPIO{pin.gpio} is reserved: {reserved[pin.gpio]}")
        if pin.gpio in used:
            wrong.append(f"{net}: GPIO{pin.gpio} is {used[pin.gpio]} already")
        if pin.direction not in DIRECTIONS:
            wrong.append(f"{net}: dir is one of {', '.join(DIRECTIONS)}, got {pin.direction!r}")
        used[pin.gpio] = net
        pins.append(pin)
    if wrong:
        raise PinoutError("; ".join(wrong))
    return tuple(pins)


def render(pins: tuple[Pin, ...]) -> str:
    """firmware/boards/pins.py: a constant for each net, and the keys as one tuple."""
    by_net = {pin.net: pin for pin in pins}
    keys = [by_net.pop(f"BTN{number}").gpio for number in range(1, 6)]
    lines = [f"BTN = ({', '.join(map(str, keys))})  # one star to five; low while pressed"]
    lines += [f"{pin.net} = {pin.gpio}{f'  # {pin.note}' if pin.note else ''}" for pin in by_net.values()]
    return _HEAD + "\n".join(lines) + "\n"


def main() -> None:
    TARGET.write_text(render(parse(SOURCE.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
