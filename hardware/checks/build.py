"""Pins, measures and circuit are right, and the firmware has the pins of this tree."""

from pathlib import Path

from hardware import agreement, dimensions
from hardware.circuit.check import check
from hardware.part import HardwareError
from hardware.tool import ToolMissing
from hcp import pinout


def build(_out: Path) -> str:
    board = dimensions.read().board
    pins = firmware_pins(pinout.SOURCE.read_text(encoding="utf-8"), pinout.TARGET.read_text(encoding="utf-8"))
    readers = agreement.check(pinout.read())
    return f"{pins} pins, {readers} readers have the same; board {board.width:g} x {board.height:g} mm; {_circuit()}"


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


def _circuit() -> str:
    """What its checks found. They read KiCad's symbols; without those the schematic's step is left out by name."""
    try:
        circuit = check()
    except ToolMissing:
        return "the circuit waits for KiCad's libraries"
    return f"{len(circuit.parts)} parts on {len(circuit.nets)} nets"
