"""A library footprint as it stands in a board file: placed, turned, perhaps turned over, with nets on its pads.

KiCad keeps the pieces of a placed footprint in the footprint's own frame, except that the angles of pads and texts
count from the board, and that rule areas lie in the board's frame. On the back every y of the frame changes its sign,
F and B change places in layer names, and texts are written mirrored.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from hardware.board.geometry import Place, mirrored, turned
from hardware.part import HardwareError
from hardware.sexp import Node, Text, find, find_all

#: All ids of the board come from this one and from names, so that two builds agree.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "haochaping/hardware/board")

SHAPES = ("fp_line", "fp_rect", "fp_circle", "fp_arc", "fp_poly", "fp_curve")
POINTS = ("start", "mid", "end", "center", "xy")


def made(name: str) -> Node:
    return ["uuid", Text(uuid.uuid5(NAMESPACE, name))]


def other_side(layer: str) -> str:
    return {"F": "B", "B": "F"}[layer[0]] + layer[1:] if layer[:2] in ("F.", "B.") else layer


@dataclass(frozen=True)
class Label:
    """Where a part's reference stands on the silk, in the board's frame; None of it: on the assembly drawing only."""

    x: float
    y: float
    turn: float
    height: float = 0.8


@dataclass(frozen=True)
class Identity:
    """What ties a footprint to its symbol: the path of ids from the root sheet, and the sheet's name and file."""

    path: str
    sheet_name: str
    sheet_file: str


@dataclass(frozen=True)
class Placed:
    """All that one footprint of the board is made from."""

    ref: str
    value: str
    footprint: str
    place: Place
    nets: Mapping[str, str]
    """Pad number → net; a pad that is not in it carries none."""
    label: Label | None
    identity: Identity | None
    fields: Mapping[str, str]
    attributes: tuple[str, ...] = ()
    """More words for KiCad's ``attr``: ``exclude_from_bom``, ``exclude_from_pos_files``."""


def embed(placed: Placed, library: Node, names: Mapping[str, str], net_number: Mapping[str, int]) -> Node:
    """The ``footprint`` entry of the board file; ``names`` and ``net_number`` are what KiCad calls a net. Raises
    HardwareError if a net is given to a pad that is not there."""
    place, ref = placed.place, placed.ref
    numbers = {str(pad[1]) for pad in find_all(library, "pad")}
    for pad in placed.nets.keys() - numbers:
        raise HardwareError(f"{ref}: {placed.footprint} has no pad {pad} for net {placed.nets[pad]}")
    side = "B.Cu" if place.back else "F.Cu"
    out: Node = ["footprint", Text(placed.footprint), ["layer", Text(side)], made(ref)]
    out.append(["at", place.x, place.y, place.turn])
    out += [item for item in library if _key(item) in ("descr", "tags")]
    out += _fields(placed, library)
    if placed.identity is not None:
        out.append(["path", Text(placed.identity.path)])
        out.append(["sheetname", Text(placed.identity.sheet_name)])
        out.append(["sheetfile", Text(placed.identity.sheet_file)])
    words = [word for item in find_all(library, "attr") for word in item[1:]]
    out.append(["attr", *dict.fromkeys([*words, *placed.attributes])])
    out += [item for item in library if _key(item) in ("net_tie_pad_groups", "private_layers", "zone_connect")]
    for index, whole in enumerate(library):
        key = _key(whole)
        item = [part for part in whole if _key(part) != "uuid"] if key else whole  # ids of its own, not the library's
        if key in SHAPES:
            out.append([*_moved(item, place), made(f"{ref}/{index}")])
        elif key == "fp_text":
            out.append(_text(item, place, f"{ref}/{index}"))
        elif key == "pad":
            out.append(_pad(item, placed, f"{ref}/{index}", names, net_number))
        elif key == "zone":
            out.append(_zone(item, place, f"{ref}/{index}"))
    out.append(["embedded_fonts", "no"])
    out += find_all(library, "model")
    return out


def _key(item: object) -> str:
    return str(item[0]) if isinstance(item, list) and item else ""


def _fields(placed: Placed, library: Node) -> list[Node]:
    """Reference, value and what the schematic says besides; the reference goes where its label is."""
    place, out = placed.place, []
    side = "B" if place.back else "F"
    label = placed.label
    at, layer, height = (0.0, 0.0, place.turn), f"{side}.Fab", 0.8
    if label is not None:
        at = (*_local(place, (label.x, label.y)), label.turn)
        layer, height = f"{side}.SilkS", label.height
    shown = label is not None
    out.append(_property("Reference", placed.ref, at, layer, height, shown, place.back, f"{placed.ref}/reference"))
    for name, text in {"Value": placed.value, **placed.fields}.items():
        middle = (0.0, 0.0, place.turn)
        out.append(_property(name, text, middle, f"{side}.Fab", 0.6, False, place.back, f"{placed.ref}/{name}"))
    return out


def _property(
    name: str, text: str, at: tuple[float, float, float], layer: str, height: float, shown: bool, back: bool, key: str
) -> Node:
    out: Node = ["property", Text(name), Text(text), ["at", *at], ["layer", Text(layer)]]
    if not shown:
        out.append(["hide", "yes"])
    return [*out, made(key), effects(height, back)]


def effects(height: float, back: bool, justify: tuple[str, ...] = (), thickness: float | None = None) -> Node:
    thick = round(height * 0.15, 3) if thickness is None else thickness
    font: Node = ["font", ["size", height, height], ["thickness", thick]]
    words = [*justify, *(["mirror"] if back else [])]
    return ["effects", font, ["justify", *words]] if words else ["effects", font]


def _local(place: Place, point: tuple[float, float]) -> tuple[float, float]:
    """A point of the board in the placed footprint's frame, as a field's ``at`` wants it."""
    return turned((point[0] - place.x, point[1] - place.y), -place.turn)


def _moved(item: Node, place: Place) -> Node:
    """A shape (or any part of it) in the frame of the placed footprint."""
    if not place.back:
        return list(item)
    key = _key(item)
    if key in POINTS:
        x, y = mirrored((float(item[1]), float(item[2])))
        return [key, x, y]
    if key in ("layer", "layers"):
        return [key, *(Text(other_side(str(layer))) for layer in item[1:])]
    return [_moved(part, place) if isinstance(part, list) else part for part in item]


def _turn(item: Node) -> float:
    return float(item[3]) if len(item) > 3 else 0.0


def _text(item: Node, place: Place, key: str) -> Node:
    out: Node = []
    for part in item:
        if _key(part) == "at":
            x, y, turn = float(part[1]), float(part[2]), _turn(part)
            if place.back:
                (x, y), turn = mirrored((x, y)), 180 - turn
            part = ["at", x, y, (turn + place.turn) % 360]
        elif _key(part) == "layer":
            part = ["layer", Text(other_side(str(part[1])) if place.back else str(part[1])), *part[2:]]
        elif _key(part) == "effects" and place.back:
            justify = find(part, "justify")
            rest = [piece for piece in part if _key(piece) != "justify"]
            words = [word for word in justify[1:] if word != "mirror"] if justify else []
            part = [*rest, ["justify", *words, "mirror"]]
        out.append(part)
    return [*out, made(key)]


def _pad(item: Node, placed: Placed, key: str, names: Mapping[str, str], net_number: Mapping[str, int]) -> Node:
    place, out = placed.place, []
    for part in item:
        name = _key(part)
        if name == "at":
            x, y, turn = float(part[1]), float(part[2]), _turn(part)
            if place.back:
                (x, y), turn = mirrored((x, y)), -turn
            out.append(["at", x, y, (turn + place.turn) % 360])
        elif name == "layers":
            out.append(_moved(part, place))
        elif name in ("primitives", "drill", "chamfer"):
            out.append(_moved_pad_part(part, place))
        else:
            out.append(part)
    net = placed.nets.get(str(item[1]))
    if net is not None:
        out.append(["net", net_number[net], Text(names[net])])
    return [*out, made(key)]


def _moved_pad_part(item: Node, place: Place) -> Node:
    if not place.back:
        return list(item)
    if _key(item) == "offset":
        return ["offset", item[1], -float(item[2])]
    if _key(item) == "chamfer":
        swap = {"top": "bottom", "bottom": "top"}
        corners = (str(corner).split("_") for corner in item[1:])
        return ["chamfer", *(f"{swap[end]}_{side}" for end, side in corners)]
    moved = _moved(item, place) if _key(item) in POINTS else item
    return [_moved_pad_part(part, place) if isinstance(part, list) else part for part in moved]


def _zone(item: Node, place: Place, key: str) -> Node:
    """A rule area of the footprint (the antenna's), which KiCad keeps in the board's frame."""
    if place.back:
        raise HardwareError(f"{key}: a footprint with a rule area has to stay on the front")

    def moved(part: Node) -> Node:
        if _key(part) == "xy":
            x, y = place.point((float(part[1]), float(part[2])))
            return ["xy", x, y]
        return [moved(piece) if isinstance(piece, list) else piece for piece in part]

    return [*(moved(part) if isinstance(part, list) else part for part in item), made(key)]
