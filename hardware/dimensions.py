"""What board, case, keys and panel agree on: ``dimensions.toml``, read once and checked. Millimetres and degrees."""

from dataclasses import dataclass
from pathlib import Path

from hardware import tables

SOURCE = Path(__file__).resolve().parent / "dimensions.toml"

Pair = tuple[float, float]


@dataclass(frozen=True)
class Board:
    width: float
    height: float
    thickness: float
    corner_radius: float
    page: Pair
    holes: tuple[Pair, ...]
    hole_diameter: float
    hole_keep_radius: float


@dataclass(frozen=True)
class Keys:
    x: tuple[float, ...]
    y: float
    star_radius: float
    star_inner: float
    opening_gap: float
    travel: float
    cap_proud: float


@dataclass(frozen=True)
class Lights:
    x: tuple[float, ...]
    y: float


@dataclass(frozen=True)
class Display:
    centre: Pair
    window: Pair
    active: Pair
    module: Pair
    header_pins: float
    header_x: float
    socket_height: float


@dataclass(frozen=True)
class CoinCell:
    centre: Pair


@dataclass(frozen=True)
class Face:
    gap: float
    wall: float
    slope_deg: float
    x: Pair
    y: Pair


@dataclass(frozen=True)
class Panel:
    x: Pair
    y: Pair
    thickness: float
    corner_radius: float


@dataclass(frozen=True)
class Case:
    wall: float
    board_clearance: float
    hood_height: float
    front_height: float


@dataclass(frozen=True)
class Rear:
    usb_x: float
    ethernet_x: float


@dataclass(frozen=True)
class Dimensions:
    board: Board
    keys: Keys
    lights: Lights
    display: Display
    coin_cell: CoinCell
    face: Face
    panel: Panel
    case: Case
    rear: Rear


def parse(text: str) -> Dimensions:
    """Raises HardwareError, naming each entry that is missing, unknown or not a measure."""
    return tables.parse(text, Dimensions, "dimensions.toml")


def read() -> Dimensions:
    """The dimensions of this tree."""
    return parse(SOURCE.read_text(encoding="utf-8"))
