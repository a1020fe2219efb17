"""Full and failing disks: no false receipt while it lasts, and intake is back soon after (DESIGN §8).

Two kinds. *Injected*: the shim lets writes or syncs of the gateway's folder fail with ENOSPC or EIO, some after half of
the bytes. *Real*: the folder lies on a small tmpfs that a filler fills to the last byte (needs the right to mount).
The devices have the patience of spec 6.4 here, 10 s, so that their sending again does not hide a gateway that is slow.
"""

import contextlib
import errno
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from simulator.crash import ledger
from simulator.crash.fleet import Manner
from simulator.crash.oracle import Breach, Violation
from simulator.crash.shim import Fail
from simulator.crash.site import Site, ground

EPISODES = 24
DEVICES = 6
RATE = 500
PATIENCE_S = 10.0
#: Longer than any back-off may be: what is not back by then has been given up.
_GIVEN_UP_S = 40.0
#: The real disk is small, so that it is filled in a moment, and so are the limits of a gateway on it.
_DISK_MB = 64
_SMALL = {"store_soft_bytes": 8 << 20, "store_hard_bytes": 4 << 20, "store_ballast_bytes": 8 << 20}
INJECTED = {
    "ENOSPC on write": (errno.ENOSPC, Fail.WRITE),
    "ENOSPC after half a write": (errno.ENOSPC, Fail.WRITE | Fail.HALF),
    "EIO on write": (errno.EIO, Fail.WRITE),
    "EIO on sync": (errno.EIO, Fail.SYNC),
}


@dataclass
class Tally:
    """What it came to. ``back_s``: for each episode, from the end of the fault until every device had a new receipt."""

    episodes: int = 0
    real: int = 0
    failed_calls: int = 0
    back_s: list[float] = field(default_factory=list)
    worst: dict[str, float] = field(default_factory=dict)
    """The longest of ``back_s`` for each kind of fault."""
    acked: int = 0
    lost: int = 0
    false_receipts: int = 0
    violations: list[Violation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.violations


def gateway(episodes: int, seed: int, progress: Callable[[int], None]) -> Tally:
    """``episodes`` of a failing disk, and a third as many of one that is really full, if we may mount one."""
    chance = random.Random(seed)
    tally = Tally()
    with ground() as root, _run(root, root / "data", tally) as site:
        for number in range(episodes):
            kind = list(INJECTED)[number % len(INJECTED)]
            _injected(site, kind, chance, tally)
            progress(tally.episodes)
    with ground() as root, small_disk(root / "disk", tally) as disk:
        if disk is not None:
            with _run(root, disk / "data", tally) as site:
                for _ in range(max(1, episodes // 3)):
                    _really(site, disk, chance, tally)
                    progress(tally.episodes)
    return tally


@contextlib.contextmanager
def _run(root: Path, data: Path, tally: Tally) -> Iterator[Site]:
    site = Site(root, DEVICES, Manner(RATE, PATIENCE_S), data=data)
    site.more = _SMALL
    try:
        site.fleet.start()
        site.birth()
        _all_move(site, _GIVEN_UP_S)
        yield site
        site.settle()
    finally:
        site.close()
        tally.acked += site.oracle.promised
        tally.lost += site.oracle.lost
        tally.false_receipts += site.oracle.false_receipts
        tally.violations += site.oracle.violations
        tally.failed_calls += site.shim.failed


def _injected(site: Site, kind: str, chance: random.Random, tally: Tally) -> None:
    number, what = INJECTED[kind]
    before = site.shim.failed
    site.shim.fail(number, what, passing=chance.randint(0, 8))
    site.fleet.over.wait(chance.uniform(0.2, 3.0))
    _judge(site, f"during {kind}")
    site.shim.calm()
    if site.shim.failed > before:
        _back(site, kind, tally)


def _really(site: Site, disk: Path, chance: random.Random, tally: Tally) -> None:
    filler = disk / "filler"
    filled = _fill(filler)
    site.fleet.over.wait(chance.uniform(1.0, 3.0))
    # what the gateway gave back meanwhile is taken too: not a byte is left
    filled += _fill(filler)
    quiet = site.fleet.receipts
    site.fleet.over.wait(0.5)
    if site.fleet.receipts != quiet:
        tally.notes.append(f"receipts went on with {filled} bytes of filler: the disk was not full")
    _judge(site, "on a full disk")
    filler.unlink()
    _back(site, "full disk", tally)
    tally.real += 1


def _fill(filler: Path) -> int:
    done = 0
    for size in (1 << 16, 1 << 12, 1):
        with contextlib.suppress(OSError), filler.open("ab", buffering=0) as file:
            while True:
                done += file.write(bytes(size))
    return done


def _back(site: Site, kind: str, tally: Tally) -> None:
    took = _all_move(site, _GIVEN_UP_S)
    tally.episodes += 1
    if took is None:
        site.oracle.complain(Breach.STUCK, f"no receipts {_GIVEN_UP_S:.0f} s after the end of: {kind}")
    else:
        tally.back_s.append(took)
        tally.worst[kind] = max(round(took, 2), tally.worst.get(kind, 0.0))


def _all_move(site: Site, timeout_s: float) -> float | None:
    """How long until every device had a receipt that is newer than now; None: never."""
    fleet, began = site.fleet, time.monotonic()
    with fleet.changed:
        marks = {device: site.oracle.promised_to(device) for device in fleet.keys()}
        moved = fleet.changed.wait_for(
            lambda: all(site.oracle.promised_to(device) > mark for device, mark in marks.items()), timeout_s
        )
    return time.monotonic() - began if moved else None


def _judge(site: Site, where: str) -> None:
    with site.fleet.changed:
        promises = site.oracle.promises()
    with contextlib.suppress(OSError):
        found = ledger.held(site.database)
        with site.fleet.changed:
            site.oracle.judge(found, promises, where)


@contextlib.contextmanager
def small_disk(where: Path, tally: Tally) -> Iterator[Path | None]:
    """A tmpfs of its own; None where we may not mount one, and ``tally`` says so."""
    where.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_MB}m,mode=700", "hcp-crash", str(where)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        tally.notes.append(f"no really full disk, a tmpfs cannot be mounted here: {done.stderr.strip()[:120]}")
        yield None
        return
    try:
        yield where
    finally:
        subprocess.run(["umount", "-l", str(where)], check=False, capture_output=True)  # noqa: S603, S607
