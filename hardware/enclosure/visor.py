"""The upper edge of the hood in the side view: what hood.py builds and privacy.py judges."""

from dataclasses import dataclass
from math import hypot, sqrt

from hardware.enclosure.measures import Design


@dataclass(frozen=True)
class Visor:
    """y runs down the face, heights are above the outer face. Level behind ``start``, then an arc through ``middle``
    to ``end``, where the cheeks end."""

    start: tuple[float, float]
    middle: tuple[float, float]
    end: tuple[float, float]

    def height(self, y: float) -> float:
        """Of the edge over y; nothing stands beyond the end."""
        if y <= self.start[0]:
            return self.start[1]
        if y > self.end[0]:
            return float("-inf")
        (x0, y0), radius = self._circle()
        return y0 + sqrt(max(radius**2 - (y - x0) ** 2, 0.0))

    def _circle(self) -> tuple[tuple[float, float], float]:
        (ax, ay), (bx, by), (cx, cy) = self.start, self.middle, self.end
        twice = 2 * (ax * (by - cy) + bx * (cy - ay) + cx * (ay - by))
        a, b, c = ax**2 + ay**2, bx**2 + by**2, cx**2 + cy**2
        x = (a * (by - cy) + b * (cy - ay) + c * (ay - by)) / twice
        y = (a * (cx - bx) + b * (ax - cx) + c * (bx - ax)) / twice
        return (x, y), hypot(ax - x, ay - y)


def of(design: Design) -> Visor:
    """The edge that case.toml describes: a straight line to the front, bulging by ``bulge``."""
    d, hood = design.shared, design.own.hood
    start = d.face.y[0] + 1.0, d.case.hood_height
    end = hood.end_y, hood.end_height
    length = hypot(end[0] - start[0], end[1] - start[1])
    out = (start[1] - end[1]) / length * hood.bulge, (end[0] - start[0]) / length * hood.bulge
    return Visor(start, ((start[0] + end[0]) / 2 + out[0], (start[1] + end[1]) / 2 + out[1]), end)
