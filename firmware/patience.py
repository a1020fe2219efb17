"""How long the link waits: before it dials again, and for a silent broker (SPEC 6.6). Pure: uptimes in ms go in.

Waits have full jitter under a bound that doubles from the first to the most, 1 to 60 s. A device must be back within
10 s, so three things cut them short. The network came back: what failed before says nothing of now. Nobody answered at
the address: knocking there costs nobody anything. Records wait for a receipt: somebody's rating is in them. In the last
two cases the bound stays at ``EAGER_MS``. What keeps 60 s is a broker that answers and fails, to a device with nothing
to deliver.
"""

EAGER_MS = 5000
LOOK_MS = 500  # between two looks at a network that is away
STABLE_MS = 20000  # a connection this old starts the back-off anew
DIAL_MS = 3500  # until somebody takes the connection; the answer to a second SYN is in it
CONNECT_MS = 12000  # from there to the CONNACK: handshakes with client certificates take up to 3 s on the chip
WRITE_MS = 8000  # for a packet that the socket has no room for
KEEPALIVE_MS = 30000
QUIET_MS = 5000  # of silence while records are in flight; half of KEEPALIVE_MS otherwise
PONG_MS = 5000  # a broker that has not answered a ping by then is gone


def backoff_ms(attempt: int, first_ms: int, most_ms: int, random32: int) -> int:
    """Full jitter: anything from 0 to ``first_ms`` doubled ``attempt`` times, at most ``most_ms``."""
    return min(most_ms, first_ms << min(max(attempt, 0), 16)) * random32 >> 32


class Retry:
    """When to dial. ``random32`` are chances out of 2³²: a hall's devices must not come back in one moment."""

    def __init__(self, first_ms: int, most_ms: int, random32: int):
        self._first_ms = first_ms
        self._most_ms = most_ms
        self._random32 = random32
        self._attempt = -1
        self._since_ms = 0
        self._answered = False
        self._up = False

    def wait_ms(self, up: bool, waiting: bool, now_ms: int) -> int:
        """How long to wait before looking again; 0: dial now. ``waiting``: there are records without a receipt."""
        if up and not self._up:
            self._attempt = -1
            self._since_ms = now_ms
        self._up = up
        if not up:
            return LOOK_MS
        most_ms = self._most_ms if self._answered and not waiting else min(self._most_ms, EAGER_MS)
        wait_ms = backoff_ms(self._attempt, self._first_ms, most_ms, self._random32)
        return max(0, self._since_ms + wait_ms - now_ms)

    def ended(self, began_ms: int, answered: bool, now_ms: int, random32: int) -> None:
        """An attempt or its connection is over. ``answered``: somebody took the connection, whatever came of it."""
        self._attempt = 0 if now_ms - began_ms >= STABLE_MS else self._attempt + 1
        self._since_ms = now_ms
        self._answered = answered
        self._random32 = random32


class Silence:
    """Whether the other side of a connection lives."""

    def __init__(self, now_ms: int):
        self._heard_ms = now_ms
        self._pinged_ms = None

    def heard(self, now_ms: int) -> None:
        self._heard_ms = now_ms
        self._pinged_ms = None

    def look(self, busy: bool, now_ms: int):
        """``(ping, at_ms)``: whether to ping now, and when to look again. Raises OSError if nobody is there."""
        if self._pinged_ms is not None:
            if now_ms - self._pinged_ms >= PONG_MS:
                raise OSError("the broker does not answer")
            return False, self._pinged_ms + PONG_MS
        quiet_ms = QUIET_MS if busy else KEEPALIVE_MS // 2
        if now_ms - self._heard_ms < quiet_ms:
            return False, self._heard_ms + quiet_ms
        self._pinged_ms = now_ms
        return True, now_ms + PONG_MS
