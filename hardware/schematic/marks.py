"""What ends a wire: labels with a net's name, and power symbols; what each covers, and where the latter may stand."""

from dataclasses import dataclass

from hardware.schematic.geometry import DOWN, LEFT, RIGHT, TEXT, UP, Box, Cell, End, millimetres

#: Nets that end in power symbols; the way each points.
POWER = {"GND": DOWN, "+3V3": UP, "+5V": UP, "VBUS": UP}

#: Width of a letter, in heights, and the least half of a power symbol.
_LETTER, _HALF = 0.92, 1.4


@dataclass(frozen=True)
class Label:
    """A net's name on a wire. ``way`` is where the text runs; a ``port`` leads to the root sheet."""

    net: str
    at: Cell
    way: Cell
    port: bool


@dataclass(frozen=True)
class Power:
    """A power symbol, pointing ``way``."""

    net: str
    at: Cell
    way: Cell


def label_box(label: Label) -> Box:
    """What a label covers: beside the end of its wire, or standing on it if it is a local one that runs right."""
    x, y = millimetres(label.at)
    flag = TEXT * 1.4 if label.port else 0.0
    length = len(label.net) * TEXT * _LETTER + flag + 0.6
    if label.way in (LEFT, RIGHT):
        left = x if label.way == RIGHT else x - length
        return Box(left, y - 1.1, left + length, y + 1.1) if label.port else Box(left, y - 2.0, left + length, y - 0.15)
    top = y if label.way == DOWN else y - length
    return Box(x - 1.1, top, x + 1.1, top + length) if label.port else Box(x - 2.0, top, x - 0.15, top + length)


def power_box(power: Power) -> Box:
    """A power symbol and its name."""
    x, y = millimetres(power.at)
    half = max(len(power.net) * TEXT * _LETTER / 2, _HALF)
    depth = 5.0
    if power.way == DOWN:
        return Box(x - half, y + 0.1, x + half, y + depth)
    if power.way == UP:
        return Box(x - half, y - depth, x + half, y - 0.1)
    far = 3.2 + 2 * half
    return Box(x + 0.1, y - 1.2, x + far, y + 1.2) if power.way == RIGHT else Box(x - far, y - 1.2, x - 0.1, y + 1.2)


def power_places(group: list[End], way: Cell, tree: set[Cell]) -> list[tuple[Cell, Cell, int, Cell]]:
    """Where a group's power symbol may stand, best first: start of its stub, the stub's way and length, its own way."""
    found = []
    for steps in range(0, 5):
        for end in group:
            if end.out == way:
                found.append((end.cell, way, steps, way))
    if len(group) > 1:
        corners = sorted(tree - {end.cell for end in group})
        found += [(here, way, steps, way) for steps in range(0, 4) for here in corners]
    for end in group:
        if end.out in (LEFT, RIGHT):
            found += [(end.cell, end.out, steps, way) for steps in (2, 1, 3, 4, 6, 8)]
    for end in group:
        found += [(end.cell, end.out, steps, end.out) for steps in (1, 2, 0, 4, 6)]
    return found
