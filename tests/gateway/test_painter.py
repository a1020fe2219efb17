"""Scenes that could not be made are owed: a device that was to hear everything afresh hears it once it can."""

import threading
from types import SimpleNamespace

from gateway.clock import HandClock
from gateway.painter import Painter
from tests.gateway.desk import poll


def test_what_was_to_be_said_afresh_and_failed_is_said_afresh_later():
    clock = HandClock(1_000_000)
    said: list[bool] = []
    changed = threading.Condition()

    def paint(device: str, afresh: bool) -> None:
        with changed:
            said.append(afresh)
            changed.notify_all()
            if len(said) == 1:
                raise OSError("the disk is full")

    painter = Painter(paint, lambda: [SimpleNamespace(id="w1", window="A1")], clock.now_ms)

    def later() -> None:
        clock.turn(1000)
        painter.wake()

    painter.start()
    try:
        painter.wake(everything=True)
        with changed:
            assert changed.wait_for(lambda: said, 10)
        poll(lambda: later() or len(said) > 1)
        assert said[:2] == [True, True]
    finally:
        painter.stop()
