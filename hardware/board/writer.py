"""The board file that KiCad opens, written without KiCad: outline, footprints, copper, zones and silk."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hardware import library
from hardware.board.footprint import Placed, effects, embed, made
from hardware.board.geometry import Point, Polygon
from hardware.board.rules import CLEARANCE, STACK
from hardware.board.track import BACK, FRONT, Area, Copper
from hardware.sexp import Node, Text, write

#: KiCad's numbers for layers.
LAYERS = (
    (0, "F.Cu", "signal"),
    (4, "In1.Cu", "power"),
    (6, "In2.Cu", "power"),
    (2, "B.Cu", "signal"),
    (13, "F.Paste", "user"),
    (15, "B.Paste", "user"),
    (5, "F.SilkS", "user"),
    (7, "B.SilkS", "user"),
    (1, "F.Mask", "user"),
    (3, "B.Mask", "user"),
    (17, "Dwgs.User", "user"),
    (19, "Cmts.User", "user"),
    (25, "Edge.Cuts", "user"),
    (27, "Margin", "user"),
    (31, "F.CrtYd", "user"),
    (29, "B.CrtYd", "user"),
    (35, "F.Fab", "user"),
    (33, "B.Fab", "user"),
)


@dataclass(frozen=True)
class Words:
    """A text on the silk (or another layer), by its middle, in the board's frame."""

    text: str
    at: Point
    height: float = 1.0
    turn: float = 0.0
    layer: str = "F.SilkS"
    bold: bool = False
    justify: str = ""


@dataclass(frozen=True)
class Line:
    """Straight pieces from point to point."""

    points: tuple[Point, ...]
    width: float = 0.15
    layer: str = "F.SilkS"


@dataclass(frozen=True)
class Title:
    name: str
    revision: str
    company: str


@dataclass(frozen=True)
class Sheet:
    """All that stands on the board besides its parts and copper."""

    size: tuple[float, float]
    corner: float
    thickness: float
    page: Point
    title: Title
    words: tuple[Words, ...]
    lines: tuple[Line, ...]
    no_copper: tuple[Polygon, ...]
    """Areas that no layer fills: under bosses."""


def board(sheet: Sheet, placed: Sequence[Placed], copper: Copper, names: Mapping[str, str]) -> str:
    """The text of the ``.kicad_pcb``, its zones not filled yet; ``names`` is net → what KiCad calls it. Same arguments,
    same text."""
    numbers = {name: index for index, name in enumerate(sorted(names.values()), 1)}
    number = {net: numbers[name] for net, name in names.items()}
    out: Node = [
        "kicad_pcb",
        ["version", 20241229],
        ["generator", Text("haochaping")],
        ["generator_version", Text("9.0")],
    ]
    out.append(["general", ["thickness", sheet.thickness], ["legacy_teardrops", "no"]])
    out.append(["paper", Text("A4")])
    title = sheet.title
    out.append(
        ["title_block", ["title", Text(title.name)], ["rev", Text(title.revision)], ["company", Text(title.company)]]
    )
    out.append(["layers", *([index, Text(name), kind] for index, name, kind in LAYERS)])
    origin = _at(sheet, (0.0, sheet.size[1]))
    out.append(
        [
            "setup",
            _stackup(),
            ["pad_to_mask_clearance", 0],
            ["allow_soldermask_bridges_in_footprints", "no"],
            ["tenting", "front", "back"],
            ["aux_axis_origin", *origin],
            ["grid_origin", *origin],
        ]
    )
    out += [["net", 0, Text("")], *(["net", index, Text(name)] for name, index in numbers.items())]
    for one in placed:
        out.append(embed(_on_page(one, sheet.page), library.footprint(one.footprint), names, number))
    out += _outline(sheet)
    for index, line in enumerate(sheet.lines):
        out += _line(sheet, line, index)
    out += [_words(sheet, words, index) for index, words in enumerate(sheet.words)]
    for index, track in enumerate(copper.tracks):
        ends = [["start", *_at(sheet, track.start)], ["end", *_at(sheet, track.end)]]
        net = ["net", number[track.net]]
        out.append(
            [
                "segment",
                *ends,
                ["width", track.width],
                ["layer", Text(track.layer)],
                net,
                made(f"track/{index}/{track}"),
            ]
        )
    for index, via in enumerate(copper.vias):
        sizes = [["size", via.size], ["drill", via.hole], ["layers", Text(FRONT), Text(BACK)]]
        out.append(["via", ["at", *_at(sheet, via.at)], *sizes, ["net", number[via.net]], made(f"via/{index}/{via}")])
    out += [_zone(sheet, area, index, names, number) for index, area in enumerate(copper.areas) if area.net]
    voids = dict.fromkeys(area.outline for area in copper.areas if not area.net)
    out += [_rule_area(sheet, polygon, f"no pour {index}", ("copperpour",)) for index, polygon in enumerate(voids, 1)]
    bosses = enumerate(sheet.no_copper, 1)
    out += [_rule_area(sheet, polygon, f"boss {index}", ("tracks", "vias", "copperpour")) for index, polygon in bosses]
    out.append(["embedded_fonts", "no"])
    return write(out)


def _at(sheet: Sheet, point: Point) -> list[float]:
    return [round(point[0] + sheet.page[0], 6), round(point[1] + sheet.page[1], 6)]


def _on_page(placed: Placed, page: Point) -> Placed:
    label = placed.label and replace(placed.label, x=placed.label.x + page[0], y=placed.label.y + page[1])
    place = replace(placed.place, x=placed.place.x + page[0], y=placed.place.y + page[1])
    return replace(placed, place=place, label=label)


def _stackup() -> Node:
    out: Node = ["stackup"]
    out.append(["layer", Text("F.SilkS"), ["type", Text("Top Silk Screen")], ["color", Text("White")]])
    out.append(["layer", Text("F.Paste"), ["type", Text("Top Solder Paste")]])
    out.append(
        ["layer", Text("F.Mask"), ["type", Text("Top Solder Mask")], ["color", Text("Green")], ["thickness", 0.01]]
    )
    for layer in STACK:
        if layer.epsilon is None:
            out.append(["layer", Text(layer.name), ["type", Text("copper")], ["thickness", layer.thickness]])
        else:
            material = [["material", Text("FR4")], ["epsilon_r", layer.epsilon], ["loss_tangent", 0.02]]
            out.append(
                ["layer", Text(layer.name), ["type", Text(layer.kind)], ["thickness", layer.thickness], *material]
            )
    out.append(
        ["layer", Text("B.Mask"), ["type", Text("Bottom Solder Mask")], ["color", Text("Green")], ["thickness", 0.01]]
    )
    out.append(["layer", Text("B.Paste"), ["type", Text("Bottom Solder Paste")]])
    out.append(["layer", Text("B.SilkS"), ["type", Text("Bottom Silk Screen")], ["color", Text("White")]])
    return [*out, ["copper_finish", Text("ENIG")], ["dielectric_constraints", "no"]]


def _outline(sheet: Sheet) -> list[Node]:
    """A rectangle with round corners, from the rear left one clockwise."""
    (w, h), r = sheet.size, sheet.corner
    k = r * (1 - math.sqrt(0.5))
    straight = (((r, 0), (w - r, 0)), ((w, r), (w, h - r)), ((w - r, h), (r, h)), ((0, h - r), (0, r)))
    corners = (
        ((0, r), (k, k), (r, 0)),
        ((w - r, 0), (w - k, k), (w, r)),
        ((w, h - r), (w - k, h - k), (w - r, h)),
        ((r, h), (k, h - k), (0, h - r)),
    )
    stroke = ["stroke", ["width", 0.1], ["type", "default"]]
    out: list[Node] = []
    for index, ends in enumerate(straight):
        points = [[name, *_at(sheet, point)] for name, point in zip(("start", "end"), ends, strict=True)]
        out.append(["gr_line", *points, stroke, ["layer", Text("Edge.Cuts")], made(f"edge/{index}")])
    for index, arc in enumerate(corners):
        points = [[name, *_at(sheet, point)] for name, point in zip(("start", "mid", "end"), arc, strict=True)]
        out.append(["gr_arc", *points, stroke, ["layer", Text("Edge.Cuts")], made(f"corner/{index}")])
    return out


def _line(sheet: Sheet, line: Line, index: int) -> list[Node]:
    stroke = ["stroke", ["width", line.width], ["type", "default"]]
    out: list[Node] = []
    for piece, ends in enumerate(zip(line.points, line.points[1:], strict=False)):
        points = [[name, *_at(sheet, point)] for name, point in zip(("start", "end"), ends, strict=True)]
        out.append(["gr_line", *points, stroke, ["layer", Text(line.layer)], made(f"line/{index}/{piece}")])
    return out


def _words(sheet: Sheet, words: Words, index: int) -> Node:
    thick = words.height * (0.2 if words.bold else 0.15)
    style = effects(
        words.height, words.layer.startswith("B"), tuple(filter(None, [words.justify])), round(max(thick, 0.12), 3)
    )
    at = ["at", *_at(sheet, words.at), words.turn]
    return ["gr_text", Text(words.text), at, ["layer", Text(words.layer)], made(f"words/{index}"), style]


def _polygon(sheet: Sheet, points: Polygon) -> Node:
    return ["polygon", ["pts", *(["xy", *_at(sheet, point)] for point in points)]]


def _zone(sheet: Sheet, area: Area, index: int, names: Mapping[str, str], number: Mapping[str, int]) -> Node:
    net = [["net", number[area.net]], ["net_name", Text(names[area.net])]]
    out: Node = ["zone", *net, ["layer", Text(area.layer)]]
    out += [made(f"zone/{index}"), ["name", Text(f"{area.net} {area.layer} {area.rank}")], ["hatch", "edge", 0.5]]
    if area.rank:
        out.append(["priority", area.rank])
    joint = ["connect_pads", *(["yes"] if area.solid else []), ["clearance", max(CLEARANCE, 0.2)]]
    out += [joint, ["min_thickness", 0.2], ["filled_areas_thickness", "no"]]
    fill = ["fill", "yes", ["thermal_gap", 0.25], ["thermal_bridge_width", 0.3], ["island_removal_mode", 0]]
    return [*out, fill, _polygon(sheet, area.outline)]


def _rule_area(sheet: Sheet, points: Polygon, name: str, forbids: tuple[str, ...]) -> Node:
    """On all copper layers. Pads and footprints are never forbidden: the hole in a boss's area is one itself."""
    out: Node = ["zone", ["net", 0], ["net_name", Text("")], ["layers", Text("*.Cu")], made(f"rule area/{name}")]
    out += [["name", Text(name)], ["hatch", "edge", 0.5], ["connect_pads", ["clearance", 0]], ["min_thickness", 0.2]]
    rules = ("tracks", "vias", "pads", "copperpour", "footprints")
    out.append(["keepout", *([rule, "not_allowed" if rule in forbids else "allowed"] for rule in rules)])
    return [*out, ["fill", ["thermal_gap", 0.25], ["thermal_bridge_width", 0.3]], _polygon(sheet, points)]
