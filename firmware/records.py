"""From something that happened to a signed record in the journal (SPEC 3, 4).

A press is first a *tentative* blob, which holds everything its record will say; the record follows when the undo window
ends, or at the next start if the power failed before that. One task writes: nobody else may call these methods.
"""

from firmware.crypto.es256 import sign_async
from protocol import cbor, cose, record
from protocol.errors import ProtocolError

_LOOK_BACK = 16  # records to search for the last rating


class Recorder:
    """Numbers, chains, signs and appends. ``boot`` is the counter of this start."""

    def __init__(self, journal, clock, device: str, private_key: bytes, boot: int):
        self._journal = journal
        self._clock = clock
        self._device = device
        self._private_key = private_key
        self._boot = boot
        self.undated = False  # whether a rating of this start does not know its time
        self._sets = 0  # of the clock, at the first press of the open choice

    def tentative(self, choice) -> None:
        """Make a press durable. Raises JournalFull, then nothing changed."""
        if not choice.changes:
            self._sets = self._clock.sets
        head, rating = self._rating(choice)
        self._journal.tentative(
            cbor.encode(
                [
                    head.boot,
                    head.uptime_ms,
                    head.wall_ms,
                    head.error_ms,
                    rating.level,
                    rating.token,
                    rating.indicators,
                    [list(change) for change in rating.changes],
                    rating.flags,
                ]
            )
        )

    async def rating(self, choice) -> None:
        """Sign and append a committed choice. Raises JournalFull."""
        head, rating = self._rating(choice)
        if head.wall_ms is None:
            self.undated = True
        if self._clock.sets != self._sets:
            rating = _with_flags(rating, record.CLOCK_SET)
        await self._append(record.rating_payload(head, rating))

    async def recover(self, blob: bytes) -> None:
        """Append the press that the power cut off. Its times, boot counter and flags are those of the press.

        Raises ProtocolError if the blob is not one of ``tentative``, JournalFull.
        """
        fields = cbor.decode(blob)
        if not isinstance(fields, list) or len(fields) != 9:
            raise ProtocolError("bad_field", "not a tentative press")
        boot, uptime_ms, wall_ms, error_ms, level, token, indicators, changes, flags = fields
        head = record.Head(self._journal.next_seq, self._journal.head_hash, boot, uptime_ms, wall_ms, error_ms)
        rating = record.Rating(
            level, (), token, indicators, tuple((age_ms, was) for age_ms, was in changes), flags | record.RECOVERED
        )
        await self._append(record.rating_payload(head, rating))

    async def selftest(self, level: int, uptime_ms: int) -> None:
        """Append a self-test of one level (SPEC 3.5). Raises JournalFull."""
        rating = record.Rating(level, (), None, 0, (), record.UNARMED)
        await self._append(record.rating_payload(self._head(uptime_ms), rating, record.SELFTEST))

    async def event(self, name: str, detail: dict, uptime_ms: int) -> None:
        """Append an event of SPEC 3.4. Raises JournalFull."""
        event = record.Event(record.EVENT_CODES[name], detail)
        await self._append(record.event_payload(self._head(uptime_ms), event))

    def spent(self) -> bytes | None:
        """The token of the last rating without a receipt: it takes no second one, not even after a restart."""
        seq = self._journal.next_seq - 1
        while seq > 0 and seq > self._journal.next_seq - 1 - _LOOK_BACK:
            try:
                fields = record.own_fields(self._journal.read(seq))
            except KeyError:  # the gateway has it, and arms no token twice
                return None
            if fields[record.KIND] == record.RATING:
                return fields[record.TOKEN]
            seq -= 1
        return None

    def _rating(self, choice):
        changes = tuple((choice.at_ms - at_ms, level) for at_ms, level in choice.changes)
        rating = record.Rating(choice.level, choice.reasons, choice.token, choice.indicators, changes, choice.flags)
        return self._head(choice.at_ms, choice.late_ms), rating

    def _head(self, uptime_ms, late_ms=0):
        wall_ms, error_ms = self._clock.at(uptime_ms)
        if error_ms is not None:
            error_ms += late_ms
        return record.Head(self._journal.next_seq, self._journal.head_hash, self._boot, uptime_ms, wall_ms, error_ms)

    async def _append(self, payload):
        protected = cose.sign1_protected(self._device)
        signature = await sign_async(self._private_key, cose.sign1_to_be_signed(protected, payload))
        self._journal.append(payload, signature)


def _with_flags(rating, flags):
    return record.Rating(*rating[:-1], rating.flags | flags)
