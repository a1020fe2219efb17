"""The picture of a scene: item, staff number, published stars, and the code of the case's page.

It stands below the device's own head (请您评价). Nothing in it comes from ratings, and nothing looks like a star key
that was chosen for the citizen: published stars are words.
"""

from typing import NamedTuple

import qrcode
from PIL import Image, ImageDraw
from qrcode.constants import ERROR_CORRECT_L, ERROR_CORRECT_M
from qrcode.exceptions import DataOverflowError

from gateway.core.scene import Prompt
from gateway.screens.asset import BACKGROUND, BLACK, GOLD, HEAD, HEIGHT, INK, SOFT, WIDTH
from gateway.screens.text import ELLIPSIS, font, lines, shortened

SIZE = (WIDTH, HEIGHT - HEAD)
LEFT, RIGHT, GAP = 16, 12, 14
ITEM_PX = (44, 36, 30)
"""Sizes tried, the largest first; the first one only where no code stands beside it."""
STAFF_PX, STARS_PX, CAPTION_PX = 30, 24, 22
LEADING = 1.18
"""Height of a line, of its size."""
QUIET = 4
"""Modules of white around a code (ISO/IEC 18004)."""
MODULE_PX = 3
"""At least: 0.53 mm on the panel."""
CARD_PX = 135
"""At most; a code that needs more is not drawn, because no phone would read it."""
CAPTION = "扫码评价"
NUMERALS = "零一二三四五"


class _Line(NamedTuple):
    text: str
    size: int
    colour: tuple[int, int, int]
    weight: int
    gap: int  # above it

    @property
    def height(self) -> int:
        return self.gap + round(self.size * LEADING)


def draw(prompt: Prompt) -> Image.Image:
    """The picture, 320 x 168, in the colours of the panel. Text that does not fit is shortened by an ellipsis."""
    picture = Image.new("RGB", SIZE, BACKGROUND)
    card = code(prompt.address) if prompt.address else None
    block = _block(prompt, SIZE[0] - LEFT - (RIGHT + card.width + GAP if card else LEFT), card is None)
    if card:
        _paste(picture, card, SIZE[0] - RIGHT - card.width if block else (SIZE[0] - card.width) // 2)
    _write(picture, block, card is None)
    return picture


def code(address: str) -> Image.Image | None:
    """A card with the QR code of an address; None if it would be too fine to be read."""
    for correction in (ERROR_CORRECT_M, ERROR_CORRECT_L):
        found = qrcode.QRCode(error_correction=correction, border=QUIET)
        found.add_data(address)
        try:
            found.make(fit=True)
        except (DataOverflowError, ValueError):
            continue
        rows = found.get_matrix()
        scale = CARD_PX // len(rows)
        if scale >= MODULE_PX:
            modules = Image.new("RGB", (len(rows), len(rows)), INK)
            for y, row in enumerate(rows):
                for x, dark in enumerate(row):
                    if dark:
                        modules.putpixel((x, y), BLACK)
            return modules.resize((len(rows) * scale, len(rows) * scale), Image.Resampling.NEAREST)
    return None


def _paste(picture: Image.Image, card: Image.Image, left: int) -> None:
    """Card and caption, together in the middle of the height."""
    caption = round(CAPTION_PX * 1.2)
    top = (SIZE[1] - card.height - caption) // 2
    picture.paste(card, (left, top))
    place = (left + card.width / 2, top + card.height + caption / 2 + 1)
    ImageDraw.Draw(picture).text(place, CAPTION, SOFT, font(CAPTION_PX, 500), anchor="mm")


def _block(prompt: Prompt, width: int, alone: bool) -> list[_Line]:
    """What is written, from above; ``alone``: there is no code beside it."""
    below = []
    if prompt.staff:
        below.append(_staff(prompt.staff, width))
    if prompt.stars:
        below.append(_Line(f"公布星级 {NUMERALS[prompt.stars]}星", STARS_PX, GOLD, 500, 4))
    if not prompt.item:
        return below
    room = SIZE[1] - GAP - sum(line.height for line in below)
    for size in ITEM_PX if alone else ITEM_PX[1:]:
        rows = lines(prompt.item, font(size), width, room // round(size * LEADING))
        if len(rows) <= 2 and not rows[-1].endswith(ELLIPSIS):
            break
    return [*(_Line(row, size, INK, 700, 0) for row in rows), *below]


def _staff(staff: str, width: int) -> _Line:
    # a number is worth less in half: smaller, then without its name, then cut
    for text, size in ((f"工号 {staff}", STAFF_PX), (f"工号 {staff}", STARS_PX), (staff, STARS_PX)):
        if font(size, 500).getlength(text) <= width:
            break
    return _Line(shortened(text, font(size, 500), width), size, INK, 500, 6)


def _write(picture: Image.Image, block: list[_Line], centred: bool) -> None:
    y = (SIZE[1] - sum(line.height for line in block)) / 2
    x, anchor = (SIZE[0] / 2, "mm") if centred else (LEFT, "lm")
    pen = ImageDraw.Draw(picture)
    for line in block:
        middle = y + line.gap + (line.height - line.gap) / 2
        pen.text((x, middle), line.text, line.colour, font(line.size, line.weight), anchor=anchor)
        y += line.height
