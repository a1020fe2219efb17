"""What runs between this gateway and central: the way up, corrections down, the ledger, operators' wishes."""

from collections.abc import Callable
from pathlib import Path

from gateway import requests
from gateway.chores import Chore, Chores
from gateway.clock import Clock
from gateway.core.corrections import Correction
from gateway.ledger import LedgerWatch
from gateway.settings import GatewaySettings
from gateway.store.writer import Store
from gateway.upstream.central import Central
from gateway.upstream.corrections import Corrections
from gateway.upstream.post import CentralSettings

LEDGER_S = 60.0
REQUESTS_S = 1.0


class Sync:
    """``central`` is None if none is set up; the ledger and the wishes are looked after all the same."""

    def __init__(
        self,
        settings: GatewaySettings,
        hall: str,
        data: Path,
        store: Store,
        clock: Clock,
        ledger: LedgerWatch,
        on_new: Callable[[list[Correction]], None] = lambda new: None,
    ):
        """``on_new`` is told of corrections once they are kept.

        Raises OSError or ssl.SSLError if a certificate or a key cannot be read."""
        chores = [
            Chore("ledger", LEDGER_S, ledger.look),
            Chore("requests", REQUESTS_S, lambda: self._requests(data, store, clock)),
        ]
        self.central: Central | None = None
        self.corrections: Corrections | None = None
        found = central_settings(settings, hall)
        if found is not None:
            self.central = Central(found, store, clock, self._told)
            self.corrections = Corrections(self.central.door, hall, store, clock, on_new)
            chores.append(Chore("corrections", found.corrections_s, self.corrections.fetch))
        self._chores = Chores(chores)

    def start(self) -> None:
        if self.central is not None:
            self.central.start()
        self._chores.start()

    def stop(self) -> None:
        self._chores.stop()
        if self.central is not None:
            self.central.stop()

    def wake(self) -> None:
        """Something was queued."""
        if self.central is not None:
            self.central.wake()

    def _told(self, newest: int) -> None:
        if self.corrections is not None and self.corrections.is_behind(newest):
            self._chores.hurry("corrections")

    def _requests(self, data: Path, store: Store, clock: Clock) -> None:
        if requests.take_all(data, store, clock):
            self.wake()


def central_settings(settings: GatewaySettings, hall: str) -> CentralSettings | None:
    """How to reach central, or None if the gateway is to keep everything to itself."""
    if settings.central_url is None:
        return None
    return CentralSettings(
        hall=hall,
        url=settings.central_url,
        key=settings.central_key,
        batch=settings.central_batch,
        timeout_s=settings.central_timeout_ms / 1000,
        authority=str(settings.central_authority) if settings.central_authority else None,
        certificate=settings.central_certificate,
        key_file=settings.central_key_file,
        per_second=settings.central_backlog_per_second,
        burst=settings.central_backlog_burst,
    )
