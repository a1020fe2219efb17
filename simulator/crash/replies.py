"""Exactly once at central: ratings over a bad line, while gateway and central are killed (DESIGN §8).

Everything at once: devices send over MQTT into the gateway, which binds each rating to the service of its moment and
drains its outbox to a real central, through a proxy that loses 30 % of the answers after central committed, repeats
requests and delays answers beyond the gateway's patience. Then central's database is compared with what was pressed.
"""

import datetime
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from central.halls import add_hall
from gateway.enrolment import write_file
from simulator.crash import ledger
from simulator.crash.badline import BadLine, Faults
from simulator.crash.fleet import Manner
from simulator.crash.oracle import Breach, Violation
from simulator.crash.site import HALL, Site, ground
from simulator.hall import free_ports
from simulator.process import Server

RATINGS = 100_000
DEVICES = 8
#: One press a second at each window, a new service every so many seconds, the first one a little later.
SERVICE_S = 60
QUIET_S = 10
_STEP_MS = 1000
_BATCH = 250
_TIMEOUT_MS = 1500
_STALL_S = 120.0
_KILL_EVERY_S = 6.0


@dataclass
class Tally:
    """What it came to."""

    ratings: int = 0
    central: int = 0
    lost: int = 0
    duplicates: int = 0
    misbound: int = 0
    unbound: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    repeats_seen: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    violations: list[Violation] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.violations


def gateway(ratings: int, seed: int, progress: Callable[[int], None], faults: Faults | None = None) -> Tally:
    """``ratings`` from press to central's database. Progress is told in ratings that central has acknowledged."""
    chance = random.Random(seed)
    tally = Tally()
    each = -(-ratings // DEVICES)
    first_ms = time.time_ns() // 1_000_000 - each * _STEP_MS - 60_000
    with ground() as root:
        run = _Line(root, each, first_ms, faults or Faults(), seed)
        try:
            began = time.monotonic()
            run.open()
            _play(run, each * DEVICES, chance, tally, progress)
            tally.seconds = time.monotonic() - began
        finally:
            run.close()
        _compare(run, each, first_ms, tally)
        tally.requests, tally.repeats_seen = run.line.counts, run.line.duplicates
    return tally


class _Line:
    """Site, central and the bad line between them."""

    def __init__(self, root: Path, each: int, first_ms: int, faults: Faults, seed: int):
        manner = Manner(20_000, patience_s=1.0, most=each, first_ms=first_ms, step_ms=_STEP_MS)
        self.site = site = Site(root, DEVICES, manner)
        self._each, self._first_ms = each, first_ms
        self._business_key = secrets.token_hex(24)
        text = f'[[system]]\nname = "queue"\nkey = "{self._business_key}"\nscopes = ["events", "windows", "read"]\n'
        write_file(site.data / "systems.toml", text.encode(), secret=True)
        self.central_db = root / "central" / "central.db"
        hall_key = add_hall(
            root / "central", HALL, "故障演练大厅", site.data / "pki" / "ca.pem", secrets.token_hex(24)
        ).read_text()
        (port,) = free_ports(1)
        self.central = Server(
            "central",
            ["central", "run", "--data", str(root / "central"), "--port", str(port), "--json"],
            root / "central.log",
            {"HCP_CENTRAL_AUDITOR_KEY": secrets.token_hex(24)},
        )
        self.line = BadLine(port, faults, seed)
        self._settings = {
            **site.settings,
            "central_url": f"http://127.0.0.1:{self.line.port}",
            "central_key": hall_key,
            "central_batch": _BATCH,
            "central_timeout_ms": _TIMEOUT_MS,
        }

    def open(self) -> None:
        self.central.start()
        self.birth()
        self._tell_services(self.site.nursery.facts["http"])
        self.site.fleet.start()

    def birth(self) -> None:
        self.site.nursery.birth(self._settings)

    def close(self) -> None:
        self.site.close()
        self.central.stop()
        self.line.close()

    def _tell_services(self, url: str) -> None:
        """A morning at each window, told before the first press arrives."""
        events = list(_services(self._each, self._first_ms))
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {self._business_key}"}, timeout=60) as http:
            for number in range(1, DEVICES + 1):
                http.put(f"/api/v1/windows/A{number:02d}", json={"name": f"{number} 号窗口"}).raise_for_status()
            for at in range(0, len(events), 500):
                answer = http.post("/api/v1/events", json=events[at : at + 500])
                answer.raise_for_status()
                bad = [result for result in answer.json()["results"] if result["status"] != "accepted"]
                if bad:
                    raise RuntimeError(f"the gateway refuses a business event: {bad[0]}")


def _services(each: int, first_ms: int) -> Iterator[dict]:
    count = -(-each // SERVICE_S)
    for number in range(1, DEVICES + 1):
        window = f"A{number:02d}"
        yield _event(f"{window}-in", "sign_in", first_ms, window=window, staff=f"S{number}")
        for service in range(count):
            called_ms = first_ms + QUIET_S * 1000 + service * SERVICE_S * 1000 - 500
            case = {"case_no": f"C-{number}-{service}", "service_no": 1, "window": window}
            yield _event(f"{window}-{service}", "called", called_ms, **case)


def _event(name: str, kind: str, at_ms: int, **fields: object) -> dict:
    moment = datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC)
    at = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"id": name, "type": kind, "at": at, **fields}


def truth(number: int, seq: int) -> tuple[str, int] | None:
    """The service at the window of device ``number`` when its press ``seq`` was made; None: before the first."""
    service = (seq - 1 - QUIET_S) // SERVICE_S
    return (f"C-{number}-{service}", 1) if seq - 1 >= QUIET_S else None


def _play(run: _Line, total: int, chance: random.Random, tally: Tally, progress: Callable[[int], None]) -> None:
    """Until central has everything; now and then somebody is killed. Raises nothing: what is stuck is a violation."""
    site, done, moved, next_kill = run.site, 0, time.monotonic(), time.monotonic() + _KILL_EVERY_S
    while True:
        site.fleet.over.wait(0.25)
        states = ledger.outbox_states(site.database)
        if states.get("done", 0) > done:
            done, moved = states["done"], time.monotonic()
        progress(min(done, total))
        with site.fleet.changed:
            everything = site.oracle.issued >= total and site.oracle.settled()
        if everything and not states.get("pending"):
            return
        now = time.monotonic()
        if now - moved > _STALL_S:
            site.oracle.complain(Breach.STUCK, f"nothing has reached central for {_STALL_S:.0f} s: {states}")
            return
        if now > next_kill:
            victim = chance.choice(("gateway", "central"))
            tally.kills[victim] += 1
            if victim == "gateway":
                site.nursery.death()
                run.birth()
            else:
                run.central.restart_killed()
            next_kill = time.monotonic() + chance.uniform(0.5, 1.5) * _KILL_EVERY_S


def _compare(run: _Line, each: int, first_ms: int, tally: Tally) -> None:
    oracle, site = run.site.oracle, run.site
    site.judge_all("gateway")
    dead = ledger.outbox_states(site.database).get("dead", 0)
    if dead:
        oracle.complain(Breach.LOST, f"{dead} events ended as dead letters")
    held = ledger.central_held(run.central_db)
    oracle.judge(held, where="central")
    doubled = ledger.central_doubled(run.central_db)
    for name in doubled:
        oracle.complain(Breach.DOUBLED, f"central: {name}")
    bindings = ledger.central_bindings(run.central_db)
    tally.duplicates = len(doubled)
    tally.ratings, tally.central = oracle.issued, len(bindings)
    for number in range(1, DEVICES + 1):
        for seq in range(1, each + 1):
            where = (f"d{number:02d}", seq)
            if where not in bindings:
                tally.lost += 1
                continue
            stands = bindings[where]
            tally.unbound += stands is None
            if stands != truth(number, seq):
                tally.misbound += 1
                if tally.misbound <= 5:
                    oracle.complain(Breach.MISBOUND, f"{where}: {stands}, it was {truth(number, seq)}")
    if tally.lost or tally.central != tally.ratings:
        oracle.complain(
            Breach.LOST, f"central has {tally.central} ratings of {tally.ratings}; {tally.lost} are missing"
        )
    tally.violations = oracle.violations
