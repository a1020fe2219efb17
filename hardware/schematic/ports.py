"""Which nets lead from sheet to sheet, and which way their signals run."""

from collections.abc import Iterable
from functools import cache

from hardware.circuit.netlist import pin_nets
from hardware.part import Block
from hardware.schematic.marks import POWER
from hcp import pinout

#: Signals that the pin map does not have, as the module sees them.
_FIXED = {"EN": "in", "BOOT": "in", "UART_TX": "out", "UART_RX": "in", "USB_DP": "io", "USB_DM": "io"}
_SHAPES = {"in": "input", "out": "output", "io": "bidirectional"}
_OTHER = {"input": "output", "output": "input", "bidirectional": "bidirectional"}


def ports(blocks: Iterable[Block]) -> dict[str, tuple[str, ...]]:
    """Each net that more than one block has, supplies apart, and the names of its blocks, in their order."""
    found: dict[str, list[str]] = {}
    for block in blocks:
        nets = {net for part in block.parts for net in pin_nets(part).values() if net is not None}
        for net in sorted(nets - POWER.keys()):
            found.setdefault(net, []).append(block.name)
    return {net: tuple(names) for net, names in found.items() if len(names) > 1}


def shape(net: str, block: str) -> str:
    """KiCad's word for the way a net's signal runs at a block: ``input``, ``output`` or ``bidirectional``."""
    own = _SHAPES[_directions().get(net, "io")]
    return own if block == "mcu" else _OTHER[own]


@cache
def _directions() -> dict[str, str]:
    pins = pinout.parse(pinout.SOURCE.read_text(encoding="utf-8"))
    return _FIXED | {pin.net: pin.direction for pin in pins}
