"""The copper of placed pads as polygons in the board's frame: what router and checks need to know of a footprint."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from hardware.board.geometry import Place, Point, Polygon, turned
from hardware.part import HardwareError
from hardware.sexp import Node, find, find_all

#: How many pieces a quarter of a circle becomes; drawn around the circle, so a polygon never is smaller than its pad.
QUARTER = 4


@dataclass(frozen=True)
class Pad:
    """One copper pad, or one hole without copper (``plated`` False, no layers)."""

    ref: str
    number: str
    net: str
    centre: Point
    polygons: tuple[Polygon, ...]
    front: bool
    back: bool
    drill: float
    """The hole's larger measure in mm; 0: none."""

    @property
    def name(self) -> str:
        return f"{self.ref}.{self.number}"

    @property
    def through(self) -> bool:
        return self.drill > 0 and self.front and self.back


def pads(ref: str, library: Node, place: Place, nets: Mapping[str, str]) -> list[Pad]:
    """In the footprint's own order; paste-only apertures are left out."""
    out = []
    for item in find_all(library, "pad"):
        layers = [str(layer) for layer in (find(item, "layers") or [])[1:]]
        kind = str(item[2])
        front = any(layer in ("F.Cu", "*.Cu", "F&B.Cu") for layer in layers)
        back = any(layer in ("B.Cu", "*.Cu", "F&B.Cu") for layer in layers)
        if kind == "np_thru_hole":
            front = back = False
        elif not (front or back):
            continue
        if place.back:
            front, back = back, front
        at = find(item, "at") or []
        local, turn = (float(at[1]), float(at[2])), float(at[3]) if len(at) > 3 else 0.0

        def on_board(point: Point, local: Point = local, turn: float = turn) -> Point:
            x, y = turned(point, turn)
            return place.point((local[0] + x, local[1] + y))

        polygons = tuple(tuple(on_board(point) for point in polygon) for polygon in _outlines(item, ref))
        number = str(item[1])
        out.append(Pad(ref, number, nets.get(number, ""), place.point(local), polygons, front, back, _drill(item)))
    return out


def keepouts(library: Node, place: Place) -> list[Polygon]:
    """Rule areas of the footprint that let no track through."""
    out = []
    for zone in find_all(library, "zone"):
        rules, polygon = find(zone, "keepout"), find(zone, "polygon")
        if rules is None or polygon is None or (find(rules, "tracks") or ["", ""])[1] != "not_allowed":
            continue
        points = find_all(find(polygon, "pts") or [], "xy")
        out.append(tuple(place.point((float(x), float(y))) for _, x, y in points))
    return out


def courtyard(library: Node, place: Place) -> list[Point]:
    """Points of the courtyard's outline on the board; its box is what a part needs."""
    local: list[Point] = []
    for kind in ("fp_line", "fp_rect", "fp_poly", "fp_arc", "fp_circle"):
        for item in find_all(library, kind):
            if str((find(item, "layer") or ["", ""])[1])[1:] != ".CrtYd":
                continue
            if kind == "fp_circle":
                (cx, cy), (ex, ey) = (_xy(item, name) for name in ("center", "end"))
                r = math.hypot(ex - cx, ey - cy)
                local += [(cx - r, cy - r), (cx + r, cy - r), (cx + r, cy + r), (cx - r, cy + r)]
            elif kind == "fp_poly":
                local += [(float(x), float(y)) for _, x, y in find_all(find(item, "pts") or [], "xy")]
            elif kind == "fp_rect":
                (ax, ay), (bx, by) = _xy(item, "start"), _xy(item, "end")
                local += [(ax, ay), (bx, ay), (bx, by), (ax, by)]
            else:
                local += [_xy(item, name) for name in ("start", "mid", "end") if find(item, name)]
    return [place.point(point) for point in local]


def _xy(item: Node, name: str) -> Point:
    found = find(item, name) or []
    return float(found[1]), float(found[2])


def _drill(item: Node) -> float:
    drill = find(item, "drill")
    sizes = [float(value) for value in drill[1:] if not isinstance(value, list) and value != "oval"] if drill else []
    return max(sizes, default=0.0)


def _outlines(item: Node, ref: str) -> list[Polygon]:
    """The pad's outline in its own frame, before its own turn."""
    shape = str(item[3])
    size = find(item, "size") or []
    w, h = float(size[1]) / 2, float(size[2]) / 2
    drill = find(item, "drill")
    offset = find(drill, "offset") if drill else None
    ox, oy = (float(offset[1]), float(offset[2])) if offset else (0.0, 0.0)

    def moved(points: Polygon) -> Polygon:
        return tuple((x + ox, y + oy) for x, y in points)

    if shape == "custom":
        return [*_custom(item, ref), moved(_rounded(w, h, min(w, h) if _anchor(item) == "circle" else 0.0))]
    if shape in ("circle", "oval"):
        return [moved(_rounded(w, h, min(w, h)))]
    if shape == "roundrect":
        ratio = find(item, "roundrect_rratio")
        return [moved(_rounded(w, h, 2 * min(w, h) * (float(ratio[1]) if ratio else 0.25)))]
    if shape in ("rect", "trapezoid"):
        return [moved(_rounded(w, h, 0.0))]
    raise HardwareError(f"{ref}.{item[1]}: pads of the shape {shape} are not known here")


def _anchor(item: Node) -> str:
    options = find(item, "options")
    anchor = find(options, "anchor") if options else None
    return str(anchor[1]) if anchor else "rect"


def _rounded(w: float, h: float, r: float) -> Polygon:
    """A rectangle of half measures ``w`` and ``h`` with corners of radius ``r``, drawn around them."""
    if r <= 0:
        return ((-w, -h), (w, -h), (w, h), (-w, h))
    outer = r / math.cos(math.pi / 4 / QUARTER)
    points = []
    for corner, (cx, cy) in enumerate(((w - r, h - r), (r - w, h - r), (r - w, r - h), (w - r, r - h))):
        for step in range(QUARTER):
            a = math.pi / 2 * (corner + (step + 0.5) / QUARTER)
            points.append((cx + outer * math.cos(a), cy + outer * math.sin(a)))
    return tuple(points)


def _custom(item: Node, ref: str) -> list[Polygon]:
    out = []
    for primitive in (find(item, "primitives") or [])[1:]:
        kind = str(primitive[0])
        if kind == "gr_poly":
            out.append(tuple((float(x), float(y)) for _, x, y in find_all(find(primitive, "pts") or [], "xy")))
        elif kind == "gr_rect":
            (ax, ay), (bx, by) = _xy(primitive, "start"), _xy(primitive, "end")
            out.append(((ax, ay), (bx, ay), (bx, by), (ax, by)))
        elif kind == "gr_circle":
            (cx, cy), (ex, ey) = _xy(primitive, "center"), _xy(primitive, "end")
            r = math.hypot(ex - cx, ey - cy)
            out.append(tuple((cx + x, cy + y) for x, y in _rounded(r, r, r)))
        else:
            raise HardwareError(f"{ref}.{item[1]}: a pad made with {kind} is not known here")
    return out
