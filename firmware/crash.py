"""What ended the last lives: a small ring in RTC memory, which survives watchdog and reset, but not the power going.

It is written at the moment of trouble and told to the gateway at the next connect, as log lines and in the cause of the
boot event. An entry says the type of the error, where it was raised, a hash of the whole traceback, the task and the
uptime; never the error's text, which may hold what a citizen did.

The ring also counts starts in a row that did not last: from `LOOP` on, the device restarts slowly and works without
what keeps failing, instead of looping.
"""

import binascii
import io
import json
import struct
import sys

KEEP = 4  # entries
LOOP = 3  # starts in a row that did not last before this one
STABLE_MS = 600000  # a life this long lasted
_PAUSE_MS = (10000, 600000)  # first and most delay before a restart in a loop
_MAGIC = b"hcpr"
_WHERE = 40


def pause_ms(streak: int) -> int:
    """How long to wait before the restart after so many starts in a row that did not last."""
    first_ms, most_ms = _PAUSE_MS
    return 0 if streak <= LOOP else min(most_ms, first_ms << min(streak - LOOP - 1, 16))


class Ring:
    """``memory()`` reads the RTC memory and ``memory(data)`` writes it: ``machine.RTC().memory``."""

    def __init__(self, memory):
        self._memory = memory
        self._noted = None  # the error that is already in the ring
        self.streak = 0
        self.stuck = False  # the last start hung while it read the firmware
        self._ended = ""
        self._entries: list = []
        data = bytes(memory())
        if data[:4] == _MAGIC and len(data) > 10:
            size, crc = struct.unpack("<HI", data[4:10])
            data = data[10 : 10 + size]
            if binascii.crc32(data) == crc:
                try:
                    self.streak, self._ended, self._entries = json.loads(data)
                except (ValueError, TypeError):
                    pass  # another version's: as if the power had gone

    def start(self, cause: str) -> str:
        """Count this start; ``cause`` is what the hardware says. Gives why the device started, for the boot event."""
        if cause == "power":
            self.streak = 0
        elif cause == "reset" and self._ended == "crash":
            cause = "crash"
        self.streak += 1
        self.stuck = self._ended == "start"
        self._ended = "start"  # a file cut short can hang the loader
        self._save()
        return cause

    def loaded(self) -> None:
        """All files were read."""
        self._ended = ""
        self._save()

    @property
    def looping(self) -> bool:
        """Whether so many starts in a row did not last that this one is made in service mode."""
        return self.streak > LOOP

    def note(self, error, task: str, uptime_ms: int) -> None:
        """Put down an error that nobody expected. The same one a second time changes nothing."""
        if error is self._noted:
            return
        self._noted = error
        out = io.StringIO()
        sys.print_exception(error, out)  # ty: ignore
        frames = [line.strip() for line in out.getvalue().split("\n") if line.strip().startswith("File ")]
        where = frames[-1].replace('"', "").split("/")[-1] if frames else ""
        trace = binascii.crc32("\n".join(frames).encode())
        self._ended = "crash"
        self._put("%s in %s at %s #%08x" % (type(error).__name__, task, where[-_WHERE:], trace), uptime_ms)

    def late(self, tasks, uptime_ms: int) -> None:
        """Put down which tasks did not report, so that the watchdog will bite."""
        self._put("late: " + " ".join(tasks), uptime_ms)

    def planned(self) -> None:
        """The next restart is wanted: it is no crash, and nothing loops."""
        self.streak, self._ended = 0, ""
        self._save()

    def stable(self) -> None:
        """This life lasted."""
        if self.streak > 1:
            self.streak = 1
            self._save()

    def lines(self):
        """What was not reported yet, oldest first, as text; ``reported`` afterwards."""
        return ["%s after %d ms" % (text, uptime_ms) for text, uptime_ms in self._entries]

    def reported(self) -> None:
        """The gateway was told."""
        if self._entries:
            self._entries = []
            self._save()

    def _put(self, text, uptime_ms):
        self._entries = self._entries[1 - KEEP :] + [[text, uptime_ms]]
        self._save()

    def _save(self):
        data = json.dumps([self.streak, self._ended, self._entries]).encode()
        self._memory(_MAGIC + struct.pack("<HI", len(data), binascii.crc32(data)) + data)
