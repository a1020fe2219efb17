"""One hall's ground for a run: a folder, an authority, a free port, the devices, the nursery, the oracle."""

import contextlib
import shutil
import signal
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from gateway.enrolment import create_authority
from simulator.crash import ledger
from simulator.crash.fleet import Fleet, Manner
from simulator.crash.nursery import Nursery
from simulator.crash.oracle import Breach, Oracle
from simulator.crash.shim import Shim
from simulator.hall import free_ports

HALL = "crash"
SETTLE_S = 60.0


class Site:
    """Everything of one run. ``birth`` a gateway, end it with ``nursery``; ``close`` at the end."""

    def __init__(self, root: Path, devices: int, manner: Manner, record: bool = False, data: Path | None = None):
        self.root = root
        self.more: dict = {}
        """Further settings of the gateway."""
        self.data = data or root / "data"
        self.data.mkdir(parents=True, exist_ok=True)
        self.database = self.data / "gateway.db"
        self.oplog = root / "ops.log" if record else None
        create_authority(self.data, HALL)
        (self.port,) = free_ports(1)
        self.oracle = Oracle()
        self.fleet = Fleet(self.data, HALL, self.port, devices, manner, self.oracle)
        self.shim = Shim(root / "control", self.data, self.oplog)
        self.nursery = Nursery(root / "gateway.log", self.shim.environment)

    @property
    def settings(self) -> dict:
        return {
            "data": str(self.data), "hall": HALL, "broker_host": "127.0.0.1", "broker_port": self.port, "http_port": 0,
            "log_level": "warning", **self.more,
        }  # fmt: skip

    def birth(self) -> bool:
        return self.nursery.birth(self.settings)

    def settle(self, timeout_s: float = SETTLE_S) -> None:
        """The faults are over: everything must get its receipt. Then end the gateway kindly, and judge all of it."""
        self.shim.calm()
        if self.nursery.pid is None:
            self.birth()
        began = time.monotonic()
        if not self.fleet.finish(timeout_s):
            self.oracle.liveness(time.monotonic() - began)
        status = self.nursery.death(signal.SIGTERM)
        if status:
            self.oracle.complain(Breach.STUCK, f"SIGTERM ended the gateway with {status}")
        self.fleet.stop()
        self.judge_all("at the end")

    def judge_all(self, where: str) -> None:
        """Compare the whole database with everything that was promised."""
        try:
            found = ledger.held(self.database)
            self.oracle.judge(found, where=where)
            self.oracle.balance(found, ledger.queued(self.database), where)
            damage = ledger.damage(self.database)
        except sqlite3.Error as error:
            damage = str(error)
        if damage:
            self.oracle.complain(Breach.DAMAGED, f"{where}: {damage}")

    def close(self) -> None:
        self.fleet.over.set()
        self.nursery.close()
        self.fleet.stop()


@contextlib.contextmanager
def ground(root: Path | None = None) -> Iterator[Path]:
    """A folder for one run. After an error it stays, and what it holds can be looked at."""
    folder = Path(tempfile.mkdtemp(prefix="hcp-crash-", dir=root))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
