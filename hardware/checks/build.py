"""Pins and measures are right, and the firmware has the pins of this tree."""

from pathlib import Path

from hardware import dimensions
from hardware.part import HardwareError
from hcp import pinout


def build(_out: Path) -> str:
    try:
        pins = pinout.parse(pinout.SOURCE.read_text(encoding="utf-8"))
    except pinout.PinoutError as error:
        raise HardwareError(f"pinout.toml: {error}") from error
    if pinout.TARGET.read_text(encoding="utf-8") != pinout.render(pins):
        raise HardwareError("firmware/boards/pins.py is not what pinout.toml says; run: python -m hcp.pinout")
    board = dimensions.read().board
    return f"{len(pins)} pins, the firmware's are the same; board {board.width:g} x {board.height:g} mm"
