"""One part of the circuit: what it is, what its pins are joined to, and where it is drawn.

A circuit block (``hardware/circuit/*.py``) is a title and a tuple of these. Where a part lies on the board stands in
``hardware/board/placement.py``; what it is bought as, in ``hardware/bom/parts.toml`` under its ``stock`` key.
"""

from dataclasses import dataclass, field


class HardwareError(ValueError):
    """Something in the hardware's own sources is wrong; the text names part, net or file, and what to change."""


@dataclass(frozen=True)
class Part:
    """``nets`` maps a pin's number, or its name for all pins of that name, to a net; a pin not named is not connected.

    ``symbol`` and ``footprint`` are ``Library:Name`` of KiCad's libraries or of ``hardware/lib``. ``sheet`` is x and y
    in mm and the turn in degrees on the block's own A4 sheet; ``mirror`` turns the symbol upside down. ``option`` names
    the variant that has the part (``""``: all of them): ``ethernet``, ``secure-element``. ``stock`` is the part's line
    in ``bom/parts.toml``; ``""`` for what is not bought (holes, test points, fiducials).
    """

    ref: str
    symbol: str
    value: str
    footprint: str
    nets: dict[str, str]
    sheet: tuple[float, float, int]
    stock: str = ""
    option: str = ""
    notes: str = ""
    mirror: bool = False


@dataclass(frozen=True)
class Block:
    """One sheet of the schematic. ``flags`` are nets that get a power flag on it; ``words`` are notes drawn on it, as
    x, y (mm) and text. ``apart`` are parts that labels join to the others, even where wires could; ``U4.6``
    is one pin, whose label leads to the other sheets."""

    name: str
    title: str
    parts: tuple[Part, ...]
    flags: tuple[str, ...] = ()
    words: tuple[tuple[float, float, str], ...] = field(default=())
    apart: tuple[str, ...] = ()
