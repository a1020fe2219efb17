"""The board as the case meets it: what stands on it, as boxes, and where its holes, keys and sockets are.

Read from the board file (``.kicad_pcb``): places and bodies of the footprints (their drawings for assembly, or else
their courtyards, which for an antenna or a socket reach far beyond the part); heights come from
``hardware/bom/parts.toml``, because KiCad's 3D models are 4.7 GB and not installed. A stand-in made from
dimensions.toml is for trying a case alone; the build takes no other board than the real one. All in the frame of the
solids.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import cos, radians, sin
from pathlib import Path

from hardware import sexp
from hardware.enclosure.frame import Point
from hardware.enclosure.measures import Design
from hardware.part import HardwareError

Pair = tuple[float, float]

LEAD = 2.0  # of a through-hole part, below the board, after cutting
SOLDER = 0.8  # round the middle of a lead
COIN = (20.0, 3.2)  # CR2032: diameter and height


@dataclass(frozen=True)
class Thing:
    """A box, by its least and greatest corner."""

    name: str
    low: Point
    high: Point

    @property
    def middle(self) -> Pair:
        return (self.low[0] + self.high[0]) / 2, (self.low[1] + self.high[1]) / 2


@dataclass(frozen=True)
class Guest:
    """``holes``, ``keys`` and ``lights`` are by reference, in X and Y; ``source`` says where all this was read."""

    source: str
    things: tuple[Thing, ...]
    holes: Mapping[str, Pair]
    keys: Mapping[str, Pair]
    lights: Mapping[str, Pair]
    header: Pair
    usb: Thing
    ethernet: Thing
    coin_cell: Thing


@dataclass(frozen=True)
class _Footprint:
    """``court`` and ``pads`` are boxes (x0, y0, x1, y1) in KiCad's frame of the page, ``body`` that of its drawing."""

    ref: str
    name: str
    back: bool
    at: Pair
    court: tuple[float, float, float, float] | None
    body: tuple[float, float, float, float] | None
    leads: tuple[float, float, float, float] | None


def read(path: Path, design: Design, heights: Mapping[str, float]) -> Guest:
    """The board of a file. ``heights``: reference → mm above the board. Raises HardwareError, naming what lacks."""
    page = design.shared.board.page
    found = [
        _footprint(node, page) for node in sexp.find_all(sexp.parse(path.read_text(encoding="utf-8")), "footprint")
    ]
    things: list[Thing] = []
    keys: dict[str, Pair] = {}
    missing = []
    for item in found:
        if item.court is None or item.name.startswith(("MountingHole", "Fiducial", "TestPoint")):
            continue
        if item.name.startswith("SW_SPST_Omron_B3F-40"):
            box = item.body or item.court
            keys[item.ref] = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
            things += switch(item.ref, keys[item.ref], design)
        elif item.ref not in heights:
            missing.append(item.ref)
        else:
            things.append(_standing(item, heights[item.ref], design))
        if item.leads is not None:
            under = -design.shared.board.thickness
            x0, y0, x1, y1 = item.leads
            low = x0 - SOLDER, y0 - SOLDER, under - LEAD
            things.append(Thing(f"{item.ref}'s leads", low, (x1 + SOLDER, y1 + SOLDER, under)))
    if missing:
        raise HardwareError(f"{path.name}: no height is known of {', '.join(sorted(missing))}; see bom/parts.toml")
    by_ref = {item.ref: item for item in found}
    boxes = {thing.name: thing for thing in things}
    lacking = [ref for ref in ("J1", "J3", "J4", "BT1") if ref not in by_ref]
    if lacking or not keys:
        raise HardwareError(f"{path.name}: the case needs {', '.join(lacking) or 'the keys'} on the board")
    header = by_ref["J3"].leads or by_ref["J3"].court
    assert header is not None
    return Guest(
        source=path.name,
        things=(*things, *module(design)),
        holes={item.ref: item.at for item in found if item.name.startswith("MountingHole")},
        keys=keys,
        lights={item.ref: item.at for item in found if item.name.startswith("LED_WS2812B")},
        header=((header[0] + header[2]) / 2, (header[1] + header[3]) / 2),
        usb=boxes["J1"],
        ethernet=boxes["J4"],
        coin_cell=boxes["BT1"],
    )


def stand_in(design: Design) -> Guest:
    """A board as dimensions.toml wants it, with the parts that reach far."""
    d = design.shared
    keys = {f"SW{number}": (x, -d.keys.y) for number, x in enumerate(d.keys.x, 1)}
    lights = {f"D{number}": (x, -d.lights.y) for number, x in enumerate(d.lights.x, 1)}
    under = -d.board.thickness
    usb = Thing("J1", (d.rear.usb_x - 4.6, -7.3, 0.0), (d.rear.usb_x + 4.6, 0.6, 3.3))
    ethernet = Thing("J4", (d.rear.ethernet_x - 8.3, -21.3, 0.0), (d.rear.ethernet_x + 8.3, 0.5, 13.5))
    x, y = d.coin_cell.centre
    cell = Thing("BT1", (x - 14.5, -y - 8.2, under - 4.0), (x + 14.5, -y + 8.2, under))
    header = (d.display.header_x, -d.display.centre[1])
    socket = Thing(
        "J3", (header[0] - 1.3, header[1] - 17.8, 0.0), (header[0] + 1.3, header[1] + 17.8, d.display.socket_height)
    )
    things = [usb, ethernet, cell, socket, Thing("U1", (-0.5, -40.0, 0.0), (25.0, -22.0, 3.2))]
    for ref, at in keys.items():
        things += switch(ref, at, design)
    things += [Thing(ref, (x - 2.7, y - 2.7, 0.0), (x + 2.7, y + 2.7, 1.6)) for ref, (x, y) in lights.items()]
    return Guest(
        source="the stand-in for the board",
        things=(*things, *module(design)),
        holes={f"H{number}": (x, -y) for number, (x, y) in enumerate(d.board.holes, 1)},
        keys=keys,
        lights=lights,
        header=header,
        usb=usb,
        ethernet=ethernet,
        coin_cell=cell,
    )


def switch(ref: str, at: Pair, design: Design) -> list[Thing]:
    """Body and plunger of a key's switch."""
    key = design.own.key
    x, y = at
    half, stem = key.switch_body / 2, key.plunger / 2
    return [
        Thing(ref, (x - half, y - half, 0.0), (x + half, y + half, key.switch_height)),
        Thing(f"{ref}'s plunger", (x - stem, y - stem, key.switch_height), (x + stem, y + stem, key.plunger_top)),
    ]


def module(design: Design) -> tuple[Thing, ...]:
    """The display module: its header's plastic, its board, its glass."""
    d, screen = design.shared.display, design.own.screen
    x, y = d.centre[0], -d.centre[1]
    rear = d.socket_height + screen.header
    front = rear + screen.board
    across, along, high = screen.glass
    return (
        Thing(
            "the display's header", (d.header_x - 1.3, y - 17.8, d.socket_height), (d.header_x + 1.3, y + 17.8, rear)
        ),
        Thing(
            "the display's board",
            (x - d.module[0] / 2, y - d.module[1] / 2, rear),
            (x + d.module[0] / 2, y + d.module[1] / 2, front),
        ),
        Thing(
            "the display's glass", (x - across / 2, y - along / 2, front), (x + across / 2, y + along / 2, front + high)
        ),
    )


def _standing(item: _Footprint, height: float, design: Design) -> Thing:
    box = item.body or item.court
    assert box is not None
    x0, y0, x1, y1 = box
    if item.back:
        under = -design.shared.board.thickness
        return Thing(item.ref, (x0, y0, under - height), (x1, y1, under))
    return Thing(item.ref, (x0, y0, 0.0), (x1, y1, height))


def _footprint(node: sexp.Node, page: Pair) -> _Footprint:
    ref = next((str(prop[2]) for prop in sexp.find_all(node, "property") if prop[1] == "Reference"), "?")
    at = [float(value) for value in sexp.need(node, "at")[1:]]
    turn = at[2] if len(at) > 2 else 0.0
    place = at[0] - page[0], -(at[1] - page[1])

    def box(points: list[Pair]) -> tuple[float, float, float, float] | None:
        if not points:
            return None
        c, s = cos(radians(turn)), sin(radians(turn))
        turned = [(place[0] + x * c + y * s, place[1] - (y * c - x * s)) for x, y in points]
        xs, ys = [x for x, _ in turned], [y for _, y in turned]
        return round(min(xs), 4), round(min(ys), 4), round(max(xs), 4), round(max(ys), 4)

    leads = [
        (float(pad_at[1]), float(pad_at[2]))
        for pad in sexp.find_all(node, "pad")
        if pad[2] == "thru_hole"
        for pad_at in [sexp.need(pad, "at")]
    ]
    return _Footprint(
        ref=ref,
        name=str(node[1]).rsplit(":", 1)[-1],
        back=str(sexp.need(node, "layer")[1]).startswith("B."),
        at=place,
        court=box(_drawn(node, "CrtYd")),
        body=box(_drawn(node, "Fab")),
        leads=box(leads),
    )


def _drawn(node: sexp.Node, layer: str) -> list[Pair]:
    """Points of the lines that a footprint has on F.``layer`` or B.``layer``."""
    points: list[Pair] = []
    for kind in ("fp_line", "fp_rect", "fp_poly", "fp_arc", "fp_circle"):
        for shape in sexp.find_all(node, kind):
            on = sexp.find(shape, "layer")
            if on is None or not str(on[1]).endswith(layer):
                continue
            if kind == "fp_circle":
                (cx, cy), (ex, ey) = (
                    (float(value) for value in sexp.need(shape, name)[1:3]) for name in ("center", "end")
                )
                radius = ((ex - cx) ** 2 + (ey - cy) ** 2) ** 0.5
                points += [(cx - radius, cy - radius), (cx + radius, cy + radius)]
                continue
            for name in ("start", "mid", "end"):
                points += [(float(end[1]), float(end[2])) for end in sexp.find_all(shape, name)]
            for polygon in sexp.find_all(shape, "pts"):
                points += [(float(end[1]), float(end[2])) for end in sexp.find_all(polygon, "xy")]
    return points
