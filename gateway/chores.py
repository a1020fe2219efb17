"""What the gateway does again and again beside its work: one thread, each chore at its own pace."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Chore:
    """``do`` is called at the start and then every ``every_s`` seconds; what it raises is logged."""

    name: str
    every_s: float
    do: Callable[[], object]


class Chores:
    """``hurry`` does the chore of that name at once."""

    def __init__(self, chores: list[Chore]):
        self._chores = {chore.name: chore for chore in chores}
        self._due = {chore.name: 0.0 for chore in chores}
        self._news = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="hcp-chores", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._news:
            self._stopping = True
            self._news.notify_all()
        if self._thread.is_alive():
            self._thread.join(10)

    def hurry(self, name: str) -> None:
        with self._news:
            self._due[name] = 0.0
            self._news.notify_all()

    def _run(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(
                    lambda: self._stopping or min(self._due.values()) <= time.monotonic(),
                    max(0.0, min(self._due.values()) - time.monotonic()),
                )
                if self._stopping:
                    return
                now = time.monotonic()
                ready = [name for name, due in self._due.items() if due <= now]
                for name in ready:
                    self._due[name] = now + self._chores[name].every_s
            for name in ready:
                try:
                    self._chores[name].do()
                except Exception:  # the top of this thread: the next turn tries again
                    log.exception("chore %s", name)
