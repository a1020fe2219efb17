"""Which pins are joined: the blocks' nets, resolved to pin numbers by the symbols."""

from collections.abc import Iterable
from dataclasses import dataclass

from hardware import library
from hardware.circuit.blocks import BLOCKS
from hardware.part import Block, HardwareError, Part

#: A pin: the part's reference and the pin's number.
Node = tuple[str, str]


@dataclass(frozen=True)
class Circuit:
    """``nets``: net to its pins, both sorted; pins that are on no net are in none of them."""

    parts: dict[str, Part]
    nets: dict[str, tuple[Node, ...]]

    def net_of(self, ref: str, number: str) -> str | None:
        """The net of a pin, or None if it stays open."""
        return pin_nets(self.parts[ref])[number]


def circuit(blocks: Iterable[Block] = BLOCKS) -> Circuit:
    """The whole circuit. Raises HardwareError, naming the part, for a pin that its symbol does not have, and for a
    reference used twice."""
    parts: dict[str, Part] = {}
    nets: dict[str, list[Node]] = {}
    for block in blocks:
        for part in block.parts:
            if part.ref in parts:
                raise HardwareError(f"{part.ref} is used twice, as {parts[part.ref].value} and as {part.value}")
            parts[part.ref] = part
            for number, net in pin_nets(part).items():
                if net is not None:
                    nets.setdefault(net, []).append((part.ref, number))
    return Circuit(parts, {net: tuple(sorted(nodes)) for net, nodes in sorted(nets.items())})


def pin_nets(part: Part) -> dict[str, str | None]:
    """Each pin number of a part and its net; None for a pin that stays open. A number goes before a name."""
    pins = library.pins(part.symbol)
    known = {pin.number for pin in pins} | {pin.name for pin in pins}
    unknown = sorted(part.nets.keys() - known)
    if unknown:
        raise HardwareError(
            f"{part.ref} ({part.symbol}) has no pin {', '.join(unknown)}; it has"
            f" {', '.join(sorted(pin.name + '=' + pin.number for pin in pins))}"
        )
    return {pin.number: part.nets.get(pin.number, part.nets.get(pin.name)) for pin in pins}
