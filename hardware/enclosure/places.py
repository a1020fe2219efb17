"""Where the screws of the case are, and the display: shell, base, hood, clips, clamps and their checks agree on it."""

from hardware.enclosure import frame as frames
from hardware.enclosure.frame import Point
from hardware.enclosure.measures import Design

Pair = tuple[float, float]


def module_rear(design: Design) -> float:
    """z of the back of the display module's board."""
    return design.shared.display.socket_height + design.own.screen.header


def clip_bosses(design: Design) -> list[Pair]:
    """X and Y of the bosses beside the display module's right edge."""
    display, screen = design.shared.display, design.own.screen
    x = display.centre[0] + display.module[0] / 2 + screen.play + 0.2 + design.own.screw.boss_radius
    return [(x, -y) for y in screen.clip_y]


def base_screws(design: Design) -> list[Pair]:
    """x and b of the four screws of the base: front left and right, rear left and right."""
    d, base = design.shared, design.own.base
    frame = frames.of(d)
    left, right = d.face.x[0] + d.case.wall, d.face.x[1] - d.case.wall
    front = frame.table(0, -d.face.y[1], d.face.gap + d.face.wall)[1] + d.case.wall
    inside = frame.rear_at(-d.face.y[0] - d.case.wall, base.thickness)
    rear = frame.table(*inside)[1]
    return [
        (left + base.front_inset, front + base.front_inset),
        (right - base.front_inset, front + base.front_inset),
        (left + base.rear_inset[0], rear - base.rear_inset[1]),
        (right - base.rear_inset[0], rear - base.rear_inset[1]),
    ]


def hood_screws(design: Design) -> list[tuple[Point, Point]]:
    """Where the hood is screwed to the shell: points on the outside of its walls, and the way inwards."""
    d, hood = design.shared, design.own.hood
    z = d.face.gap + d.face.wall - hood.screw_depth
    rear = [((x, -d.face.y[0], z), (0.0, -1.0, 0.0)) for x in hood.screws_rear_x]
    left = ((d.face.x[0], -hood.screws_side_y, z), (1.0, 0.0, 0.0))
    right = ((d.face.x[1], -hood.screws_side_y, z), (-1.0, 0.0, 0.0))
    return [*rear, left, right]


def clamp_screws(design: Design) -> list[Point]:
    """Points on the outside of the rear wall: two for the USB cable, two for the network cable."""
    d, clamp = design.shared, design.own.clamp
    return [
        (x + side * clamp.screw_offset, -d.face.y[0], clamp.z)
        for x in (d.rear.usb_x, d.rear.ethernet_x)
        for side in (-1, 1)
    ]
