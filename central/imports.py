"""Ratings of another system in the database: a batch is tried without keeping anything, or kept row by row.

The origin is ``import``, whatever stands in a row.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from central import voices
from central.clock import Clock
from central.core import imported
from central.core.imported import Batch, Imported
from central.core.rating import Origin, Status
from central.core.refusal import Refusal
from central.store import Store
from central.voices import Voice


@dataclass(frozen=True)
class Outcome:
    """What became, or would become, of one row. ``result``: accepted, duplicate, conflict or refused."""

    key: str
    result: str
    status: Status | None = None
    why: Refusal | None = None


class Imports:
    """Threads may share it."""

    def __init__(self, store: Store, clock: Clock):
        self._store = store
        self._clock = clock

    def take(self, batch: Batch, dry_run: bool) -> list[Outcome] | Refusal:
        """One outcome for each row, in order. ``dry_run``: the very same, and nothing of it stays."""
        if refusal := imported.unknown_table(batch):
            return refusal
        now_ms = self._clock.now_ms()
        rows = [imported.read_row(batch, row, now_ms) for row in batch.ratings]
        with self._store.write() as connection:
            trial = connection.begin_nested()
            outcomes, numbers = [], {}
            for given, row in zip(batch.ratings, rows, strict=True):
                if isinstance(row, Refusal):
                    outcomes.append(Outcome(_key(given), "refused", why=row))
                    continue
                known = voices.find(connection, batch.hall, Origin.IMPORT, row.key)
                if known is not None:
                    outcomes.append(_again(row, known))
                    continue
                numbers[len(outcomes)] = voices.add(connection, self._store.rules, _voice(batch, row), row.word, now_ms)
                outcomes.append(Outcome(row.key, "accepted"))
            services = {(row.case_no, row.service_no) for row in rows if isinstance(row, Imported)}
            if numbers:
                self._store.settle(connection, batch.hall, now_ms, set(), services)
            for place, number in numbers.items():
                outcomes[place] = Outcome(outcomes[place].key, "accepted", voices.status_of(connection, number))
            if dry_run:
                trial.rollback()
            else:
                trial.commit()
        return outcomes


def totals(outcomes: list[Outcome]) -> dict[str, int]:
    """How many of each result."""
    found = Counter(outcome.result for outcome in outcomes)
    return {name: found[name] for name in ("accepted", "duplicate", "conflict", "refused")}


def _voice(batch: Batch, row: Imported) -> Voice:
    return Voice(batch.hall, Origin.IMPORT, row.channel, row.key, row.case_no, row.service_no, row.given_ms)


def _again(row: Imported, known: Any) -> Outcome:
    said = (known.channel, known.case_no, known.service_no, known.wall_ms)
    same = row.word.same_as(known.level, known.reasons, known.text)
    if same and said == (row.channel, row.case_no, row.service_no, row.given_ms):
        return Outcome(row.key, "duplicate", known.status)
    why = Refusal("conflict", "同一编号的评价已导入过，内容不同；先前的保留，这一条没有保存", imported.RULE)
    return Outcome(row.key, "conflict", known.status, why)


def _key(given: Any) -> str:
    key = given.get("key") if isinstance(given, dict) else None
    return key[:64] if isinstance(key, str) else ""
