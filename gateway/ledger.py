"""Watching the ledger: is every frame that came in in exactly one place? ``gateway.core.ledger`` does the sums."""

import logging
import threading
from dataclasses import asdict

from gateway.clock import Clock
from gateway.core.ledger import Balance, check
from gateway.store import ledger, records
from gateway.store.writer import Store

log = logging.getLogger(__name__)


class LedgerWatch:
    """``look`` checks once and raises the alarm; ``status`` tells the last result. Safe to call from any thread."""

    def __init__(self, store: Store, hall: str, clock: Clock):
        self._store = store
        self._hall = hall
        self._clock = clock
        self._lock = threading.Lock()
        self._last: tuple[int, Balance] | None = None
        self._alarmed: tuple[str, ...] = ()

    def look(self) -> Balance:
        """Check now. A new trouble is logged and told to central, the same one only once."""
        balance = balance_of(self._store)
        now_ms = self._clock.now_ms()
        with self._lock:
            self._last = (now_ms, balance)
            new = balance.wrong != self._alarmed
            self._alarmed = balance.wrong
        if not new:
            return balance
        if balance.balanced:
            log.warning("the ledger adds up again")
            return balance
        detail = "; ".join(balance.wrong)[:1000]
        log.error("the ledger does not add up: %s", detail)
        hall = self._hall
        self._store.run(lambda c: records.incident(c, hall, "ledger", detail, None, None, b"", now_ms))
        return balance

    def status(self) -> dict | None:
        """The last result for operators, None before the first. Counts of frames; nothing about what is in them."""
        with self._lock:
            last = self._last
        if last is None:
            return None
        at_ms, balance = last
        total = asdict(balance.total)
        del total["device"]
        return {"checked_ms": at_ms, "balanced": balance.balanced, **total, "wrong": list(balance.wrong)}


def balance_of(store: Store) -> Balance:
    """The ledger as it stands, from one state of the database."""
    reader = store.reader()
    reader.execute("BEGIN")
    try:
        return check(ledger.accounts(reader), *ledger.waiting(reader))
    finally:
        reader.execute("COMMIT")
