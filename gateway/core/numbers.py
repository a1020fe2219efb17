"""Numbers that only grow, over restarts and over the loss of the database (spec 5.1, key 4)."""

#: How far ahead a lease is taken, and how much of it must be left.
LEASE_MS = 120_000
LEFT_MS = 30_000


class Numbers:
    """Hands out rising numbers near the wall time in ms.

    A number is given out only below the lease that is already on disk; after a restart counting goes on from that lease
    or from the time, whichever is higher, so a clock that went back or a lost database makes no number come twice.
    """

    def __init__(self, lease: int = 0):
        self._last = lease
        self.lease = lease

    def next(self, now_ms: int) -> int:
        """The next number. Raises RuntimeError if the lease does not cover it: call ``wanted`` and store it first."""
        number = max(self._last + 1, now_ms)
        if number >= self.lease:
            raise RuntimeError(f"number {number} is beyond the lease {self.lease}")
        self._last = number
        return number

    def wanted(self, now_ms: int, count: int = 0) -> int | None:
        """The lease to store before ``count`` more numbers are given out, or None while the present one is enough."""
        need = max(self._last, now_ms) + count
        return need + LEASE_MS if need + LEFT_MS > self.lease else None
