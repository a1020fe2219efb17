"""Does the case fit the board? Bodies are intersected, and what must lie over each other is measured in the solids.

Holes, keys, lights, sockets and the display's header come from the board file (guest.py), openings and bosses from
sections through the finished shell: neither is told the other's numbers. Where the display lies on its header, how high
a plunger is, where the loudspeaker sits are measures of case.toml and dimensions.toml for both. ``shift`` moves the
case, to show that a wrong one is found.
"""

from collections.abc import Sized
from dataclasses import dataclass
from math import dist, hypot
from typing import Any

from build123d import GeomType, Plane, Pos, Solid, section

from hardware.enclosure import base as bases
from hardware.enclosure import frame as frames
from hardware.enclosure import places
from hardware.enclosure.assembly import Piece
from hardware.enclosure.frame import Point
from hardware.enclosure.guest import COIN, Guest, Thing
from hardware.enclosure.measures import Design
from hardware.enclosure.solids import box, rod
from hardware.enclosure.solids import slab as plate
from hardware.part import HardwareError

ALLOWED = 0.5  # mm between keys, screen and their openings
LIGHT_ALLOWED = 2.0  # mm between a light and the middle of its star's arm
TOUCH = 0.02  # mm by which things may touch
LEAST = 0.05  # mm3: less is the touch of two faces


@dataclass(frozen=True)
class Clash:
    """``volume`` in mm3 that both ``one`` and ``other`` fill, ``depth`` its least extent in mm."""

    one: str
    other: str
    volume: float
    depth: float

    def __str__(self) -> str:
        return f"{self.one} runs {self.depth:.2f} mm into {self.other} ({self.volume:.1f} mm3)"


@dataclass(frozen=True)
class Offset:
    """How far the middle of an opening lies from what it is for."""

    opening: str
    of: str
    mm: float
    allowed: float = ALLOWED

    def __str__(self) -> str:
        return f"{self.opening} lies {self.mm:.2f} mm off {self.of} (allowed {self.allowed:g})"


@dataclass(frozen=True)
class Fit:
    """All that was found; ``checked`` counts the pairs of bodies that were near enough to be intersected."""

    clashes: tuple[Clash, ...]
    offsets: tuple[Offset, ...]
    reached: tuple[str, ...]
    blocked: tuple[Clash, ...]
    checked: int

    @property
    def wrong(self) -> tuple[str, ...]:
        off = [str(offset) for offset in self.offsets if offset.mm > offset.allowed]
        return (*off, *map(str, self.clashes), *map(str, self.blocked))


def require(fit: Fit, source: str) -> Fit:
    """The fit. Raises HardwareError that names the parts and the mm."""
    if fit.wrong:
        more = f"; and {len(fit.wrong) - 6} more" if len(fit.wrong) > 6 else ""
        raise HardwareError(f"the case does not fit {source}: " + "; ".join(fit.wrong[:6]) + more)
    return fit


def check(
    design: Design, pieces: tuple[Piece, ...], guest: Guest, board: Any = None, shift: Point = (0.0, 0.0, 0.0)
) -> Fit:
    """``board`` is the bare board as a solid, from its STEP file; without it a slab with the holes stands in."""
    case = {piece.name: _body(piece.name, Pos(*shift) * piece.solid) for piece in pieces}
    things = {thing.name: _body(thing.name, _shrunk(thing)) for thing in guest.things}
    things["the board"] = _body("the board", board if board is not None else slab(design, guest))
    speaker = _body("the loudspeaker", Pos(*shift) * loudspeaker(design))
    counter = _Counter()
    bodies = list(case.values())
    clashes = [
        clash
        for number, one in enumerate(bodies)
        for other in (*bodies[number + 1 :], *things.values(), speaker)
        for clash in counter.clash(one, other)
    ]
    clashes += [clash for thing in things.values() for clash in counter.clash(speaker, thing)]
    travel = Pos(0, 0, -design.shared.keys.travel)
    for name in (name for name in case if name.startswith("key-")):
        pressed = _body(f"{name}, pressed,", travel * case[name].solid)
        below = [thing for thing in things.values() if not thing.name.endswith("plunger")]
        clashes += [clash for other in (case["shell"], *below) for clash in counter.clash(pressed, other)]
    reached, blocked = [], []
    for probe in _probes(design, guest, shift):
        reached.append(probe.name)
        body = _body(probe.name, probe.solid)
        for other in (*(case[name] for name in probe.pieces), *(things[name] for name in probe.things)):
            blocked += counter.clash(body, other)
    apart = tuple(offsets(design, case["shell"].solid, guest))
    return Fit(tuple(clashes), apart, tuple(reached), tuple(blocked), counter.checked)


@dataclass(frozen=True)
class _Body:
    """A solid and the box it lies in, which takes long to find."""

    name: str
    solid: Any
    low: Point
    high: Point


def _body(name: str, solid: Any) -> _Body:
    box = solid.bounding_box(optimal=False)
    return _Body(name, solid, (box.min.X, box.min.Y, box.min.Z), (box.max.X, box.max.Y, box.max.Z))


@dataclass
class _Counter:
    checked: int = 0

    def clash(self, one: _Body, other: _Body) -> list[Clash]:
        """Nothing, or what both fill."""
        if any(low > high for low, high in zip((*one.low, *other.low), (*other.high, *one.high), strict=True)):
            return []
        self.checked += 1
        common = one.solid.intersect(other.solid)
        parts = [] if common is None else common.solids()
        volume = sum(part.volume for part in parts)
        if volume < LEAST:
            return []
        size = max(parts, key=lambda part: part.volume).bounding_box().size
        return [Clash(one.name, other.name, round(volume, 2), round(min(size.X, size.Y, size.Z), 3))]


def _shrunk(thing: Thing) -> Solid:
    (x0, y0, z0), (x1, y1, z1) = thing.low, thing.high
    return box((x0 + TOUCH, x1 - TOUCH), (y0 + TOUCH, y1 - TOUCH), (z0 + TOUCH, z1 - TOUCH))


def slab(design: Design, guest: Guest) -> Solid:
    """The bare board, with its mounting holes."""
    d = design.shared.board
    body = plate((0, d.width), (-d.height, 0), d.corner_radius, (-d.thickness + TOUCH, -TOUCH))
    for x, y in guest.holes.values():
        body -= rod((x, y, -5), (0, 0, 1), d.hole_diameter / 2, 10)
    return body.solid()


def loudspeaker(design: Design) -> Solid:
    x, b, h = bases.speaker_place(design)
    return (bases.table_plane(design) * box(x, b, (h[0] + TOUCH, h[1]))).solid()


@dataclass(frozen=True)
class _Probe:
    """A body that must find room: a plug, a screwdriver, the coin cell on its way. ``pieces`` and ``things`` are there
    at that step of the work."""

    name: str
    solid: Any
    pieces: tuple[str, ...]
    things: tuple[str, ...]


def _probes(design: Design, guest: Guest, shift: Point) -> list[_Probe]:
    keys = tuple(f"key-{number}" for number in range(1, len(design.shared.keys.x) + 1))
    clips = ("clip-rear", "clip-front")
    clamps = ("clamp-usb", "clamp-ethernet")
    outside = ("shell", "base", "hatch", "hood")
    mounted = tuple(thing.name for thing in guest.things)
    module = tuple(name for name in mounted if name.startswith("the display's"))
    found = [_Probe(name, solid, (*outside, *clamps), ()) for name, solid in _plugs(design, guest)]
    found.append(_Probe("the coin cell on its way out", _cell_path(design, guest), ("shell", "base"), ()))

    def driver(name: str, at: Point, outwards: Point, pieces: tuple[str, ...], things: tuple[str, ...]) -> None:
        moved = tuple(a + s + 0.1 * way for a, s, way in zip(at, shift, outwards, strict=True))
        screw = design.own.screw
        solid = rod(moved, outwards, screw.driver / 2, screw.driver_length)  # type: ignore[arg-type]
        found.append(_Probe(f"the screwdriver for {name}", solid, pieces, things))

    d, own = design.shared, design.own
    frame = frames.of(d)
    down = (0.0, -frame.sine, -frame.cosine)
    low = places.module_rear(design) - own.screen.clip[2]
    for (x, y), clip in zip(places.clip_bosses(design), clips, strict=True):
        driver(clip, (x, y, low), (0, 0, -1), ("shell", *keys), module)
    for ref, (x, y) in guest.holes.items():
        driver(f"the board at {ref}", (x, y, -d.board.thickness), (0, 0, -1), ("shell", *keys, *clips), mounted)
    for number, (x, b) in enumerate(places.base_screws(design), 1):
        driver(f"base screw {number}", frame.solid(x, b, 0), down, (*outside, *clamps), mounted)
    for number, (x, b, _) in enumerate(bases.hatch_screws(design), 1):
        driver(f"hatch screw {number}", frame.solid(x, b, 0), down, (*outside, *clamps), mounted)
    out = own.hood.gap + own.hood.wall
    for number, (at, inwards) in enumerate(places.hood_screws(design), 1):
        away = tuple(-way for way in inwards)
        seat = tuple(a + out * way for a, way in zip(at, away, strict=True))
        driver(f"hood screw {number}", seat, away, (*outside, *clamps), mounted)  # type: ignore[arg-type]
    for number, (x, y, z) in enumerate(places.clamp_screws(design), 1):
        driver(f"clamp screw {number}", (x, y + own.clamp.size[2], z), (0, 1, 0), (*outside, *clamps), mounted)
    return found


def _plugs(design: Design, guest: Guest) -> list[tuple[str, Solid]]:
    """The bodies of both plugs, from where their sockets really are, backwards."""
    ports = design.own.ports

    def plug(thing: Thing, size: Point, z: float, below: float = 0.0) -> Solid:
        x, start = thing.middle[0], thing.high[1]
        half, high, length = size[0] / 2, size[1] / 2, size[2]
        return box((x - half, x + half), (start, start + length), (z - high - below, z + high))

    return [
        ("the USB plug", plug(guest.usb, ports.usb_plug, ports.usb_middle)),
        ("the network plug", plug(guest.ethernet, ports.rj45_plug, ports.rj45_middle, ports.rj45_latch)),
    ]


def _cell_path(design: Design, guest: Guest) -> Solid:
    """The coin cell's way: off its holder, then straight down through the hatch."""
    frame = frames.of(design.shared)
    x, y = guest.coin_cell.middle
    z = guest.coin_cell.low[2]
    diameter, height = COIN
    off = rod((x, y, z - height - 0.5), (0, 0, 1), diameter / 2, height + 0.5)
    # seen along the way down, the tilted disc is not wider than its diameter and a little for its thickness
    radius = (diameter + height * frame.sine) / 2
    down = rod((x, y, z - height / 2), (0.0, -frame.sine, -frame.cosine), radius, 60.0)
    return (off + down).solid()


def _expect(what: str, things: str, found: Sized, count: int) -> None:
    if len(found) != count:
        raise HardwareError(f"{what} has {len(found)} {things}, and the case is made for {count}")


def openings(shell: Any, z: float) -> list[Any]:
    """The wires round what is cut through the shell in the plane at ``z``."""
    faces = section(shell, section_by=Plane.XY.offset(z)).faces()
    return [wire for face in faces for wire in face.inner_wires()]


def offsets(design: Design, shell: Any, guest: Guest) -> list[Offset]:
    """How far keys, lights, screen and bosses are from theirs on the board. Raises HardwareError if one is missing."""
    d, key = design.shared, design.own.key
    found: list[Offset] = []
    stars, window = [], None
    for wire in openings(shell, shell.bounding_box().max.Z - d.face.wall + 0.2):
        corners = [(vertex.X, vertex.Y) for vertex in wire.vertices()]
        middle = sum(x for x, _ in corners) / len(corners), sum(y for _, y in corners) / len(corners)
        if len(corners) == 10:
            stars.append((middle, max(dist(middle, corner) for corner in corners)))
        elif len(corners) == 8 and wire.bounding_box().size.X > 30:
            window = wire.bounding_box()
    _expect("the board", "keys", guest.keys, len(d.keys.x))
    _expect("the board", "lights", guest.lights, len(d.lights.x))
    _expect("the board", "mounting holes", guest.holes, len(d.board.holes))
    _expect("the shell", "openings like a star", stars, len(d.keys.x))
    for number, (ref, at) in enumerate(sorted(guest.keys.items()), 1):
        nearest = min((middle for middle, _ in stars), key=lambda middle: dist(middle, at))
        found.append(Offset(f"the star opening {number}", ref, round(dist(nearest, at), 3)))
    for (ref, at), (middle, radius) in zip(sorted(guest.lights.items()), sorted(stars), strict=True):
        aside, up = abs(at[0] - middle[0]), at[1] - middle[1]
        beyond = max(0.0, up - radius, key.stem / 2 - up)
        found.append(Offset(f"the upper arm of {ref}'s star", ref, round(hypot(aside, beyond), 3), LIGHT_ALLOWED))
    if window is None:
        raise HardwareError("the shell has no window for the display")
    # the module's place follows from its header: so many mm from its edge, and half its width further to the middle
    seen = guest.header[0] - d.display.header_x + d.display.centre[0], guest.header[1]
    centre = window.center()
    found.append(Offset("the window", "the display on J3", round(dist((centre.X, centre.Y), seen), 3)))
    bosses = [
        edge.arc_center for wire in openings(shell, 2.0) for edge in wire.edges() if edge.geom_type == GeomType.CIRCLE
    ]
    for ref, at in sorted(guest.holes.items()):
        nearest_mm = min((dist((boss.X, boss.Y), at) for boss in bosses), default=99.0)
        found.append(Offset("the boss", f"hole {ref}", round(nearest_mm, 3)))
    return found
