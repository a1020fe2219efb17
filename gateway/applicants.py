"""Identities of applicants: sealed as they arrive, opened only for a reason that is written down first.

If central's identity key is known, whom to call is sealed to it as well and queued for central (spec 9.6): for every
service, when its identity arrives, so that neither the moment nor the size says anything about a rating.
"""

import functools
import logging
import sqlite3
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from gateway.clock import Clock
from gateway.core import applicant, cloudevent
from gateway.core.applicant import Identity, Opaque
from gateway.store import applicants as store_of
from gateway.store import outbox
from gateway.store.writer import Store
from gateway.vault import Sealed, Vault, VaultError
from protocol import identity as central_seal
from protocol.identity import About

log = logging.getLogger(__name__)

MIN_REASON = 4
MAX_REASON = 200
#: How far back identities are sent that came before central's key was known.
LATE_MS = 30 * 86_400_000
_PIECE = 50


class RevealError(Exception):
    """Nothing is opened: no reason, or nothing there."""


class Applicants:
    """``hall`` is part of what an identity is bound to. ``central``: its identity key, None: it is told of nobody."""

    def __init__(self, hall: str, store: Store, vault: Vault, clock: Clock, central: X25519PublicKey | None = None):
        self._hall = hall
        self._store = store
        self._vault = vault
        self._clock = clock
        self._central = central

    def seal(
        self, source: str, event_id: str, service: tuple[str, int], identity: Identity | Opaque
    ) -> Callable[[sqlite3.Connection, int], None]:
        """Seal now, outside of any transaction; gives the job that stores what was sealed."""
        if isinstance(identity, Opaque):
            key, blob = None, identity.blob
        else:
            sealed = self._vault.seal(applicant.pack(identity), applicant.bound_to(self._hall, *service))
            key, blob = sealed.key, sealed.blob

        def keep(connection: sqlite3.Connection, now_ms: int) -> None:
            store_of.put(connection, source, event_id, service, key, blob, now_ms)
            self._tell(connection, source, event_id, service, identity, now_ms)

        return keep

    def tell_late(self) -> int:
        """Queue for central what came while its key was not known, as far back as ``LATE_MS``; gives how many.

        The writer does it between other jobs: nobody waits for it.
        """
        if self._central is None:
            return 0
        now_ms = self._clock.now_ms()
        waiting = store_of.untold(self._store.reader(), now_ms - LATE_MS)
        for at in range(0, len(waiting), _PIECE):
            self._store.submit(functools.partial(self._tell_piece, waiting[at : at + _PIECE], now_ms))
        if waiting:
            log.info("%d identities that came before central's key was known are queued for central", len(waiting))
        return len(waiting)

    def _tell_piece(self, waiting: list[store_of.Untold], now_ms: int, connection: sqlite3.Connection) -> None:
        for source, event_id, case_no, service_no, key, blob in waiting:
            service = (case_no, service_no)
            try:
                self._tell(connection, source, event_id, service, self._open(service, key, blob), now_ms)
            except VaultError:
                continue  # warn_of_lost_keys names the key

    def _tell(
        self,
        connection: sqlite3.Connection,
        source: str,
        event_id: str,
        service: tuple[str, int],
        identity: Identity | Opaque,
        now_ms: int,
    ) -> None:
        """Queue it for central, unless central was told just this."""
        if self._central is None:
            return
        revision, known = store_of.told(connection, service)
        if known is not None and self._is_same(service, known, identity):
            return
        revision += 1
        if isinstance(identity, Opaque):
            sealed: tuple[str, bytes, bool] | bytes = identity.blob
        else:
            callee = applicant.callee(identity)
            blob = central_seal.seal(self._central, About(self._hall, *service, revision), callee)
            sealed = central_seal.key_id(self._central), blob, callee.has_phone
        outbox.put(connection, cloudevent.identity(self._hall, *service, revision, sealed, now_ms))
        store_of.put_told(connection, service, revision, source, event_id)

    def _is_same(self, service: tuple[str, int], known: tuple[str | None, bytes], identity: Identity | Opaque) -> bool:
        try:
            before = self._open(service, *known)
        except VaultError:
            return False
        if isinstance(before, Opaque) or isinstance(identity, Opaque):
            return before == identity
        return applicant.callee(before) == applicant.callee(identity)

    def _open(self, service: tuple[str, int], key: str | None, blob: bytes) -> Identity | Opaque:
        if key is None:
            return Opaque(blob)
        return applicant.unpack(self._vault.unseal(Sealed(key, blob), applicant.bound_to(self._hall, *service)))

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
        return self._open(service, *found)

    def warn_of_lost_keys(self) -> None:
        """Say at the start which sealed identities nobody can open any more."""
        lost = store_of.keys_in_use(self._store.reader()) - self._vault.ids
        if lost:
            log.error("identities sealed with %s cannot be opened: put these lines back", ", ".join(sorted(lost)))
