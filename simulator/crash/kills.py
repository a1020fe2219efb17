"""kill -9, again and again, while devices press on: at every point of a commit and at any moment (DESIGN §8).

The loop knows only a ``Subject``, so that another store can stand where our gateway stands.
"""

import random
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Protocol

from simulator.crash import ledger
from simulator.crash.fleet import Manner
from simulator.crash.oracle import Oracle, Violation
from simulator.crash.shim import Point
from simulator.crash.site import Site, ground

#: How many kills one database lives through; then the next hall begins, and everything in the last one is compared.
KILLS_EACH = 100
DEVICES = 8
RATE = 1200
#: How many records are acknowledged in one life, at least and at most.
LIFE = (150, 450)
_PATIENCE_S = 30.0


class Subject(Protocol):
    """Something that takes messages, acknowledges them, and is killed."""

    name: str
    oracle: Oracle
    ways: tuple[str, ...]
    """The ways it can be ended; ``random``: SIGKILL from outside."""

    def start(self, way: str, chance: random.Random) -> bool:
        """Bring it up under load. False if it was killed before it was ready, as ``way`` may want it."""

    def acked(self) -> int:
        """How many messages it has acknowledged, over all its lives."""

    def wait(self, acked: int, timeout_s: float) -> bool:
        """Until it has acknowledged so many."""

    def end(self, way: str, chance: random.Random) -> None:
        """End it; returns when it is dead."""

    def judge(self) -> None:
        """Tell ``oracle`` what is on the disk now."""

    def finish(self) -> None:
        """No more faults: everything must be acknowledged. Then the last judgement."""


@dataclass
class Tally:
    """What a run of kills came to."""

    kills: int = 0
    ways: Counter[str] = field(default_factory=Counter)
    acked: int = 0
    acked_alive: int = 0
    alive_s: float = 0.0
    lost: int = 0
    false_receipts: int = 0
    violations: list[Violation] = field(default_factory=list)
    births_s: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Messages acknowledged per second of life."""
        return self.acked_alive / self.alive_s if self.alive_s else 0.0

    @property
    def ok(self) -> bool:
        return not self.violations


def run(subject: Subject, kills: int, chance: random.Random, tally: Tally, progress: Callable[[int], None]) -> None:
    """Let ``subject`` live and die ``kills`` times, then finish it; adds to ``tally``."""
    for number in range(kills):
        way = subject.ways[number % len(subject.ways)]
        before, born = subject.acked(), monotonic()
        if subject.start(way, chance):
            born = monotonic()
            if not subject.wait(before + chance.randint(*LIFE), _PATIENCE_S):
                break  # it takes nothing any more: ``finish`` says what is stuck
            # up to the kill: what happens while somebody dies is not its pace
            tally.alive_s += monotonic() - born
            tally.acked_alive += subject.acked() - before
            subject.end(way, chance)
        subject.judge()
        tally.kills += 1
        tally.ways[way] += 1
        progress(tally.kills)
        if len(subject.oracle.violations) > 20:
            break
    subject.finish()
    tally.acked += subject.acked()
    tally.lost += subject.oracle.lost
    tally.false_receipts += subject.oracle.false_receipts
    tally.violations += subject.oracle.violations


class GatewaySubject:
    """Our gateway with its embedded broker and HTTP server, and real devices' connections."""

    name = "hcp gateway"
    ways = ("random", *(point.name.lower() for point in Point), "birth", "sigterm")

    def __init__(self, root: Path):
        self.site = Site(root, DEVICES, Manner(RATE, patience_s=0.3))
        self.oracle = self.site.oracle
        self._judged: dict[str, int] = {}
        self.site.fleet.start()

    def start(self, way: str, chance: random.Random) -> bool:
        site = self.site
        site.shim.calm()
        if way == "birth":
            # anywhere between the first write of a start and the first records
            site.shim.kill_at(chance.choice(list(Point)[:4]), chance.randint(0, 12))
            if not site.birth():
                return False
            site.nursery.wait()
            return False
        return site.birth()

    def acked(self) -> int:
        with self.site.fleet.changed:
            return self.oracle.promised

    def wait(self, acked: int, timeout_s: float) -> bool:
        return self.site.fleet.wait(acked, timeout_s)

    def end(self, way: str, chance: random.Random) -> None:
        site = self.site
        if way == "random":
            site.fleet.over.wait(chance.uniform(0, 0.02))
            site.nursery.death()
        elif way == "sigterm":
            site.nursery.death(signal.SIGTERM)
        else:
            site.shim.kill_at(Point[way.upper()], chance.randint(0, 6))
            site.nursery.wait()
            site.shim.calm()

    def judge(self) -> None:
        with self.site.fleet.changed:
            promises = self.oracle.promises()
            if self.site.database.exists():
                self.oracle.judge(ledger.held(self.site.database, self._judged), promises, "after a kill")
            self._judged = {device: told.seq for device, told in promises.items()}

    def finish(self) -> None:
        self.site.settle()

    def close(self) -> None:
        self.site.close()


def gateway(kills: int, seed: int, progress: Callable[[int], None], each: int = KILLS_EACH) -> Tally:
    """``kills`` kills of our gateway, over as many halls as that needs."""
    chance = random.Random(seed)
    tally = Tally()
    while tally.kills < kills and tally.ok:
        with ground() as root:
            subject = GatewaySubject(root)
            try:
                run(subject, min(each, kills - tally.kills), chance, tally, progress)
                tally.births_s += subject.site.nursery.ready_s
            finally:
                subject.close()
    return tally
