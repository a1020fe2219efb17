"""What the breadboard device is joined of: ``modules.toml`` read, checked, and its wires found by ``pinout.toml``.

A wire goes from the controller's header to the module for a net of the pin map, from a rail for power, and from the
part that is named first for a net that only this group has.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardware.part import HardwareError
from hcp.pinout import Pinout

SOURCE = Path(__file__).resolve().parent / "modules.toml"
#: Net → pin of the rails and of the controller.
POWER = {"+5V": "5V", "+3V3": "3V3", "GND": "GND"}
RAILS = "RAILS"
_CONTROLLER = {"ref", "what", "buy", "J1", "J3"}
_GROUP = {"name", "title", "words", "module", "length_cm", "gauge_mm2"}
_MODULE = {"ref", "what", "buy", "pins", "number"}


@dataclass(frozen=True)
class Module:
    """``pins``: printed label → net; ``number``: how many of it to buy."""

    ref: str
    what: str
    buy: str
    pins: Mapping[str, str]
    number: int = 1


@dataclass(frozen=True)
class Controller:
    """``headers``: name of the header → what is printed at its pins, from the first."""

    ref: str
    what: str
    buy: str
    headers: Mapping[str, tuple[str, ...]]

    def place(self, label: str) -> str:
        """Where a label is found first, as ``J1-4``. Raises HardwareError."""
        for header, labels in self.headers.items():
            if label in labels:
                return f"{header}-{labels.index(label) + 1}"
        raise HardwareError(f"modules.toml: the {self.what} has no pin {label}; is its header typed wrongly?")


@dataclass(frozen=True)
class Wire:
    """``source`` and ``target`` are refs, their pins labels; ``place`` is the controller's pin, as ``J1-4``."""

    net: str
    source: str
    source_pin: str
    target: str
    target_pin: str
    place: str = ""


@dataclass(frozen=True)
class Group:
    """What is wired in one sitting and drawn in one picture."""

    name: str
    title: str
    words: str
    length_cm: int
    gauge_mm2: float
    modules: tuple[Module, ...]
    wires: tuple[Wire, ...]


@dataclass(frozen=True)
class Harness:
    controller: Controller
    groups: tuple[Group, ...]

    def gpios(self) -> dict[str, int]:
        """Net → GPIO, as the wires have it."""
        return {
            wire.net: int(wire.source_pin.removeprefix("GPIO"))
            for group in self.groups
            for wire in group.wires
            if wire.source_pin.startswith("GPIO")
        }


def read(pinout: Pinout) -> Harness:
    """The harness of this tree."""
    return load(SOURCE.read_text(encoding="utf-8"), pinout)


def load(text: str, pinout: Pinout) -> Harness:
    """Raises HardwareError: a net that leads nowhere, a net of the pin map without a module, an unknown word."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise HardwareError(f"modules.toml: not TOML: {error}") from error
    table = tables.get("controller", {})
    _known("controller", table, _CONTROLLER, _CONTROLLER)
    headers = {name: tuple(table[name]) for name in ("J1", "J3")}
    controller = Controller(table["ref"], table["what"], table["buy"], headers)
    gpios = {pin.net: pin.gpio for pin in pinout.pins}
    groups = tuple(_group(row, controller, gpios) for row in tables.get("group", []))
    joined = {net for group in groups for module in group.modules for net in module.pins.values()}
    if missing := [net for net in gpios if net not in joined]:
        raise HardwareError(f"modules.toml: no module is joined to {', '.join(missing)} of pinout.toml")
    refs = [module.ref for group in groups for module in group.modules]
    if doubled := sorted({ref for ref in refs if refs.count(ref) > 1}):
        raise HardwareError(f"modules.toml: {', '.join(doubled)} is there more than once")
    return Harness(controller, groups)


def _group(row: dict[str, Any], controller: Controller, gpios: Mapping[str, int]) -> Group:
    name = str(row.get("name", "a group"))
    _known(name, row, _GROUP, {"name", "title", "words", "module"})
    modules = []
    for entry in row["module"]:
        _known(str(entry.get("ref", f"a module of {name}")), entry, _MODULE, _MODULE - {"number"})
        modules.append(Module(**entry))
    words = row["words"].strip()
    wires = tuple(_wires(name, modules, controller, gpios))
    return Group(name, row["title"], words, row.get("length_cm", 20), row.get("gauge_mm2", 0.14), tuple(modules), wires)


def _wires(group: str, modules: list[Module], controller: Controller, gpios: Mapping[str, int]) -> list[Wire]:
    wires = []
    first: dict[str, tuple[str, str]] = {}
    alone: set[str] = set()
    for module in modules:
        for pin, net in module.pins.items():
            if net in gpios:
                label = f"GPIO{gpios[net]}"
                wires.append(Wire(net, controller.ref, label, module.ref, pin, controller.place(label)))
            elif net in POWER and module.ref == RAILS:
                label = POWER[net]
                wires.append(Wire(net, controller.ref, label, module.ref, pin, controller.place(label)))
            elif net in POWER:
                wires.append(Wire(net, RAILS, POWER[net], module.ref, pin))
            elif net in first:
                wires.append(Wire(net, *first[net], module.ref, pin))
                alone.discard(net)
            else:
                first[net] = module.ref, pin
                alone.add(net)
    if alone:
        named = ", ".join(f"{net} ({first[net][0]} {first[net][1]})" for net in sorted(alone))
        raise HardwareError(
            f"modules.toml: in {group}, {named} leads nowhere: not in pinout.toml, and no other part has it"
        )
    return wires


def _known(name: str, table: dict[str, Any], known: set[str], needed: set[str]) -> None:
    if unknown := sorted(table.keys() - known):
        raise HardwareError(f"modules.toml: {name}: {', '.join(unknown)} is unknown")
    if missing := sorted(needed - table.keys()):
        raise HardwareError(f"modules.toml: {name} lacks {', '.join(missing)}")
