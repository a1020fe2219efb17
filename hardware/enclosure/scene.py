"""The pictures of the case: closed from the front and the rear, opened with the board inside, and cut through a key."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from build123d import Pos, extrude
from PIL import Image

from hardware.enclosure import base as bases
from hardware.enclosure import fit, picture
from hardware.enclosure import frame as frames
from hardware.enclosure import mesh as meshes_of
from hardware.enclosure.assembly import Piece
from hardware.enclosure.frame import Frame, Point
from hardware.enclosure.guest import Guest, Thing, module
from hardware.enclosure.measures import Design
from hardware.enclosure.mesh import Mesh
from hardware.enclosure.picture import Body, Colour, Print, View
from hardware.enclosure.solids import box, rod, slab, star
from hardware.panel.back import SIZE as LABEL
from hardware.part import HardwareError
from simulator.draw_screens import screen

IMAGES = Path(__file__).resolve().parent.parent / "images"
PANEL_BLEED = 3.0  # mm of bleed round the picture of the front overlay
LABEL_BLEED = 2.0

COLOURS: dict[str, Colour] = {
    "shell": (0.90, 0.91, 0.92),
    "base": (0.50, 0.53, 0.58),
    "hatch": (0.55, 0.58, 0.63),
    "hood": (0.33, 0.38, 0.46),
    "key": (0.99, 0.93, 0.76),
    "clip": (0.55, 0.58, 0.63),
    "clamp": (0.42, 0.45, 0.50),
}
BOARD: Colour = (0.10, 0.42, 0.27)
FILM: Colour = (0.08, 0.19, 0.32)
GLASS: Colour = (0.07, 0.10, 0.16)
METAL: Colour = (0.78, 0.79, 0.80)
BLACK: Colour = (0.20, 0.21, 0.23)
WHITE: Colour = (0.96, 0.96, 0.94)


@dataclass(frozen=True)
class _Stage:
    """A body and how far the opened picture pulls it away, along x, b and h of the table."""

    body: Body
    away: Point = (0.0, 0.0, 0.0)


def draw(design: Design, pieces: tuple[Piece, ...], meshes: Mapping[str, Mesh], guest: Guest, out: Path) -> None:
    """case-front.png, case-rear.png, case-open.png and case-section.png into ``out``."""
    frame = frames.of(design.shared)
    up = _way(frame, (0, 0, 1))
    ground = sum(
        a * b
        for a, b in zip(frame.solid(0, 0, -design.own.base.foot_height + design.own.base.foot_recess), up, strict=True)
    )
    sockets = [_look(thing.name, _solid(thing), design) for thing in (guest.usb, guest.ethernet)]
    outside = [stage.body for stage in _outside(design, pieces, meshes)] + sockets

    def view(eye: Point, sun: Point, width: int = 1000, height: int = 740) -> View:
        return View(_way(frame, eye), up, _way(frame, sun), width, height)

    picture.save(picture.draw(outside, view((0.30, -1.0, 0.80), (-0.45, -0.6, 1.1)), ground), out / "case-front.png")
    picture.save(picture.draw(outside, view((-0.55, 1.0, 0.42), (-0.5, 0.7, 1.0)), ground), out / "case-rear.png")
    opened = [
        replace(stage.body, mesh=_moved(stage.body.mesh, _way(frame, stage.away)))
        for stage in _outside(design, pieces, meshes) + _inside(design, guest)
    ]
    picture.save(
        picture.draw(opened, replace(view((0.55, -1.0, 0.62), (-0.5, -0.6, 1.0), 900, 1240), shadows=False)),
        out / "case-open.png",
    )
    x = design.shared.keys.x[2]
    picture.save(
        picture.draw(
            _cut(design, pieces, guest, x),
            replace(view((1.0, -0.16, 0.14), (0.9, -0.7, 0.9), 1000, 640), shadows=False),
        ),
        out / "case-section.png",
    )


def _way(frame: Frame, way: Point) -> Point:
    """A direction given as x, b, h, in the frame of the solids."""
    start, end = frame.solid(0, 0, 0), frame.solid(*way)
    return tuple(b - a for a, b in zip(start, end, strict=True))  # type: ignore[return-value]


def _moved(mesh: Mesh, way: Point) -> Mesh:
    return Mesh(mesh.corners + way)


def _look(name: str, solid: Any, design: Design, skin: Mesh | None = None) -> Body:
    """A piece, a part of the board, the film or a foot, in its colour and with what is printed on it."""
    mesh = skin or meshes_of.of(solid)
    kind = name.split("-")[0]
    if name == "the film":
        return Body(mesh, FILM, 0.12, _front_print(design))
    if name.endswith("glass"):
        return Body(mesh, GLASS, 0.55, _screen_print(design))
    if kind in COLOURS:
        return Body(
            mesh, COLOURS[kind], 0.18 if kind == "key" else 0.0, _back_label(design) if kind == "hood" else None
        )
    if name in ("the board", "the display's board"):
        return Body(mesh, BOARD)
    if name in ("J1", "J4", "BT1", "U1"):
        return Body(mesh, METAL)
    return Body(mesh, WHITE if re.fullmatch(r"D[1-5]", name) else BLACK)


#: Along x, b and h: the hood up and back, the base and what it carries down.
_AWAY: dict[str, Point] = {
    "hood": (0.0, 52.0, 84.0),
    "base": (0.0, 0.0, -225.0),
    "hatch": (0.0, 0.0, -290.0),
    "clip": (0.0, 0.0, -45.0),
    "clamp": (0.0, 40.0, -20.0),
    "screen": (0.0, 0.0, -30.0),
    "board": (0.0, 0.0, -125.0),
    "loudspeaker": (0.0, 0.0, -190.0),
}


def _outside(design: Design, pieces: tuple[Piece, ...], meshes: Mapping[str, Mesh]) -> list[_Stage]:
    """What one sees of the closed device."""
    stages = [
        _Stage(
            _look(piece.name, piece.solid, design, meshes[piece.name]),
            _AWAY.get(piece.name.split("-")[0], (0.0, 0.0, 0.0)),
        )
        for piece in pieces
    ]
    stages.append(_Stage(_look("the film", _film(design), design)))
    glass = next(thing for thing in module(design) if thing.name.endswith("glass"))
    stages.append(_Stage(_look(glass.name, _solid(glass), design)))
    stages += [_Stage(_look("a foot", foot, design), _AWAY["base"]) for foot in _feet(design)]
    return stages


def _film(design: Design) -> Any:
    """The overlay with its openings; its window is clear."""
    d = design.shared
    top = d.face.gap + d.face.wall
    film = slab(d.panel.x, (-d.panel.y[1], -d.panel.y[0]), d.panel.corner_radius, (top - d.panel.thickness, top))
    hole = extrude(star(d.keys, grow=d.keys.opening_gap), 2.0, dir=(0, 0, 1))
    for x in d.keys.x:
        film -= Pos(x, -d.keys.y, top - 1.0) * hole
    x, y = d.display.centre
    size = d.display.window
    film -= slab(
        (x - size[0] / 2 - 1.5, x + size[0] / 2 + 1.5),
        (-y - size[1] / 2 - 1.5, -y + size[1] / 2 + 1.5),
        2.0,
        (top - 2, top + 1),
    )
    return film


def _feet(design: Design) -> list[Any]:
    base, table = design.own.base, bases.table_plane(design)
    return [
        table * rod((x, b, base.foot_recess - base.foot_height), (0, 0, 1), 5.0, base.foot_height) for x, b in base.feet
    ]


def _front_print(design: Design) -> Print | None:
    """The artwork of the front overlay, if it is there."""
    file = IMAGES / "panel-labels-1.png"
    if not file.exists():
        return None
    panel = design.shared.panel
    bleed = PANEL_BLEED
    return Print(
        Image.open(file),
        (panel.x[0] - bleed, -panel.y[0] + bleed, 0.0),
        (panel.x[1] - panel.x[0] + 2 * bleed, 0.0, 0.0),
        (0.0, -(panel.y[1] - panel.y[0] + 2 * bleed), 0.0),
        (0.0, 0.0, 1.0),
    )


def _screen_print(design: Design) -> Print:
    """What the device shows while it waits for a rating."""
    display = design.shared.display
    (x, y), (wide, high) = display.centre, display.active
    return Print(
        screen("rate"), (x - wide / 2, -y + high / 2, 0.0), (wide, 0.0, 0.0), (0.0, -high, 0.0), (0.0, 0.0, 1.0)
    )


def _back_label(design: Design) -> Print | None:
    """The label on the rear of the hood, if its artwork is there; as one sees it from behind, x runs to the left."""
    file = IMAGES / "back-label.png"
    if not file.exists():
        return None
    d = design.shared
    wide, high = (size + 2 * LABEL_BLEED for size in LABEL)
    middle = (d.face.x[0] + d.face.x[1]) / 2
    top = d.face.gap + d.face.wall + d.case.hood_height - 2.0
    rear = -d.face.y[0] + design.own.hood.gap + design.own.hood.wall
    corner = middle + wide / 2, rear, top + LABEL_BLEED
    return Print(Image.open(file), corner, (-wide, 0.0, 0.0), (0.0, 0.0, -high), (0.0, 1.0, 0.0))


def _inside(design: Design, guest: Guest) -> list[_Stage]:
    """The board with its parts, and the loudspeaker, as the opened picture shows them below the shell."""
    screen_parts = {thing.name for thing in module(design)}
    stages = [_Stage(_look("the board", fit.slab(design, guest), design), _AWAY["board"])]
    stages += [
        _Stage(_look(thing.name, _solid(thing), design), _AWAY["screen" if thing.name in screen_parts else "board"])
        for thing in guest.things
        if not thing.name.endswith(("leads", "glass"))
    ]
    stages.append(_Stage(_look("the loudspeaker", fit.loudspeaker(design), design), _AWAY["loudspeaker"]))
    return stages


def _solid(thing: Thing) -> Any:
    (x0, y0, z0), (x1, y1, z1) = thing.low, thing.high
    return box((x0, x1), (y0, y1), (z0, z1))


def _cut(design: Design, pieces: tuple[Piece, ...], guest: Guest, x: float) -> list[Body]:
    """Everything left of the plane at ``x``, the middle of a key, but for the hood."""
    half = box((-300, x), (-300, 300), (-300, 300))
    solids = [(piece.name, piece.solid) for piece in pieces if piece.name != "hood"]
    solids += [("the board", fit.slab(design, guest)), ("the film", _film(design))]
    solids += [(thing.name, _solid(thing)) for thing in guest.things if not thing.name.endswith("leads")]
    found = []
    for name, solid in solids:
        common = solid.intersect(half)
        parts = [] if common is None else common.solids()
        found += [replace(_look(name, part, design), print_on=None) for part in parts]
    if not found:
        raise HardwareError(f"nothing of the case lies left of x {x:g}")
    return found
