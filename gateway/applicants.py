"""Identities of applicants: sealed as they arrive, opened only for a reason that is written down first."""

import logging
import sqlite3
from collections.abc import Callable

from gateway.clock import Clock
from gateway.core import applicant
from gateway.core.applicant import Identity, Opaque
from gateway.store import applicants as store_of
from gateway.store.writer import Store
from gateway.vault import Sealed, Vault

log = logging.getLogger(__name__)

MIN_REASON = 4
MAX_REASON = 200


class RevealError(Exception):
    """Nothing is opened: no reason, or nothing there."""


class Applicants:
    """``hall`` is part of what an identity is bound to."""

    def __init__(self, hall: str, store: Store, vault: Vault, clock: Clock):
        self._hall = hall
        self._store = store
        self._vault = vault
        self._clock = clock

    def seal(
        self, source: str, event_id: str, service: tuple[str, int], identity: Identity | Opaque
    ) -> Callable[[sqlite3.Connection, int], None]:
        """Seal now, outside of any transaction; gives the job that stores what was sealed."""
        if isinstance(identity, Opaque):
            key, blob = None, identity.blob
        else:
            sealed = self._vault.seal(applicant.pack(identity), applicant.bound_to(self._hall, *service))
            key, blob = sealed.key, sealed.blob
        return lambda connection, now_ms: store_of.put(connection, source, event_id, service, key, blob, now_ms)

    def reveal(self, case_no: str, service_no: int, who: str, reason: str) -> Identity | Opaque:
        """Open the identity of a service's applicant. The request is on disk, and in the log, before anything opens.

        Raises RevealError, VaultError, StoreError.
        """
        for name, text, least, most in (("who", who, 1, 64), ("reason", reason, MIN_REASON, MAX_REASON)):
            if not least <= len(text.strip()) <= most or not text.isprintable():
                raise RevealError(f"{name}: expected {least} to {most} visible characters that say it")
        service = (case_no, service_no)
        now_ms = self._clock.now_ms()

        def job(connection: sqlite3.Connection) -> tuple[str | None, bytes] | None:
            found = store_of.newest(connection, service)
            store_of.note_reveal(connection, who, reason, service, found is not None, now_ms)
            return found

        found = self._store.run(job)
        log.warning("identity of case %s service %d asked for by %s: %s", case_no, service_no, who, reason)
        if found is None:
            raise RevealError(f"no identity is stored for case {case_no}, service {service_no}")
        key, blob = found
        if key is None:
            return Opaque(blob)
        return applicant.unpack(self._vault.unseal(Sealed(key, blob), applicant.bound_to(self._hall, *service)))

    def warn_of_lost_keys(self) -> None:
        """Say at the start which sealed identities nobody can open any more."""
        lost = store_of.keys_in_use(self._store.reader()) - self._vault.ids
        if lost:
            log.error("identities sealed with %s cannot be opened: put these lines back", ", ".join(sorted(lost)))
