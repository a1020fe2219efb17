"""Measurements of the journal: the firmware's code on the flash model, with real signatures and the device's own blobs.

Times are the model's (``vm/nor.py``): what the flash takes, without the processor. A rating is a press, in one of five
cases changed once, its record and its receipt; what it weighs is compared with the COSE bytes of the record.
"""

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from firmware.clock import Clock
from firmware.flow import Choice
from firmware.journal import Journal, JournalFull
from firmware.records import Recorder
from protocol import cose, record
from simulator import powercut
from simulator.bench import Row, percentile
from simulator.device import vm_command, vm_environment
from simulator.vm import nor

DEVICE = "a01"
SMALL = 512 * 1024
LARGE = 4608 * 1024
RATINGS = 12_000
MOUNTS = 5
_WALL_MS = 1_800_000_000_000
_MS = 1000

_MOUNT = f"""
import time
from esp32 import Partition
from firmware.journal import Journal
journal = Journal(Partition.find(Partition.TYPE_DATA, label="journal")[0], {DEVICE!r})
for _ in range({MOUNTS}):
    start = time.ticks_us()
    journal.mount()
    print(time.ticks_diff(time.ticks_us(), start))
"""


def rows(root: Path, say: Callable[[str], None]) -> Iterator[Row]:
    """Every figure, one after the other. Takes about a minute; files go into ``root``."""
    say("journal: a busy device")
    yield from _busy(root)
    say("journal: offline until it is full")
    yield from _full(root / "small", SMALL)
    yield from _full(root / "large", LARGE)
    say("journal: power cuts")
    yield from _cuts(say)


class _Device:
    """A journal and what writes to it. Signatures are made by the host: the chip's take longer and weigh the same."""

    def __init__(self, path: Path, size: int):
        flash = nor.Flash(str(path), (("journal", size),))
        self.partition = flash.partition("journal")
        self.journal = Journal(self.partition, DEVICE)
        self.journal.mount()
        self._key = ec.generate_private_key(ec.SECP256R1())
        clock = Clock()
        clock.uptime(0)
        clock.tell(_WALL_MS, 40, 0)
        self._recorder = Recorder(self.journal, clock, DEVICE, b"", self.journal.start_boot())
        self._clock = clock
        self.press_us: list[float] = []
        self.commit_us: list[float] = []
        self.press_erases = 0
        self.payload = 0
        while self.journal.prepare():
            pass
        self.partition.reset_counters()

    def rate(self, number: int) -> None:
        """One rating. Raises JournalFull."""
        at_ms = 60_000 + 30_000 * number
        level = 1 + number % 5
        token = number.to_bytes(8, "big")
        changes: tuple[tuple[int, int], ...] = ()
        if number % 5 == 0:
            self._press(_choice(level=6 - level, at_ms=at_ms - 1200, token=token, indicators=3))
            changes = ((at_ms - 1200, 6 - level),)
        self._press(_choice(level=level, at_ms=at_ms, token=token, indicators=3, changes=changes))
        wall_ms, error_ms = self._clock.at(at_ms)
        head = record.Head(self.journal.next_seq, self.journal.head_hash, self.journal.boot, at_ms, wall_ms, error_ms)
        ages = tuple((at_ms - was_ms, was) for was_ms, was in changes)
        payload = record.rating_payload(head, record.Rating(level, (), token, 3, ages, 0))
        to_be_signed = cose.sign1_to_be_signed(cose.sign1_protected(DEVICE), payload)
        r, s = decode_dss_signature(self._key.sign(to_be_signed, ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        before = self.partition.busy_us
        self.payload += len(self.journal.append(payload, signature))
        self.commit_us.append(self.partition.busy_us - before)

    def _press(self, choice: Choice) -> None:
        before, erases = self.partition.busy_us, self.partition.erases
        self._recorder.tentative(choice)
        self.press_us.append(self.partition.busy_us - before)
        self.press_erases += self.partition.erases - erases


def _choice(**known: object) -> Choice:
    fields = {"changes": (), "flags": 0, "late_ms": 0, "reasons": (), **known}
    return Choice(*(fields[name] for name in Choice._fields))


def _busy(root: Path) -> Iterator[Row]:
    device = _Device(root / "busy", SMALL)
    for number in range(RATINGS):
        device.rate(number)
        device.journal.receipt(device.journal.next_seq - 1)
        device.journal.prepare()
    partition = device.partition
    note = f"{RATINGS} ratings, one in five changed once, a receipt each, on 512 KB; idle work after each rating"
    yield _at_most("journal: erases per rating", partition.erases / RATINGS, "", 0.06, note, 4)
    note = f"{note}; bytes programmed ÷ {device.payload / RATINGS:.0f} COSE bytes of the record"
    yield _at_most("journal: bytes per byte of record", partition.programmed / device.payload, "x", 1.1, note, 3)
    note = f"{len(device.press_us)} presses; erases inside the call that makes a press durable"
    yield _at_most("journal: erases on the press path", device.press_erases, "", 0, note)
    spread = max(partition.wear) - min(partition.wear)
    yield Row(
        "journal: uneven wear", spread, "erases", note="most minus least erases of a block, after the same ratings"
    )
    model = "model: 0.7 ms a page, 45 ms an erase, reads 20 us and 20 bytes/us; flash only"
    for percent in (50, 99):
        value = percentile(device.press_us, percent) / _MS
        yield _at_most(f"journal: press → durable, p{percent}", value, "ms", 20 if percent == 99 else None, model)
    yield _at_most("journal: press → durable, worst", max(device.press_us) / _MS, "ms", None, model)
    yield _at_most("journal: record → durable, p99", percentile(device.commit_us, 99) / _MS, "ms", None, model)


def _full(path: Path, size: int) -> Iterator[Row]:
    device = _Device(path, size)
    count = 0
    try:
        while True:
            device.rate(count)
            count += 1
            device.journal.prepare()
    except JournalFull:
        pass
    kilobytes = size // 1024
    target = 20_000 if size == LARGE else None
    yield Row(
        f"journal: ratings offline in {kilobytes} KB", count, "",
        target, None if target is None else count >= target,
        note="until the next press is refused; none has a receipt, one in five was changed once",
    )  # fmt: skip
    device.partition.reset_counters()
    found = device.journal.mount()
    assert found.next_seq == count + 1
    note = f"full: {count} ratings wait; {device.partition.reads} reads, {device.partition.read} bytes, in the model"
    target = 300 if size == SMALL else None
    yield _at_most(f"journal: mount of {kilobytes} KB", device.partition.busy_us / _MS, "ms", target, note)
    yield Row(
        f"journal: mount of {kilobytes} KB in the VM", min(_mounts(path, size)) / _MS, "ms",
        note=f"the whole of it on this machine, best of {MOUNTS}; the chip's processor is slower",
    )  # fmt: skip


def _mounts(path: Path, size: int) -> list[int]:
    environment = vm_environment(path.parent, HCP_SIM_FLASH=str(path), HCP_SIM_PARTITIONS=f"journal={size}")
    done = subprocess.run(  # noqa: S603 - our own command
        vm_command("-c", _MOUNT), env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return [int(line) for line in done.stdout.split()]


def _cuts(say: Callable[[str], None]) -> Iterator[Row]:
    started = time.monotonic()
    told = 0

    def progress(done: int, of: int) -> None:
        nonlocal told
        if done * 10 // of != told:
            told = done * 10 // of
            say(f"journal: power cuts, {told}0 %")

    result = powercut.run(progress=progress)
    note = (
        f"every one of {result.operations} flash operations of a scripted life, in every flavour, and"
        f" {result.second_cuts} second cuts in what follows; {time.monotonic() - started:.0f} s with the damage below"
    )
    yield Row("journal: power cuts", result.cuts, "", powercut.CUTS, result.cuts >= powercut.CUTS, note=note)
    faults = result.lost + result.duplicated + result.corrupt + result.broken
    note = "; ".join(result.complaints) or "compared with a twin after each restart, byte for byte"
    yield _at_most("journal: lost, duplicated or corrupt after them", faults, "", 0, note)
    note = "bits flipped, stretches and blocks of garbage, the last records hit"
    yield Row("journal: damaged flashes", result.rotted, "", note=note)
    note = "a crash, a seq given again, a record nobody wrote, one not touched yet not found, a loss not declared"
    yield _at_most("journal: broken promises after them", result.rot_faults, "", 0, note)


def _at_most(name: str, value: float, unit: str, target: float | None, note: str, digits: int = 2) -> Row:
    return Row(name, round(value, digits), unit, target, None if target is None else value <= target, note=note)
