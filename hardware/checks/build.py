"""Pins and measures are right, and the firmware has the pins of this tree."""

from pathlib import Path

from hardware import agreement, dimensions
from hardware.part import HardwareError
from hcp import pinout


def build(_out: Path) -> str:
    board = dimensions.read().board
    pins = firmware_pins(pinout.SOURCE.read_text(encoding="utf-8"), pinout.TARGET.read_text(encoding="utf-8"))
    readers = agreement.check(pinout.read())
    return f"{pins} pins, {readers} readers have the same; board {board.width:g} x {board.height:g} mm"


def firmware_pins(source: str, module: str) -> int:
    """How many pins the map has. Raises HardwareError if it is wrong, or not what the firmware's module was written
    from, naming what differs."""
    try:
        pins = pinout.load(source)
    except pinout.PinoutError as error:
        raise HardwareError(f"pinout.toml: {error}") from error
    wanted, found = (set(text.splitlines()) for text in (pinout.render(pins), module))
    if wanted != found:
        names = sorted({line.split(" = ")[0] for line in wanted ^ found})
        raise HardwareError(
            f"pinout.toml and firmware/boards/pins.py disagree about {', '.join(names)};"
            " if the map is right, run: python -m hcp.pinout"
        )
    return len(pins.pins)
