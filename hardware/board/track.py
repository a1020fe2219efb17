"""Copper besides the pads: tracks, vias and areas, made by hand (``by_hand.py``) or by the router (``routes.txt``)."""

from dataclasses import dataclass

from hardware.board.geometry import Point, Polygon
from hardware.board.rules import VIA, VIA_HOLE

FRONT, BACK = "F.Cu", "B.Cu"


@dataclass(frozen=True)
class Track:
    net: str
    layer: str
    start: Point
    end: Point
    width: float


@dataclass(frozen=True)
class Via:
    """Through all layers, covered with solder mask on both sides."""

    net: str
    at: Point
    size: float = VIA
    hole: float = VIA_HOLE


@dataclass(frozen=True)
class Area:
    """Filled copper of one net with solid joints; the higher ``rank`` wins where two overlap."""

    net: str
    layer: str
    outline: Polygon
    rank: int = 0
    solid: bool = False
    """Pads of its net are joined without spokes: for what carries current or heat."""


@dataclass(frozen=True)
class Copper:
    tracks: tuple[Track, ...] = ()
    vias: tuple[Via, ...] = ()
    areas: tuple[Area, ...] = ()

    def __add__(self, other: "Copper") -> "Copper":
        return Copper(self.tracks + other.tracks, self.vias + other.vias, self.areas + other.areas)
