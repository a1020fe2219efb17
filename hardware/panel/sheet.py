"""One sheet of artwork: marks on layers, in the order in which they are laid down."""

from dataclasses import dataclass, field, replace

from hardware.panel.lettering import MEDIUM, advance, outline
from hardware.panel.outline import Box, Outline
from hardware.part import HardwareError

#: What is done with a layer in the workshop. All but ``print`` are spot colours of the PDF, so that cutter and embosser
#: find them by name.
LAYERS = {
    "print": "printed",
    "clear": "shows where there is no ink: the film stays clear",
    "cut": "cut through",
    "raised": "raised: UV varnish or embossing",
    "guide": "neither printed nor cut: for looking at",
}
#: Layer → name of the spot colour, its look in RGB.
SPOTS = {
    "clear": ("Clear", "#00A0A0"),
    "cut": ("CutContour", "#E6007E"),
    "raised": ("Raised", "#0050C8"),
    "guide": ("Guide", "#9A9A9A"),
}


@dataclass(frozen=True)
class Mark:
    """``fill`` and ``stroke`` are ``#RRGGBB`` or None, ``width`` that of the stroke in mm. ``words`` is what it says,
    if it says something, and ``name`` what a complaint calls it."""

    layer: str
    outline: Outline
    name: str
    fill: str | None = None
    stroke: str | None = None
    width: float = 0.0
    words: str = ""
    box: Box = field(init=False)

    def __post_init__(self) -> None:
        if self.layer not in LAYERS:
            raise HardwareError(f"panel: {self.name} is on the layer {self.layer!r}; there are {', '.join(LAYERS)}")
        object.__setattr__(self, "box", self.outline.box)


@dataclass(frozen=True)
class Sheet:
    """``trim`` is what is left after cutting; ink runs ``bleed`` over it. ``least`` is the smallest height of ink that
    words may have. ``free`` are named places that stay without ink, ``areas`` the only places where words may stand.
    """

    name: str
    title: str
    trim: Box
    bleed: float
    least: float
    marks: tuple[Mark, ...] = ()
    free: tuple[tuple[str, Box], ...] = ()
    margin: float = 2.0

    @property
    def page(self) -> Box:
        return self.trim.grown(self.bleed)

    def of(self, *layers: str) -> "Sheet":
        """Only these layers."""
        return replace(self, marks=tuple(mark for mark in self.marks if mark.layer in layers))


def words(
    text: str, x: float, middle: float, em: float, fill: str, weight: int = MEDIUM, anchor: str = "middle"
) -> Mark:
    """A line of words; ``x`` is its left end, middle or right end by ``anchor``. ``middle`` is the height of the
    middle of a Chinese character, so that lines of Chinese and Latin letters stand on one base line."""
    left = x - advance(text, em, weight) * {"left": 0.0, "middle": 0.5, "right": 1.0}[anchor]
    return Mark("print", outline(text, left, middle + 0.38 * em, em, weight), text, fill=fill, words=text)
