"""What is printed on the board: a reference beside each part where there is room, names of what people touch.

KiCad's stroke font is taken as boxes; its rule check says whether any text touches another, a pad or the edge.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from hardware import library
from hardware.board.footprint import Label
from hardware.board.geometry import Place, Point, box, circle
from hardware.board.layout import Laid, Layout
from hardware.board.rules import SILK_HEIGHT, VIA
from hardware.board.writer import Line, Words
from hardware.dimensions import Dimensions
from hardware.sexp import Node, find, find_all

Box = tuple[float, float, float, float]

ADVANCE = 0.9
"""Width of a letter of KiCad's font, in its height."""
LINE = 1.35
"""Height of a line with its descenders, in its height."""
GAP = 0.2

REVISION = "A"

#: References whose place is not beside the courtyard: the module's goes round its antenna's area.
LABELS = {"U1": Label(27.3, 41.2, 0.0)}

#: Parts whose reference would say nothing. Test points get their number and their net.
UNNAMED = ("H", "FID")


def words(dimensions: Dimensions) -> tuple[Words, ...]:
    """What is written on the board for people, front first."""
    keys, d, cell = dimensions.keys, dimensions.display, dimensions.coin_cell.centre
    header = d.header_x
    stars = tuple(Words(f"{n} STAR{'S' * (n > 1)}", (x, keys.y + 8.6), 1.2) for n, x in enumerate(keys.x, 1))
    return (
        Words("haochaping", (dimensions.board.width / 2, 90.2), 2.4, bold=True),
        Words(f"open window rating device  rev {REVISION}", (dimensions.board.width / 2, 93.6), 1.0),
        *stars,
        Words("USB-C 5V", (dimensions.rear.usb_x + 9.6, 1.5), 1.0),
        Words("ETHERNET", (dimensions.rear.ethernet_x - 13.6, 1.5), 1.0),
        Words("3V3", (11.8, 6.6), 0.8),
        Words("TX", (14.74, 6.6), 0.8),
        Words("RX", (17.28, 6.6), 0.8),
        Words("GND", (20.2, 6.6), 0.8),
        Words("RESET", (14.0, 14.2), 0.8),
        Words("BOOT", (21.0, 14.2), 0.8),
        Words("SPK 8R", (140.2, 50.0), 1.0),
        Words("+", (145.2, 56.8), 1.2),
        Words("-", (145.2, 54.8), 1.2),
        Words("1 VCC", (header, d.centre[1] - 19.0), 0.8),
        Words("TFT 2.8 in SPI", (header + 2.4, d.centre[1] + 1.0), 1.0, turn=90.0),
        Words("ANTENNA KEEP CLEAR", (3.5, 49.6), 0.8, turn=90.0),
        Words(f"haochaping rev {REVISION}", (112.0, 90.6), 2.0, layer="B.SilkS", bold=True),
        Words("CR2032", cell, 2.0, layer="B.SilkS"),
        Words("+", (cell[0] - 16.2, cell[1] - 4.0), 2.0, layer="B.SilkS"),
        Words("-", (cell[0] + 16.2, cell[1] - 4.0), 2.0, layer="B.SilkS"),
        Words("5 V 1 A, USB-C", (dimensions.rear.usb_x, 10.9), 1.0, layer="B.SilkS"),
    )


def lines(dimensions: Dimensions) -> tuple[Line, ...]:
    """The outline of the display's module, to see that it lies right."""
    d = dimensions.display
    left, top = d.centre[0] - d.module[0] / 2, d.centre[1] - d.module[1] / 2
    right, bottom = left + d.module[0], top + d.module[1]
    corner = 3.0
    return tuple(
        Line(((x, y + sy * corner), (x, y), (x + sx * corner, y)), 0.15)
        for x, sx in ((left, 1), (right, -1))
        for y, sy in ((top, 1), (bottom, -1))
    )


@dataclass(frozen=True)
class Silk:
    labels: dict[str, Label]
    """Reference → where it stands; a part that is not in it has its reference on the assembly drawing only."""
    words: tuple[Words, ...]
    lines: tuple[Line, ...]


class Spot(NamedTuple):
    """Where a part's reference, or a test point's number and net, may stand: its middle, turn, and the box it takes."""

    text: str
    at: Point
    turn: float
    box: Box


def arrange(layout: Layout, dimensions: Dimensions, vias: Iterable[Point] = ()) -> Silk:
    """Finds room for every reference, large parts first; on vias, where print breaks, only if there is no other."""
    fixed, drawn = words(dimensions), lines(dimensions)
    taken: dict[bool, list[Box]] = {False: [], True: []}
    for laid in layout.parts:
        for pad in laid.pads:
            for back in (False, True):
                if pad.drill or (pad.back if back else pad.front):
                    taken[back] += [_grown(box(polygon), 0.1) for polygon in pad.polygons]
        taken[laid.place.back] += [_grown(one, 0.05) for one in _drawn(laid)]
    for one in fixed:
        taken[one.layer.startswith("B")].append(_text_box(one.text, one.at, one.turn, one.height, one.justify))
    for hole in dimensions.board.holes:
        for back in (False, True):
            taken[back].append(box(circle(hole, dimensions.board.hole_keep_radius)))
    kept = []
    for line in drawn:
        boxes = [_grown(box(pair), line.width) for pair in zip(line.points, line.points[1:], strict=False)]
        if not any(_meet(mine, other) for mine in boxes for other in taken[False]):
            kept.append(line)
            taken[False] += boxes
    labels, more = dict(LABELS), []
    for label in LABELS.values():
        taken[False].append(_text_box("U1", (label.x, label.y), label.turn, label.height))
    for laid, (text, at, turn, _) in _beside(layout, dimensions, taken, [(*via, *via) for via in vias]):
        if laid.part.ref.startswith("TP"):
            more.append(Words(text, at, SILK_HEIGHT, turn, "B.SilkS"))
        else:
            labels[laid.part.ref] = Label(*at, turn, SILK_HEIGHT)
    return Silk(labels, (*fixed, *more), tuple(kept))


def _beside(
    layout: Layout, dimensions: Dimensions, taken: Mapping[bool, list[Box]], vias: Iterable[Box]
) -> Iterator[tuple[Laid, Spot]]:
    """Parts and where their references stand: first wherever there is room, then each steps off vias if it can."""
    holes = [_grown(via, VIA / 2) for via in vias]
    inner = _grown((0.0, 0.0, dimensions.board.width, dimensions.board.height), -0.5)
    ordered = sorted(layout.parts, key=lambda one: (-_area(one), one.part.ref))
    named = [one for one in ordered if one.part.ref.rstrip("0123456789") not in UNNAMED and one.part.ref not in LABELS]
    found: dict[str, Spot] = {}
    for avoid in (False, True):
        for laid in named:
            others = taken[laid.place.back]
            if laid.part.ref in found:
                others.remove(found[laid.part.ref].box)
            free = (one for one in _candidates(laid) if _within(one.box, inner) and not _hits(one.box, others))
            spot = min(free, key=lambda one: _hits(one.box, holes), default=None) if avoid else next(free, None)
            if spot:
                found[laid.part.ref] = spot
                others.append(spot.box)
    yield from ((laid, found[laid.part.ref]) for laid in named if laid.part.ref in found)


def _candidates(laid: Laid) -> Iterator[Spot]:
    """Above, below, right, left of the part, in its middle first, then along its sides; then the same upright."""
    ref = laid.part.ref
    text = f"{ref[2:]} {laid.part.value}" if ref.startswith("TP") else ref
    left, top, right, bottom = _grown(box(laid.courtyard), -0.25)
    cx, cy = (left + right) / 2, (top + bottom) / 2
    for turn in (0.0, 90.0):
        w, h = _text_size(text, turn, SILK_HEIGHT)
        for gap in (GAP, GAP + 0.5):
            for shift in (0.0, 0.3, -0.3, 0.5, -0.5, 0.15, -0.15):
                x, y = cx + shift * (right - left), cy + shift * (bottom - top)
                yield _spot(text, (x, top - gap - h / 2), turn)
                yield _spot(text, (x, bottom + gap + h / 2), turn)
                yield _spot(text, (right + gap + w / 2, y), turn)
                yield _spot(text, (left - gap - w / 2, y), turn)


def _spot(text: str, at: Point, turn: float) -> Spot:
    return Spot(text, at, turn, _text_box(text, at, turn, SILK_HEIGHT))


def touches(text: str, at: Point, turn: float, height: float, via: Point) -> bool:
    """Whether a text reaches onto a via."""
    return _meet(_text_box(text, at, turn, height), _grown((*via, *via), VIA / 2))


def _text_size(text: str, turn: float, height: float) -> tuple[float, float]:
    w, h = len(text) * height * ADVANCE, height * LINE
    return (h, w) if turn % 180 == 90 else (w, h)


def _text_box(text: str, at: Point, turn: float, height: float, justify: str = "") -> Box:
    w, h = _text_size(text, turn, height)
    x = at[0] + (w / 2 if justify == "left" else 0.0)
    return x - w / 2, at[1] - h / 2, x + w / 2, at[1] + h / 2


def _drawn(laid: Laid) -> Iterable[Box]:
    """Boxes around what the footprint itself prints on its side."""
    for item in library.footprint(laid.part.footprint):
        layer = find(item, "layer") if isinstance(item, list) else None
        if layer is None or str(layer[1]) != "F.SilkS" or not str(item[0]).startswith("fp_"):
            continue
        if item[0] == "fp_text":
            at = find(item, "at") or []
            yield _text_box(str(item[2]), laid.place.point((float(at[1]), float(at[2]))), 0.0, 1.0)
        elif item[0] == "fp_circle":
            yield from _circle(item, laid.place)
        else:
            points = [laid.place.point((float(p[1]), float(p[2]))) for p in _points(item)]
            yield from (box(pair) for pair in zip(points, points[1:], strict=False))


def _points(item: Node) -> list[Node]:
    if item[0] == "fp_rect":
        (_, ax, ay), (_, bx, by) = find(item, "start") or [], find(item, "end") or []
        return [["xy", x, y] for x, y in ((ax, ay), (bx, ay), (bx, by), (ax, by), (ax, ay))]
    pts = find(item, "pts")
    if pts:
        corners = find_all(pts, "xy")
        return [*corners, corners[0]]
    return [one for one in (find(item, name) for name in ("start", "mid", "end")) if one]


def _circle(item: Node, place: Place) -> Iterable[Box]:
    (_, cx, cy), (_, ex, ey) = find(item, "center") or [], find(item, "end") or []
    radius = ((float(ex) - float(cx)) ** 2 + (float(ey) - float(cy)) ** 2) ** 0.5
    ring = circle(place.point((float(cx), float(cy))), radius, 24)
    return (box(pair) for pair in zip(ring, ring[1:], strict=False))


def _area(laid: Laid) -> float:
    left, top, right, bottom = box(laid.courtyard)
    return (right - left) * (bottom - top)


def _grown(one: Box, by: float) -> Box:
    return one[0] - by, one[1] - by, one[2] + by, one[3] + by


def _within(one: Box, other: Box) -> bool:
    return one[0] > other[0] and one[1] > other[1] and one[2] < other[2] and one[3] < other[3]


def _hits(one: Box, others: Iterable[Box]) -> int:
    return sum(_meet(one, other) for other in others)


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
