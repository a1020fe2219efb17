"""What fingers read: a bar below the key of one star, a bump below that of five, and Braille.

Below each key stands its number in Braille, two cells for each, for 28 mm of pitch hold four. What the numbers mean is
written beside the display: one and two stars on its left, four and five on its right, three below it, each over its own
keys. Raised 0.3 to 0.5 mm in clear UV varnish or embossed, on top of the printed film.

Cells are "Marburg Medium", as of packages of medicine and of signs: dots 1.6 mm wide at their foot at most, 2.5 mm
apart, cells 6.0 mm, lines 10.0 mm. GB/T 15720 has a table of its own (annex A), which could not be read here: hold the
proof against it.
"""

from hardware import star
from hardware.dimensions import Dimensions
from hardware.panel import braille
from hardware.panel.front import BLEED, LEAST, opening, row, window_of
from hardware.panel.labels import Wording
from hardware.panel.outline import Box, circle, rectangle
from hardware.panel.sheet import Mark, Sheet
from hardware.part import HardwareError

DOT, PITCH, CELL, LINE = 1.5, 2.5, 6.0, 10.0
BUMP = 3.0  # diameter
BAR = (7.0, 1.6)
FLANK_CELLS, FLANK_LINES = 7, 4
GLOSS = "#FFFFFF"


def tactile(d: Dimensions, wording: Wording) -> Sheet:
    trim = Box(d.panel.x[0], d.panel.y[0], d.panel.x[1], d.panel.y[1])
    guides = [
        Mark("guide", rectangle(trim, d.panel.corner_radius), "contour", stroke=GLOSS, width=0.2),
        Mark("guide", rectangle(window_of(d), 1.0), "display window", stroke=GLOSS, width=0.2),
        *(
            Mark("guide", opening(d, number), f"opening of key {number}", stroke=GLOSS, width=0.2)
            for number in range(1, 6)
        ),
    ]
    raised = [mark for line, x, y in placed(d, wording) for mark in cells(line, x, y)]
    title = f"haochaping · tactile layer · {' '.join(wording.labels)}"
    return Sheet(f"panel-{wording.name}-tactile", title, trim, BLEED, LEAST, (*guides, *_marks(d), *raised))


def placed(d: Dimensions, wording: Wording) -> list[tuple[str, float, float]]:
    """Every line of Braille with the place of its first dot: the numbers below the keys, then the words."""
    found = [
        (braille.number(number), x - width(2) / 2, row(d, "braille") - PITCH) for number, x in enumerate(d.keys.x, 1)
    ]
    window = window_of(d)
    trim_left, trim_right = d.panel.x
    side = width(FLANK_CELLS)
    top = window.top + 0.5
    for numbers, left in (((1, 2), trim_left + 4.5), ((4, 5), trim_right - 4.5 - side)):
        lines = [line for number in numbers for line in legend(wording, number, FLANK_CELLS)]
        if len(lines) > FLANK_LINES:
            raise HardwareError(
                f"panel: {len(lines)} lines of Braille beside the display; there is room for {FLANK_LINES}"
            )
        found += [(line, left, top + at * LINE) for at, line in enumerate(lines)]
    (line,) = legend(wording, 3, 18)
    between = (window.bottom + min(y for _, y in star.opening(d.keys, 3))) / 2
    return [*found, (line, window.middle[0] - width(len(line)) / 2, between - PITCH + 0.2)]


def legend(wording: Wording, number: int, cells: int) -> list[str]:
    """A number and its words, in lines."""
    return braille.lines([braille.number(number), *braille.words(wording.labels[number - 1])], cells)


def width(cells: int) -> float:
    """From the middle of the first dot to that of the last one."""
    return (cells - 1) * CELL + PITCH


def cells(line: str, x: float, y: float) -> list[Mark]:
    """The dots of a line whose upper left dot would be at ``x``, ``y``."""
    found = []
    for at, cell in enumerate(line):
        for dot in braille.dots(cell):
            column, down = divmod(dot - 1, 3)
            place = x + at * CELL + column * PITCH, y + down * PITCH
            found.append(Mark("raised", circle(*place, DOT), f"dot {dot} of {cell} in {line}", fill=GLOSS))
    return found


def _marks(d: Dimensions) -> list[Mark]:
    """In the notch between the two lower tips, where a finger that comes from the front edge meets them first."""
    tips = max(y for _, y in star.opening(d.keys, 1))
    bar_x, bump_x = d.keys.x[0], d.keys.x[4]
    wide, high = BAR
    y = tips + 0.1
    bar = Box(bar_x - wide / 2, y - high / 2, bar_x + wide / 2, y + high / 2)
    return [
        Mark("raised", rectangle(bar, high / 2), "bar of one star", fill=GLOSS),
        Mark("raised", circle(bump_x, y - 0.3, BUMP), "bump of five stars", fill=GLOSS),
    ]
