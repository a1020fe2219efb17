"""Where things are: from the face's frame of dimensions.toml to the solids' one, and to the table's.

*Face*: x right, y down the slope towards the citizen, z off the board. It is left-handed, as KiCad's page is.
*Solid*: X = x, Y = -y, Z = z, right-handed: what the parts are modelled in, and what kicad-cli exports.
*Table*: x right, b backwards (away from the citizen), h above the table top on which the rim of the case stands.
"""

from dataclasses import dataclass
from math import cos, radians, sin

from hardware.dimensions import Dimensions

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Frame:
    """``lift`` is the height of the face frame's origin above the table, ``cosine`` and ``sine`` those of the slope."""

    cosine: float
    sine: float
    lift: float

    def solid(self, x: float, b: float, h: float) -> Point:
        """A point given above the table, in the frame of the solids."""
        height = h - self.lift
        return x, b * self.cosine + height * self.sine, height * self.cosine - b * self.sine

    def table(self, x: float, y: float, z: float) -> Point:
        """A point of the solids, as x, b, h above the table."""
        return x, y * self.cosine - z * self.sine, y * self.sine + z * self.cosine + self.lift

    def rear_at(self, y: float, h: float) -> Point:
        """Where a wall that stands square on the face at Y = ``y`` has the height ``h`` (x is 0)."""
        return 0.0, y, (h - self.lift - y * self.sine) / self.cosine


def of(d: Dimensions) -> Frame:
    slope = radians(d.face.slope_deg)
    cosine, sine = cos(slope), sin(slope)
    top = d.face.gap + d.face.wall
    return Frame(cosine, sine, d.case.front_height + d.face.y[1] * sine - top * cosine)
