"""The base plate: closes the shell from below. Printed as it stands, its underside on the bed."""

from build123d import Plane, Pos, RectangleRounded, Solid, extrude

from hardware.enclosure import frame as frames
from hardware.enclosure.frame import Frame
from hardware.enclosure.hull import hull
from hardware.enclosure.measures import Design
from hardware.enclosure.places import base_screws
from hardware.enclosure.solids import PAST, box, countersink, rod


def table_plane(design: Design) -> Plane:
    """x, b and h above the table, as a plane of build123d."""
    frame = frames.of(design.shared)
    return Plane(origin=frame.solid(0, 0, 0), x_dir=(1, 0, 0), z_dir=(0, frame.sine, frame.cosine))


def make(design: Design) -> Solid:
    """The base plate, in the frame of the solids."""
    d, own = design.shared, design.own
    frame = frames.of(d)
    table = table_plane(design)
    inside = hull(design, d.case.wall + own.shape.clearance, d.face.wall, 20.0)
    thick = own.base.thickness
    plate = inside & (table * box((-100, 300), (-200, 100), (0, thick)))
    plate += table * (_hatch_frame(design, frame) + _speaker_rails(design))
    up = (0.0, frame.sine, frame.cosine)
    for x, b in base_screws(design):
        plate -= countersink(frame.solid(x, b, 0), up, own.screw.clearance_hole, own.screw.head, thick)
    plate -= table * _hatch_hole(design, frame)
    for x, y, z in hatch_screws(design):
        plate -= rod(frame.solid(x, y, z - PAST), up, own.screw.insert_hole / 2, own.screw.insert_depth + 3 * PAST)
    for x, b in own.base.feet:
        plate -= rod(frame.solid(x, b, -PAST), up, own.base.foot_diameter / 2, own.base.foot_recess + PAST)
    for x, b in own.base.keyholes:
        plate -= table * _keyhole(design, x, b)
    for x, b in own.base.vents:
        plate -= table * _slot(x, b, own.base.vent[0], own.base.vent[1], thick)
    return plate.solid()


def hatch_middle(design: Design) -> tuple[float, float]:
    """x and b of the hatch: straight below the coin cell's holder, as the table sees it."""
    d = design.shared
    x, y = d.coin_cell.centre
    return x, frames.of(d).table(x, -y, -d.board.thickness - 3.0)[1]


def hatch_screws(design: Design) -> list[tuple[float, float, float]]:
    """x, b and h of the seats of the door's two screws' inserts."""
    x, b = hatch_middle(design)
    offset, h = design.own.hatch.screw_offset, design.own.hatch.door + design.own.shape.clearance
    return [(x - offset, b, h), (x + offset, b, h)]


def door_size(design: Design) -> tuple[float, float]:
    """x and b of the door."""
    hatch = design.own.hatch
    return 2 * (hatch.screw_offset + design.own.screw.boss_radius), hatch.opening[1] + 2 * hatch.ledge


def _hatch_frame(design: Design, frame: Frame) -> Solid:
    """A thicker rim round the hatch, and the bosses of its screws."""
    own = design.own
    x, b = hatch_middle(design)
    width, length = (side + 2 * (own.shape.clearance + 3.0) for side in door_size(design))
    top = own.hatch.door + own.shape.clearance + own.hatch.ledge_thickness
    rim = Pos(x, b, 0.4) * extrude(RectangleRounded(width, length, 4.0), top - 0.4)
    for at_x, at_b, h in hatch_screws(design):
        rim += Pos(at_x, at_b, 0) * _boss(own.screw.boss_radius, 1.0, h + own.screw.insert_depth + 0.5)
    return rim.solid()


def _boss(radius: float, low: float, high: float) -> Solid:
    return rod((0, 0, low), (0, 0, 1), radius, high - low)


def _hatch_hole(design: Design, frame: Frame) -> Solid:
    own = design.own
    x, b = hatch_middle(design)
    width, length = (side + 2 * own.shape.clearance for side in door_size(design))
    seat = Pos(x, b, -PAST) * extrude(RectangleRounded(width, length, 3.0), own.hatch.door + own.shape.clearance + PAST)
    through = Pos(x, b, 0) * extrude(RectangleRounded(*own.hatch.opening, 3.0), 20.0)
    return (seat + through).solid()


def speaker_place(design: Design) -> tuple[tuple[float, float], tuple[float, float], tuple[float, float]]:
    """x, b and h that the loudspeaker fills: on the base, its face to the right wall."""
    d, speaker = design.shared, design.own.speaker
    wall = d.face.x[1] - d.case.wall - design.own.shape.clearance - 0.2
    low = design.own.base.thickness
    return (
        (wall - speaker.size[0], wall),
        (speaker.b - speaker.size[1] / 2, speaker.b + speaker.size[1] / 2),
        (low, low + speaker.size[2]),
    )


def _speaker_rails(design: Design) -> Solid:
    """A pocket on the base: the loudspeaker is put in from above before the base is closed."""
    speaker = design.own.speaker
    x, b, h = speaker_place(design)
    play, rail = speaker.play, speaker.rail
    low, high = design.own.base.thickness - 0.5, h[0] + speaker.rail_height
    back = box((x[0] - play - rail, x[0] - play), (b[0] - play - rail, b[1] + play + rail), (low, high))
    for side, way in ((b[0] - play, -1), (b[1] + play, 1)):
        span = sorted((side, side + way * rail))
        back += box((x[0] - play - rail, x[1] - 1.0), (span[0], span[1]), (low, high))
    return back.solid()


def _keyhole(design: Design, x: float, b: float) -> Solid:
    base = design.own.base
    head = Pos(x, b, 0) * _boss(base.keyhole_head / 2, -PAST, base.thickness + PAST)
    slot = box(
        (x - base.keyhole_slot / 2, x + base.keyhole_slot / 2),
        (b, b + base.keyhole_length),
        (-PAST, base.thickness + PAST),
    )
    end = Pos(x, b + base.keyhole_length, 0) * _boss(base.keyhole_slot / 2, -PAST, base.thickness + PAST)
    return (head + slot + end).solid()


def _slot(x: float, b: float, width: float, length: float, thick: float) -> Solid:
    return Pos(x, b, -PAST) * extrude(RectangleRounded(width, length, width / 2 - 0.01), thick + 2 * PAST)
