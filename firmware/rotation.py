"""Turning from the key in force to the next one (SPEC 7.6), at a start of the device and safe from power cuts.

The next key and its certificate wait in the identity partition. Three steps, each durable before the next:

1. the seq that the event 4 is going to have is noted beside them;
2. the event 4, signed by the old key, goes into the journal: the old key's last record;
3. the identity becomes that of the next key.

Cut off after 1, nothing is in the journal under that seq and it starts again; cut off after 2, ``resume`` finds the
event and does step 3 before anything else is signed.
"""

import binascii
import hashlib

from firmware import identity_changes as identities
from firmware.journal import JournalFull
from protocol import record


def key_id(public_key: bytes) -> str:
    """The name of a key (SPEC 7.6)."""
    return binascii.hexlify(hashlib.sha256(public_key).digest()[:12]).decode()


class Rotation:
    """Of the device whose identity is in ``partition``."""

    def __init__(self, partition):
        self._partition = partition

    def resume(self, journal):
        """The identity that signs now. Call it after the journal's mount, before anything is appended."""
        seq = identities.turning_at(self._partition)
        if seq is not None and seq < journal.next_seq and self._turned(journal, seq):
            return identities.turn(self._partition)
        return identities.load(self._partition)

    async def turn(self, journal, recorder, uptime_ms: int):
        """Sign the event with the old key and give the new identity; the old one while the journal has no room."""
        if not identities.is_turning(self._partition):
            return identities.load(self._partition)
        identities.set_turning_at(self._partition, journal.next_seq)
        _, public_key = identities.next_keys(self._partition)
        try:
            await recorder.event("key_rotated", {"key": key_id(public_key)}, uptime_ms)
        except JournalFull:
            identities.set_turning_at(self._partition, None)  # another record will have this seq; at the next start
            return identities.load(self._partition)
        return identities.turn(self._partition)

    def _turned(self, journal, seq):
        try:
            fields = record.own_fields(journal.read(seq))
        except KeyError:
            return seq <= journal.receipted  # dropped, so the gateway has it; nothing else had this seq
        _, public_key = identities.next_keys(self._partition)
        return fields[record.KIND] == record.EVENT and fields[record.DETAIL].get("key") == key_id(public_key)
