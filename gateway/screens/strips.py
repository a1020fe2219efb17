"""Pictures of reasons: one for each code, plain and chosen, and all of a hall's own in one asset (spec 5.7)."""

from PIL import Image, ImageDraw

from gateway.core.indicators import NATIONAL, IndicatorError, IndicatorSet
from gateway.screens.asset import BACKGROUND, INK, ROW, TEXT_X, WIDTH, encode, indexed
from gateway.screens.text import font, lines, shortened

MAGIC = b"S2"
MAX_BYTES = 131072
MARGIN = 8
SIZES = (24, 22, 20)
"""On one line, the largest first; what does not fit takes two lines of SMALL."""
SMALL = 17
#: What every device has of its own: see ``firmware/assets``.
BUILT_IN = NATIONAL.shown()


def draw(words: str, chosen: bool) -> Image.Image:
    """The words of a reason beside its key. A chosen one is reversed and has a tick."""
    paper, ink = (INK, BACKGROUND) if chosen else (BACKGROUND, INK)
    picture = Image.new("RGB", (WIDTH - TEXT_X, ROW), BACKGROUND)
    pen = ImageDraw.Draw(picture)
    width = picture.width - MARGIN
    pen.rounded_rectangle((0, 1, width, ROW - 2), 5, fill=paper)
    room = width - 30
    size = next((size for size in SIZES if font(size, 600).getlength(words) <= room), SMALL)
    face = font(size, 600)
    rows = [words] if size != SMALL else lines(words, face, room, 2)
    if chosen:
        pen.line([(7, 18), (12, 24), (21, 10)], fill=ink, width=3, joint="curve")
    for place, row in enumerate(rows):
        y = ROW / 2 + (place - (len(rows) - 1) / 2) * 17
        pen.text((26 if chosen else 6, y), shortened(row, face, room), ink, face, anchor="lm")
    return picture


def asset(words: str, chosen: bool) -> bytes:
    return encode(indexed(draw(words, chosen)))


def pack(indicators: IndicatorSet) -> bytes | None:
    """The pictures of those reasons that no device has with these words; None if it has all of them.

    Raises IndicatorError if there are more than a device can keep.
    """
    own = {code: words for code, words in sorted(indicators.shown().items()) if BUILT_IN.get(code) != words}
    if not own:
        return None
    pictures = [asset(words, chosen) for words in own.values() for chosen in (False, True)]
    begin = len(MAGIC) + 1 + 10 * len(own)
    head = bytearray(MAGIC + bytes([len(own)]))
    for place, code in enumerate(own):
        head += code.to_bytes(2, "big")
        for part in pictures[2 * place : 2 * place + 2]:
            head += begin.to_bytes(4, "big")
            begin += len(part)
    if begin > MAX_BYTES:
        raise IndicatorError("levels", f"their pictures take {begin} bytes; a device keeps {MAX_BYTES}")
    return bytes(head) + b"".join(pictures)
