"""How a front looks when it is stuck on: caps in the openings, a dark display, raised dots as they catch the light."""

from dataclasses import replace

from hardware import star
from hardware.dimensions import Dimensions
from hardware.panel.outline import Box, circle, polygon, rectangle
from hardware.panel.sheet import Mark, Sheet

TABLE, SHADOW, SCREEN, CAP, GAP, RAISED, GLINT = (
    "#E9ECEF", "#C3C9D0", "#05080C", "#F6F4EE", "#070A0D", "#6F8BA9", "#C9D8E6"
)  # fmt: skip


def preview(d: Dimensions, front: Sheet, raised: Sheet) -> Sheet:
    trim = front.trim
    film, *printed = [mark for mark in front.marks if mark.layer == "print"]
    shape = rectangle(trim, d.panel.corner_radius)
    marks = [
        Mark("print", rectangle(trim.grown(front.bleed)), "table", fill=TABLE),
        Mark("print", shape.moved(0.5, 0.8), "shadow", fill=SHADOW),
        replace(film, outline=shape),
        *printed,
        *(replace(mark, layer="print", fill=SCREEN) for mark in front.marks if mark.layer == "clear"),
    ]
    for number in range(1, 6):
        hole = next(mark for mark in front.marks if mark.name == f"opening of key {number}")
        cap = polygon(star.cap(d.keys, number))
        marks += [
            Mark("print", hole.outline, f"gap of key {number}", fill=GAP),
            Mark("print", cap, f"cap {number}", fill=CAP, stroke=CAP, width=0.1),
        ]
    for mark in raised.marks:
        if mark.layer == "raised":
            marks.append(replace(mark, layer="print", fill=RAISED))
            marks += [_glint(mark.box)] * (abs(mark.box.width - mark.box.height) < 0.01)
    return Sheet(f"{front.name}-preview", front.title, trim, front.bleed, front.least, tuple(marks))


def _glint(box: Box) -> Mark:
    """Light from the rear left."""
    size = box.width
    return Mark("print", circle(box.left + 0.4 * size, box.top + 0.35 * size, 0.4 * size), "glint", fill=GLINT)
