"""Which pieces of a net's copper hang together: asked before routing (what is left to do) and after it (is all done).

Planes count as copper of one piece: GND everywhere on In1, the others where their area on In2 is uppermost. The pours
on front and back do not count, so no pad relies on them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hardware.board.copper import Pad
from hardware.board.geometry import Point, Polygon, between, box, edges, inside, to_polygon, to_segment
from hardware.board.track import BACK, FRONT, Area, Copper, Track, Via

INNER = ("In1.Cu", "In2.Cu")


@dataclass(frozen=True)
class Piece:
    """One pad, track, via or area: what it is called, on which of ``F.Cu`` and ``B.Cu``, and its shape."""

    name: str
    layers: frozenset[str]
    polygons: tuple[Polygon, ...]
    line: tuple[Point, Point] | None
    reach: float
    """Half the width of a track, the radius of a via."""
    through: Point | None
    """Where it comes by the inner layers."""
    pad: Pad | None = None

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        points = [point for polygon in self.polygons for point in polygon] + list(self.line or ())
        left, top, right, bottom = box(points)
        return left - self.reach, top - self.reach, right + self.reach, bottom + self.reach


def of_pad(pad: Pad) -> Piece:
    layers = frozenset(([FRONT] if pad.front else []) + ([BACK] if pad.back else []))
    return Piece(pad.name, layers, pad.polygons, None, 0.0, pad.centre if pad.through else None, pad)


def of_track(track: Track) -> Piece:
    name = f"track {track.start[0]:g},{track.start[1]:g} to {track.end[0]:g},{track.end[1]:g}"
    return Piece(name, frozenset([track.layer]), (), (track.start, track.end), track.width / 2, None)


def of_via(via: Via) -> Piece:
    name = f"via {via.at[0]:g},{via.at[1]:g}"
    return Piece(name, frozenset([FRONT, BACK]), (), (via.at, via.at), via.size / 2, via.at)


def of_area(area: Area) -> Piece:
    return Piece(f"area on {area.layer}", frozenset([area.layer]), (area.outline,), None, 0.0, None)


def pieces(net: str, pads: Iterable[Pad], made: Copper) -> list[Piece]:
    """Everything of one net on front and back."""
    out = [of_pad(pad) for pad in pads if pad.net == net and (pad.front or pad.back)]
    out += [of_area(area) for area in made.areas if area.net == net and area.layer in (FRONT, BACK) and area.rank > 0]
    out += [of_track(track) for track in made.tracks if track.net == net]
    out += [of_via(via) for via in made.vias if via.net == net]
    return out


def touch(a: Piece, b: Piece) -> bool:
    if not a.layers & b.layers:
        return False
    (al, at, ar, ab), (bl, bt, br, bb) = a.bounds, b.bounds
    if al > br or bl > ar or at > bb or bt > ab:
        return False
    if a.line and b.line:
        return between(*a.line, *b.line) < a.reach + b.reach - 1e-6
    if a.line or b.line:
        line, shape = (a, b) if a.line else (b, a)
        return any(_line_meets(line, polygon) for polygon in shape.polygons)
    return any(_polygons_meet(one, other) for one in a.polygons for other in b.polygons)


def _line_meets(piece: Piece, polygon: Polygon) -> bool:
    """A track counts as joined when its own middle line ends in the polygon or crosses it, not when it grazes it."""
    assert piece.line is not None
    start, end = piece.line
    if inside(start, polygon) or inside(end, polygon):
        return True
    return any(between(start, end, a, b) < 1e-6 for a, b in edges(polygon))


def _polygons_meet(one: Polygon, other: Polygon) -> bool:
    if any(inside(point, other) for point in one) or any(inside(point, one) for point in other):
        return True
    return any(between(a, b, c, d) < 1e-6 for a, b in edges(one) for c, d in edges(other))


def plane_at(point: Point, planes: Sequence[Area]) -> set[str]:
    """Nets whose plane a via at this point joins, half a millimetre inside its rim."""
    found = set()
    for layer in INNER:
        top: Area | None = None
        for area in planes:
            if area.layer == layer and to_polygon(point, area.outline) == 0 and (top is None or area.rank > top.rank):
                top = area
        if top is not None and min(to_segment(point, a, b) for a, b in edges(top.outline)) > 0.4:
            found.add(top.net)
    return found


def groups(net: str, pads: Iterable[Pad], made: Copper) -> list[tuple[list[Piece], bool]]:
    """The net's pieces by what hangs together, and whether that reaches the net's plane. All that does is one group."""
    found = pieces(net, pads, made)
    planes = [area for area in made.areas if area.layer in INNER]
    parent = list(range(len(found) + 1))  # the last one stands for the plane

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for i, a in enumerate(found):
        if a.through is not None and net in plane_at(a.through, planes):
            parent[root(i)] = root(len(found))
        for j in range(i):
            if root(i) != root(j) and touch(a, found[j]):
                parent[root(i)] = root(j)
    plane = root(len(found))
    order: dict[int, list[Piece]] = {}
    for i, piece in enumerate(found):
        order.setdefault(root(i), []).append(piece)
    return [(members, key == plane) for key, members in order.items()]


def complaints(nets: Iterable[str], pads: Sequence[Pad], made: Copper) -> list[str]:
    """A sentence for every net whose pads do not hang together."""
    out = []
    for net in nets:
        parts = [sorted(p.name for p in members if p.pad) for members, _ in groups(net, pads, made)]
        with_pads = sorted((names for names in parts if names), key=len)
        if len(with_pads) > 1:
            alone, rest = with_pads[0], with_pads[-1]
            out.append(
                f"net {net}: {', '.join(alone[:4])} is not joined to {', '.join(rest[:3])}: a track or via is missing"
            )
    return out
