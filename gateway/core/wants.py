"""What devices want to fetch, and when each may have it (spec 5.5, 5.6).

A device asks for one thing at a time, so its newest question is its only one. How often it is answered is bounded, so
that a device which asks without end takes no more than its share.
"""

from collections import namedtuple

INTERVAL_MS = 20
"""Between two answers to one device, over time."""
BURST = 100
"""Answers that may go faster than that after a pause."""
MAX_OFFSET = 0xFFFFFFFF

#: Of the asset with this SHA-256, the bytes from ``offset`` on.
Want = namedtuple("Want", ("hash", "offset"))


def read(text: str) -> Want | None:
    """What a result with status 3 asks for, ``<64 hex digits> <decimal>``; None if it is nothing of the kind."""
    digest, _, offset = text.partition(" ")
    if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        return None
    if not 1 <= len(offset) <= 10 or not offset.isascii() or not offset.isdigit() or int(offset) > MAX_OFFSET:
        return None
    return Want(bytes.fromhex(digest), int(offset))


class Wants:
    """The open questions, one a device. ``now_ms`` may be any clock that seldom steps."""

    def __init__(self, interval_ms: int = INTERVAL_MS, burst: int = BURST):
        self._interval_ms = interval_ms
        self._ahead_ms = interval_ms * burst
        self._open: dict[str, Want] = {}
        self._paid_ms: dict[str, int] = {}  # the time up to which a device has had its share (GCRA, ITU-T I.371)

    def ask(self, device: str, want: Want) -> None:
        self._open[device] = want

    def due(self, now_ms: int) -> list[tuple[str, Want]]:
        """The questions to answer now; they count as answered."""
        found = [(device, self._open.pop(device)) for device in list(self._open) if self._wait_ms(device, now_ms) == 0]
        for device, _ in found:
            self._paid_ms[device] = max(self._paid(device, now_ms), now_ms) + self._interval_ms
        return found

    def wait_ms(self, now_ms: int) -> int | None:
        """How long until the next question may be answered; None if there is none."""
        return min((self._wait_ms(device, now_ms) for device in self._open), default=None)

    def _wait_ms(self, device: str, now_ms: int) -> int:
        return max(0, self._paid(device, now_ms) - self._ahead_ms - now_ms)

    def _paid(self, device: str, now_ms: int) -> int:
        # a clock that went back must not silence a device: nobody is further ahead than one burst and one answer
        return min(self._paid_ms.get(device, now_ms), now_ms + self._ahead_ms + self._interval_ms)
