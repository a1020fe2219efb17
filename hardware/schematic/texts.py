"""A part's reference and value: where they may stand beside its drawing."""

from dataclasses import dataclass

from hardware.part import Part
from hardware.schematic.geometry import GRID, TEXT, Box, body, text_box


@dataclass(frozen=True)
class Texts:
    """Where a part's reference and value stand: both left, right or centre of x; y of each."""

    x: float
    reference_y: float
    value_y: float
    justify: str


def places(part: Part, upright: bool) -> list[Texts]:
    """Where a part's reference and value may stand, best first; ``upright`` if its pins point up and down."""
    box = body(part)
    middle, centre = (box.top + box.bottom) / 2, (box.left + box.right) / 2
    half = TEXT * 0.75
    away = [step * GRID for step in range(5)]
    columns = [
        (centre, "centre"), (centre + 1.5, "left"), (centre - 1.5, "right"), (box.left, "left"), (box.right, "right"),
        (box.right + 1.0, "left"), (box.left - 1.0, "right"),
    ]  # fmt: skip
    right = [Texts(box.right + 1.0 + by, middle - half, middle + half, "left") for by in away]
    left = [Texts(box.left - 1.0 - by, middle - half, middle + half, "right") for by in away]
    around = [Texts(centre, box.top - 1.2, box.bottom + 1.2, "centre")]
    above = [Texts(x, box.top - 3.1 - by, box.top - 1.2 - by, how) for by in away for x, how in columns]
    below = [Texts(x, box.bottom + 1.2 + by, box.bottom + 3.1 + by, how) for by in away for x, how in columns]
    small = box.right - box.left < 6 and box.bottom - box.top < 6
    if small and upright:
        return right + left + around + above + below
    return (around if small else []) + above + below + around + right + left


def text_boxes(part: Part, texts: Texts) -> list[Box]:
    """What a part's texts cover."""
    found = [text_box(part.ref, texts.x, texts.reference_y, texts.justify)]
    if not is_bare(part):
        found.append(text_box(part.value, texts.x, texts.value_y, texts.justify))
    return found


def is_bare(part: Part) -> bool:
    """Whether a part's value says nothing that its drawing does not: test points, holes, fiducials."""
    return not part.stock
