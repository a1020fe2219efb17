"""``time`` for the VM on a clock that a test turns: a sleep is over at once, and then it is later.

asyncio waits on the same clock once ``turn_asyncio`` was called. Its queue, which is C, stamps what is due now with the
real ticks; so this clock begins an hour after them, and due is due.
"""

import utime
from utime import *  # noqa: F403

now_us = (utime.ticks_ms() + 3_600_000) * 1000
step_ms = 1  # of the clock while the loop waits; each step costs a real millisecond
parts = []  # what lives by this clock: each has ``pass_ms``


def advance_ms(ms):
    """Let time go by."""
    global now_us
    now_us += ms * 1000
    for part in parts:
        part.pass_ms(ms)


def sleep_ms(ms):
    advance_ms(ms)


def ticks_ms():
    return now_us // 1000


def ticks_us():
    return now_us


def ticks_add(ticks, delta):
    return ticks + delta


def ticks_diff(end, start):
    return end - start


def turn_asyncio():
    """Let the loop of asyncio turn this clock instead of waiting. A wait for nothing at all is an error.

    Time goes by in steps of ``step_ms``, so that what an interrupt does in between is seen.
    """
    from asyncio import core

    real = core.IOQueue.wait_io_event

    def wait_io_event(queue, dt):
        real(queue, 0)
        if dt > 0:
            advance_ms(min(dt, step_ms))
        waited_ms = 0
        while dt < 0 and not core._task_queue.peek():
            if waited_ms > 60000:
                raise RuntimeError("everybody waits for an interrupt, and none came for a minute")
            waited_ms += step_ms
            advance_ms(step_ms)
            real(queue, 0)

    core.IOQueue.wait_io_event = wait_io_event
