"""The measures of the case: ``case.toml`` beside this file, and the dimensions it shares with board and panel."""

from dataclasses import dataclass
from pathlib import Path

from hardware import dimensions, tables
from hardware.dimensions import Dimensions, Pair

SOURCE = Path(__file__).resolve().parent / "case.toml"

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Shape:
    corner_radius: float
    edge_radius: float
    least_wall: float
    clearance: float


@dataclass(frozen=True)
class Screw:
    insert_hole: float
    insert_depth: float
    clearance_hole: float
    head: float
    driver: float
    driver_length: float
    boss_radius: float


@dataclass(frozen=True)
class Base:
    thickness: float
    front_inset: float
    rear_inset: Pair
    foot_diameter: float
    foot_recess: float
    foot_height: float
    feet: tuple[Pair, ...]
    keyholes: tuple[Pair, ...]
    keyhole_head: float
    keyhole_slot: float
    keyhole_length: float
    vents: tuple[Pair, ...]
    vent: Pair


@dataclass(frozen=True)
class Hatch:
    opening: Pair
    ledge: float
    door: float
    ledge_thickness: float
    screw_offset: float


@dataclass(frozen=True)
class Speaker:
    size: Triple
    b: float
    play: float
    rail: float
    rail_height: float
    hole: float
    pitch: float
    grille: Pair


@dataclass(frozen=True)
class Screen:
    header: float
    board: float
    glass: Triple
    play: float
    rib: float
    pad: Pair
    clip_y: Pair
    clip: Triple
    clip_overlap: float


@dataclass(frozen=True)
class Key:
    switch_body: float
    switch_height: float
    plunger: float
    plunger_top: float
    plunger_fit: float
    stem: float
    flange_radius: float
    flange: float
    rest_gap: float
    light_skin: float
    mark_height: float
    bump_radius: float
    bar: Pair
    baffle: float
    baffle_y: Pair
    baffle_bottom: float
    baffle_notches: tuple[Triple, ...]


@dataclass(frozen=True)
class Ports:
    usb_plug: Triple
    usb_middle: float
    rj45_plug: Triple
    rj45_middle: float
    rj45_latch: float
    play: float
    alcove: Pair
    alcove_bottom: float
    alcove_depth: float


@dataclass(frozen=True)
class Clamp:
    z: float
    size: Triple
    screw_offset: float
    usb_cable: float
    rj45_cable: float
    squeeze: float


@dataclass(frozen=True)
class Theft:
    slot: Pair
    slot_b: float
    slot_h: float
    cable_hole: float
    cable_x: float
    cable_z: float


@dataclass(frozen=True)
class Hood:
    wall: float
    gap: float
    skirt: float
    end_y: float
    bulge: float
    end_height: float
    screws_rear_x: Pair
    screws_side_y: float
    screw_depth: float


@dataclass(frozen=True)
class Measures:
    shape: Shape
    screw: Screw
    base: Base
    hatch: Hatch
    speaker: Speaker
    screen: Screen
    key: Key
    ports: Ports
    clamp: Clamp
    theft: Theft
    hood: Hood


def parse(text: str) -> Measures:
    """Raises HardwareError, naming each entry that is missing, unknown or not a measure."""
    return tables.parse(text, Measures, "case.toml")


@dataclass(frozen=True)
class Design:
    """All that the parts are made from."""

    shared: Dimensions
    own: Measures


def read() -> Design:
    """The measures of this tree."""
    return Design(dimensions.read(), parse(SOURCE.read_text(encoding="utf-8")))
