"""A new set of firmware proves itself, or the old one comes back (update.md).

Confirmed is what started, mounted the journal, signed and verified its own signature, and got a receipt for a record of
this start. Without network nothing is decided: ratings are kept as ever, and the set stays on trial. Reaching the
broker without a receipt for ``LIMIT_MS``, though, is a start that failed.
"""

from firmware.crypto.es256 import sign_async
from firmware.crypto.slices import run_async

LIMIT_MS = 180000  # of time on the network
ALIVE_MS = 60000  # a start this long, ended by the plug, is no failure


class Trial:
    """From a start of a set that is on trial or not yet told, to its confirmation. Journal and record are open."""

    def __init__(self, record, journal, identity):
        self._record = record
        self._journal = journal
        self._identity = identity
        self._seq = journal.next_seq  # of the first record of this start
        self._tested = False
        self._online_ms = 0
        self._looked_ms = 0

    async def tell(self, recorder, at_ms: int) -> None:
        """Sign event 8, then test the signature code of a set on trial. Raises JournalFull, RuntimeError."""
        record = self._record
        if record.told != record.version:
            await recorder.event("firmware", {"from": record.told, "to": record.version}, at_ms)
            record.told = record.version  # after the event: a power cut in between repeats it
            record.save()
        if record.trial:
            from firmware.crypto.verify import verify_steps

            signature = await sign_async(self._identity.private_key, b"self-test")
            if not await run_async(verify_steps(self._identity.public_key, b"self-test", signature)):
                raise RuntimeError("self-test")
            self._tested = True

    def look(self, now_ms: int, well: bool, board) -> bool:
        """Every few seconds; ``well``: all tasks live and the flash may be written. False: this start failed."""
        record = self._record
        if not record.trial:
            return True
        if board.counts.get("connects") and board.network_up():
            self._online_ms += now_ms - self._looked_ms
        self._looked_ms = now_ms
        if well and self._tested:
            if self._journal.receipted >= self._seq:
                record.trial = record.tries = record.alive = 0
                record.save()
                board.log("firmware %d confirmed" % record.version)
                return True
            if now_ms >= ALIVE_MS and not record.alive:
                record.alive = 1
                record.save()
        return self._online_ms < LIMIT_MS
