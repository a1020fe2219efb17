"""The hood: a sleeve round rear and sides of the shell that rises over the face, so that staff see no key.

Printed as it stands, skirt down: all its walls are upright. Whether it hides what it must is decided in privacy.py.
"""

from build123d import Axis, Edge, Face, Pos, Solid, Vector, Wire, extrude, fillet

from hardware.enclosure import visor
from hardware.enclosure.measures import Design
from hardware.enclosure.places import hood_screws
from hardware.enclosure.solids import PAST, box, countersink, slab

Pair = tuple[float, float]


def make(design: Design) -> Solid:
    """The hood, in the frame of the solids."""
    d, own = design.shared, design.own
    face = d.face.gap + d.face.wall
    inside, outside = own.hood.gap, own.hood.gap + own.hood.wall
    z = face - own.hood.skirt, face + d.case.hood_height
    ring = _plan(design, outside, z) - _plan(design, inside, (z[0] - PAST, z[1] + PAST))
    hood = ring & _side(design)
    hood = fillet(hood.edges().filter_by(lambda edge: _is_upper(edge, design)), 1.0)
    hood -= _network_notch(design)
    for at, inwards in hood_screws(design):
        seat = tuple(a - outside * way for a, way in zip(at, inwards, strict=True))
        hood -= countersink(seat, inwards, own.screw.clearance_hole, own.screw.head, outside)  # type: ignore[arg-type]
    return hood.solid()


def _plan(design: Design, grow: float, z: Pair) -> Solid:
    """The outline of the case, grown, upright on the face; open to the front because it goes on for long."""
    d = design.shared
    return slab(
        (d.face.x[0] - grow, d.face.x[1] + grow),
        (-d.face.y[1] - 60, -d.face.y[0] + grow),
        design.own.shape.corner_radius + grow,
        z,
    )


def _upper(design: Design) -> Wire:
    """The upper edge in the side view, over the outer face."""
    rear = -design.shared.face.y[0] + design.own.hood.gap + design.own.hood.wall + PAST
    edge = visor.of(design)
    start, middle, end = (Vector(0, -y, height) for y, height in (edge.start, edge.middle, edge.end))
    return Wire([Edge.make_line(Vector(0, rear, start.Z), start), Edge.make_three_point_arc(start, middle, end)])


def _side(design: Design) -> Solid:
    """What of the sleeve remains in the side view."""
    d, hood = design.shared, design.own.hood
    face = d.face.gap + d.face.wall
    rear = -d.face.y[0] + hood.gap + hood.wall + PAST
    upper = Pos(0, 0, face) * _upper(design)
    low = face - hood.skirt
    end = -hood.end_y
    rest = Wire.make_polygon(
        [(0, end, face + hood.end_height), (0, end, low), (0, rear, low), (0, rear, face + d.case.hood_height)],
        close=False,
    )
    view = Face(Wire([*upper.edges(), *rest.edges()]))
    solid = extrude(Pos(d.face.x[0] - 20, 0, 0) * view, d.face.x[1] - d.face.x[0] + 40, dir=(1, 0, 0))
    # round nose of the cheeks
    nose = [edge for edge in solid.edges().filter_by(Axis.X) if abs(edge.center().Y - end) < 1e-6]
    return fillet(nose, 4.0)


def _is_upper(edge: Edge, design: Design) -> bool:
    """An edge along the top of the walls, or round the nose of a cheek."""
    face = design.shared.face.gap + design.shared.face.wall
    low = face - design.own.hood.skirt
    return edge.bounding_box().min.Z > low + 4.5 and abs(edge.tangent_at(0.5).Z) < 0.99


def _network_notch(design: Design) -> Solid:
    """Room for the network plug and a finger under the hood's rear skirt."""
    d, ports, hood = design.shared, design.own.ports, design.own.hood
    x, rear = d.rear.ethernet_x, -d.face.y[0]
    top = ports.alcove_bottom + ports.alcove[1]
    half = ports.alcove[0] / 2
    cut = box(
        (x - half, x + half), (rear - PAST, rear + hood.gap + hood.wall + PAST), (d.face.gap - hood.skirt - 9, top)
    )
    return fillet(cut.edges().filter_by(Axis.Y).sort_by(Axis.Z)[-2:], 3.0)
