"""The voice: prompts as WAV files (16 kHz, 16 bits, one channel) through I2S to a MAX98357A.

Which prompt plays depends on the screen, never on the star.
"""

import asyncio
import struct

from machine import I2S
from micropython import const

from firmware.boards.pins import VOICE_BITS, VOICE_HZ

_HEAD = const(44)
_CHUNK = const(1024)  # bytes, 32 ms
_BUFFER = const(16000)  # bytes, half a second: the loop may stall for an erase meanwhile


class Voice:
    """The amplifier on these pins; ``sd`` low lets it sleep. ``quieter`` halves the amplitude that many times."""

    def __init__(self, sck, ws, out, sd, quieter: int = 0):
        self._pins = (sck, ws, out)
        self._sd = sd
        self.quieter = quieter
        sd(0)

    async def play(self, path: str) -> bool:
        """Play a file to its end, or until the task is cancelled. False if there is none, or not of this format."""
        try:
            file = open(path, "rb")
        except OSError:
            return False
        with file:
            if not _is_ours(file.read(_HEAD)):
                return False
            await self._stream(file)
        return True

    async def _stream(self, file):
        sck, ws, out = self._pins
        i2s = I2S(0, sck=sck, ws=ws, sd=out, mode=I2S.TX, bits=VOICE_BITS, format=I2S.MONO, rate=VOICE_HZ, ibuf=_BUFFER)
        done = asyncio.ThreadSafeFlag()
        i2s.irq(lambda _: done.set())  # from now on write() does not block
        data = memoryview(bytearray(_CHUNK))
        try:
            self._sd(1)
            while True:
                size = file.readinto(data) & ~1
                if not size:
                    break
                if self.quieter:
                    I2S.shift(buf=data[:size], bits=VOICE_BITS, shift=-self.quieter)
                i2s.write(data[:size])
                await done.wait()
            await asyncio.sleep_ms(_BUFFER * 500 // VOICE_HZ)  # what is still in its buffer
        finally:
            self._sd(0)
            i2s.deinit()


def _is_ours(head):
    if len(head) < _HEAD or head[:4] != b"RIFF" or head[8:16] != b"WAVEfmt " or head[36:40] != b"data":
        return False
    form, channels, rate = struct.unpack_from("<HHI", head, 20)
    return form == 1 and channels == 1 and rate == VOICE_HZ and struct.unpack_from("<H", head, 34)[0] == VOICE_BITS
