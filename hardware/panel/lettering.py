"""Words as outlines, so that no printer needs the font: Noto Sans SC, the font of the device's screens.

The font (SIL Open Font License 1.1) comes with ``justmytype-intl-cjk``. Outlines of words may be printed freely; the
font itself goes nowhere.
"""

from functools import cache
from importlib.resources import as_file, files
from typing import Any

from fontTools.pens.basePen import BasePen
from fontTools.ttLib import TTFont

from hardware.panel.outline import Outline, Point
from hardware.part import HardwareError

FONT_PACKAGE, FONT_FILE = "justmytype_intl_cjk", "fonts/ofl/notosanssc/NotoSansSC[wght].ttf"
REGULAR, MEDIUM, BOLD = 400, 500, 700


class _Pen(BasePen):
    """Collects the contours of a glyph; the font's quadratic curves arrive as cubic ones."""

    def __init__(self, glyphs: Any):
        super().__init__(glyphs)
        self.steps: list[tuple[str, tuple[Point, ...]]] = []

    def _moveTo(self, point: Point) -> None:
        self.steps.append(("M", (point,)))

    def _lineTo(self, point: Point) -> None:
        self.steps.append(("L", (point,)))

    def _curveToOne(self, first: Point, second: Point, end: Point) -> None:
        self.steps.append(("C", (first, second, end)))

    def _closePath(self) -> None:
        self.steps.append(("Z", ()))


@cache
def _font() -> Any:
    with as_file(files(FONT_PACKAGE).joinpath(FONT_FILE)) as path:
        return TTFont(path, lazy=True)


@cache
def _glyphs(weight: int) -> Any:
    return _font().getGlyphSet(location={"wght": weight})


@cache
def _glyph(character: str, weight: int) -> tuple[Outline, float]:
    """The outline and the advance of one character, in parts of an em, its base line at y = 0."""
    name = _font().getBestCmap().get(ord(character))
    if name is None:
        raise HardwareError(f"panel: the font has no {character!r}; use another character")
    em = _font()["head"].unitsPerEm
    glyphs = _glyphs(weight)
    pen = _Pen(glyphs)
    glyphs[name].draw(pen)
    steps = tuple((kind, tuple((x / em, -y / em) for x, y in points)) for kind, points in pen.steps)
    return Outline(steps), glyphs[name].width / em


def advance(words: str, em: float, weight: int = MEDIUM) -> float:
    """How far ``words`` reach in a line, in mm."""
    return sum(_glyph(one, weight)[1] for one in words) * em


def outline(words: str, x: float, y: float, em: float, weight: int = MEDIUM) -> Outline:
    """``words`` from ``x`` on the base line ``y``; ``em`` is the height of the font's square in mm."""
    steps: list[tuple[str, tuple[Point, ...]]] = []
    for character in words:
        glyph, width = _glyph(character, weight)
        steps += [(kind, tuple((x + gx * em, y + gy * em) for gx, gy in points)) for kind, points in glyph.steps]
        x += width * em
    return Outline(tuple(steps))
