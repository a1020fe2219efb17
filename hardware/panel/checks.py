"""What is wrong with a sheet of artwork, each in a sentence that names the thing. Pure."""

from collections.abc import Sequence
from math import hypot

from hardware import star
from hardware.dimensions import Dimensions
from hardware.panel.labels import Wording
from hardware.panel.outline import Box, Point
from hardware.panel.sheet import Mark, Sheet

CONTRAST = 4.5  # WCAG 2.2, 1.4.3, for words of any size
SIGN_CONTRAST = 3.0  # WCAG 2.2, 1.4.11, for what is no word
CLEARANCE = 0.5  # between words and the edge of anything else
DOT_CLEARANCE = 0.8  # between a raised dot's middle line and an edge that a finger feels: half a dot
SAME = 0.1  # by so much the openings of overlay and face may differ


def problems(sheet: Sheet) -> list[str]:
    """Everything that may be wrong with any sheet."""
    said = [mark for mark in sheet.marks if mark.words]
    return [
        *_inside(sheet, said),
        *_heights(sheet, said),
        *_contrasts(sheet, said),
        *_overlaps(sheet, said),
        *_in_openings(sheet, said),
        *_in_the_way(sheet),
    ]


def wording_problems(sheet: Sheet, wording: Wording, d: Dimensions) -> list[str]:
    """Whether a front says what its policies say: one star left, five right, all five alike."""
    found = []
    marks = []
    for number, (text, x) in enumerate(zip(wording.labels, d.keys.x, strict=True), 1):
        mark = next((mark for mark in sheet.marks if mark.words == text and abs(mark.box.middle[0] - x) < 1.0), None)
        if mark is None:
            found.append(f"{sheet.name}: key {number} lacks its words {text} ({', '.join(wording.policies)})")
        else:
            marks.append(mark)
    if len({mark.fill for mark in marks}) > 1:
        found.append(
            f"{sheet.name}: the words of the five levels differ in colour; no star may look better than another"
        )
    return found


def opening_problems(sheet: Sheet, d: Dimensions) -> list[str]:
    """Whether the openings are those of the keys, within ``SAME``."""
    found = []
    for number in range(1, 6):
        name = f"opening of key {number}"
        mark = next((mark for mark in sheet.marks if mark.name == name), None)
        if mark is None:
            found.append(f"{sheet.name}: {name} is missing")
            continue
        edges = _edges(star.opening(d.keys, number))
        drawn = [points[-1] for _, points in mark.outline.steps if points]
        worst = max(min(_distance(point, a, b) for a, b in edges) for point in drawn)
        box, wanted = mark.box.middle[0], d.keys.x[number - 1]
        if worst > SAME or abs(box - wanted) > SAME:
            found.append(
                f"{sheet.name}: {name} is {max(worst, abs(box - wanted)):.2f} mm off that of [keys] and its gap"
            )
    return found


def raised_problems(sheet: Sheet, front: Sheet) -> list[str]:
    """Whether all that is raised lies on film that is there, clear of openings and display, and far enough apart."""
    raised = [mark for mark in sheet.marks if mark.layer == "raised"]
    cut = [mark for mark in front.marks if mark.layer == "cut" and mark.name != "contour"]
    found = []
    for mark in raised:
        if not front.trim.grown(-DOT_CLEARANCE).holds(mark.box):
            found.append(f"{sheet.name}: {mark.name} is nearer than {DOT_CLEARANCE} mm to the edge")
        for opening in cut:
            if _meets(mark.box.grown(DOT_CLEARANCE), opening):
                found.append(f"{sheet.name}: {mark.name} is nearer than {DOT_CLEARANCE} mm to the {opening.name}")
        found += [
            f"{sheet.name}: {mark.name} lies on the {name}"
            for name, box in front.free
            if mark.box.meets(box.grown(CLEARANCE))
        ]
        found += [
            f"{sheet.name}: {mark.name} lies on the words {words.words}"
            for words in front.marks
            if words.words and mark.box.meets(words.box)
        ]
    dots = sorted((mark.box.middle, mark) for mark in raised if mark.name.startswith("dot"))
    for (one, mark), (two, other) in zip(dots, dots[1:], strict=False):
        if hypot(one[0] - two[0], one[1] - two[1]) < 2.4:
            found.append(f"{sheet.name}: {mark.name} and {other.name} are nearer than 2.4 mm")
    return found


def contrast(one: str, two: str) -> float:
    """The contrast ratio of two colours ``#RRGGBB`` (WCAG 2.2)."""
    light, dark = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def contrasts(sheet: Sheet) -> list[tuple[str, str, str, float]]:
    """Every pair of words' colour and ground, with an example and its ratio, the smallest first."""
    pairs: dict[tuple[str, str], str] = {}
    for at, mark in enumerate(sheet.marks):
        if mark.words and mark.fill:
            ground = _ground(sheet, at)
            if ground:
                pairs.setdefault((mark.fill, ground), mark.words)
    return sorted(
        ((words, ink, ground, contrast(ink, ground)) for (ink, ground), words in pairs.items()), key=lambda row: row[3]
    )


def _inside(sheet: Sheet, said: Sequence[Mark]) -> list[str]:
    area = sheet.trim.grown(-sheet.margin)
    return [
        f"{sheet.name}: {mark.words} reaches nearer than {sheet.margin} mm to the edge ({_place(mark.box)}); shorten it"
        for mark in said
        if not area.holds(mark.box)
    ]


def _heights(sheet: Sheet, said: Sequence[Mark]) -> list[str]:
    return [
        f"{sheet.name}: {mark.words} is {mark.box.height:.2f} mm high, at least {sheet.least} mm are readable here"
        for mark in said
        if mark.box.height < sheet.least
    ]


def _contrasts(sheet: Sheet, said: Sequence[Mark]) -> list[str]:
    found = []
    for at, mark in enumerate(sheet.marks):
        if mark.layer != "print" or at == 0:
            continue
        ink = mark.fill if mark.words else mark.stroke
        if ink is None:
            continue
        ground = _ground(sheet, at)
        if ground is None:
            found.append(f"{sheet.name}: {mark.name} stands on nothing printed, or on two colours at once")
            continue
        least = CONTRAST if mark.words else SIGN_CONTRAST
        ratio = contrast(ink, ground)
        if ratio < least:
            found.append(
                f"{sheet.name}: {mark.name} ({ink} on {ground}) has a contrast of {ratio:.2f} : 1, at least {least} : 1"
            )
    return found


def _ground(sheet: Sheet, at: int) -> str | None:
    """What is printed below a mark: the last filled one before it that holds it; None if another one cuts across."""
    box = sheet.marks[at].box
    for below in reversed(sheet.marks[:at]):
        if below.layer != "print" or not below.fill or below.words:
            continue
        if below.box.holds(box):
            return below.fill
        if below.box.meets(box):
            return None
    return None


def _overlaps(sheet: Sheet, said: Sequence[Mark]) -> list[str]:
    return [
        f"{sheet.name}: {one.words} and {two.words} overlap or touch ({_place(one.box)}; {_place(two.box)})"
        for at, one in enumerate(said)
        for two in said[at + 1 :]
        if one.box.grown(CLEARANCE / 2).meets(two.box.grown(CLEARANCE / 2))
    ]


def _in_openings(sheet: Sheet, said: Sequence[Mark]) -> list[str]:
    """Words keep away from what is cut out, with its ring, and from what is free."""
    found = []
    rings = {mark.outline: mark.width / 2 for mark in sheet.marks if mark.layer == "print" and mark.stroke}
    for hole in sheet.marks:
        if hole.layer != "cut" or hole.name == "contour":
            continue
        away = rings.get(hole.outline, 0.0) + CLEARANCE
        found += [
            f"{sheet.name}: {mark.words} is nearer than {CLEARANCE} mm to the {hole.name} or its ring"
            for mark in said
            if _meets(mark.box.grown(away), hole)
        ]
    return found


def _in_the_way(sheet: Sheet) -> list[str]:
    """What is free has nothing printed on it but the background."""
    return [
        f"{sheet.name}: {mark.words or mark.name} is printed on the {name}, which has to stay free"
        for name, box in sheet.free
        for mark in sheet.marks
        if mark.layer == "print" and mark.box.meets(box) and not mark.box.holds(box)
    ]


def _meets(box: Box, mark: Mark) -> bool:
    """Whether a box meets the inside or the edge of an outline (its curves are taken as their control polygon)."""
    if not box.meets(mark.box):
        return False
    corners = [point for _, points in mark.outline.steps for point in points]
    inside = [point for point in corners if box.left < point[0] < box.right and box.top < point[1] < box.bottom]
    return bool(inside) or _inside_polygon(box.middle, corners) or any(_crosses(box, a, b) for a, b in _edges(corners))


def _edges(corners: Sequence[Point]) -> list[tuple[Point, Point]]:
    return list(zip(corners, [*corners[1:], corners[0]], strict=True))


def _inside_polygon(point: Point, corners: Sequence[Point]) -> bool:
    x, y = point
    inside = False
    for (ax, ay), (bx, by) in _edges(corners):
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            inside = not inside
    return inside


def _crosses(box: Box, a: Point, b: Point) -> bool:
    """Whether the line from ``a`` to ``b`` passes through the box (Liang and Barsky)."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    first, last = 0.0, 1.0
    for step, room in (
        (-dx, a[0] - box.left),
        (dx, box.right - a[0]),
        (-dy, a[1] - box.top),
        (dy, box.bottom - a[1]),
    ):
        if step == 0:
            if room < 0:
                return False
        elif step < 0:
            first = max(first, room / step)
        else:
            last = min(last, room / step)
    return first < last


def _distance(point: Point, a: Point, b: Point) -> float:
    """From a point to a line between two others."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    along = ((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / (dx * dx + dy * dy)
    along = min(1.0, max(0.0, along))
    return hypot(point[0] - a[0] - along * dx, point[1] - a[1] - along * dy)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _place(box: Box) -> str:
    return f"x {box.left:.1f} to {box.right:.1f}, y {box.top:.1f} to {box.bottom:.1f} mm"
