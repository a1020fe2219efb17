"""Whether everybody who writes a pin down writes the one of ``pinout.toml``: firmware, circuit, wiring and bring-up.

Firmware, circuit and wiring are made from the map; what is compared here is what lies in the tree, so that a file that
was changed by hand, or not made anew, is named with its net.
"""

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from hardware.circuit.blocks import BLOCKS
from hardware.part import Block, HardwareError
from hcp.pinout import KEYS, ROOT, TARGET, Pinout

WIRING = ROOT / "hardware" / "wiring" / "connections.md"
BRING_UP = ROOT / "hardware" / "bring-up.md"
_MODULE = "U1"
_WIRE = re.compile(r"^\| `(\w+)` \| \w+ \| J\d-\d+ · GPIO(\d+) \|")
_ROW = re.compile(r"^\| `(\w+)` \| (\d+) \|")

Pins = dict[str, int]


def firmware(text: str) -> Pins:
    """Of ``firmware/boards/pins.py``: its tuple of keys and its integers."""
    found: Pins = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = ast.literal_eval(node.value)
            found.update(zip(KEYS, value, strict=False) if isinstance(value, tuple) else {node.targets[0].id: value})
    return found


def circuit(blocks: Iterable[Block] = BLOCKS) -> Pins:
    """Of the ESP32's pins in the circuit, those with a number."""
    nets = [part.nets for block in blocks for part in block.parts if part.ref == _MODULE]
    return {net: int(pin[2:]) for of in nets for pin, net in of.items() if re.fullmatch(r"IO\d+", pin)}


def wiring(text: str) -> Pins:
    """Of the breadboard guide's table of all wires."""
    return _rows(text, _WIRE)


def bring_up(text: str) -> Pins:
    """Of the bring-up guide's table of all nets."""
    return _rows(text, _ROW)


def _rows(text: str, row: re.Pattern[str]) -> Pins:
    return {match[1]: int(match[2]) for line in text.splitlines() if (match := row.match(line))}


def complaints(pinout: Pinout, reader: str, found: Mapping[str, int]) -> list[str]:
    """Each net that ``reader`` lacks or has elsewhere. What it has besides is its own."""
    return [
        f"{reader} has {pin.net} at {f'GPIO{found[pin.net]}' if pin.net in found else 'no GPIO'},"
        f" pinout.toml at GPIO{pin.gpio}"
        for pin in pinout.pins
        if found.get(pin.net) != pin.gpio
    ]


#: Reader → how to read it.
READERS: dict[str, Callable[[], Pins]] = {
    "firmware/boards/pins.py": lambda: firmware(_text(TARGET)),
    "hardware/circuit": circuit,
    "hardware/wiring/connections.md": lambda: wiring(_text(WIRING)),
    "hardware/bring-up.md": lambda: bring_up(_text(BRING_UP)),
}


def check(pinout: Pinout) -> int:
    """How many readers agree. Raises HardwareError, naming reader, net and both GPIOs."""
    wrong = [line for reader, read in READERS.items() for line in complaints(pinout, reader, read())]
    if wrong:
        raise HardwareError("; ".join(wrong))
    return len(READERS)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
