"""A story of clock and send window in plain Python, which both runtimes play."""

from firmware.clock import TICKS_PERIOD, Clock
from firmware.patience import backoff_ms
from firmware.window import SendWindow


def story():
    """Everything that was answered, in order."""
    clock = Clock()
    said = [clock.uptime(TICKS_PERIOD - 500), clock.uptime(700), clock.at(5), clock.uptime(300)]
    for wall_ms, error_ms, uptime_ms in (
        (1 << 41, 40, 1000),
        ((1 << 41) + 99, 70, 1060),
        ((1 << 41) - 9999, 3, 90_000_000),
    ):
        said += [clock.tell(wall_ms, error_ms, uptime_ms), clock.at(uptime_ms), clock.at(uptime_ms + 86_400_000)]
    said += [clock.uptime_at(1 << 41), clock.sets]
    window = SendWindow(3)
    window.connected(1, 10)
    said += [window.take(1, 6, 20 + step) for step in range(6)]
    said += [
        window.receipt(4, 50),
        window.wake_ms(4, 60),
        window.take(4, 6, 20_000),
        backoff_ms(3, 50, 300, 1 << 31),
    ]
    return said
