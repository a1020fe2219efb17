"""How long a sign-in waits after others failed: the same for names that exist and names that do not."""

from dataclasses import dataclass

#: Failures are forgotten after this time without another.
FORGOTTEN_MS = 24 * 3_600_000


@dataclass(frozen=True)
class Rule:
    """``free``: failures in a row that cost nothing. ``longest_ms``: no wait is longer."""

    free: int
    longest_ms: int


ACCOUNT = Rule(free=4, longest_ms=15 * 60_000)
#: A whole hall comes from one address, and one of its citizens must not lock it out for long.
ADDRESS = Rule(free=20, longest_ms=60_000)


def wait_ms(count: int, last_ms: int, now_ms: int, rule: Rule) -> int:
    """How long from now nobody is let in: a second after the first failure too many, then twice as long each time.

    A clock that was set back makes no wait longer than it was.
    """
    if count <= rule.free or now_ms - last_ms >= FORGOTTEN_MS:
        return 0
    pause = min(1000 << min(count - rule.free - 1, 20), rule.longest_ms)
    return max(0, min(last_ms + pause - now_ms, pause))
