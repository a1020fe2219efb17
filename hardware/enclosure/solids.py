"""The few shapes that the parts are cut and joined from, in the frame of the solids (see frame.py)."""

from collections.abc import Sequence

from build123d import (
    Align,
    Box,
    Cone,
    Cylinder,
    Face,
    Plane,
    Polygon,
    Pos,
    RectangleRounded,
    Solid,
    Vector,
    extrude,
    fillet,
)

from hardware import star as stars
from hardware.dimensions import Keys
from hardware.enclosure.frame import Point

Span = tuple[float, float]

#: Cuts go this far past the surface, so that no skin is left.
PAST = 0.5


def box(x: Span, y: Span, z: Span) -> Solid:
    middle = Pos((x[0] + x[1]) / 2, (y[0] + y[1]) / 2, (z[0] + z[1]) / 2)
    return middle * Box(x[1] - x[0], y[1] - y[0], z[1] - z[0])


def rod(start: Point, direction: Point, radius: float, length: float) -> Solid:
    """A cylinder that begins at ``start`` and grows along ``direction``."""
    return Plane(origin=start, z_dir=direction) * Cylinder(
        radius, length, align=(Align.CENTER, Align.CENTER, Align.MIN)
    )


def countersink(seat: Point, inwards: Point, hole: float, head: float, depth: float) -> Solid:
    """What a countersunk screw needs: a cone from ``seat`` on, and its clearance hole through ``depth``."""
    cone = Plane(origin=seat, z_dir=inwards) * Cone(
        head / 2 + 0.2, hole / 2, (head - hole) / 2 + 0.2, align=(Align.CENTER, Align.CENTER, Align.MIN)
    )
    back = tuple(at - PAST * way for at, way in zip(seat, inwards, strict=True))
    lead = rod(back, inwards, head / 2 + 0.2, PAST)  # type: ignore[arg-type]
    return cone + lead + rod(seat, inwards, hole / 2, depth + PAST)


def prism(outline: Sequence[Span], x: Span) -> Solid:
    """A side view of points (Y, Z), drawn along x."""
    return extrude(Plane.YZ.offset(x[0]) * Polygon(*outline, align=None), x[1] - x[0], dir=(1, 0, 0))


def slab(x: Span, y: Span, radius: float, z: Span) -> Solid:
    """A plate with rounded corners, parallel to the face."""
    plate = RectangleRounded(x[1] - x[0], y[1] - y[0], radius)
    return Pos((x[0] + x[1]) / 2, (y[0] + y[1]) / 2, z[0]) * extrude(plate, z[1] - z[0])


def star(keys: Keys, grow: float = 0.0, tip: float = 0.0) -> Face:
    """The star of ``hardware/star.py``, one tip to +Y, its edges moved outwards by ``grow``, its tips rounded."""
    radius = stars.grown(keys.star_radius, keys.star_inner, grow)
    face = Polygon(*[(x, -y) for x, y in stars.points(radius, keys.star_inner)], align=None)
    if tip:
        face = fillet([corner for corner in face.vertices() if Vector(corner).length > radius * 0.75], tip)
    return face
