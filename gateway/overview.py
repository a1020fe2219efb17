"""What operators and staff may read of a running gateway. No rating, no level."""

from gateway.clock import Clock
from gateway.ledger import LedgerWatch
from gateway.presence import Presence
from gateway.roster import Roster
from gateway.store import business, devices, letters, outbox, records
from gateway.store.writer import Store


class Overview:
    """Reads only. Safe to call from any thread."""

    def __init__(self, store: Store, clock: Clock, roster: Roster, presence: Presence, ledger: LedgerWatch):
        self._store = store
        self._clock = clock
        self._roster = roster
        self._presence = presence
        self._ledger = ledger

    def windows(self) -> list[dict]:
        """Every window with its service and devices, for staff. It says nothing about ratings: no level, no count."""
        connection, now_ms = self._store.reader(), self._clock.now_ms()
        at_window: dict[str, list[dict]] = {}
        for device in self._roster.look():
            here = {"device": device.id, "online": self._presence.is_online(device.id)}
            at_window.setdefault(device.window, []).append(here)
        found = []
        for window, name, is_open in business.windows(connection):
            standing = business.servings(connection, window, now_ms)
            current = next((s for s in standing if s.meets(now_ms, now_ms)), None)
            found.append(
                {
                    "window": window,
                    "name": name,
                    "open": is_open,
                    "devices": at_window.get(window, []),
                    "service": current
                    and {
                        "case_no": current.case_no,
                        "service_no": current.service_no,
                        "staff": current.staff,
                        "state": "served" if current.served_ms else "called",
                    },
                }
            )
        return found

    def devices(self) -> list[dict]:
        """Every device's chain and how it is, for operators. No ratings, no levels."""
        connection = self._store.reader()
        return [
            {"device": device.id, "window": device.window, **devices.overview(connection, device.id)}
            for device in self._roster.look()
        ]

    def status(self) -> dict:
        """What waits, what central refused and what intake refused, for operators. No ratings, no levels."""
        connection = self._store.reader()
        return {
            "outbox": outbox.counts(connection),
            "dead_letters": letters.dead(connection),
            "refused": records.refused(connection),
            "ledger": self._ledger.status(),
        }
