"""The face shell: sloped face and four walls in one piece, printed face down.

Everything that holds something hangs from the inside of the face or from a wall with a 45 degree gusset, so that no
support is needed but two layers under the recess of the overlay (which the overlay then covers).
"""

from math import sqrt

from build123d import Compound, Plane, Pos, RectangleRounded, Solid, extrude

from hardware.enclosure import frame as frames
from hardware.enclosure import places
from hardware.enclosure.frame import Frame
from hardware.enclosure.hull import hull, under
from hardware.enclosure.measures import Design
from hardware.enclosure.solids import PAST, Span, box, prism, rod, slab, star


def make(design: Design) -> Solid:
    """The face shell, in the frame of the solids."""
    frame = frames.of(design.shared)
    shell = hull(design, 0.0, rounded=True) - hull(design, design.shared.case.wall, design.shared.face.wall, 20.0)
    for more in (
        _board_bosses(design),
        _screen_ribs(design),
        _baffles(design),
        _base_posts(design, frame),
        _hood_blocks(design),
        _clamp_blocks(design),
        _alcove(design),
    ):
        shell += more
    for less in (
        _panel_recess(design),
        _window(design),
        _stars(design),
        _inserts(design, frame),
        _plugs(design),
        _grille(design, frame),
        _theft(design, frame),
        hull(design, 0.0, drop=40.0) & under(design, frame, 0.0),
    ):
        shell -= less
    return shell.solid()


def _board_bosses(design: Design) -> Compound:
    d = design.shared
    return Compound(
        [rod((x, -y, 0), (0, 0, 1), design.own.screw.boss_radius, d.face.gap + PAST) for x, y in d.board.holes]
    )


def _screen_ribs(design: Design) -> Compound:
    """Corners that hold the display module sideways, pads it leans on, and bosses of its two clips."""
    d, screen = design.shared, design.own.screen
    middle, size = d.display.centre, d.display.module
    top = d.face.gap + PAST
    low = places.module_rear(design) + 0.3
    rest = places.module_rear(design) + screen.board
    parts = []
    for right in (False, True):
        for front in (False, True):
            sx, sy = (1 if right else -1), (-1 if front else 1)
            edge_x = middle[0] + sx * (size[0] / 2 + screen.play)
            edge_y = -middle[1] + sy * (size[1] / 2 + screen.play)
            # short ribs along both edges: the header's pins and the clips need the rest
            parts.append(_span_box((edge_x, sx * screen.rib), (edge_y + sy * screen.rib, -sy * 10), (low, top)))
            parts.append(_span_box((edge_x + sx * screen.rib, -sx * 14), (edge_y, sy * screen.rib), (low, top)))
            parts.append(
                _span_box(
                    (edge_x + sx * PAST, -sx * (screen.pad[0] + PAST)),
                    (edge_y + sy * PAST, -sy * (screen.pad[1] + PAST)),
                    (rest + 0.1, top),
                )
            )
    parts += [
        rod(
            (x, y, places.module_rear(design)),
            (0, 0, 1),
            design.own.screw.boss_radius,
            top - places.module_rear(design),
        )
        for x, y in places.clip_bosses(design)
    ]
    return Compound(parts)


def _span_box(x: Span, y: Span, z: Span) -> Solid:
    """A box from a start and a signed length in x and y."""
    return box((min(x[0], x[0] + x[1]), max(x[0], x[0] + x[1])), (min(y[0], y[0] + y[1]), max(y[0], y[0] + y[1])), z)


def _baffles(design: Design) -> Compound:
    """Walls between the keys; those above a tall part leave room for it."""
    keys, key = design.shared.keys, design.own.key
    half, top = key.baffle / 2, design.shared.face.gap + PAST
    rear, front = -key.baffle_y[0], -key.baffle_y[1]
    notches = {number: (until, high) for number, until, high in key.baffle_notches}
    walls = []
    for count, (left, right) in enumerate(zip(keys.x, keys.x[1:], strict=False), 1):
        x = (left + right) / 2
        wall = box((x - half, x + half), (front, rear), (key.baffle_bottom, top))
        if count in notches:
            until, high = notches[count]
            wall -= box((x - half - PAST, x + half + PAST), (-until, rear + PAST), (0.0, high))
        walls.append(wall.solid())
    return Compound(walls)


def _base_posts(design: Design, frame: Frame) -> Compound:
    """Front: columns from the face to the base. Rear: blocks in the corners, on 45 degree gussets."""
    d, own = design.shared, design.own
    wall, radius = d.case.wall, own.screw.boss_radius
    up = (0.0, frame.sine, frame.cosine)
    start = own.base.thickness + 0.1
    screws = places.base_screws(design)
    inside = hull(design, wall - 0.3, d.face.wall - 0.3)
    posts = []
    for x, b in screws[:2]:
        foot = frame.solid(x, b, start)
        column = rod(foot, up, radius, 60.0)
        side = d.face.x[0] if x < 75 else d.face.x[1] - wall
        # fill the gap to the side wall and to the front wall, so that no thin slot is left
        fill = Plane(origin=foot, x_dir=(1, 0, 0), z_dir=up) * box(
            (min(side - x, 0), max(side + wall - x, 0)), (-own.base.front_inset - PAST, 0), (0, 60.0)
        )
        posts.append((column + fill) & inside)
    for x, b in screws[2:]:
        foot = frame.solid(x, b, start)
        low, deep = foot[2], -d.face.y[0] - wall - foot[1] + radius
        rear = -d.face.y[0] - wall
        block = prism(
            [
                (rear + PAST, low - 12),
                (rear - deep, low - 12),
                (rear - deep, low + 8),
                (rear + PAST, low + 8 + deep + PAST),
            ],
            (d.face.x[0], x + radius) if x < 75 else (x - radius, d.face.x[1]),
        )
        above = Plane(origin=foot, x_dir=(1, 0, 0), z_dir=up) * box((-30, 30), (-60, 60), (0, 60.0))
        # the screwdriver for the board's rear screws passes
        corner = min(d.board.holes, key=lambda hole: (hole[1], abs(hole[0] - x)))
        passage = rod((corner[0], -corner[1], 0), (0, 0, -1), own.screw.driver / 2 + 0.3, 90.0)
        posts.append((block & inside & above) - passage)
    return Compound([post.solid() for post in posts])


def _hood_blocks(design: Design) -> Compound:
    """Blocks between wall and face that take the inserts of the hood's screws."""
    d, own = design.shared, design.own
    z = d.face.gap + d.face.wall - own.hood.screw_depth - own.screw.boss_radius, d.face.gap + PAST
    half, depth = own.screw.boss_radius + 0.3, own.screw.insert_depth + own.shape.least_wall
    blocks = []
    for at, inwards in places.hood_screws(design):
        if inwards[1]:
            blocks.append(box((at[0] - half, at[0] + half), (at[1] - depth, at[1] - 1.0), z))
        else:
            x = sorted((at[0] + inwards[0], at[0] + inwards[0] * depth))
            blocks.append(box((x[0], x[1]), (at[1] - half, at[1] + half), z))
    return Compound(blocks)


def _clamp_blocks(design: Design) -> Compound:
    own, wall = design.own, design.shared.case.wall
    half = own.screw.boss_radius + 0.3
    deep = own.screw.insert_depth + own.shape.least_wall
    blocks = []
    for x, y, z in places.clamp_screws(design):
        inner, wall_y = y - deep, y - wall + PAST
        lift = wall_y - inner
        outline = [(wall_y, z - half), (inner, z - half), (inner, z + half), (wall_y, z + half + lift)]
        blocks.append(prism(outline, (x - half, x + half)))
    return Compound(blocks)


def _alcove_spans(design: Design, grow: float) -> tuple[Span, Span]:
    ports, x = design.own.ports, design.shared.rear.ethernet_x
    return (
        (x - ports.alcove[0] / 2 - grow, x + ports.alcove[0] / 2 + grow),
        (ports.alcove_bottom - grow, ports.alcove_bottom + ports.alcove[1] + grow),
    )


def _alcove(design: Design) -> Solid:
    """The housing of a hollow in the rear wall, round the network socket; its lower side is a 45 degree slope."""
    d, wall = design.shared, design.shared.case.wall
    rear = -d.face.y[0]
    floor = rear - design.own.ports.alcove_depth
    x, z = _alcove_spans(design, wall)
    front, start = floor - wall, rear - 1.0
    top = d.face.gap + PAST
    outline = [(start, z[0] - (start - front)), (front, z[0]), (front, top), (start, top)]
    return prism(outline, x)


def _panel_recess(design: Design) -> Solid:
    d = design.shared
    top = d.face.gap + d.face.wall
    play = design.own.shape.clearance
    return slab(
        (d.panel.x[0] - play, d.panel.x[1] + play),
        (-d.panel.y[1] - play, -d.panel.y[0] + play),
        d.panel.corner_radius,
        (top - d.panel.thickness, top + 5),
    )


def _window(design: Design) -> Solid:
    """The display's window, with a bevel that widens it towards the citizen."""
    d = design.shared
    size, middle = d.display.window, d.display.centre
    x = middle[0] - size[0] / 2, middle[0] + size[0] / 2
    y = -middle[1] - size[1] / 2, -middle[1] + size[1] / 2
    top = d.face.gap + d.face.wall - d.panel.thickness
    hole = slab(x, y, 1.5, (d.face.gap - PAST, top))
    outline = RectangleRounded(size[0], size[1], 1.5)
    bevel = Pos(middle[0], -middle[1], top - 2.0) * extrude(outline, 2.0 + PAST, taper=-45)
    return hole + bevel


def _stars(design: Design) -> Compound:
    d = design.shared
    opening = star(d.keys, grow=d.keys.opening_gap)
    hole = extrude(opening, d.face.wall + 2 * PAST, dir=(0, 0, 1))
    return Compound([Pos(x, -d.keys.y, d.face.gap - PAST) * hole for x in d.keys.x])


def _inserts(design: Design, frame: Frame) -> Compound:
    """The holes of all inserts."""
    d, screw = design.shared, design.own.screw
    radius, depth = screw.insert_hole / 2, screw.insert_depth
    up = (0.0, frame.sine, frame.cosine)
    holes = [rod((x, -y, -PAST), (0, 0, 1), radius, depth + 2.0 + PAST) for x, y in d.board.holes]
    holes += [
        rod((x, y, places.module_rear(design) - PAST), (0, 0, 1), radius, depth - 0.5 + PAST)
        for x, y in places.clip_bosses(design)
    ]
    start = design.own.base.thickness + 0.1
    holes += [
        rod(frame.solid(x, b, start - PAST), up, radius, depth + 2.0 + PAST) for x, b in places.base_screws(design)
    ]
    for at, inwards in places.hood_screws(design):
        start_at = tuple(a - PAST * way for a, way in zip(at, inwards, strict=True))
        holes.append(rod(start_at, inwards, radius, depth + PAST))  # type: ignore[arg-type]
    holes += [rod((x, y + PAST, z), (0, -1, 0), radius, depth + PAST) for x, y, z in places.clamp_screws(design)]
    return Compound(holes)


def _plugs(design: Design) -> Compound:
    """Openings of the rear wall that the plugs' bodies pass."""
    d, ports = design.shared, design.own.ports
    rear = -d.face.y[0]
    body = RectangleRounded(ports.usb_plug[0] + 2 * ports.play, ports.usb_plug[1] + 2 * ports.play, 1.5)
    usb = extrude(
        _looking_out(d.rear.usb_x, rear - d.case.wall - PAST, ports.usb_middle) * body, d.case.wall + 2 * PAST
    )
    width, height = ports.rj45_plug[0] + 4.4, ports.rj45_plug[1] + ports.rj45_latch + 0.6
    low = ports.rj45_middle - ports.rj45_plug[1] / 2 - ports.rj45_latch
    jack = box(
        (d.rear.ethernet_x - width / 2, d.rear.ethernet_x + width / 2),
        (-1.0, rear + PAST),
        (low, low + height),
    )
    x, z = _alcove_spans(design, 0.0)
    floor = rear - ports.alcove_depth
    hollow = prism([(rear + PAST, z[0] - (rear + PAST - floor)), (floor, z[0]), (floor, z[1]), (rear + PAST, z[1])], x)
    return Compound([usb, (jack + hollow).solid()])


def _looking_out(x: float, y: float, z: float) -> Plane:
    """A plane of the rear wall, its z backwards."""
    return Plane(origin=(x, y, z), x_dir=(-1, 0, 0), z_dir=(0, 1, 0))


def _grille(design: Design, frame: Frame) -> Compound:
    """Sound holes in the right wall, before the loudspeaker."""
    d, speaker = design.shared, design.own.speaker
    start = d.face.x[1] - d.case.wall - PAST
    middle_h = design.own.base.thickness + speaker.size[2] / 2 + speaker.play
    rows = int(speaker.grille[1] // (speaker.pitch * sqrt(3) / 2))
    holes = []
    for row in range(rows + 1):
        h = middle_h + (row - rows / 2) * speaker.pitch * sqrt(3) / 2
        columns = int(speaker.grille[0] // speaker.pitch) - row % 2
        for column in range(columns + 1):
            b = speaker.b + (column - columns / 2) * speaker.pitch
            holes.append(rod((start, *frame.solid(0, b, h)[1:]), (1, 0, 0), speaker.hole / 2, d.case.wall + 2 * PAST))
    return Compound(holes)


def _theft(design: Design, frame: Frame) -> Compound:
    """The slot for a T-bar lock in the left wall and the hole for a steel rope in the rear one."""
    d, theft = design.shared, design.own.theft
    up = (0, frame.sine, frame.cosine)
    lock = Plane(
        origin=(d.face.x[0] - PAST, *frame.solid(0, theft.slot_b, theft.slot_h)[1:]), x_dir=up, z_dir=(1, 0, 0)
    )
    slot = lock * extrude(RectangleRounded(theft.slot[1], theft.slot[0], 1.0), d.case.wall + 2 * PAST)
    rope = rod(
        (theft.cable_x, -d.face.y[0] + PAST, theft.cable_z), (0, -1, 0), theft.cable_hole / 2, d.case.wall + 2 * PAST
    )
    return Compound([slot, rope])
