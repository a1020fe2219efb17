"""The front overlay: what a citizen sees and presses.

One star left, five stars right, as the keys of dimensions.toml. All five look alike: openings, rings and words have one
size, one weight and one colour, so that one star invites as much as five do (DESIGN, promise 5). Film of 0.25 mm or so,
printed from behind, clear over the display; [panel] thickness is film and glue together.
"""

from hardware import star
from hardware.dimensions import Dimensions
from hardware.panel.labels import Wording
from hardware.panel.lettering import BOLD, MEDIUM, REGULAR, advance
from hardware.panel.outline import Box, Outline, polygon, rectangle
from hardware.panel.sheet import Mark, Sheet, words

BLUE, WHITE, PALE, GOLD, BLACK = "#12304F", "#FFFFFF", "#D3E1EE", "#F4C24B", "#0A0F15"

#: Least height of ink in mm. Read from 50 to 60 cm, 3.5 mm is a third of a degree: what the device's own screens keep
#: for their smallest words (docs/screens.md). The words of the levels and the title are larger by half.
LEAST = 3.5
BLEED = 3.0
FRAME = 1.6  # black around the display
RING = 1.1  # gold around each opening
TITLE_EM, LABEL_EM, NUMBER_EM, SMALL_EM = 6.3, 5.2, 5.6, 4.0
ENGLISH = "Please rate this service"
ENGLISH_EM = 4.85  # its capitals are as high as LEAST
#: Not more than the system keeps: no screen, list or page of a window's staff shows a star (docs/threats.md, "Who
#: learns what"). Who handles a bad rating does see it, and whoever leans over the hood sees the lit star.
PRIVACY = "您选了几星，系统不告诉窗口工作人员"
WINDOW_NUMBER, HOTLINE = "窗口号", "监督电话"
FIELD_HEIGHT = 7.6  # white, to be written on or pasted over


def front(d: Dimensions, wording: Wording, english: bool = True) -> Sheet:
    """The overlay for one set of words; ``english``: with the line in English."""
    trim = Box(d.panel.x[0], d.panel.y[0], d.panel.x[1], d.panel.y[1])
    window = window_of(d)
    frame = window.grown(FRAME)
    clear = rectangle(window, 1.0)
    marks = [
        Mark("print", rectangle(trim.grown(BLEED)) + clear.reversed(), "background", fill=BLUE),
        Mark("print", rectangle(frame, 2.5) + clear.reversed(), "frame of the display", fill=BLACK),
        *_title(wording.title, trim, frame, english),
        *_fields(trim, frame),
        *_stars(d),
        *_numbers(d),
        *_labels(d, wording),
        words(PRIVACY, window.middle[0], row(d, "privacy"), SMALL_EM, PALE, MEDIUM),
        Mark("clear", clear, "display window", fill=WHITE),
        Mark("cut", rectangle(trim, d.panel.corner_radius), "contour", stroke=WHITE, width=0.1),
        *(
            Mark("cut", opening(d, number), f"opening of key {number}", stroke=WHITE, width=0.1)
            for number in range(1, 6)
        ),
    ]
    name = f"panel-{wording.name}" + ("" if english else "-zh")
    title = f"haochaping · front overlay · {' '.join(wording.labels)}"
    return Sheet(name, title, trim, BLEED, LEAST, tuple(marks), free=(("display window", window),))


def window_of(d: Dimensions) -> Box:
    (x, y), (width, height) = d.display.centre, d.display.window
    return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def opening(d: Dimensions, number: int) -> Outline:
    """The opening of key ``number``, the same as that in the face."""
    return polygon(star.opening(d.keys, number))


def row(d: Dimensions, name: str) -> float:
    """The middle of a row of words below the stars, from the lower tips downwards: labels, Braille, privacy."""
    tips = max(y for _, y in star.opening(d.keys, 1))
    return tips + {"label": 4.7, "braille": 11.3, "privacy": 17.4}[name]


def _title(title: str, trim: Box, frame: Box, english: bool) -> list[Mark]:
    """Chinese, and English beside it; together in the middle between upper edge and display."""
    middle = (trim.top + frame.top) / 2 + 0.2
    if not english:
        return [words(title, frame.middle[0], middle, TITLE_EM, WHITE, BOLD)]
    gap = TITLE_EM
    wide, wide_english = advance(title, TITLE_EM, BOLD), advance(ENGLISH, ENGLISH_EM, REGULAR)
    left = frame.middle[0] - (wide + gap + wide_english) / 2
    # one base line for both sizes
    lower = middle + 0.38 * (TITLE_EM - ENGLISH_EM)
    return [
        words(title, left, middle, TITLE_EM, WHITE, BOLD, "left"),
        words(ENGLISH, left + wide + gap, lower, ENGLISH_EM, PALE, REGULAR, "left"),
    ]


def _fields(trim: Box, frame: Box) -> list[Mark]:
    """Left of the display the number of the window, right of it whom to complain to; both are the hall's to fill in."""
    inset, gap = 3.0, 2.2
    top = frame.bottom - FIELD_HEIGHT
    found = []
    for text, left, right in (
        (WINDOW_NUMBER, trim.left + inset, frame.left - inset),
        (HOTLINE, frame.right + inset, trim.right - inset),
    ):
        field = Box(left + advance(text, SMALL_EM) + gap, top, right, frame.bottom)
        found += [
            words(text, left, field.middle[1], SMALL_EM, PALE, MEDIUM, "left"),
            Mark("print", rectangle(field, 1.0), f"field {text}", fill=WHITE),
        ]
    return found


def _stars(d: Dimensions) -> list[Mark]:
    # half of the stroke falls into the opening, so that a cut that is off by some tenths shows no gap
    return [
        Mark("print", opening(d, number), f"ring of key {number}", stroke=GOLD, width=2 * RING)
        for number in range(1, 6)
    ]


def _numbers(d: Dimensions) -> list[Mark]:
    """Left of each upper tip: the screen of the reasons speaks of keys 1 to 5."""
    y = d.keys.y - 0.75 * d.keys.star_radius
    return [
        words(str(at), x - 0.62 * d.keys.star_radius, y, NUMBER_EM, WHITE, BOLD) for at, x in enumerate(d.keys.x, 1)
    ]


def _labels(d: Dimensions, wording: Wording) -> list[Mark]:
    return [
        words(text, x, row(d, "label"), LABEL_EM, WHITE, BOLD) for text, x in zip(wording.labels, d.keys.x, strict=True)
    ]
