"""Points, turns and sides, as KiCad has them: y runs down, a positive turn goes against the clock."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

Point = tuple[float, float]
Polygon = tuple[Point, ...]


def turned(point: Point, degrees: float) -> Point:
    """The point after a turn about the origin; whole quarter turns are exact."""
    x, y = point
    quarter, rest = divmod(degrees % 360, 90)
    if rest == 0:
        for _ in range(int(quarter)):
            x, y = y, -x
        return x, y
    a = math.radians(degrees)
    return x * math.cos(a) + y * math.sin(a), -x * math.sin(a) + y * math.cos(a)


@dataclass(frozen=True)
class Place:
    """Where a footprint lies: its origin in mm in the frame of ``dimensions.toml``, its turn in degrees, its side.

    A part on the back is first turned over about its own x axis, then turned: that is how KiCad stores it.
    """

    x: float
    y: float
    turn: float = 0.0
    back: bool = False

    def point(self, local: Point) -> Point:
        """A point of the footprint's library frame, on the board."""
        x, y = turned(mirrored(local) if self.back else local, self.turn)
        return self.x + x, self.y + y


def mirrored(local: Point) -> Point:
    return local[0], -local[1]


def box(points: Iterable[Point]) -> tuple[float, float, float, float]:
    """Left, top, right, bottom."""
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def inside(point: Point, polygon: Polygon) -> bool:
    x, y = point
    odd = False
    for (ax, ay), (bx, by) in edges(polygon):
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            odd = not odd
    return odd


def edges(polygon: Polygon) -> Iterable[tuple[Point, Point]]:
    return zip(polygon, polygon[1:] + polygon[:1], strict=True)


def to_segment(point: Point, a: Point, b: Point) -> float:
    """The distance from a point to a straight piece."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = dx * dx + dy * dy
    t = 0.0 if length == 0 else ((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / length
    t = max(0.0, min(1.0, t))
    return math.hypot(point[0] - a[0] - t * dx, point[1] - a[1] - t * dy)


def to_polygon(point: Point, polygon: Polygon) -> float:
    """The distance from a point to a polygon; 0 inside."""
    if inside(point, polygon):
        return 0.0
    return min(to_segment(point, a, b) for a, b in edges(polygon))


def segments_meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    def side(p: Point, q: Point, r: Point) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0


def between(a: Point, b: Point, c: Point, d: Point) -> float:
    """The distance between two straight pieces; 0 where they cross."""
    if segments_meet(a, b, c, d):
        return 0.0
    return min(to_segment(a, c, d), to_segment(b, c, d), to_segment(c, a, b), to_segment(d, a, b))


def circle(centre: Point, radius: float, corners: int = 32) -> Polygon:
    """A regular polygon around a circle."""
    r = radius / math.cos(math.pi / corners)
    turn = [2 * math.pi * (k + 0.5) / corners for k in range(corners)]
    return tuple((centre[0] + r * math.cos(a), centre[1] + r * math.sin(a)) for a in turn)
