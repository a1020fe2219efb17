"""Chinese on a small screen: the font, and lines that break where a reader expects it.

The font is Noto Sans SC (SIL Open Font License 1.1) out of the package ``justmytype-intl-cjk``; it never gets onto the
device.
"""

import re
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

from PIL import ImageFont

Face = ImageFont.FreeTypeFont

FONT_PACKAGE, FONT_FILE = "justmytype_intl_cjk", "fonts/ofl/notosanssc/NotoSansSC[wght].ttf"
ELLIPSIS = "…"

# what a line does not begin with, and what it does not end with
_CLOSING = "，。、；：！？）》」』】〉’”…·,.;:!?)%"
_OPENING = "（《「『【〈‘“("
#: A word in Latin letters or a number stays whole; a Chinese character stands alone, with its punctuation.
_PIECE = re.compile(rf"[{_OPENING}]*(?:[A-Za-z0-9]+(?:[-./'][A-Za-z0-9]+)*|\s+|.)[{_CLOSING}]*")


@cache
def _path() -> Path:
    with as_file(files(FONT_PACKAGE).joinpath(FONT_FILE)) as path:
        return path


@cache
def font(size: int, weight: int = 700) -> Face:
    """The font at ``size`` pixels."""
    found = ImageFont.truetype(str(_path()), size, layout_engine=ImageFont.Layout.BASIC)
    found.set_variation_by_axes([weight])
    return found


def lines(text: str, face: Face, width: float, most: int) -> list[str]:
    """``text`` in as few lines of ``width`` pixels as can be, as even as they can be; at most ``most``.

    What does not fit is cut, and an ellipsis says so.
    """
    found = _filled(text, face, width)
    if len(found) > most:
        rest = "".join(found[most - 1 :]).strip()
        return [*(row.strip() for row in found[: most - 1]), shortened(rest, face, width)]
    best = found
    limit = width
    # narrower and narrower, but never so narrow that a word breaks
    widest = max(face.getlength(piece.strip()) for piece in _PIECE.findall(text))
    while limit >= widest and len(narrower := _filled(text, face, limit)) == len(found):
        best = narrower
        limit = max(face.getlength(row.strip()) for row in narrower) - 1
    return [row.strip() for row in best]


def shortened(text: str, face: Face, width: float) -> str:
    """``text`` on one line of ``width`` pixels, its end cut off and an ellipsis in its place if need be."""
    if face.getlength(text) <= width:
        return text
    while text and face.getlength(text.rstrip() + ELLIPSIS) > width:
        text = text[:-1]
    return text.rstrip(" " + _CLOSING + _OPENING) + ELLIPSIS


def _filled(text: str, face: Face, width: float) -> list[str]:
    """As much on each row as goes; joined, they are the text."""
    rows = [""]
    for piece in _PIECE.findall(text):
        if face.getlength((rows[-1] + piece).strip()) <= width:
            rows[-1] += piece
        elif face.getlength(piece.strip()) <= width:
            rows.append(piece)
        else:  # a word that is wider than a line
            for letter in piece:
                if rows[-1] and face.getlength(rows[-1] + letter) > width:
                    rows.append("")
                rows[-1] += letter
    return [row for row in rows if row]
