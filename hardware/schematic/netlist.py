"""KiCad's netlist of the drawn schematic, and where it differs from the circuit that the schematic was drawn from."""

from collections.abc import Iterable, Mapping

from hardware.circuit.blocks import BLOCKS
from hardware.circuit.netlist import Node, pin_nets
from hardware.part import Block, HardwareError
from hardware.schematic.project import net_names, open_name
from hardware.sexp import find_all, need, parse

Pins = frozenset[Node]


def read(text: str) -> dict[str, Pins]:
    """The nets of a netlist in KiCad's own format, and their pins."""
    nets = need(parse(text), "nets")
    return {
        str(need(net, "name")[1]): frozenset(
            (str(need(node, "ref")[1]), str(need(node, "pin")[1])) for node in find_all(net, "node")
        )
        for net in find_all(nets, "net")
    }


def wanted(blocks: Iterable[Block] = BLOCKS) -> dict[str, Pins]:
    """What the netlist has to be, in KiCad's names; each pin that stays open is a net of its own."""
    blocks = tuple(blocks)
    names = net_names(blocks)
    nets: dict[str, set[Node]] = {}
    for block in blocks:
        for part in block.parts:
            for number, net in pin_nets(part).items():
                name = names[net] if net else open_name(part.symbol, part.ref, number)
                nets.setdefault(name, set()).add((part.ref, number))
    return {name: frozenset(pins) for name, pins in nets.items()}


def compare(circuit: Mapping[str, Pins], drawn: Mapping[str, Pins]) -> None:
    """Raises HardwareError that names every net that is called otherwise, or has other pins, than in the circuit."""
    by_pins = {pins: name for name, pins in drawn.items()}
    wrong = []
    for name, pins in sorted(circuit.items()):
        if drawn.get(name) == pins:
            continue
        other = by_pins.get(pins)
        if other is not None:
            wrong.append(f"net {name} of the circuit is called {other} in the schematic")
        elif name not in drawn:
            wrong.append(f"net {name} is not in the schematic; it should join {_list(pins)}")
        else:
            lacks, extra = pins - drawn[name], drawn[name] - pins
            wrong.append(
                f"net {name} of the schematic"
                + (f" does not reach {_list(lacks)}" if lacks else "")
                + (" and" if lacks and extra else "")
                + (f" reaches {_list(extra)} as well" if extra else "")
            )
    known = set(circuit) | {by_pins[pins] for pins in circuit.values() if pins in by_pins}
    wrong += [f"net {name} of the schematic is none of the circuit's" for name in sorted(drawn.keys() - known)]
    if wrong:
        raise HardwareError("; ".join(wrong))


def _list(pins: Iterable[Node]) -> str:
    return ", ".join(f"{ref} pin {number}" for ref, number in sorted(pins))
