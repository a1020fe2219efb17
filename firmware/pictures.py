"""The picture that goes with a scene (SPEC 5.7): fetched by its hash, checked as a whole, and only then shown.

Loaded when a scene names a picture that is not here, and dropped once it is. What is fetched, and when, is the scene's
word alone: nothing here knows what was pressed. The picture stays in memory: it lives as long as its case, and flash
would have to be erased while a citizen stands there.
"""

import asyncio
import binascii
import hashlib
import sys

import firmware
from firmware.display import HEAD, HEIGHT
from protocol import downlink

ASK_MS = 10000  # without an answer: ask again
MAX_PROMPT = 8192
PIECE = 512  # bytes
ROWS = HEIGHT - HEAD
_NAME = "pictures"


class Bad(Exception):
    """What came has another size or hash than it should: not shown, and not asked for again before the next scene."""


def want(app, scene) -> None:
    """Get what ``scene`` names and is not here; what an earlier scene wanted is left."""
    prompt, strips = app._here
    display = app._board.display
    if prompt != scene.prompt:
        app._here = None, strips
        if display:
            display.image = None  # it does not belong to this scene, and its room is needed
    if strips != scene.strips and display:
        display.index = None  # a row without words, rather than with the wrong ones
    if _NAME not in app._long:
        app._long[_NAME] = Pictures(app, app._board)
    app._long[_NAME].want((scene.prompt, scene.strips))


class Pictures:
    """Part of `firmware.app`, apart from it because it is seldom at work."""

    def __init__(self, app, board):
        self.app = app
        self._board = board
        self._arrived = asyncio.Event()
        self._asked = self._asset = self._task = None
        self._names = None
        self._connects = board.counts.get("connects")

    def want(self, names) -> None:
        """``names``: the hashes of prompt and strips."""
        connects = self._board.counts.get("connects")
        if connects != self._connects:  # the answer that is waited for was lost with the old one
            self._connects = connects
            self._arrived.set()
        if self._names != names:
            self._names = names
            if self._task is not None:
                self._task.cancel()
            self._task = asyncio.create_task(self._run(*names))

    def take(self, asset) -> None:
        """A chunk; whatever was not asked for is left aside."""
        if self._asked == (asset.hash, asset.offset) and asset.bytes:
            self._asked = None
            self._asset = asset
            self._arrived.set()

    async def ask(self, digest, offset):
        """The asset of this hash from this offset on, one byte or more."""
        self._asked = digest, offset
        text = "%s %d" % (binascii.hexlify(digest).decode(), offset)
        while self._asked is not None:
            self.app._link.result(downlink.Result(0, downlink.WANTS, text))
            await self._board.wait(self._arrived, ASK_MS)
        return self._asset

    async def _run(self, prompt, strips):
        app, board = self.app, self._board
        display = board.display
        have, words = app._here
        try:
            get = None
            if strips != words and display:
                from firmware.strips import get, is_kept

                if strips is None or is_kept(strips):
                    await get(self, display, strips)
                    get, words = None, strips
                    app._here = have, words
                    self._again()
            if prompt != have and display:
                image = await self._prompt(prompt)
                while app._scene.prompt != prompt:  # not yet taken out of the inbox
                    await asyncio.sleep_ms(20)
                display.image = image
            app._here = prompt, words
            if get is not None:
                self._again()
                await get(self, display, strips)
            app._here = prompt, strips
            self._again()
        except Exception as error:  # the device asks for its rating all the same, without the picture
            board.count("no_pictures")
            board.log("picture: %s" % error)
        del app._long[_NAME]
        # until the next one there is no need of these modules
        for name in ("pictures", "strips"):
            if sys.modules.pop("firmware." + name, None):
                delattr(firmware, name)

    def _again(self):
        # what stands on the screen, now with what came: it is shown, not said, a second time
        shown = self.app._flow._shown
        if self._board.display and shown and shown[0] in ("rate", "reasons"):
            self._board.display.show(*shown)
            self._board.drawn.set()

    async def _prompt(self, digest):
        """Its pieces, each a picture: no heap that has been at work for a while has room for all of it at once."""
        pieces = []
        rows = have = 0
        size = 1
        whole = hashlib.sha256()
        while have < size:
            piece = b""
            while len(piece) < min(PIECE, size - have):
                asset = await self.ask(digest, have + len(piece))
                size = asset.size
                if size > MAX_PROMPT:
                    raise Bad("%d bytes" % size)
                piece += asset.bytes[: min(PIECE, size - have) - len(piece)]
            have += len(piece)
            whole.update(piece)
            rows += piece[4] << 8 | piece[5]
            pieces.append(piece)
        if whole.digest() != digest or rows != ROWS:
            raise Bad("hash")
        return pieces
