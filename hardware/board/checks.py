"""What has to be true of the placement, said without KiCad: it agrees with ``dimensions.toml`` and leaves room."""

from collections.abc import Iterable, Iterator, Mapping

from hardware.board.assemble import Assembled
from hardware.board.geometry import Point, Polygon, box, edges, inside, to_polygon
from hardware.board.layout import Laid, Layout
from hardware.bom import stock
from hardware.bom.stock import Stock
from hardware.dimensions import Dimensions
from hardware.part import HardwareError

NEAR = 0.01
"""Millimetres between where a part lies and where it is meant to."""
UNDER_DISPLAY = 10.0
"""Height that the module on its socket and header leaves below it."""
ON_BACK = ("BT1", "TP")
"""What may lie on the back: the coin cell over its hatch, test points for the jig."""


def check(made: Assembled) -> None:
    """Raises HardwareError with every sentence."""
    if wrong := list(complaints(made.layout, made.dimensions, stock.read())):
        raise HardwareError("placement: " + "; ".join(wrong))


def complaints(layout: Layout, dimensions: Dimensions, stocks: Mapping[str, Stock]) -> Iterator[str]:
    yield from _where_they_are_meant(layout, dimensions)
    yield from _sides(layout)
    yield from _on_the_board(layout, dimensions)
    yield from _bosses(layout, dimensions)
    yield from _antenna(layout)
    yield from _heights(layout, dimensions, stocks)


def _where_they_are_meant(layout: Layout, d: Dimensions) -> Iterator[str]:
    """What case, panel and board have to agree on."""
    for number, hole in enumerate(d.board.holes, 1):
        yield from _at(f"H{number}", _origin(layout.part(f"H{number}")), hole, "board.holes")
    for number, x in enumerate(d.keys.x, 1):
        yield from _at(f"SW{number}", _middle(layout.part(f"SW{number}")), (x, d.keys.y), "keys")
    for number, x in enumerate(d.lights.x, 1):
        yield from _at(f"D{number}", _middle(layout.part(f"D{number}")), (x, d.lights.y), "lights")
    yield from _at("J3", _middle(layout.part("J3")), (d.display.header_x, d.display.centre[1]), "display.header_x")
    yield from _at("BT1", _middle(layout.part("BT1")), d.coin_cell.centre, "coin_cell.centre")
    for ref, x, name in (("J1", d.rear.usb_x, "rear.usb_x"), ("J4", d.rear.ethernet_x, "rear.ethernet_x")):
        left, top, right, _ = box(layout.part(ref).courtyard)
        yield from _at(ref, ((left + right) / 2, 0), (x, 0), name)
        if top > 0:
            yield f"{ref}: its mouth is {top:.2f} mm inside the rear edge, it has to reach the opening of the wall"


def _at(ref: str, found: Point, meant: Point, name: str) -> Iterator[str]:
    if max(abs(found[0] - meant[0]), abs(found[1] - meant[1])) > NEAR:
        yield (
            f"{ref} is at {found[0]:.2f}, {found[1]:.2f} mm, but {name} of dimensions.toml says"
            f" {meant[0]:.2f}, {meant[1]:.2f}"
        )


def _origin(laid: Laid) -> Point:
    return laid.place.x, laid.place.y


def _middle(laid: Laid) -> Point:
    """The middle of its copper pads."""
    left, top, right, bottom = box(pad.centre for pad in laid.pads if pad.front or pad.back)
    return (left + right) / 2, (top + bottom) / 2


def _sides(layout: Layout) -> Iterator[str]:
    for laid in layout.parts:
        meant = laid.part.ref.startswith(ON_BACK)
        if laid.place.back != meant:
            side = "back" if meant else "front"
            yield f"{laid.part.ref}: belongs on the {side}; parts are soldered on the front, all but {ON_BACK[0]}"


def _on_the_board(layout: Layout, d: Dimensions) -> Iterator[str]:
    for pad in layout.pads:
        left, top, right, bottom = box(point for polygon in pad.polygons for point in polygon)
        over = max(-left, -top, right - d.board.width, bottom - d.board.height)
        if over > -0.3:
            yield f"{pad.name} comes within 0.3 mm of the board's edge or over it, at {left:.2f}, {top:.2f} mm"


def _bosses(layout: Layout, d: Dimensions) -> Iterator[str]:
    """Nothing stands under a boss of the face."""
    for laid in layout.parts:
        if laid.part.ref.startswith("H") or not laid.courtyard:
            continue
        # the courtyard of a module with an antenna goes round the antenna's area as well
        outline = _corners(pad.centre for pad in laid.pads) if laid.keepouts else _corners(laid.courtyard)
        for hole in d.board.holes:
            gap = to_polygon(hole, outline)
            if gap < d.board.hole_keep_radius:
                yield (
                    f"{laid.part.ref} comes {d.board.hole_keep_radius - gap:.2f} mm under the boss at"
                    f" {hole[0]:g}, {hole[1]:g} mm"
                )


def _corners(points: Iterable[Point]) -> Polygon:
    left, top, right, bottom = box(points)
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _antenna(layout: Layout) -> Iterator[str]:
    """No other part reaches into the area that an antenna keeps clear."""
    for owner in layout.parts:
        for area in owner.keepouts:
            for laid in layout.parts:
                if laid is not owner and laid.courtyard and _reaches(laid.courtyard, area):
                    yield f"{laid.part.ref} reaches into what the antenna of {owner.part.ref} keeps clear"


def _reaches(points: Iterable[Point], area: Polygon) -> bool:
    corners = _corners(points)
    (left, top), (right, bottom) = corners[0], corners[2]
    if any(inside(corner, area) for corner in corners):
        return True
    return any(left < point[0] < right and top < point[1] < bottom for edge in edges(area) for point in edge)


def _heights(layout: Layout, d: Dimensions, stocks: Mapping[str, Stock]) -> Iterator[str]:
    """Under the display, and under the face where nothing is meant to come through it."""
    (cx, cy), (w, h) = d.display.centre, d.display.module
    for laid in layout.parts:
        if laid.place.back or not laid.part.stock or not laid.courtyard:
            continue
        height = stocks[laid.part.stock].height_mm
        left, top, right, bottom = box(laid.courtyard)
        under = left < cx + w / 2 and right > cx - w / 2 and top < cy + h / 2 and bottom > cy - h / 2
        if under and laid.part.ref != "J3" and height >= UNDER_DISPLAY:
            yield f"{laid.part.ref} is {height:g} mm high, under the display there are {UNDER_DISPLAY:g}"
        if height >= d.face.gap:
            yield f"{laid.part.ref} is {height:g} mm high, below the face there are {d.face.gap:g}"
