"""The display: what to show, drawn in slices, so that nothing waits for a screen. See docs/screens.md.

There is no font and no picture of the whole screen in memory. Pictures lie in flash (`firmware/assets`, built by
`simulator/draw_screens.py`) and are read, expanded and sent one band at a time. A panel is a driver with one method,
``draw(x, y, w, h, data)``: the pixels of a rectangle, RGB565, high byte first, in rows.

An asset is 6 bytes, ``"S1"``, width and height (big-endian, in pixels), then GS4 rows (two pixels a byte, left one in
the high half, of `PALETTE`) as raw deflate with a window of 1 KB. It stands at the right edge, and what it leaves free
below is background. ``glyphs.bin`` has no compression, so that a glyph can be read where it lies: ten stars (1 to 5
outlined, then 1 to 5 filled), then the characters of `CHARS`. The reason with code 108 is ``r108.bin``, and chosen
``r108c.bin``.
"""

import io

try:
    import deflate
    import framebuf
except ImportError:  # a host: it reads the numbers below
    pass

WIDTH = 320
HEIGHT = 240
BAND = 4  # rows of a slice
HEAD = 72  # rows of the fixed header above a picture from the gateway
TICK_MS = 250  # how often the countdown moves

#: 16 colours as RGB565, high byte first.
PALETTE = bytes.fromhex("11483a6c63908cb4adb8d6dcffff6308acc9fe895bd2ae5d2a4e7f14fcec0000")
INK = 6
QUIET = 12  # the empty part of the countdown
GLYPH = 48  # rows of a glyph; stars are as wide, characters half as wide
CHARS = "0123456789abcdefghijklmnopqrstuvwxyzE- "
STAR_X = 8  # of the first star, one star; 64 from each to the next
STAR_Y = 112
BAR = (16, 222, 288, 8)  # x, y, width, height of the countdown
SECONDS = (260, 12)
CODE_Y = 190
ROW = 36  # height of a reason; the first begins at ROWS_Y
ROWS_Y = 56
TEXT_X = 52  # left of it stands the number of the key


class Display:
    """What the panel shows and what it should. ``folder`` is where the assets are."""

    def __init__(self, panel, folder=None):
        self._panel = panel
        self._folder = folder or __file__.rsplit("/", 1)[0] + "/assets/"
        self._gs4 = bytearray(WIDTH * BAND // 2)
        self._rgb = bytearray(WIDTH * BAND * 2)
        self._palette = framebuf.FrameBuffer(bytearray(PALETTE), 16, 1, framebuf.RGB565)
        self._want: tuple = ()  # the pictures as (y, height, asset), then the code
        self._have: tuple = ()
        self._chosen = False
        self._light = self._until = self._total = 0
        self._star = self._bar = 0  # what is drawn of them
        self._left = ""
        self._end = 0  # the row after the last picture
        self.missing = 0  # assets that could not be read
        # what the gateway sent (`firmware.pictures`): the assets that go with `rate`, one below the other; the file of
        # a hall's own reasons, and for twice a code, plus 1 if chosen, where its asset begins there
        self.image: list | None = None
        self.strips = ""
        self.index: dict | None = {}

    def show(self, name: str, lines=()) -> None:
        """Want a screen. Of ``lines`` only a code is drawn (`CHARS`); words come as assets."""
        path = self._folder + name
        code = ""
        parts = [(0, HEIGHT, path + ".bin")]
        if self.image and name == "rate":
            parts = [(0, y := HEAD, path + "_head.bin")]
            for piece in self.image:
                parts.append((y, piece[5], piece))
                y += piece[5]
        elif name == "reasons":
            # "2*108": the second key, chosen, code 108
            rows = [self._reason(line[2:], line[1] != " ") for line in lines if line[:1] in "1234"]
            parts += [(ROWS_Y + ROW * row, ROW, rows[row] if row < len(rows) else "") for row in range(4)]
        else:
            for line in lines:
                if line and not line.strip(CHARS):
                    code = line[-13:]
        self._want = tuple(parts) + (code,)
        self._chosen = name == "chosen"

    def _reason(self, code, chosen):
        # the hall's own words go before those that were built in
        if self.index is None:  # not known yet
            return ""
        return self.index.get(int(code) * 2 + chosen, self._folder + "r" + code + "c.bin"[not chosen :])

    def light(self, level: int, ms: int, now: int) -> None:
        """The star that is lit, for ``ms`` from the ticks ``now``; drawn on the screen `chosen` alone."""
        self._light = level
        self._until = now + ms
        if not self._chosen:
            self._total = max(1, ms)  # a change inside the undo window does not move its end

    @property
    def counting(self) -> bool:
        """Whether ``steps`` must be run again each TICK_MS."""
        return self._chosen and self._light > 0

    def steps(self, now: int):
        """Draw what differs: each step is a slice. Ends early when something else is wanted; run it again then."""
        want = self._want
        if want != self._have:
            have = self._have
            if have and have[-1]:
                have = ()  # the code lies over the picture
            self._have = ()
            for part in want[:-1]:
                if part in have:
                    continue
                slices = self._picture(*part)
                for _ in slices:
                    yield
                    if self._want != want:
                        slices.close()
                        return
            if self._end <= CODE_Y:
                yield from self._text(want[-1], (WIDTH - len(want[-1]) * GLYPH // 2) // 2, CODE_Y)
            self._have = want
            self._star = self._bar = 0
            self._left = ""
        if self.counting:
            for level in (self._star, self._light):
                if level and self._star != self._light:
                    at = level + 4 if level == self._light else level - 1
                    self._glyph(at * GLYPH, STAR_X + 64 * (level - 1), STAR_Y, GLYPH)
                    yield
            self._star = self._light
            left = ((self._until - now + (1 << 29)) & ((1 << 30) - 1)) - (1 << 29)  # the ticks wrap
            left = min(max(0, left), self._total)
            self._countdown(left * BAR[2] // self._total)
            text = "%2d" % ((left + 999) // 1000)
            if text != self._left:
                self._left = text
                yield from self._text(text, *SECONDS)

    def _countdown(self, length):
        x, y, _, height = BAR
        start, end = sorted((length, self._bar))
        if start < end:
            at = 2 * (INK if length > self._bar else QUIET)
            self._frame(end - start, BAND).fill(PALETTE[at] | PALETTE[at + 1] << 8)
            for row in range(0, height, BAND):
                self._send(x + start, y + row, end - start, BAND)
        self._bar = length

    def _picture(self, y, height, path):
        # a picture that is missing, damaged or too large leaves background: the rest of the screen still counts
        end = y + height
        width = WIDTH - TEXT_X if height == ROW else WIDTH
        try:
            with self._open(path) as file:
                head = file.read(6)
                wide = head[2] << 8 | head[3]
                rows = head[4] << 8 | head[5]
                if head[:2] != b"S1" or wide > WIDTH or wide & 1 or rows > height:
                    raise ValueError
                width = wide
                with deflate.DeflateIO(file, deflate.RAW, 10) as source:
                    while rows:
                        count = min(BAND, rows)
                        size = count * width // 2
                        if source.readinto(memoryview(self._gs4)[:size]) != size:
                            raise ValueError
                        self._expand(WIDTH - width, y, width, count)
                        rows -= count
                        y += count
                        yield
        except (OSError, ValueError, EOFError, IndexError, MemoryError):
            self.missing += bool(path)
        self._end = y
        while y < end:
            self._gs4_frame(WIDTH, BAND).fill(0)
            count = min(BAND, end - y)
            self._expand(WIDTH - width, y, width, count)
            y += count
            yield

    def _open(self, path):
        if isinstance(path, bytes):
            return io.BytesIO(path)
        if isinstance(path, str):
            return open(path, "rb")
        file = open(self.strips, "rb")
        file.seek(path)
        return file

    def _text(self, text, x, y):
        for char in text:
            self._glyph(10 * GLYPH + CHARS.index(char) * GLYPH // 2, x, y, GLYPH // 2)
            x += GLYPH // 2
            yield

    def _glyph(self, column, x, y, width):
        # glyphs.bin is one glyph after the other, so a column of them all is GLYPH // 2 bytes
        rows = GLYPH * GLYPH // 2 // width
        try:
            with open(self._folder + "glyphs.bin", "rb") as file:
                file.seek(6 + column * GLYPH // 2)
                for row in range(0, GLYPH, rows):
                    file.readinto(memoryview(self._gs4)[: width * rows // 2])
                    self._expand(x, y + row, width, rows)
        except OSError:
            self.missing += 1

    def _expand(self, x, y, width, height):
        self._frame(width, height).blit(self._gs4_frame(width, height), 0, 0, -1, self._palette)
        self._send(x, y, width, height)

    def _send(self, x, y, width, height):
        self._panel.draw(x, y, width, height, memoryview(self._rgb)[: width * height * 2])

    def _frame(self, width, height):
        return framebuf.FrameBuffer(self._rgb, width, height, framebuf.RGB565)

    def _gs4_frame(self, width, height):
        return framebuf.FrameBuffer(self._gs4, width, height, framebuf.GS4_HMSB)
