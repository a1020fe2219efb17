"""A star key's cap: translucent, pushed onto the plunger of its switch, held back by its flange under the face.

One star carries a bar, five stars a bump, to be felt. The upper arm is hollow as far as 2 mm of wall allow: the light
of the WS2812B below it enters there; the rest of the arm is a solid light guide.
"""

from build123d import Axis, Box, Pos, Rectangle, RectangleRounded, Solid, Sphere, chamfer, extrude, fillet

from hardware.enclosure.measures import Design
from hardware.enclosure.solids import PAST, rod, star


def make(design: Design, stars: int) -> Solid:
    """The cap of the key of so many stars, in its place over its switch."""
    d, key = design.shared, design.own.key
    top = d.face.gap + d.face.wall + d.keys.cap_proud
    under = d.face.gap - key.rest_gap - key.flange
    outline = star(d.keys, tip=0.8)
    body = Pos(0, 0, under) * extrude(outline, top - under, dir=(0, 0, 1))
    body = chamfer(body.faces().sort_by(Axis.Z)[-1].edges(), 0.7)
    cap = body + rod((0, 0, under), (0, 0, 1), key.flange_radius, key.flange)
    low = key.switch_height + d.keys.travel + 0.3
    cap += Pos(0, 0, low) * extrude(RectangleRounded(key.stem, key.stem, 0.8), under - low + PAST)
    socket = key.plunger + key.plunger_fit
    cap -= Pos(0, 0, low - PAST) * extrude(Rectangle(socket, socket), key.plunger_top - low + PAST)
    cap -= _hollow(design, under, top)
    mark = _mark(design, stars, top)
    if mark is not None:
        cap += mark
    return Pos(d.keys.x[stars - 1], -d.keys.y, 0) * cap.solid()


def _hollow(design: Design, under: float, top: float) -> Solid:
    """The star moved inwards by the least wall, between the stem and the upper tip."""
    d, own = design.shared, design.own
    inner = star(d.keys, grow=-own.shape.least_wall)
    well = Pos(0, 0, under - PAST) * extrude(inner, top - own.key.light_skin - under + PAST, dir=(0, 0, 1))
    # keep the stem whole: its wall goes on upwards as the light's rear wall
    start = own.key.stem / 2
    return (well & (Pos(0, start + 10, top / 2) * Box(40, 20, 4 * top))).solid()


def _mark(design: Design, stars: int, top: float) -> Solid | None:
    """What a finger finds on the cap: a bar on the first, a flat dome on the last."""
    key = design.own.key
    if stars == 1:
        bar = extrude(RectangleRounded(*key.bar, 1.1), key.mark_height + 1.0)
        return Pos(0, 0, top - 1.0) * fillet(bar.faces().sort_by(Axis.Z)[-1].edges(), 0.6)
    if stars == len(design.shared.keys.x):
        height, radius = key.mark_height, key.bump_radius
        ball = (radius**2 + height**2) / (2 * height)
        dome = Pos(0, 0, top + height - ball) * Sphere(ball)
        return dome & (Pos(0, 0, top + height / 2 - 0.5) * Box(3 * radius, 3 * radius, height + 1.0))
    return None
