"""KiCad's symbols and footprints, and our own in ``hardware/lib``.

A library that stands in ``hardware/lib`` is read there (``Haochaping.kicad_sym``, ``Haochaping.pretty``); every other
one from KiCad's share folder, which ``KICAD_SHARE`` may move.
"""

import copy
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hardware.part import HardwareError
from hardware.sexp import Node, Text, find_all, need, parse
from hardware.tool import ToolMissing

OWN = Path(__file__).resolve().parent / "lib"
_SHARE = "/usr/share/kicad"


@dataclass(frozen=True)
class Pin:
    """A pin of a symbol: where its wire begins, in mm with y up, and ``angle``, the way from there into the body.

    ``unit`` is 0 for a pin that all units share. ``hidden`` pins lie on one of the same name and are joined with it.
    """

    number: str
    name: str
    kind: str
    x: float
    y: float
    angle: int
    unit: int
    hidden: bool


@dataclass(frozen=True)
class Pad:
    """A pad of a footprint: middle in mm (y down), ``kind`` smd, thru_hole or np_thru_hole. Without a number it is no
    pin: paste or a hole."""

    number: str
    kind: str
    shape: str
    x: float
    y: float
    angle: float
    width: float
    height: float
    drill: float


def share() -> Path:
    """The folder with ``symbols`` and ``footprints``."""
    return Path(os.environ.get("KICAD_SHARE", _SHARE))


def symbol(lib_id: str) -> Node:
    """A symbol as a schematic embeds it: called ``Library:Name``, what it extends already merged. A copy of its own."""
    return copy.deepcopy(_symbol(lib_id))


@cache
def pins(lib_id: str) -> tuple[Pin, ...]:
    """The pins of a symbol, in the order of the library."""
    found = []
    for body in find_all(_symbol(lib_id), "symbol"):
        unit, style = map(int, body[1].rsplit("_", 2)[1:])
        if style > 1:
            continue  # the De Morgan drawing of the same pins
        for pin in find_all(body, "pin"):
            x, y, angle = (float(value) for value in need(pin, "at")[1:4])
            hide = "hide" in pin or ["hide", "yes"] in pin
            found.append(Pin(need(pin, "number")[1], need(pin, "name")[1], pin[1], x, y, int(angle), unit, hide))
    return tuple(found)


@cache
def default_field(lib_id: str, name: str) -> str:
    """What the library says about a symbol: ``Datasheet``, ``Description``, ``Footprint``; ``""`` if nothing."""
    fields = {prop[1]: str(prop[2]) for prop in find_all(_symbol(lib_id), "property")}
    return fields.get(name, "").removeprefix("~")


def footprint(lib_id: str) -> Node:
    """A footprint as its file has it. A copy of its own."""
    return copy.deepcopy(_footprint(lib_id))


@cache
def pads(lib_id: str) -> tuple[Pad, ...]:
    """The pads of a footprint, in the order of its file."""
    found = []
    for pad in find_all(_footprint(lib_id), "pad"):
        x, y, *angle = (float(value) for value in need(pad, "at")[1:])
        width, height = (float(value) for value in need(pad, "size")[1:3])
        drill = next((float(size) for size in _drill(pad)), 0.0)
        found.append(Pad(str(pad[1]), pad[2], pad[3], x, y, angle[0] if angle else 0.0, width, height, drill))
    return tuple(found)


def symbol_file(library: str) -> Path:
    """Raises ToolMissing if KiCad's libraries are absent, HardwareError if they have none of that name."""
    return _file(f"{library}.kicad_sym", "symbols", "kicad-symbols")


def footprint_folder(library: str) -> Path:
    """As symbol_file, for a folder of footprints."""
    return _file(f"{library}.pretty", "footprints", "kicad-footprints")


def _file(name: str, kind: str, package: str) -> Path:
    own = OWN / name
    if own.exists():
        return own
    folder = share() / kind
    if not folder.is_dir():
        raise ToolMissing(
            f"{folder}: KiCad's {kind} are not installed (Debian: {package}, bookworm-backports); try"
            " hardware/install.sh, or set KICAD_SHARE"
        )
    if not (folder / name).exists():
        raise HardwareError(f"{name}: neither in {folder} nor in hardware/lib")
    return folder / name


@cache
def _text(library: str) -> str:
    return symbol_file(library).read_text(encoding="utf-8")


@cache
def _symbol(lib_id: str) -> Node:
    library, name = _split(lib_id)
    text = _text(library)
    begin = text.find(f'\n\t(symbol "{name}"\n')  # a library is big: only this symbol is parsed
    if begin < 0:
        raise HardwareError(f"{lib_id}: no such symbol; {symbol_file(library)} has others")
    found = parse(text[begin : text.index("\n\t)", begin) + 3])
    merged = copy.deepcopy(found)
    for extends in find_all(found, "extends"):
        merged = _derived(merged, _symbol(f"{library}:{extends[1]}"), name)
    merged[1] = Text(lib_id)
    return merged


def _derived(child: Node, base: Node, name: str) -> Node:
    """The base's drawing and pins with the child's fields, which is what KiCad embeds."""
    fields = {prop[1]: prop for prop in find_all(child, "property")}
    base_name = str(base[1]).split(":")[1]
    before: Node = []
    bodies: Node = []
    after: Node = []
    for item in copy.deepcopy(base):
        if isinstance(item, list) and item[0] == "property":
            before.append(fields.pop(item[1], item))
        elif isinstance(item, list) and item[0] == "symbol":
            item[1] = Text(name + item[1].removeprefix(base_name))
            bodies.append(item)
        else:
            (after if bodies else before).append(item)
    return [*before, *fields.values(), *bodies, *after]


@cache
def _footprint(lib_id: str) -> Node:
    library, name = _split(lib_id)
    file = footprint_folder(library) / f"{name}.kicad_mod"
    if not file.exists():
        raise HardwareError(f"{lib_id}: no such footprint; {file.parent} has others")
    return parse(file.read_text(encoding="utf-8"))


def _drill(pad: Node) -> list[str]:
    sizes = [item for drill in find_all(pad, "drill") for item in drill[1:] if isinstance(item, str)]
    return [size for size in sizes if size != "oval"]


def _split(lib_id: str) -> tuple[str, str]:
    library, colon, name = lib_id.partition(":")
    if not colon or not name:
        raise HardwareError(f"{lib_id!r}: expected Library:Name")
    return library, name
