"""What board, case, keys and panel agree on: ``dimensions.toml``, read once and checked. Millimetres and degrees."""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_args, get_origin

from hardware.part import HardwareError

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
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise HardwareError(f"dimensions.toml: not TOML: {error}") from error
    wrong: list[str] = []
    found: dict[str, Any] = {}
    kinds = {field.name: field.type for field in fields(Dimensions)}
    wrong += [f"[{name}] is unknown" for name in tables.keys() - kinds.keys()]
    for name, kind in kinds.items():
        table = dict(tables.get(name, {}))
        values = {}
        for field in fields(kind):  # type: ignore[arg-type]
            if field.name not in table:
                wrong.append(f"[{name}] {field.name} is missing")
                continue
            try:
                values[field.name] = _measure(table.pop(field.name), field.type)
            except (TypeError, ValueError):
                wrong.append(f"[{name}] {field.name}: expected {_words(field.type)} in mm")
        wrong += [f"[{name}] {unknown} is unknown" for unknown in table]
        if len(values) == len(fields(kind)):  # type: ignore[arg-type]
            found[name] = kind(**values)  # type: ignore[operator]
    if wrong:
        raise HardwareError("dimensions.toml: " + "; ".join(sorted(wrong)))
    return Dimensions(**found)


def read() -> Dimensions:
    """The dimensions of this tree."""
    return parse(SOURCE.read_text(encoding="utf-8"))


def _measure(value: Any, kind: Any) -> Any:
    if get_origin(kind) is not tuple:
        if isinstance(value, bool):
            raise TypeError
        return float(value)
    inner = get_args(kind)
    if inner[-1] is Ellipsis:
        return tuple(_measure(item, inner[0]) for item in value)
    if len(value) != len(inner):
        raise ValueError
    return tuple(_measure(item, one) for item, one in zip(value, inner, strict=True))


def _words(kind: Any) -> str:
    if get_origin(kind) is not tuple:
        return "a number"
    return "a list" if get_args(kind)[-1] is Ellipsis else "two numbers"
