"""Power cuts that keep only synced bytes (DESIGN §8): lives are recorded call by call, and cut anywhere afterwards.

A recorded run has several lives of one gateway: some end by kill -9 around a sync, so that the next one reads what was
written and never synced; syncs fail with EIO in between; idle moments let it checkpoint. A receipt counts as a promise
from the moment before it leaves the process, in the same order as the writes and syncs around it. For each cut the
folder is built as a disk would hold it, the gateway's own store opens it, and the oracle judges. Some cuts happen
during the run: the next life begins on what the cut has left, and has to go on from there.
"""

import errno
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gateway.store import meta
from gateway.store.writer import Store, StoreError
from protocol import downlink, topics
from simulator.crash import ledger
from simulator.crash.disk import Disk, Keep, Op, read_log
from simulator.crash.fleet import Manner
from simulator.crash.oracle import Breach, Oracle, Promise, Violation
from simulator.crash.shim import Fail, Point
from simulator.crash.site import Site, ground

#: How many cuts are made in one recorded run.
CUTS_EACH = 60
DEVICES = 6
RATE = 900
_LIFE = (120, 260)
_PATIENCE_S = 30.0
_ENDS = (Point.BEFORE_SYNC, Point.AFTER_WRITE, Point.AFTER_SYNC)
_FAILS = (
    (errno.EIO, Fail.SYNC),
    (errno.EIO, Fail.SYNC),
    (errno.EIO, Fail.WRITE),
    (errno.ENOSPC, Fail.WRITE | Fail.HALF),
)


class CutsError(Exception):
    """The recording does not agree with the disk, so nothing can be concluded from it."""


@dataclass
class Tally:
    """What a run of power cuts came to. ``promised``: records covered by receipts, summed over all cuts."""

    cuts: int = 0
    keeps: Counter[str] = field(default_factory=Counter)
    lived_on: int = 0
    """How many of the cuts were followed by another life on what they left."""
    runs: int = 0
    operations: int = 0
    syncs: int = 0
    failed_calls: int = 0
    checkpoints: int = 0
    """Syncs of the database itself: the log had been copied into it."""
    promised: int = 0
    lost: int = 0
    false_receipts: int = 0
    violations: list[Violation] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.violations


def gateway(cuts: int, seed: int, progress: Callable[[int], None], each: int = CUTS_EACH) -> Tally:
    """``cuts`` power cuts, over as many recorded runs as that needs. Raises CutsError."""
    chance = random.Random(seed)
    tally = Tally()
    while tally.cuts < cuts and len(tally.violations) < 20:
        with ground() as root:
            site = Site(root, DEVICES, Manner(RATE, patience_s=0.3), record=True)
            tape = _Tape(site)
            try:
                _record(site, tape, chance, tally)
            finally:
                site.close()
            tally.violations += site.oracle.violations + tape.oracle.violations
            tally.failed_calls += site.shim.failed
            tally.runs += 1
            progress(tally.cuts)
            _cut(tape, min(each, cuts - tally.cuts), chance, tally, progress)
    return tally


class _Tape:
    """The recording of a run as it grows, played onto a disk. ``cuts``: at which call the power really went, and what
    it left."""

    def __init__(self, site: Site):
        self.site = site
        self.cuts: dict[int, dict[str, bytes]] = {}
        self.rewind()

    def rewind(self) -> None:
        """To the beginning, with an oracle that knows of no promise."""
        self.disk = Disk(str(self.site.data.resolve()))
        self.oracle = self.site.oracle.fresh()
        self.at = 0
        self._keys = self.site.fleet.keys()

    def ops(self) -> list[Op]:
        assert self.site.oplog
        return list(read_log(self.site.oplog.read_bytes()))

    def play(self, ops: list[Op], end: int) -> None:
        """Up to the call ``end``, this one too."""
        for at in range(self.at, end + 1):
            if at in self.cuts:
                self.disk.restart(self.cuts[at])
            op = ops[at]
            self.disk.play(op)
            if op.kind == "M":
                topic, _, payload = op.data.partition(b"\n")
                _, device, _ = topics.split(topic.decode())
                told = downlink.unpack(self._keys[device], payload, device).body
                self.oracle.promise(device, Promise(told.seq, told.hash, told.epoch))
        self.at = max(self.at, end + 1)

    def cut(self, keep: Keep, chance: random.Random) -> None:
        """Take the power, now that the gateway is dead: its folder becomes what a disk would hold."""
        ops = self.ops()
        self.play(ops, len(ops) - 1)
        files = dict(_database(self.disk.after_cut(keep, chance)))
        where = f"cut after a kill, {keep} kept, to live on"
        _judge(files, self.site.root / "after" / "kill", self.oracle, where)
        self.cuts[len(ops)] = files
        for old in self.site.data.glob("gateway.db*"):
            old.unlink()
        for name, content in files.items():
            (self.site.data / name).write_bytes(content)


def _record(site: Site, tape: _Tape, chance: random.Random, tally: Tally) -> None:
    """The lives of one run. Every end is the shim's own, so that no call is missing in the log."""
    site.fleet.start()
    for end in chance.sample(_ENDS, len(_ENDS)):
        if not site.birth():
            raise CutsError("a gateway was killed before anybody wanted it")
        site.fleet.wait(site.oracle.promised + chance.randint(*_LIFE), _PATIENCE_S)
        # a disk that fails now and then: told once, and what was dirty is called clean
        number, what = chance.choice(_FAILS)
        site.shim.fail(number, what, times=chance.randint(1, 3), passing=chance.randint(0, 5))
        site.fleet.wait(site.oracle.promised + chance.randint(*_LIFE), _PATIENCE_S)
        site.shim.calm()
        site.fleet.wait(site.oracle.promised + 60, _PATIENCE_S)
        site.shim.kill_at(end, chance.randint(0, 5))
        site.nursery.wait()
        site.shim.calm()
        if chance.random() < 0.6:
            keep = chance.choice(list(Keep))
            tape.cut(keep, chance)
            tally.cuts += 1
            tally.lived_on += 1
            tally.keeps[keep] += 1
            tally.promised += tape.oracle.promised
    site.birth()
    site.fleet.wait(site.oracle.promised + chance.randint(*_LIFE), _PATIENCE_S)
    # at rest for a moment: it checkpoints, then more comes
    site.fleet.finish(_PATIENCE_S)
    time.sleep(0.7)
    site.fleet.finishing.clear()
    site.fleet.wait(site.oracle.promised + 60, _PATIENCE_S)
    site.settle()


def _cut(tape: _Tape, cuts: int, chance: random.Random, tally: Tally, progress: Callable[[int], None]) -> None:
    """Play the run again from its beginning, and cut it wherever chance wants."""
    ops = tape.ops()
    marks = [at for at, op in enumerate(ops) if op.kind == "M"]
    places = [at for at, op in enumerate(ops) if op.kind in "owtsur"]
    if not marks or not places:
        raise CutsError("nothing was recorded: was the shim loaded?")
    tape.rewind()
    # half of them right after a promise was made, half anywhere
    chosen = sorted([*chance.choices(marks, k=cuts // 2), *chance.choices(places, k=cuts - cuts // 2)])
    for number, place in enumerate(chosen):
        tape.play(ops, place)
        keep = list(Keep)[number % len(Keep)]
        where = f"cut after operation {place} of {len(ops)}, {keep} kept"
        _judge(tape.disk.after_cut(keep, chance), tape.site.root / "after" / str(number), tape.oracle, where)
        tally.cuts += 1
        tally.keeps[keep] += 1
        tally.promised += tape.oracle.promised
        progress(tally.cuts)
    tape.play(ops, len(ops) - 1)
    _check(tape.disk, tape.site)
    tally.operations += len(ops)
    tally.syncs += tape.disk.syncs
    tally.checkpoints += tape.disk.syncs_of.get("gateway.db", 0)
    tally.lost += tape.oracle.lost
    tally.false_receipts += tape.oracle.false_receipts
    tally.violations += tape.oracle.violations


def _judge(files: dict[str, bytes], folder: Path, oracle: Oracle, where: str) -> None:
    """Open what is left as the gateway would, let it write, and compare."""
    for name, content in _database(files):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "gateway.db"
    try:
        store = Store(file)
        try:
            epoch = store.run(lambda c: meta.epoch(c, 1))
            store.run(lambda c: meta.put(c, "after_cut", 1))
        finally:
            store.close()
        found = ledger.held(file)
        oracle.judge(found, where=where)
        oracle.balance(found, ledger.queued(file), where)
        damage = ledger.damage(file)
    except (sqlite3.Error, StoreError, OSError) as error:
        oracle.complain(Breach.DAMAGED, f"{where}: {error}")
        return
    if damage:
        oracle.complain(Breach.DAMAGED, f"{where}: {damage}")
    for device, told in oracle.promises().items():
        if told.epoch != epoch:
            oracle.complain(Breach.FORGOT, f"{where}: {device} was told epoch {told.epoch}, now it is {epoch}")
    for left in folder.iterdir():
        left.unlink()


def _database(files: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    return ((name, content) for name, content in files.items() if name.startswith("gateway.db") and "-shm" not in name)


def _check(disk: Disk, site: Site) -> None:
    """The model must hold what the folder holds, byte for byte, or it has missed a call."""
    for name, content in _database(disk.seen()):
        real = (site.data / name).read_bytes()
        if real != content:
            raise CutsError(f"the model of {name} has {len(content)} bytes, the file {len(real)}, and they differ")
