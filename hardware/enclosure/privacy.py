"""What the hood hides, and what it must not: lines of sight from the staff's and from the citizen's eyes.

Pure geometry on the measures of the hood. The case stands on a table of ``TABLE`` height, its rear towards staff. A
line of sight is blocked where it crosses the middle of a wall of the hood below its upper edge. Reflections of the
star's light on walls and ceilings are not judged here.

Eye heights are body measures of GB 10000-88 (men 18-60: eye standing P95 1664, P99 1705; eye sitting P95 847 over a
seat of 448) with 25 mm for shoes, and for wheelchairs the 1090 to 1295 mm of figure A3 in the appendix of the 1991 ADA
guidelines. The newer GB/T 10000-2023 was not at hand: compare before an order.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from hardware import star
from hardware.enclosure import frame as frames
from hardware.enclosure import visor
from hardware.enclosure.frame import Point
from hardware.enclosure.measures import Design
from hardware.part import HardwareError

TABLE = 750.0  # a usual desk; on a higher counter the eyes are lower against the hood, which is easier
SHOES = 25.0

#: Above the floor: from somebody small who sits to P99 of men standing upright.
STAFF_EYES = (1120.0, 847.0 + 448.0 + SHOES, 1664.0 + SHOES, 1705.0 + SHOES)
#: Behind the foot of the rear wall, and sideways from the middle of the case.
STAFF_BEHIND = (500.0, 1200.0)
STAFF_ASIDE = 600.0

#: Wheelchair users, then standing from a small woman to P95 of men.
CITIZEN_EYES = (1090.0, 1200.0, 1295.0, 1370.0, 1500.0, 1664.0 + SHOES)
#: Before the front edge: nearer is leaning over it.
CITIZEN_BEFORE = (250.0, 600.0)
CITIZEN_ASIDE = 200.0

STEP = 50.0


@dataclass(frozen=True)
class Sight:
    """One line of sight: who looks from where (x, b behind the front edge's table point, h above the floor) at what."""

    who: str
    eye: Point
    at: str


@dataclass(frozen=True)
class Verdict:
    """What was tried, what goes wrong, and by how many mm of height the tightest hidden line misses the edge."""

    tried: int
    seen: tuple[Sight, ...]
    hidden: tuple[Sight, ...]
    margin: float


@dataclass(frozen=True)
class _Walls:
    """The middles of rear wall and cheeks, in the frame of the solids (Y = -y)."""

    left: float
    right: float
    rear: float
    face: float
    edge: visor.Visor

    def clearance(self, eye: Point, point: Point) -> float:
        """How far below the upper edge the line from point to eye meets a wall; negative: it passes above all."""
        best = -inf
        for axis, place in ((0, self.left), (0, self.right), (1, self.rear)):
            run = eye[axis] - point[axis]
            if run == 0 or not 0 < (place - point[axis]) / run < 1:
                continue
            share = (place - point[axis]) / run
            x, y, z = (p + share * (e - p) for p, e in zip(point, eye, strict=True))
            if axis == 0 and y <= self.rear or axis == 1 and self.left <= x <= self.right:
                best = max(best, self.edge.height(-y) - (z - self.face))
        return best


def check(design: Design) -> Verdict:
    """Every eye against every point of keys, lights and display."""
    walls = _walls(design)
    tried, margin = 0, inf
    seen: list[Sight] = []
    hidden: list[Sight] = []
    private = list(key_points(design))
    public = private + list(_display_points(design))
    for eye, told in staff_eyes(design):
        for name, point in private:
            tried += 1
            below = walls.clearance(eye, point)
            margin = min(margin, below)
            if below < 0:
                seen.append(Sight("staff", told, name))
    for eye, told in citizen_eyes(design):
        for name, point in public:
            tried += 1
            if walls.clearance(eye, point) > 0:
                hidden.append(Sight("citizen", told, name))
    return Verdict(tried, tuple(seen), tuple(hidden), margin)


def require(design: Design) -> Verdict:
    """The verdict. Raises HardwareError with the first wrong line of sight."""
    verdict = check(design)
    if verdict.seen:
        sight = verdict.seen[0]
        raise HardwareError(
            f"the hood does not hide {sight.at} from staff whose eye is {sight.eye[1]:.0f} mm behind the case,"
            f" {sight.eye[0]:+.0f} mm aside and {sight.eye[2]:.0f} mm above the floor: its edge is"
            f" {-verdict.margin:.1f} mm too low for the worst of {len(verdict.seen)} lines of sight; raise hood_height"
            " in dimensions.toml"
        )
    if verdict.hidden:
        sight = verdict.hidden[0]
        raise HardwareError(
            f"the hood hides {sight.at} from a citizen whose eye is {sight.eye[1]:.0f} mm before the case,"
            f" {sight.eye[0]:+.0f} mm aside and {sight.eye[2]:.0f} mm above the floor: lower its cheeks in case.toml"
        )
    return verdict


def _walls(design: Design) -> _Walls:
    d, hood = design.shared, design.own.hood
    out = hood.gap + hood.wall / 2
    return _Walls(d.face.x[0] - out, d.face.x[1] + out, -d.face.y[0] + out, d.face.gap + d.face.wall, visor.of(design))


def key_points(design: Design) -> Iterator[tuple[str, Point]]:
    """Corners of the caps, at the face and at their top: their light leaves there too."""
    d = design.shared
    face = d.face.gap + d.face.wall
    top = face + d.keys.cap_proud + design.own.key.mark_height
    for number in range(1, len(d.keys.x) + 1):
        for x, y in star.cap(d.keys, number):
            for z in (face, top):
                yield f"the key of {number} stars", (x, -y, z)


def _display_points(design: Design) -> Iterator[tuple[str, Point]]:
    """Corners and edges of the active area, on the glass."""
    d = design.shared
    z = d.face.gap
    for across in (-0.5, 0.0, 0.5):
        for along in (-0.5, 0.0, 0.5):
            x = d.display.centre[0] + across * d.display.active[0]
            y = d.display.centre[1] + along * d.display.active[1]
            yield f"the display at x {x:.0f}, y {y:.0f}", (x, -y, z)


def _steps(low: float, high: float) -> Iterator[float]:
    count = round((high - low) / STEP)
    for step in range(count + 1):
        yield low + step * STEP


def staff_eyes(design: Design) -> Iterator[tuple[Point, Point]]:
    """Eyes behind the case: in the frame of the solids, and as aside, behind, above the floor."""
    d, frame = design.shared, frames.of(design.shared)
    middle = (d.face.x[0] + d.face.x[1]) / 2
    foot = frame.table(*frame.rear_at(-d.face.y[0], 0.0))[1]
    for height in STAFF_EYES:
        for behind in _steps(*STAFF_BEHIND):
            for aside in _steps(-STAFF_ASIDE, STAFF_ASIDE):
                yield frame.solid(middle + aside, foot + behind, height - TABLE), (aside, behind, height)


def citizen_eyes(design: Design) -> Iterator[tuple[Point, Point]]:
    """Eyes before the case, told alike."""
    d, frame = design.shared, frames.of(design.shared)
    middle = (d.face.x[0] + d.face.x[1]) / 2
    front = frame.table(0, -d.face.y[1], d.face.gap + d.face.wall)[1]
    for height in CITIZEN_EYES:
        for before in _steps(*CITIZEN_BEFORE):
            for aside in _steps(-CITIZEN_ASIDE, CITIZEN_ASIDE):
                yield frame.solid(middle + aside, front - before, height - TABLE), (aside, before, height)
