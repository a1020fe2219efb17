"""The star of key cap and opening: both are cut from ``[keys]`` of dimensions.toml. Millimetres, y downwards.

All ten edges of a star are equally far from its middle, so a star with a gap all round is the same star, larger.
"""

from math import cos, hypot, pi, sin

from hardware.dimensions import Keys

Point = tuple[float, float]


def points(radius: float, inner: float, x: float = 0.0, y: float = 0.0) -> tuple[Point, ...]:
    """The ten corners, the upper tip first, clockwise as one sees it. ``inner``: inner radius / outer radius."""
    found = []
    for corner in range(10):
        r = radius * inner if corner % 2 else radius
        found.append((x + r * sin(corner * pi / 5), y - r * cos(corner * pi / 5)))
    return tuple(found)


def edge_distance(radius: float, inner: float) -> float:
    """From the middle of a star to each of its edges (the foot may lie beside the edge)."""
    (ax, ay), (bx, by) = points(radius, inner)[:2]
    return abs(ax * by - ay * bx) / hypot(bx - ax, by - ay)


def grown(radius: float, inner: float, gap: float) -> float:
    """The radius of the star whose edges lie ``gap`` outside of those of a star of ``radius``."""
    distance = edge_distance(radius, inner)
    return radius * (distance + gap) / distance


def cap(keys: Keys, number: int) -> tuple[Point, ...]:
    """The outline of key ``number``, 1 to 5."""
    return points(keys.star_radius, keys.star_inner, keys.x[number - 1], keys.y)


def opening(keys: Keys, number: int) -> tuple[Point, ...]:
    """The opening for key ``number`` in face and overlay: ``opening_gap`` outside of the cap, with sharp tips."""
    radius = grown(keys.star_radius, keys.star_inner, keys.opening_gap)
    return points(radius, keys.star_inner, keys.x[number - 1], keys.y)
