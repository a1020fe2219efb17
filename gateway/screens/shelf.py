"""Pictures by what they show: drawn once, kept while somebody may fetch them."""

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable

from gateway.core.indicators import IndicatorSet
from gateway.core.scene import Prompt
from gateway.screens import prompt as prompts
from gateway.screens import strips
from gateway.screens.asset import indexed, packed, wrapped

log = logging.getLogger(__name__)

MOST = 2048
"""Prompts whose hash is remembered: more than a hall has windows."""
MAX_PROMPT_BYTES = 8192
"""What a device takes (spec 5.7)."""
PIECE = 512
"""Bytes that stand together in a device's memory."""
STEP = 4
"""Rows that a device draws at a time."""


def prompt_asset(prompt: Prompt) -> bytes:
    """The picture as it travels: pieces of `PIECE` bytes, each a picture of its own (spec 5.7).

    Equal prompts give equal bytes. Raises ValueError if it is too large for a device.
    """
    picture = indexed(prompts.draw(prompt))
    rows, step = packed(picture), STEP * picture.width // 2
    pieces: list[bytes] = []
    while rows:
        size, piece = _piece(picture.width, rows, step)
        rows = rows[size:]
        pieces.append(piece.ljust(PIECE, b"\0") if rows else piece)
    if len(pieces) * PIECE > MAX_PROMPT_BYTES:
        raise ValueError(f"{len(pieces)} pieces; a device takes {MAX_PROMPT_BYTES // PIECE}")
    return b"".join(pieces)


def _piece(width: int, rows: bytes, step: int) -> tuple[int, bytes]:
    """As many bytes of rows, in steps, as fit into a piece; and their picture."""
    least, most = 0, len(rows) // step
    found = b""
    while least < most:
        steps = (least + most + 1) // 2
        piece = wrapped(width, rows[: steps * step])
        if len(piece) <= PIECE:
            least, found = steps, piece
        else:
            most = steps - 1
    if not least:
        raise ValueError(f"{STEP} rows take more than {PIECE} bytes")
    return least * step, found


class Shelf:
    """``put(bytes)`` gives devices the chance to fetch them and returns their hash; ``has(hash)``: they can.

    A picture that cannot be drawn is logged and left out: a citizen is asked all the same. For one thread.
    """

    def __init__(self, put: Callable[[bytes], bytes], has: Callable[[bytes], bool]):
        self._put = put
        self._has = has
        self._known: OrderedDict[Prompt, bytes] = OrderedDict()
        self._strips: tuple[IndicatorSet, bytes | None] | None = None
        self._packed: bytes | None = None
        self.drawn = 0
        """Pictures drawn so far."""

    def prompt(self, wanted: Prompt | None) -> bytes | None:
        """The hash of its picture, which can be fetched from now on; None if there is none."""
        if wanted is None:
            return None
        digest = self._known.get(wanted)
        if digest is None or not self._has(digest):
            try:
                data = prompt_asset(wanted)
                self.drawn += 1
                digest = self._put(data)
            except Exception:  # whatever a text does to the drawing, it must not keep a citizen from rating
                log.exception("no picture for the item %r", wanted.item)
                return None
        self._known[wanted] = digest
        self._known.move_to_end(wanted)
        while len(self._known) > MOST:
            self._known.popitem(last=False)
        return digest

    def strips(self, indicators: IndicatorSet) -> bytes | None:
        """The hash of the pictures of its reasons; None if devices have them all. Raises IndicatorError."""
        if self._strips is None or self._strips[0] != indicators:
            self._packed = strips.pack(indicators)
            self._strips = indicators, hashlib.sha256(self._packed).digest() if self._packed else None
        digest = self._strips[1]
        if digest and self._packed and not self._has(digest):
            self._put(self._packed)
        return digest
