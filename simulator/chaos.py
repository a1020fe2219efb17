"""kill -9 at random moments, from a seed: the gateway, central or a device's VM, each started again at once."""

import random
import threading
from collections import Counter

from simulator.hall import Hall


class Chaos:
    """A thread that kills while it runs. ``kills`` counts by name. Use as a context manager around a story."""

    def __init__(self, hall: Hall, seed: int, pause_s: tuple[float, float] = (0.2, 1.2)):
        self.kills: Counter[str] = Counter()
        self.error: Exception | None = None
        self._hall = hall
        self._random = random.Random(seed)
        self._pause_s = pause_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="chaos", daemon=True)

    def __enter__(self) -> "Chaos":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._random.uniform(*self._pause_s)):
            victim = self._random.choice(["gateway", "central", *self._hall.devices])
            try:
                self._kill(victim)
            except Exception as error:  # noqa: BLE001 - reported by whoever joins: a thread must not die unseen
                self.error = error
                return
            self.kills[victim] += 1

    def _kill(self, victim: str) -> None:
        if victim in self._hall.devices:
            self._hall.power_cycle(victim)
        else:
            server = self._hall.gateway if victim == "gateway" else self._hall.central
            if server.running:
                server.restart_killed()
