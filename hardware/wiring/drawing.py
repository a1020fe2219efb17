"""A group of the harness in WireViz's words: connectors, bundles of wires, and who is joined to whom."""

from collections.abc import Sequence
from typing import Any

from hardware.wiring.harness import POWER, RAILS, Controller, Group, Module, Wire

#: Colours as WireViz writes them (IEC 60757). Power has its own everywhere; signals take the others in turn.
POWER_COLOURS = {"+5V": "RD", "+3V3": "OG", "GND": "BK"}
COLOURS = ("YE", "GN", "BU", "VT", "WH", "BN", "GY", "PK")
RAIL = Module(RAILS, "breadboard rails", "", {label: net for net, label in POWER.items()})


def words(group: Group, controller: Controller) -> dict[str, Any]:
    """The whole input of WireViz for one picture."""
    colours = _colours(group)
    bundles = _bundles(group.wires)
    cables, connections = {}, []
    for number, wires in enumerate(bundles, 1):
        cables[f"W{number}"] = {
            "category": "bundle",
            "show_name": False,
            "show_wirecount": False,
            "ignore_in_bom": True,
            "colors": [colours[wire.net] for wire in wires],
            "wirelabels": [wire.net for wire in wires],
        }
        connections.append([
            {wires[0].source: [_pin(wire.place or wire.source_pin) for wire in wires]},
            {f"W{number}": list(range(1, len(wires) + 1))},
            {wires[0].target: [_pin(wire.target_pin) for wire in wires]},
        ])  # fmt: skip
    return {
        "metadata": {"title": group.title},
        "options": {"fontname": "DejaVu Sans", "bgcolor_connector": "WH", "bgcolor_bundle": "WH"},
        "connectors": _connectors(group, controller),
        "cables": cables,
        "connections": connections,
    }


def _colours(group: Group) -> dict[str, str]:
    signals = list(dict.fromkeys(wire.net for wire in group.wires if wire.net not in POWER))
    return POWER_COLOURS | {net: COLOURS[index % len(COLOURS)] for index, net in enumerate(signals)}


def _bundles(wires: Sequence[Wire]) -> list[list[Wire]]:
    """The wires between two parts, together."""
    bundles: dict[tuple[str, str], list[Wire]] = {}
    for wire in wires:
        bundles.setdefault((wire.source, wire.target), []).append(wire)
    return list(bundles.values())


def _connectors(group: Group, controller: Controller) -> dict[str, Any]:
    found: dict[str, Any] = {}
    labels = {wire.place: wire.source_pin for wire in group.wires if wire.place}
    if labels:
        places = sorted(labels, key=lambda place: (place[:2], int(place[3:])))
        found[controller.ref] = {
            "type": controller.what, "pins": places, "pinlabels": [labels[place] for place in places],
            "show_pincount": False,
        }  # fmt: skip
    rails = {wire.source_pin for wire in group.wires if wire.source == RAILS}
    if rails:
        found[RAILS] = _connector(RAIL, rails) | {"ignore_in_bom": True}
    for module in group.modules:
        found[module.ref] = _connector(module, set(module.pins))
    return found


def _connector(module: Module, used: set[str]) -> dict[str, Any]:
    pins = [pin for pin in module.pins if pin in used]
    nets = [module.pins[pin] for pin in pins]
    return {"type": module.what, "pins": [_pin(pin) for pin in pins], "pinlabels": nets, "show_pincount": False}


def _pin(label: str) -> int | str:
    """WireViz reads a number as one, wherever it stands."""
    return int(label) if label.isdecimal() else label
