"""What has to be true of the circuit, whatever it is drawn or routed like. Each complaint is a sentence that names the
net, the part and the pin."""

import tomllib
from collections.abc import Iterable

from hardware import library
from hardware.circuit.blocks import BLOCKS
from hardware.circuit.netlist import Circuit, circuit, pin_nets
from hardware.part import Block, HardwareError, Part
from hcp import pinout

MODULE = "U1"

#: Pins of the module that the pin map keeps for something else, and the net they are for; all others stay open.
RESERVED_NETS = {"IO0": "BOOT", "USB_D-": "USB_DM", "USB_D+": "USB_DP", "TXD0": "UART_TX", "RXD0": "UART_RX"}

#: What the module's symbol calls a GPIO that it does not call IO and its number.
_NAMES = {19: "USB_D-", 20: "USB_D+", 43: "TXD0", 44: "RXD0"}


def check(blocks: Iterable[Block] = BLOCKS, pins: str | None = None) -> Circuit:
    """The circuit, or HardwareError with every complaint. ``pins``: the text of the pin map, the tree's own if None."""
    blocks = tuple(blocks)
    pins = pinout.SOURCE.read_text(encoding="utf-8") if pins is None else pins
    whole = circuit(blocks)
    wrong = [
        *_lonely(whole), *_without_pad(whole), *_pin_map(whole, pins), *_undecoupled(blocks), *_without_stock(whole),
    ]  # fmt: skip
    if wrong:
        raise HardwareError("; ".join(wrong))
    return whole


def _lonely(whole: Circuit) -> list[str]:
    return [
        f"net {net} has one pin only, {ref} pin {number}: join it to something, or leave the pin out"
        for net, ((ref, number), *others) in whole.nets.items()
        if not others
    ]


def _without_pad(whole: Circuit) -> list[str]:
    wrong = []
    for part in whole.parts.values():
        pads = {pad.number for pad in library.pads(part.footprint)} - {""}
        pins = {pin.number for pin in library.pins(part.symbol)}
        if pads != pins:
            wrong.append(
                f"{part.ref}: {part.symbol} and {part.footprint} do not fit: pins without a pad {sorted(pins - pads)},"
                f" pads without a pin {sorted(pads - pins)}"
            )
    return wrong


def _pin_map(whole: Circuit, pins: str) -> list[str]:
    """Every net of the pin map reaches exactly its own pin of the module, and no reserved pin is joined otherwise."""
    nets = pin_nets(whole.parts[MODULE])
    joined = {pin.name: nets[pin.number] for pin in library.pins(whole.parts[MODULE].symbol)}
    wanted = {f"IO{pin.gpio}": pin.net for pin in pinout.parse(pins)}
    wrong = []
    for name, net in wanted.items():
        at = [other for other, its in joined.items() if its == net]
        if at != [name]:
            wrong.append(f"net {net} belongs to {MODULE} pin {name} (pinout.toml), it is at {', '.join(at) or 'none'}")
        elif len(whole.nets[net]) < 2:
            wrong.append(f"net {net} of pinout.toml ends at {MODULE} pin {name}")
    for number, why in tomllib.loads(pins)["reserved"].items():
        name = _NAMES.get(int(number), f"IO{number}")
        got = joined.get(name)
        if name in joined and got != RESERVED_NETS.get(name):
            wrong.append(f"{MODULE} pin {name} is reserved ({why}), it is joined to {got}")
    return wrong


def _undecoupled(blocks: Iterable[Block]) -> list[str]:
    """In its block, a supply net has at least as many capacitors to GND as parts that it feeds, in every variant."""
    wrong = []
    for block in blocks:
        for option in {part.option for part in block.parts}:
            parts = [part for part in block.parts if part.option in ("", option)]
            for net in sorted(_supplies(parts)):
                fed = [part.ref for part in parts if net in _supplies([part])]
                near = [part.ref for part in parts if set(part.nets.values()) == {net, "GND"} and part.ref[0] == "C"]
                if len(near) < len(fed):
                    wrong.append(
                        f"{net} feeds {', '.join(fed)} in {block.name} but has {len(near)} capacitors there: give each"
                        " its own"
                    )
    return wrong


def _supplies(parts: Iterable[Part]) -> set[str]:
    found = set()
    for part in parts:
        nets = pin_nets(part)
        found |= {nets[pin.number] for pin in library.pins(part.symbol) if pin.kind == "power_in"}
    return {net for net in found if net not in (None, "GND")}


def _without_stock(whole: Circuit) -> list[str]:
    bare = ("Mechanical:", "Connector:TestPoint")
    return [
        f"{part.ref} ({part.value}) has no stock key"
        for part in whole.parts.values()
        if not part.stock and not part.symbol.startswith(bare)
    ]
