"""Where a symbol's pins and body come to lie on a sheet, and how much room a text takes. Millimetres, y down."""

import math
from dataclasses import dataclass
from functools import cache

from hardware import library
from hardware.part import Part
from hardware.sexp import Node, find_all, need

GRID = 1.27
TEXT = 1.27  # height of all small texts
HEADING = 1.8
NOTE = 3.4  # from a heading to the lines below it

#: Width of a letter and height of a line of KiCad's stroke font, in heights; a little more than they are.
_LETTER, _LINE = 0.92, 1.6

#: A point of the grid.
Cell = tuple[int, int]

RIGHT, UP, LEFT, DOWN = (1, 0), (0, -1), (-1, 0), (0, 1)
_BY_ANGLE = {0: RIGHT, 90: UP, 180: LEFT, 270: DOWN}
ANGLES = {direction: angle for angle, direction in _BY_ANGLE.items()}


@dataclass(frozen=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float

    def hits(self, other: "Box") -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def grown(self, by: float) -> "Box":
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def cells(self) -> set[Cell]:
        """The points of the grid inside it or on its edge."""
        columns = range(math.ceil(round(self.left / GRID, 3)), math.floor(round(self.right / GRID, 3)) + 1)
        rows = range(math.ceil(round(self.top / GRID, 3)), math.floor(round(self.bottom / GRID, 3)) + 1)
        return {(x, y) for x in columns for y in rows}


@dataclass(frozen=True)
class End:
    """Where a pin's wire begins, and the way it leaves. ``numbers`` are all the pins that lie there."""

    ref: str
    numbers: tuple[str, ...]
    net: str | None
    cell: Cell
    out: Cell


def cell(x: float, y: float) -> Cell:
    return round(x / GRID), round(y / GRID)


def millimetres(at: Cell) -> tuple[float, float]:
    return round(at[0] * GRID, 4), round(at[1] * GRID, 4)


def text_box(text: str, x: float, y: float, justify: str = "left", size: float = TEXT) -> Box:
    """A text whose ``justify`` (left, right, centre) is at x, and the middle of whose first line is at y."""
    lines = text.split("\n")
    width = max(len(line) for line in lines) * size * _LETTER
    left = {"left": x, "right": x - width, "centre": x - width / 2}[justify]
    return Box(left, y - size * 0.65, left + width, y + size * 0.65 + (len(lines) - 1) * size * _LINE)


def note_boxes(x: float, y: float, words: str) -> list[Box]:
    """A note: its first line is a heading, the others stand below it."""
    heading, _, rest = words.partition("\n")
    boxes = [text_box(heading, x, y, size=HEADING)]
    if rest:
        boxes.append(text_box(rest, x, y + NOTE))
    return boxes


def ends(part: Part, nets: dict[str, str | None]) -> tuple[End, ...]:
    """The pins of a part as it stands on its sheet; pins that lie on each other are one. ``nets`` by pin number."""
    places: dict[tuple[Cell, Cell], list[str]] = {}
    for pin in library.pins(part.symbol):
        at = cell(*_turned(part, pin.x, pin.y))
        angle = -pin.angle if part.mirror else pin.angle
        out = _BY_ANGLE[(angle + 180 + part.sheet[2]) % 360]
        places.setdefault((at, out), []).append(pin.number)
    return tuple(End(part.ref, tuple(numbers), nets[numbers[0]], at, out) for (at, out), numbers in places.items())


def body(part: Part) -> Box:
    """What a part's drawing covers, without its pins."""
    left, bottom, right, top = _drawing(part.symbol)
    corners = [_turned(part, x, y) for x in (left, right) for y in (bottom, top)]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return Box(min(xs), min(ys), max(xs), max(ys))


def _turned(part: Part, x: float, y: float) -> tuple[float, float]:
    at = millimetres(cell(*part.sheet[:2]))
    y = -y if part.mirror else y
    turn = math.radians(part.sheet[2])
    sine, cosine = round(math.sin(turn)), round(math.cos(turn))
    return at[0] + x * cosine - y * sine, at[1] - (x * sine + y * cosine)


@cache
def _drawing(symbol: str) -> tuple[float, float, float, float]:
    points = [point for part in find_all(library.symbol(symbol), "symbol") for point in _points(part)]
    if not points:
        return 0.0, 0.0, 0.0, 0.0
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def _points(drawing: Node) -> list[tuple[float, float]]:
    found = []
    for name, corners in (("rectangle", ("start", "end")), ("arc", ("start", "mid", "end"))):
        found += [_xy(need(shape, corner)) for shape in find_all(drawing, name) for corner in corners]
    for shape in find_all(drawing, "polyline"):
        found += [_xy(point) for point in find_all(need(shape, "pts"), "xy")]
    for shape in find_all(drawing, "circle"):
        (x, y), radius = _xy(need(shape, "center")), float(need(shape, "radius")[1])
        found += [(x - radius, y - radius), (x + radius, y + radius)]
    return found


def _xy(node: Node) -> tuple[float, float]:
    return float(node[1]), float(node[2])
