"""The gateway's store alone: rows a second beside the rival's in the same run, the rival under kill -9, and what one
more rating costs when ten million lie there already."""

import random
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from gateway.core import intake
from gateway.store import batch
from gateway.store.writer import Store
from protocol import cose, record
from simulator import bench_storage, rival
from simulator.bench import Row

HALL = "bench"
BATCH = 500
DEVICES = 50
EACH = 1000
ROWS_TARGET = 60_000
RATIO_TARGET = 0.8
RIVAL_COUNT = 100_000
RIVAL_BYTES = 230
RIVAL_KILLS = 20
RIVAL_RATE = 1000
SMALL, LARGE = 10_000, 10_000_000
GROWTH_TARGET = 1.2
_PIECES = 40
_PIECE = 250


def rows(root: Path, say: Callable[[str], None], large: int = LARGE) -> Iterator[Row]:
    """Takes about ten minutes, nearly all of it for laying ten million ratings down."""
    yield from _alone(root / "alone", say)
    yield from _growth(root, say, large)


def _alone(root: Path, say: Callable[[str], None]) -> Iterator[Row]:
    say("the store alone")
    root.mkdir(parents=True)
    ours = [_rows_per_s(root / f"{number}.db", number) for number in range(3)]
    rate = statistics.median(ours)
    note = (
        f"median of 3 × {DEVICES * EACH} ratings, {BATCH} in a job: unique key, chain, binding decision with its "
        "evidence, outbox, ledger; WAL, synchronous=FULL; signatures were checked before"
    )
    try:
        other = rival.Rival(say)
        say("the rival's store")
        theirs = statistics.median(other.rows_per_s(RIVAL_COUNT, RIVAL_BYTES) for _ in range(3))
    except rival.RivalError as error:
        say(f"the rival was not measured: {error}")
        yield Row("store alone", round(rate), "rows/s", ROWS_TARGET, rate >= ROWS_TARGET, note=note)
        return
    beside = {"name": rival.NAME, "value": round(theirs), "unit": "rows/s", "note": "NORMAL, no key, its defaults"}
    yield Row("store alone", round(rate), "rows/s", ROWS_TARGET, rate >= ROWS_TARGET, beside, note)
    ratio = rate / theirs
    yield Row("store alone ÷ the rival's", round(ratio, 2), "", RATIO_TARGET, ratio >= RATIO_TARGET, beside)
    say("the rival under kill -9")
    chance = random.Random(1)
    killed = [other.killed(RIVAL_RATE, RIVAL_BYTES, chance.randint(500, 1500)) for _ in range(RIVAL_KILLS)]
    lost = [one.lost for one in killed]
    note = (
        f"{RIVAL_KILLS} kills at {RIVAL_RATE}/s after put() said True: {min(lost)} to {max(lost)} each; ours: 0, below"
    )
    yield Row("messages the rival loses in a kill -9, mean", statistics.mean(lost), "", note=note)
    stopped = other.stopped(5000, RIVAL_BYTES)
    yield Row("messages the rival loses in an orderly stop", stopped.lost, "", note="of 5000 just accepted")


def _rows_per_s(path: Path, seed: int) -> float:
    chains = [_chain(f"s{seed}-{number}", EACH) for number in range(DEVICES)]
    flat = [chain[at] for at in range(EACH) for chain in chains]
    now_ms = time.time_ns() // 1_000_000
    store = Store(path)
    store.run(lambda c: c.execute("INSERT INTO windows VALUES ('A1', 'A1', 1, 0)") and None)
    began = time.perf_counter()
    jobs = [store.submit(_job(flat[at : at + BATCH], now_ms)) for at in range(0, len(flat), BATCH)]
    for job in jobs:
        job.result(300)
    took_s = time.perf_counter() - began
    store.close()
    return len(flat) / took_s


def _job(part: list[intake.Genuine], now_ms: int) -> Callable[[sqlite3.Connection], object]:
    return lambda connection: batch.take(connection, part, HALL, now_ms, 0)


def _chain(device: str, count: int, first: int = 1, prev: bytes = record.GENESIS) -> list[intake.Genuine]:
    """Records as intake hands them over: verified, so any 64 bytes will do for a signature."""
    found = []
    now_ms = time.time_ns() // 1_000_000
    chance = random.Random(device)
    for seq in range(first, first + count):
        head = record.Head(seq, prev, 1, seq * 1000, now_ms, 50)
        payload = record.rating_payload(head, record.Rating(seq % 5 + 1, (), None, 0, (), record.UNARMED))
        body = cose.sign1_pack(device, payload, chance.randbytes(64))
        full_hash = record.record_hash(body)
        prev = full_hash[: record.HASH_IN_CHAIN]
        found.append(intake.Genuine(record.parse(body), body, full_hash, "A1"))
    return found


def _growth(root: Path, say: Callable[[str], None], large: int) -> Iterator[Row]:
    costs = {}
    for count in (SMALL, large):
        say(f"{count} ratings are laid down…")
        data = root / f"stored-{count}"
        data.mkdir(parents=True)
        bench_storage.fill(data, count, sent=True)
        say(f"what one more costs on {count}")
        costs[count] = _cost_us(data / "gateway.db")
    ratio = costs[large] / costs[SMALL]
    note = (
        f"{costs[large]:.0f} µs ÷ {costs[SMALL]:.0f} µs, medians of {_PIECES} jobs of {_PIECE} ratings, commit included"
    )
    yield Row(f"a rating on {large} stored ÷ on {SMALL}", round(ratio, 2), "", GROWTH_TARGET, ratio <= GROWTH_TARGET,
              note=note)  # fmt: skip


def _cost_us(path: Path) -> float:
    fresh = _chain("one-more", _PIECES * _PIECE)
    now_ms = time.time_ns() // 1_000_000
    store = Store(path)
    took = []
    for at in range(0, len(fresh), _PIECE):
        began = time.perf_counter()
        store.run(_job(fresh[at : at + _PIECE], now_ms))
        took.append((time.perf_counter() - began) / _PIECE * 1e6)
    store.close()
    return statistics.median(took)
