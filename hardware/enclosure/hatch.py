"""The door over the coin cell, held by two screws; lies flush in the base."""

from build123d import Axis, Pos, RectangleRounded, Solid, chamfer, extrude

from hardware.enclosure import frame as frames
from hardware.enclosure.base import door_size, hatch_middle, hatch_screws, table_plane
from hardware.enclosure.measures import Design
from hardware.enclosure.solids import countersink


def make(design: Design) -> Solid:
    """The door, in the frame of the solids."""
    own = design.own
    x, b = hatch_middle(design)
    plate = extrude(RectangleRounded(*door_size(design), 3.0), own.hatch.door)
    plate = chamfer(plate.faces().sort_by(Axis.Z)[0].edges(), 0.4)
    door = table_plane(design) * Pos(x, b, 0) * plate
    frame = frames.of(design.shared)
    up = (0.0, frame.sine, frame.cosine)
    for at_x, at_b, _ in hatch_screws(design):
        door -= countersink(frame.solid(at_x, at_b, 0), up, own.screw.clearance_hole, own.screw.head, own.hatch.door)
    return door.solid()
