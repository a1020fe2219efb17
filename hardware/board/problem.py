"""What the router has to solve, as text. Its hash stands at the head of ``routes.txt``: other text, other routes."""

import hashlib
from collections.abc import Iterable, Mapping

from hardware.board import joined, rules
from hardware.board.geometry import Polygon
from hardware.board.joined import INNER, Piece
from hardware.board.layout import Layout
from hardware.board.track import BACK, FRONT, Copper
from hardware.sexp import number


def write(
    size: tuple[float, float], layout: Layout, by_hand: Copper, keep: Iterable[Polygon], width_of: Mapping[str, float]
) -> str:
    """The text that ``router.cpp`` reads; its head says what each line means."""
    lines = [
        "# size W H; rules clearance edge via-radius hole; widths; net NAME width-index has-plane (numbered from 1);",
        "# plane NET points; KIND name net group layers half-width points. Layers: 1 front, 2 back. Millimetres.",
        "size " + _numbers(size),
        "rules " + _numbers((rules.ROUTER_CLEARANCE, rules.EDGE + 0.05, rules.VIA / 2, rules.HOLE_TO_COPPER + 0.02)),
        "widths " + _numbers(rules.WIDTHS),
    ]
    planes = sorted((a for a in by_hand.areas if a.layer in INNER), key=lambda area: area.rank)
    with_plane = {area.net for area in planes if area.net}
    index_of = {net: index for index, net in enumerate(layout.nets, 1)}
    for net in layout.nets:
        width = rules.WIDTHS.index(width_of.get(net, rules.TRACK))
        lines.append(f"net {net} {width} {int(net in with_plane)}")
    lines += [f"plane {index_of.get(a.net, 0)} {_points(a.outline)}" for a in planes if a.layer == INNER[1]]
    for pad in layout.pads:
        if not pad.net:
            kind = "pad" if pad.front or pad.back else "hole"
            layers = pad.front + 2 * pad.back if kind == "pad" else 3
            lines += [f"{kind} {pad.name} 0 0 {layers} 0 {_points(polygon)}" for polygon in pad.polygons]
    lines += [f"keep {name} 0 0 3 0 {_points(polygon)}" for name, polygon in _keepouts(layout, keep)]
    for net in layout.nets:
        more = rules.CLEARANCE_OF.get(net, rules.CLEARANCE) - rules.CLEARANCE
        for group, (members, in_plane) in enumerate(joined.groups(net, layout.pads, by_hand)):
            lines += [line for piece in members for line in _piece(piece, index_of[net], group, in_plane, more)]
    return "\n".join(lines) + "\n"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _keepouts(layout: Layout, keep: Iterable[Polygon]) -> list[tuple[str, Polygon]]:
    own = [(laid.part.ref, polygon) for laid in layout.parts for polygon in laid.keepouts]
    return own + [("boss", polygon) for polygon in keep]


def _piece(piece: Piece, net: int, group: int, in_plane: bool, more: float) -> list[str]:
    """``more``: by how much it is made larger, for a net that wants to be further from others."""
    layers = (FRONT in piece.layers) + 2 * (BACK in piece.layers)
    if piece.line is not None:
        kind = "via" if piece.through else "track"
        shapes: list[Polygon] = [piece.line]
    else:
        kind = "copper" if piece.pad is None else "through" if piece.pad.through else "pad"
        shapes = list(piece.polygons)
    name, word = piece.name.replace(" ", "_"), kind + ("+" if in_plane else "")
    reach = number(round(piece.reach + more, 4))
    return [f"{word} {name} {net} {group} {layers} {reach} {_points(shape)}" for shape in shapes]


def _points(points: Iterable[tuple[float, float]]) -> str:
    return _numbers(value for point in points for value in point)


def _numbers(values: Iterable[float]) -> str:
    return " ".join(number(round(value, 4)) for value in values)
