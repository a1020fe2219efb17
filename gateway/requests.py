"""What an operator asks a gateway to do, as small files in ``<data>/requests``.

Files, because only the running gateway writes its database (docs/adr/0002-gateway-storage.md): a command leaves its
wish there, whether the gateway runs or not, and the gateway takes it up and removes it once it is done.
"""

import json
import logging
import os
import sqlite3
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from gateway.clock import Clock
from gateway.registry import write_file
from gateway.store import letters
from gateway.store.writer import Store

log = logging.getLogger(__name__)

MAX_BYTES = 65_536
MAX_REASON = 200


@dataclass(frozen=True)
class Replay:
    """Send dead letters once more: those of these ids, all of them, or those refused since then, and why."""

    reason: str
    ids: tuple[str, ...] = ()
    every: bool = False
    since_ms: int | None = None


def leave(data: Path, wish: Replay) -> Path:
    """Write a wish down for the gateway of this folder; gives the file, which is gone once it was done."""
    folder = data / "requests"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"replay-{time.time_ns()}-{os.getpid()}.json"
    write_file(file, json.dumps(asdict(wish), ensure_ascii=False).encode(), secret=True)
    return file


def take_all(data: Path, store: Store, clock: Clock) -> int:
    """Do what was asked for; gives how many dead letters were queued again. A file that is no wish is set aside."""
    count = 0
    for file in sorted((data / "requests").glob("replay-*.json")):
        try:
            wish = _read(file)
        except (OSError, ValueError, TypeError, KeyError) as error:
            log.error("%s is no request: %s; set aside", file, error)
            file.rename(file.with_suffix(".bad"))
            continue
        done = _replay(store, wish, clock.now_ms())
        log.info("%d dead letters are sent again: %s", done, wish.reason)
        file.unlink()  # the wish was kept with the letters; a crash before this line asks twice, which harms nothing
        count += done
    return count


def _replay(store: Store, wish: Replay, now_ms: int) -> int:
    def job(connection: sqlite3.Connection) -> int:
        chosen = letters.select(connection, wish.ids, wish.every, wish.since_ms)
        return letters.replay(connection, chosen, wish.reason, now_ms)

    return store.run(job)


def _read(file: Path) -> Replay:
    if file.stat().st_size > MAX_BYTES:
        raise ValueError(f"more than {MAX_BYTES} bytes")
    value = json.loads(file.read_bytes())
    wish = Replay(value["reason"], tuple(value["ids"]), value["every"], value["since_ms"])
    good = isinstance(wish.reason, str) and 0 < len(wish.reason) <= MAX_REASON and isinstance(wish.every, bool)
    if not good or not all(isinstance(name, str) for name in wish.ids):
        raise ValueError("expected reason, ids, every and since_ms")
    if wish.since_ms is not None and not isinstance(wish.since_ms, int):
        raise ValueError("since_ms: expected a number")
    return wish
