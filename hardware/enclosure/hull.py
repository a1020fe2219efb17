"""The wedge that the case is, as a solid: its outside, its hollow, and what lies below the table."""

from build123d import Axis, Plane, Pos, Solid, fillet

from hardware.enclosure import frame as frames
from hardware.enclosure.frame import Frame
from hardware.enclosure.measures import Design
from hardware.enclosure.solids import box, prism


def hull(design: Design, inset: float, top: float = 0.0, drop: float = 0.0, rounded: bool = False) -> Solid:
    """The wedge that the case is: its outside with ``inset`` 0, its hollow with that of a wall.

    ``top`` lowers the face; ``drop`` lets the walls reach below the table.
    """
    d = design.shared
    frame = frames.of(d)
    x = d.face.x[0] + inset, d.face.x[1] - inset
    rear = -d.face.y[0] - inset
    z = d.face.gap + d.face.wall - top
    # the front wall stands upright on the table: its foot and a point of it at the face's height
    foot = frame.solid(0, frame.table(0, -d.face.y[1], d.face.gap + d.face.wall)[1] + inset, -drop)
    along = frame.solid(0, frame.table(0, -d.face.y[1], d.face.gap + d.face.wall)[1] + inset, 100.0)
    share = (z - foot[2]) / (along[2] - foot[2])
    front = foot[1] + share * (along[1] - foot[1])
    outline = [(rear, z), (front, z), (foot[1], foot[2]), (rear, frame.rear_at(rear, -drop)[2])]
    wedge = prism(outline, x)
    upright = [edge for edge in wedge.edges() if abs(edge.tangent_at(0.5).X) < 0.1 and _joins(edge, z)]
    wedge = fillet(upright, design.own.shape.corner_radius - inset)
    if rounded:
        wedge = fillet(wedge.faces().sort_by(Axis.Z)[-1].edges(), design.own.shape.edge_radius)
    return wedge


def _joins(edge: object, z: float) -> bool:
    """Whether an edge runs from the face down: one end on the face, the other one not."""
    heights = sorted(abs(vertex.Z - z) < 1e-6 for vertex in edge.vertices())  # type: ignore[attr-defined]
    return heights == [False, True]


def under(design: Design, frame: Frame, h: float) -> Solid:
    """All that lies below the height ``h`` above the table."""
    table = Plane(origin=frame.solid(75, 0, h), x_dir=(1, 0, 0), z_dir=(0, frame.sine, frame.cosine))
    return table * Pos(0, 0, -60) * box((-200, 200), (-250, 250), (-60, 60))
