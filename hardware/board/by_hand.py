"""Copper laid by hand, because its shape matters: planes, the buck's loop, USB, the Ethernet pairs, the crystal.

A line goes from point to point; ``"U3.5"`` stands for the middle of that pad. What is written here the router takes as
given; what is not, it adds.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from hardware.board.geometry import Point, Polygon
from hardware.board.joined import INNER
from hardware.board.layout import Layout
from hardware.board.rules import Pair
from hardware.board.track import BACK, FRONT, Area, Copper, Track, Via

Stop = Point | str

USB = Pair(("USB_DP", "USB_DM"), ohm=90, width=0.3, gap=0.2)
ETHERNET_OUT = Pair(("ETH_TXP", "ETH_TXN"), ohm=100, width=0.25, gap=0.2)
ETHERNET_IN = Pair(("ETH_RXP", "ETH_RXN"), ohm=100, width=0.25, gap=0.2)
ETHERNET_JACK = Pair(("ETH_RDP", "ETH_RDN"), ohm=100, width=0.25, gap=0.2)
"""What is received, before its two capacitors."""
PAIRS = (USB, ETHERNET_OUT, ETHERNET_IN, ETHERNET_JACK)


@dataclass(frozen=True)
class Line:
    net: str
    width: float
    stops: tuple[Stop, ...]
    layer: str = FRONT


def box(left: float, top: float, right: float, bottom: float) -> Polygon:
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def planes(width: float, height: float) -> tuple[Area, ...]:
    """GND on three layers, +3V3 on In2 under the whole board, and in it +5V under the lights and the sound."""
    whole = box(0.5, 0.5, width - 0.5, height - 0.5)
    return (
        *(Area("GND", layer, whole) for layer in ("F.Cu", "In1.Cu", "B.Cu")),
        Area("+3V3", "In2.Cu", whole, rank=1),
        Area("+5V", "In2.Cu", box(9.0, 58.0, 142.0, 70.8), rank=2),
    )


#: Where no layer is poured: under the transformer and round the shield's pins, so that the cable's side sees no plane.
NO_POUR: tuple[Polygon, ...] = (box(120.3, 0.0, 139.7, 16.8),)


def _row(net: str, *points: Point) -> tuple[Via, ...]:
    return tuple(Via(net, point) for point in points)


#: What carries amperes: from the jack to the switch, 5 V to the buck and down to its plane, and the buck itself.
POWER_AREAS = (
    Area("VBUS", FRONT, ((42.15, 7.0), (42.75, 7.0), (42.75, 8.3), (43.0, 8.55), (50.1, 8.55), (50.1, 10.7),
         (48.0, 10.7), (48.0, 11.6), (45.8, 11.6), (45.8, 9.7), (42.15, 9.7)), rank=3, solid=True),
    Area("VBUS_F", FRONT, ((51.2, 8.55), (56.7, 8.55), (56.7, 10.3), (55.15, 10.3), (55.15, 11.65), (56.7, 11.65),
         (56.7, 12.3), (52.4, 12.3), (52.4, 10.7), (51.2, 10.7)), rank=3, solid=True),
    Area("+5V", FRONT, ((57.7, 9.0), (62.5, 9.0), (62.5, 11.68), (64.5, 11.68), (64.5, 14.3), (64.7, 14.5),
         (64.7, 18.0), (60.8, 18.0), (60.8, 13.4), (60.2, 12.8), (60.2, 10.4), (57.7, 10.4)), rank=3, solid=True),
    Area("+5V", BACK, ((60.8, 13.4), (63.4, 13.4), (63.4, 18.0), (57.2, 24.2), (57.2, 62.0), (54.4, 62.0),
         (54.4, 23.0), (60.8, 16.6)), rank=3),
    Area("SW", FRONT, ((65.5, 11.72), (67.05, 11.72), (67.05, 8.9), (67.6, 8.9), (68.7, 10.0), (69.9, 10.0),
         (69.9, 14.0), (68.7, 14.0), (67.3, 12.28), (65.5, 12.28)), rank=3, solid=True),
    Area("+3V3", FRONT, box(72.45, 9.9, 75.5, 16.4), rank=3, solid=True),
)  # fmt: skip

POWER_LINES = (
    Line("VBUS", 0.6, ("J1.A9", (37.55, 9.0))),
    Line("VBUS", 0.6, ((37.55, 9.0), (38.2, 9.7), (43.6, 9.2)), BACK),
    Line("VBUS", 0.4, ("U4.5", (40.0, 9.7))),
    Line("BST", 0.3, ("U3.6", (66.14, 9.8), "C104.1")),
    Line("GND", 0.6, ("U3.4", (66.14, 13.6), (66.64, 14.1), (67.1, 14.1), (67.1, 17.4))),
    Line("GND", 0.8, ("C103.2", (67.1, 15.0))),
    Line("GND", 0.8, ("C102.2", (67.1, 17.2))),
    Line("GND", 0.8, ("C105.2", (77.95, 10.9))),
    Line("GND", 0.8, ("C106.2", (77.95, 13.1))),
    Line("GND", 0.8, ((77.95, 10.4), (77.95, 13.7))),
    # the output is felt at its capacitor, past the choke and away from the switching node
    Line("+3V3", 0.25, ("U3.1", (63.86, 8.4), (64.66, 7.6), (74.2, 7.6), (75.05, 8.45), "C105.1")),
)

POWER_VIAS = (
    *_row("VBUS", (37.55, 9.0), (40.0, 9.7), (43.6, 9.2)),
    *_row("+5V", *((x, y) for x in (61.5, 62.7) for y in (14.4, 15.6, 16.8))),
    *_row("+5V", *((x, y) for x in (55.1, 56.5) for y in (59.3, 60.7))),
    *_row("+3V3", *((x, y) for x in (73.0, 74.0, 75.0) for y in (14.9, 15.9))),
    *_row("GND", *((67.1, y) for y in (14.1, 15.2, 16.3, 17.4))),
    *_row("GND", *((77.95, y) for y in (10.4, 11.5, 12.6, 13.7))),
)

#: Twice across the jack (the plug goes in either way round), through the arrester, round the display's header on the
#: front without a via, GND below all the way. Full speed: its 64 and 68 mm and what lies between do not matter.
USB_LINES = (
    Line("USB_DM", 0.2, ("J1.A7", (39.75, 6.1), (40.75, 6.1), "J1.B7")),
    Line("USB_DP", 0.2, ("J1.B6", (39.25, 8.3), (40.25, 8.3), "J1.A6")),
    Line("USB_DP", 0.2, ((39.25, 8.3), (39.25, 8.9), (39.05, 9.1), "U4.6")),
    Line("USB_DM", 0.2, ("J1.B7", (40.75, 8.9), (40.95, 9.1), "U4.4")),
    Line("USB_DP", 0.3, ("U4.6", "U4.1", (39.05, 16.79), (37.25, 18.59), (37.25, 48.35), (36.25, 49.35),
         (25.25, 49.35), (24.25, 48.35), "U1.14")),
    Line("USB_DM", 0.3, ("U4.4", "U4.3", (40.95, 15.6), (37.75, 18.8), (37.75, 48.557), (36.457, 49.85),
         (25.043, 49.85), (23.75, 48.557), (23.75, 44.4), (22.98, 43.63), "U1.13")),
)  # fmt: skip

#: Jack to arrester: each pair's P goes round its N's pin, which turns the pair over; so from there to the chip nothing
#: crosses. Then past the terminators on both sides, the receiving pair through its two capacitors.
ETHERNET_LINES = (
    Line("ETH_TXN", 0.25, ("J4.2", (133.18, 21.58), (133.6, 22.0), "U8.1", "U8.10", "U7.1")),
    Line("ETH_TXP", 0.25, ("J4.1", (134.44, 17.6), (133.77, 18.27), (132.6, 18.27), (131.9, 18.97), (131.9, 21.0),
         (133.1, 22.2), "U8.2", "U8.9", "U7.2")),
    Line("ETH_RDN", 0.25, ("J4.6", (128.1, 20.4), (128.9, 21.2), (131.0, 21.2), (132.1, 22.3), "U8.4", "U8.7",
         (132.1, 23.9), (131.35, 24.65), (130.2, 24.65), (129.2, 25.65), "C516.2")),
    Line("ETH_RDP", 0.25, ("J4.3", (131.9, 17.37), (131.0, 18.27), (127.55, 18.27), (126.85, 18.97), (126.85, 20.5),
         (128.0, 21.65), (130.814, 21.65), (131.6, 22.436), "U8.5", "U8.6", (131.6, 23.7), (131.1, 24.2), (128.6, 24.2),
         (127.6, 25.2), "C515.2")),
    Line("ETH_RXP", 0.25, ("R514.1", (127.6, 28.0))),
    Line("ETH_RXN", 0.25, ("R515.1", (129.2, 27.9))),
    Line("ETH_RXN", 0.25, ("C516.1", (129.2, 28.9), (131.6, 31.3), "U7.5")),
    Line("ETH_RXP", 0.25, ("C515.1", (127.839, 28.175), (131.1, 31.436), "U7.6")),
    Line("ETH_TXP", 0.25, ("R511.1", (133.1, 25.9))),
    Line("ETH_TXN", 0.25, ("R512.1", (133.6, 26.1))),
    Line("GND", 0.2, ("U8.3", "U8.8", (132.6, 24.5), (132.42, 24.85))),
)  # fmt: skip

#: The cable's shield, away from the chip's pins: both legs of the jack, its pin 8, resistor and capacitor to GND.
SHIELD_LINES = (
    Line(
        "ETH_SHIELD", 0.8, ("R518.1", (120.08, 15.8625), (122.25, 13.69), (137.745, 13.69), (140.18, 16.125), "C518.1")
    ),
    Line("ETH_SHIELD", 0.6, ((125.1, 13.69), (125.1, 19.08), "J4.8")),
)

#: Crystal, its resistor and its two capacitors right below the chip's pins.
CRYSTAL_LINES = (
    Line(
        "ETH_XI",
        0.2,
        ("U7.30", (130.6, 42.6), (130.025, 43.175), "R508.1", (128.9, 43.7), (128.7, 43.9), (128.7, 47.15), "Y1.1"),
    ),
    Line("GND", 0.25, ("U7.29", (130.1, 39.7))),
    Line("ETH_XI", 0.2, ("C503.1", (128.7, 47.2))),
    Line("ETH_XO", 0.2, ("U7.31", (131.1, 42.6), (131.675, 43.175), "R508.2", (131.95, 44.2), "Y1.3", "C504.1")),
)

#: The PHY's filtered supply, right below its chip.
PHY_AREA = Area("ETH_3V3A", BACK, box(121.0, 28.6, 134.6, 41.0), rank=3)

AREAS = (*POWER_AREAS, PHY_AREA)
LINES = (*POWER_LINES, *USB_LINES, *ETHERNET_LINES, *SHIELD_LINES, *CRYSTAL_LINES)
VIAS = (
    *POWER_VIAS,
    *_row("GND", (132.42, 24.85)),
    *_row("GND", (127.0, 55.2)),  # below the amplifier
    *_row("GND", (130.1, 39.7)),  # below the network chip, from its pin among the crystal's
)


def copper(layout: Layout, size: tuple[float, float]) -> Copper:
    """Everything above with its pads found. Raises HardwareError for a pad that is not there."""
    tracks = [track for line in LINES for track in _tracks(line, layout)]
    voids = (Area("", layer, void, rank=9) for void in NO_POUR for layer in INNER)
    return Copper(tuple(tracks), VIAS, (*planes(*size), *AREAS, *voids))


def _tracks(line: Line, layout: Layout) -> Iterable[Track]:
    points = [layout.pad(stop).centre if isinstance(stop, str) else stop for stop in line.stops]
    for start, end in zip(points, points[1:], strict=False):
        yield Track(line.net, line.layer, start, end, line.width)
