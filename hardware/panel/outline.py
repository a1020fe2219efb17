"""Closed outlines, the only thing that the artwork is made of. Millimetres in the frame of the face, y downwards."""

from collections.abc import Iterable
from dataclasses import dataclass

Point = tuple[float, float]

#: Where the control points of a quarter circle lie, as a part of its radius.
_ARC = 0.5522847498


@dataclass(frozen=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> Point:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def grown(self, by: float) -> "Box":
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def holds(self, other: "Box") -> bool:
        """Whether ``other`` lies inside; a hundredth of a millimetre is forgiven."""
        a, b = self.grown(0.01), other
        return a.left <= b.left and a.top <= b.top and a.right >= b.right and a.bottom >= b.bottom

    def meets(self, other: "Box") -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


@dataclass(frozen=True)
class Outline:
    """Each step is a letter and its points: ``M`` begin, ``L`` line, ``C`` cubic curve, ``Z`` close."""

    steps: tuple[tuple[str, tuple[Point, ...]], ...]

    @property
    def box(self) -> Box:
        """Of all points, those that only guide a curve as well."""
        points = [point for _, given in self.steps for point in given]
        xs, ys = [x for x, _ in points], [y for _, y in points]
        return Box(min(xs), min(ys), max(xs), max(ys))

    def __add__(self, other: "Outline") -> "Outline":
        return Outline(self.steps + other.steps)

    def reversed(self) -> "Outline":
        """The same contour, drawn the other way round: added to another one it is a hole in it. One contour only."""
        (_, start), *rest, _ = self.steps
        place, found = start[0], []
        for kind, points in rest:
            found.append((kind, (*points[-2::-1], place)))
            place = points[-1]
        return Outline((("M", (place,)), *reversed(found), ("Z", ())))

    def moved(self, dx: float, dy: float) -> "Outline":
        return Outline(tuple((kind, tuple((x + dx, y + dy) for x, y in points)) for kind, points in self.steps))


def polygon(points: Iterable[Point]) -> Outline:
    first, *rest = points
    return Outline((("M", (first,)), *(("L", (point,)) for point in rest), ("Z", ())))


def rectangle(box: Box, radius: float = 0.0) -> Outline:
    if not radius:
        return polygon(((box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom)))
    r, k = radius, radius * (1 - _ARC)
    left, top, right, bottom = box.left, box.top, box.right, box.bottom
    return Outline(
        (
            ("M", ((left + r, top),)),
            ("L", ((right - r, top),)),
            ("C", ((right - k, top), (right, top + k), (right, top + r))),
            ("L", ((right, bottom - r),)),
            ("C", ((right, bottom - k), (right - k, bottom), (right - r, bottom))),
            ("L", ((left + r, bottom),)),
            ("C", ((left + k, bottom), (left, bottom - k), (left, bottom - r))),
            ("L", ((left, top + r),)),
            ("C", ((left, top + k), (left + k, top), (left + r, top))),
            ("Z", ()),
        )
    )


def circle(x: float, y: float, diameter: float) -> Outline:
    half = diameter / 2
    return rectangle(Box(x - half, y - half, x + half, y + half), half)
