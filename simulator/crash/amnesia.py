"""A broker that forgets: killed with its session, its packet ids begun anew, its queue overflowing after a PUBACK.

A real Mosquitto with the configuration that hcp writes stands between devices and gateway, its queue made small. It is
killed and started again, the gateway is killed, or stopped so that its acknowledgements come late, to a broker that
uses the same packet ids for other messages. Nothing of the broker is trusted: every record must get its receipt.
"""

import getpass
import os
import random
import re
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from gateway.broker import mosquitto
from gateway.broker.mosquitto import MosquittoSettings
from gateway.enrolment import revocations
from simulator.crash import ledger
from simulator.crash.fleet import Manner
from simulator.crash.oracle import Violation
from simulator.crash.site import HALL, Site, ground

EPISODES = 60
DEVICES = 8
RATE = 800
#: Messages that Mosquitto keeps for an absent gateway; more are dropped, after their PUBACK. Devices send 8 each.
QUEUE = 20
_BETWEEN = (40, 160)
_PATIENCE_S = 30.0
WAYS = ("broker_killed", "late_acks", "gateway_killed", "overflow")


class AmnesiaError(Exception):
    """The broker cannot be had; the text says what to do."""


@dataclass
class Tally:
    """What it came to. ``overflows``: how often Mosquitto said that it dropped messages."""

    episodes: int = 0
    ways: Counter[str] = field(default_factory=Counter)
    overflows: int = 0
    resent: int = 0
    acked: int = 0
    lost: int = 0
    false_receipts: int = 0
    violations: list[Violation] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.violations


class Mosquitto:
    """Mosquitto on a fixed port, to be killed and started again."""

    def __init__(self, folder: Path, data: Path, port: int):
        program = mosquitto.find()
        if program is None:
            raise AmnesiaError("Mosquitto is not installed: on Debian and Ubuntu: sudo apt-get install -y mosquitto")
        pki = (data / "pki").resolve()
        settings = MosquittoSettings(
            HALL, folder.resolve(), pki / "server.pem", pki / "server.key", pki / "ca.pem", "127.0.0.1", port,
            getpass.getuser(),
        )  # fmt: skip
        self.settings = settings
        mosquitto.write(settings, revocations(data))
        # the gateway finds the configuration that it expects; the broker runs with a smaller queue
        small = folder / "small.conf"
        text = mosquitto.configuration(settings)
        for name in ("max_queued_messages", "max_inflight_messages"):
            text = re.sub(rf"(?m)^{name} .*$", f"{name} {QUEUE}", text)
        small.write_text(text)
        self._command = [str(program), "-c", str(small)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.settings.folder / "out").open("ab") as out:
            self._process = subprocess.Popen(self._command, stdout=out, stderr=out)  # noqa: S603
        until = time.monotonic() + 10
        while True:
            with socket.socket() as probe:
                if not probe.connect_ex(("127.0.0.1", self.settings.port)):
                    return
            if self._process.poll() is not None or time.monotonic() > until:
                raise AmnesiaError(f"Mosquitto did not start; see {self.settings.folder}")
            time.sleep(0.01)

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()

    def drops(self) -> int:
        """How often it said that a queue was full."""
        return self.settings.log.read_text(errors="replace").count("messages are being dropped")


def gateway(episodes: int, seed: int, progress: Callable[[int], None]) -> Tally:
    """``episodes`` of a forgetful broker between our gateway and its devices. Raises AmnesiaError."""
    chance = random.Random(seed)
    tally = Tally()
    with ground() as root:
        site = BrokerSite(root, DEVICES, Manner(RATE, patience_s=0.5))
        try:
            site.broker.start()
            site.fleet.start()
            site.birth()
            for number in range(episodes):
                site.fleet.wait(site.oracle.promised + chance.randint(*_BETWEEN), _PATIENCE_S)
                way = WAYS[number % len(WAYS)]
                _fault(site, way, chance)
                site.judge_now(way)
                tally.ways[way] += 1
                tally.episodes += 1
                progress(tally.episodes)
            site.settle()
        finally:
            site.close()
            site.broker.kill()
        tally.overflows = site.broker.drops()
        tally.resent = site.fleet.resent
        tally.acked, tally.lost = site.oracle.promised, site.oracle.lost
        tally.false_receipts, tally.violations = site.oracle.false_receipts, site.oracle.violations
    return tally


class BrokerSite(Site):
    """A site whose gateway has a Mosquitto beside it."""

    def __init__(self, root: Path, devices: int, manner: Manner):
        super().__init__(root, devices, manner)
        self.broker = Mosquitto(root / "broker", self.data, self.port)

    @property
    def settings(self) -> dict:
        folder = str(self.broker.settings.folder)
        return {**super().settings, "broker": "mosquitto", "broker_folder": folder}

    def judge_now(self, where: str) -> None:
        with self.fleet.changed:
            promises = self.oracle.promises()
        found = ledger.held(self.database)
        with self.fleet.changed:
            self.oracle.judge(found, promises, where)


def _fault(site: BrokerSite, way: str, chance: random.Random) -> None:
    pause = site.fleet.over.wait
    pid = site.nursery.pid
    assert pid
    if way == "broker_killed":
        site.broker.kill()
        pause(chance.uniform(0, 0.3))
        site.broker.start()
    elif way == "late_acks":
        # what it has in hand is acknowledged when the ids already belong to other messages
        os.kill(pid, signal.SIGSTOP)
        pause(chance.uniform(0, 0.05))
        site.broker.kill()
        site.broker.start()
        pause(chance.uniform(0, 0.4))
        os.kill(pid, signal.SIGCONT)
    elif way == "gateway_killed":
        site.nursery.death()
        site.birth()
    else:
        # more than the queue holds while nobody fetches it
        site.nursery.death()
        pause(chance.uniform(0.3, 0.8))
        site.birth()
