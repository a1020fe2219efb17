"""Draw every screen of the device at build time: words, signs and stars, into ``firmware/assets``.

    python -m simulator.draw_screens            # writes the assets; a test fails when they are out of date

Font and colours are those of the gateway's pictures (`gateway.screens`). Everything is drawn from
`firmware.screen.SCREENS`, so no screen can be forgotten.
"""

import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw

from firmware.display import (
    BAR,
    CHARS,
    CODE_Y,
    GLYPH,
    HEAD,
    HEIGHT,
    ROW,
    ROWS_Y,
    SECONDS,
    STAR_X,
    STAR_Y,
    TEXT_X,
    WIDTH,
)  # fmt: skip
from firmware.screen import SCREENS
from gateway.screens import strips
from gateway.screens.asset import (
    BACKGROUND,
    BLACK,
    GOLD,
    GREEN,
    INK,
    ORANGE,
    QUIET,
    SOFT,
    decode,
    encode,
    indexed,
)  # fmt: skip
from gateway.screens.text import Face, font

ASSETS = Path(__file__).resolve().parent.parent / "firmware" / "assets"

#: The panel: 2.8 inches across, seen from 60 cm.
INCHES = 2.8
PX_PER_MM = math.hypot(WIDTH, HEIGHT) / (INCHES * 25.4)
HEADLINE_MM = 8.0  # the least height of the ink of a headline's characters
HEADLINE_PX = (56, 50)  # sizes tried, the largest first
SECOND_PX = 30
ENGLISH_PX = 20
MARGIN = 8
LINE = 1.12  # height of a line, of its size

#: Text and what it stands on; a test computes their contrast.
TEXT_PAIRS = ((INK, BACKGROUND), (SOFT, BACKGROUND), (GOLD, BACKGROUND), (BACKGROUND, GOLD), (BLACK, INK))
#: Signs and their ground: not text, and never the only carrier of a meaning.
SIGN_PAIRS = ((GREEN, BACKGROUND), (ORANGE, BACKGROUND), (INK, QUIET))

#: Screens that keep room for what the device writes below them: a code, or its id.
CODED = {"not_enrolled", "identify", "selftest", "service"}
#: Screens above a picture from the gateway also have a short head: the first line of their headline.
HEADED = ("rate",)
#: The sign above the words. A screen without one here is drawn without a sign.
SIGNS = {
    "starting": "wait", "idle": "stars", "rate": "stars", "thanks": "tick", "saved": "tick", "offline": "offline",
    "selftest": "gear", "service": "gear", "identify": "bell", "paused": "pause", "out_of_service": "bar",
    "not_enrolled": "alert", "full": "alert",
    **{name: "alert" for name in SCREENS if name[0] == "E"},
}  # fmt: skip
GAP = 6  # between words of different size
_SS = 4  # shapes are drawn this much larger, then reduced


class TooLongError(ValueError):
    """The words of a screen do not fit at a readable size: shorten them, or part them by a comma."""


def assets() -> dict[str, bytes]:
    """File name → content of everything in ``firmware/assets``."""
    made = {f"{name}.bin": encode(indexed(cropped(screen(name)))) for name in SCREENS}
    made |= {f"{name}_head.bin": encode(indexed(head(name))) for name in HEADED}
    for code, words in strips.BUILT_IN.items():
        made |= {f"r{code}{'c' * chosen}.bin": strips.asset(words, chosen) for chosen in (False, True)}
    made["glyphs.bin"] = glyphs()
    return made


def screen(name: str) -> Image.Image:
    """A whole screen, without what the device adds at run time. Raises TooLongError."""
    chinese, english = SCREENS[name][:2]
    picture = Image.new("RGB", (WIDTH, HEIGHT), BACKGROUND)
    if name == "chosen":
        _draw_chosen(picture, chinese, english)
        return picture
    if name == "reasons":
        _draw_reasons(picture, chinese, english)
        return picture
    headline, second = _parts(chinese)
    bottom = CODE_Y - MARGIN if name in CODED else HEIGHT - 2 * MARGIN
    # the fewest lines, then the largest size
    size = min(HEADLINE_PX, key=lambda size: (len(_wrap_chinese(headline, font(size))), -size))
    block: list[_Line] = [(row, size, INK) for row in _wrap_chinese(headline, font(size))]
    block += [(row, SECOND_PX, INK) for row in _wrap_chinese(second, font(SECOND_PX))]
    block += [(row, ENGLISH_PX, SOFT) for row in _wrap_english(english, font(ENGLISH_PX, 500))]
    sign = SIGNS.get(name)
    height = _height(block)
    if sign and height + 56 > bottom:
        sign = None  # the words go before
    if height > bottom:
        raise TooLongError(f"{name}: {height} rows of words, expected at most {bottom}: {chinese}")
    y = MARGIN + (bottom - MARGIN - height - 56 * bool(sign)) // 2
    if sign:
        _sign(picture, sign, WIDTH // 2, y + 24)
        y += 56
    _write(picture, block, y)
    return picture


def cropped(picture: Image.Image) -> Image.Image:
    """Without the empty rows at its end: the device has background there, or a code."""
    box = ImageChops.difference(picture, Image.new("RGB", picture.size, BACKGROUND)).getbbox()
    return picture.crop((0, 0, WIDTH, box[3] if box else 1))


def head(name: str) -> Image.Image:
    """The fixed head above a picture from the gateway: one line, on a strip of its own."""
    picture = Image.new("RGB", (WIDTH, HEAD), BACKGROUND)
    row = _wrap_chinese(_parts(SCREENS[name][0])[0], font(HEADLINE_PX[0]))[0]
    _write(picture, [(row, HEADLINE_PX[0], INK)], (HEAD - 4 - round(HEADLINE_PX[0] * LINE)) // 2)
    ImageDraw.Draw(picture).rectangle((0, HEAD - 3, WIDTH, HEAD - 2), fill=GOLD)
    return picture


def glyphs() -> bytes:
    """``glyphs.bin``: ten stars, then the characters, each GLYPH rows high and stored one after the other."""
    stars = [star(level, filled) for filled in (False, True) for level in (1, 2, 3, 4, 5)]
    cells = [*stars, *(character(char) for char in CHARS)]
    return encode(stars[0], False)[:6] + b"".join(encode(cell, False)[6:] for cell in cells)


def star(level: int, filled: bool) -> Image.Image:
    """The star of a level: its number in an outline, or in a full star. All are drawn alike."""
    size = GLYPH * _SS
    large = Image.new("RGB", (size, size), BACKGROUND)
    pen = ImageDraw.Draw(large)
    outer = _star_points(size / 2, size * 0.53, size * 0.5, 0.5)
    if filled:
        pen.polygon(outer, fill=GOLD)
    else:
        pen.polygon(outer, fill=GOLD)
        pen.polygon(_star_points(size / 2, size * 0.53, size * 0.395, 0.5), fill=BACKGROUND)
    cell = large.resize((GLYPH, GLYPH), Image.Resampling.LANCZOS)
    ImageDraw.Draw(cell).text(
        (GLYPH / 2, GLYPH * 0.56), str(level), BACKGROUND if filled else INK, font(22), anchor="mm"
    )
    return indexed(cell)


def character(char: str) -> Image.Image:
    """A cell of `CHARS`."""
    cell = Image.new("RGB", (GLYPH // 2, GLYPH), BACKGROUND)
    face = font(36)
    wide = Image.new("RGB", (max(GLYPH // 2, math.ceil(face.getlength(char)) + 2), GLYPH), BACKGROUND)
    # on one base line; what is wider than its cell is squeezed
    ImageDraw.Draw(wide).text((wide.width / 2, GLYPH * 0.76), char, INK, face, anchor="ms")
    cell.paste(wide.resize(cell.size, Image.Resampling.LANCZOS), (0, 0))
    return indexed(cell)


def _draw_chosen(picture: Image.Image, chinese: str, english: str) -> None:
    headline, second = _parts(chinese)
    pen = ImageDraw.Draw(picture)
    size = HEADLINE_PX[0]
    face = font(size)
    sign = 48 + 12
    width = face.getlength(headline)
    left = (SECONDS[0] - sign - width) / 2
    if left < 0:
        raise TooLongError(f"chosen: the headline must leave room for the seconds: {headline}")
    _sign(picture, "tick", round(left + 24), 40)
    pen.text((left + sign, 39), headline, INK, face, anchor="lm")
    _write(picture, [(row, SECOND_PX, INK) for row in _wrap_chinese(second, font(SECOND_PX))], 70)
    for level in (1, 2, 3, 4, 5):
        picture.paste(star(level, False).convert("RGB"), (STAR_X + 64 * (level - 1), STAR_Y))
    _write(picture, [(row, 19, SOFT) for row in _wrap_english(english, font(19, 500))], STAR_Y + GLYPH + 5)
    x, y, width, height = BAR
    pen.rectangle((x, y, x + width - 1, y + height - 1), fill=QUIET)


def _draw_reasons(picture: Image.Image, chinese: str, english: str) -> None:
    headline, second = _parts(chinese)
    _write(picture, [(headline, HEADLINE_PX[1], INK)], -2)
    pen = ImageDraw.Draw(picture)
    for row in range(4):
        middle = ROWS_Y + ROW * row + ROW // 2
        pen.ellipse((MARGIN, middle - 16, MARGIN + 32, middle + 16), fill=GOLD)
        pen.text((MARGIN + 16, middle), str(row + 1), BACKGROUND, font(24), anchor="mm")
    middle = ROWS_Y + 4 * ROW + 20
    pen.ellipse((MARGIN, middle - 16, MARGIN + 32, middle + 16), fill=GOLD)
    pen.text((MARGIN + 16, middle), "5", BACKGROUND, font(24), anchor="mm")
    pen.text((TEXT_X + 6, middle - 9), f"继续；{second}", INK, font(20, 600), anchor="lm")
    pen.text((TEXT_X + 6, middle + 11), english, SOFT, font(15, 500), anchor="lm")


def _parts(chinese: str) -> tuple[str, str]:
    headline, _, second = chinese.partition("，")
    return headline, second.replace("，", " ")


def _wrap_chinese(text: str, face: Face, limit: int = WIDTH - 2 * MARGIN) -> list[str]:
    """Lines as even as can be, as few as fit the width; a space always ends one."""
    if not text:
        return []
    if " " in text:
        return [row for part in text.split() for row in _wrap_chinese(part, face, limit)]
    for count in range(1, len(text) + 1):
        length = -(-len(text) // count)
        rows = [text[at : at + length] for at in range(0, len(text), length)]
        if all(face.getlength(row) <= limit for row in rows):
            return rows
    raise TooLongError(text)


def _wrap_english(text: str, face: Face) -> list[str]:
    """Lines of words, as few as fit, then as even as that many can be."""

    def filled(limit: float) -> list[str]:
        rows = [""]
        for word in text.split():
            longer = f"{rows[-1]} {word}".strip()
            if rows[-1] and face.getlength(longer) > limit:
                rows.append(word)
            else:
                rows[-1] = longer
        return rows

    limit = WIDTH - 2 * MARGIN
    sentences = [part if part.endswith(".") else f"{part}." for part in text.split(". ")]
    if len(sentences) > 1 and all(face.getlength(part) <= limit for part in sentences):
        return [*sentences[:-1], text.split(". ")[-1]]
    best = filled(limit)
    while len(rows := filled(limit)) == len(best) and limit > 60:
        best = rows
        limit -= 4
    return best


_Line = tuple[str, int, tuple[int, int, int]]


def _height(block: list[_Line]) -> int:
    changes = sum(1 for line, after in pairwise(block) if line[1] != after[1])
    return sum(round(size * LINE) for _, size, _ in block) + GAP * changes


def _write(picture: Image.Image, block: list[_Line], y: int) -> None:
    pen = ImageDraw.Draw(picture)
    before = block[0][1] if block else 0
    for text, size, colour in block:
        height = round(size * LINE)
        y += GAP if size != before else 0
        pen.text((WIDTH / 2, y + height / 2), text, colour, font(size, 700 if colour == INK else 500), anchor="mm")
        y += height
        before = size


def _star_points(x: float, y: float, radius: float, inner: float) -> list[tuple[float, float]]:
    corners = range(10)
    reach = [radius if corner % 2 == 0 else radius * inner for corner in corners]
    angles = [math.radians(36 * corner - 90) for corner in corners]
    return [(x + r * math.cos(a), y + r * math.sin(a)) for r, a in zip(reach, angles, strict=True)]


def _sign(picture: Image.Image, sign: str, x: int, y: int) -> None:
    """One of SIGNS, 48 pixels high, its middle at x, y."""
    if sign == "stars":
        _sign_stars(picture, x, y)
        return
    size = 48 * _SS
    large = Image.new("RGB", (size, size), BACKGROUND)
    pen = ImageDraw.Draw(large)
    _SHAPES[sign](pen, _SS)
    picture.paste(large.resize((48, 48), Image.Resampling.LANCZOS), (x - 24, y - 24))


def _sign_stars(picture: Image.Image, x: int, y: int) -> None:
    # all five alike and none filled: nothing is chosen for anybody
    width, each = 40 * _SS, 52
    large = Image.new("RGB", (width, width), BACKGROUND)
    pen = ImageDraw.Draw(large)
    pen.polygon(_star_points(width / 2, width * 0.53, width * 0.5, 0.5), fill=GOLD)
    pen.polygon(_star_points(width / 2, width * 0.53, width * 0.37, 0.5), fill=BACKGROUND)
    small = large.resize((40, 40), Image.Resampling.LANCZOS)
    for place in range(-2, 3):
        picture.paste(small, (x + place * each - 20, y - 20))


def _tick(pen: ImageDraw.ImageDraw, k: int) -> None:
    pen.ellipse((2 * k, 2 * k, 46 * k, 46 * k), fill=GREEN)
    pen.line([(13 * k, 25 * k), (21 * k, 33 * k), (35 * k, 16 * k)], fill=BACKGROUND, width=6 * k, joint="curve")


def _pause(pen: ImageDraw.ImageDraw, k: int) -> None:
    pen.ellipse((2 * k, 2 * k, 46 * k, 46 * k), fill=SOFT)
    pen.rectangle((15 * k, 14 * k, 21 * k, 34 * k), fill=BACKGROUND)
    pen.rectangle((27 * k, 14 * k, 33 * k, 34 * k), fill=BACKGROUND)


def _bar(pen: ImageDraw.ImageDraw, k: int) -> None:
    pen.ellipse((2 * k, 2 * k, 46 * k, 46 * k), fill=ORANGE)
    pen.rectangle((11 * k, 20 * k, 37 * k, 28 * k), fill=BACKGROUND)


def _alert(pen: ImageDraw.ImageDraw, k: int) -> None:
    pen.polygon([(24 * k, 2 * k), (47 * k, 44 * k), (1 * k, 44 * k)], fill=ORANGE)
    pen.rectangle((21 * k, 16 * k, 27 * k, 31 * k), fill=BACKGROUND)
    pen.ellipse((20.5 * k, 34 * k, 27.5 * k, 41 * k), fill=BACKGROUND)


def _wait(pen: ImageDraw.ImageDraw, k: int) -> None:
    pen.rectangle((9 * k, 3 * k, 39 * k, 7 * k), fill=SOFT)
    pen.rectangle((9 * k, 41 * k, 39 * k, 45 * k), fill=SOFT)
    pen.polygon([(12 * k, 9 * k), (36 * k, 9 * k), (24 * k, 25 * k)], fill=SOFT)
    pen.polygon([(12 * k, 39 * k), (36 * k, 39 * k), (24 * k, 23 * k)], fill=SOFT)


def _gear(pen: ImageDraw.ImageDraw, k: int) -> None:
    for tooth in range(8):
        angle = math.radians(45 * tooth)
        x, y = (24 + 19 * math.cos(angle)) * k, (24 + 19 * math.sin(angle)) * k
        pen.ellipse((x - 5 * k, y - 5 * k, x + 5 * k, y + 5 * k), fill=SOFT)
    pen.ellipse((7 * k, 7 * k, 41 * k, 41 * k), fill=SOFT)
    pen.ellipse((16 * k, 16 * k, 32 * k, 32 * k), fill=BACKGROUND)


def _offline(pen: ImageDraw.ImageDraw, k: int) -> None:
    for reach in (22, 15, 8):
        box = ((24 - reach) * k, (32 - reach) * k, (24 + reach) * k, (32 + reach) * k)
        pen.arc(box, 222, 318, fill=SOFT, width=4 * k)
    pen.ellipse((20 * k, 29 * k, 28 * k, 37 * k), fill=SOFT)
    pen.line([(8 * k, 42 * k), (40 * k, 6 * k)], fill=BACKGROUND, width=8 * k)
    pen.line([(8 * k, 42 * k), (40 * k, 6 * k)], fill=ORANGE, width=4 * k)


def _bell(pen: ImageDraw.ImageDraw, k: int) -> None:
    pen.pieslice((9 * k, 5 * k, 39 * k, 35 * k), 180, 360, fill=GOLD)
    pen.rectangle((9 * k, 20 * k, 39 * k, 34 * k), fill=GOLD)
    pen.rectangle((4 * k, 33 * k, 44 * k, 38 * k), fill=GOLD)
    pen.ellipse((19 * k, 36 * k, 29 * k, 46 * k), fill=GOLD)


_SHAPES = {
    "tick": _tick, "pause": _pause, "bar": _bar, "alert": _alert, "wait": _wait, "gear": _gear,
    "offline": _offline, "bell": _bell,
}  # fmt: skip


def out_of_date(folder: Path = ASSETS) -> Iterator[str]:
    """Names of assets that are missing, left over, or show something else than they would now."""
    made = assets()
    present = {path.name for path in folder.glob("*.bin")}
    yield from sorted(present ^ set(made))
    for name in sorted(present & set(made)):
        if _pixels(name, (folder / name).read_bytes()) != _pixels(name, made[name]):
            yield name


def _pixels(name: str, asset: bytes) -> bytes:
    # compressed bytes may differ from one zlib to the next; what they show may not
    return asset if name == "glyphs.bin" else decode(asset).tobytes()


def write(folder: Path = ASSETS) -> int:
    """Write all assets and remove those of screens that are gone; gives the sum of their sizes in bytes."""
    made = assets()
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.bin"):
        if path.name not in made:
            path.unlink()
    for name, content in made.items():
        (folder / name).write_bytes(content)
    return sum(len(content) for content in made.values())


if __name__ == "__main__":
    print(f"{write()} bytes in {len(assets())} files")
