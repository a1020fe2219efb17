"""What business systems tell, on its way into the database: read, sealed, judged by the key's windows, stored."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Protocol

from gateway.applicants import Applicants
from gateway.clock import Clock
from gateway.core import applicant, business
from gateway.core.applicant import Identity, Opaque
from gateway.core.business import BusinessError, Event
from gateway.core.timeline import Rules
from gateway.store import business as business_store
from gateway.store import permits
from gateway.store.business import Result
from gateway.store.writer import Store

_WAIT_S = 60.0


class Settings(Protocol):
    """What of the service's settings matters here."""

    @property
    def hall(self) -> str: ...
    @property
    def rules(self) -> Rules: ...
    @property
    def business_error_ms(self) -> int: ...
    @property
    def future_ms(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Source:
    """Whose events: the system's name, the windows its key is limited to (None: all), and whether an identity may come
    in clear, because nobody on the way could read it."""

    name: str
    windows: frozenset[str] | None = None
    in_clear: bool = True


class _Undone(Exception):
    """Carries the result of a trial out of the transaction that it rolls back."""

    def __init__(self, result: Result):
        super().__init__(result.status)
        self.result = result


class Business:
    """Takes events, one result for each, in order."""

    def __init__(self, settings: Settings, store: Store, clock: Clock, applicants: Applicants):
        self._settings = settings
        self._store = store
        self._clock = clock
        self._applicants = applicants

    def take(self, source: Source, values: Iterable[object]) -> list[Result]:
        """Store events. Raises StoreError if nothing can be stored."""
        now_ms = self._clock.now_ms()
        waiting: list[Future[Result] | Result] = []
        for value in values:
            try:
                event, identity = self._read(source, value, now_ms)
            except BusinessError as error:
                waiting.append(_rejected(value, error))
                continue
            waiting.append(self._store.submit(self._job(source, event, identity, now_ms)))
        return [item.result(_WAIT_S) if isinstance(item, Future) else item for item in waiting]

    def attempt(self, source: Source, values: Iterable[object]) -> list[Result]:
        """What ``take`` would answer. Each event is stored for real, and rolled back."""
        now_ms = self._clock.now_ms()
        results: list[Result] = []
        seen: dict[str, bytes] = {}
        for value in values:
            try:
                event, identity = self._read(source, value, now_ms)
            except BusinessError as error:
                results.append(_rejected(value, error))
                continue
            digest = business.body_hash(event)
            if event.id in seen:
                same = seen[event.id] == digest
                word, detail = (
                    ("duplicate", "本次提交中重复") if same else ("conflict", "同一 id 在本次提交中已有不同内容")
                )
                results.append(Result(event.id, word, word, detail))
                continue
            try:
                self._store.run(_undone(self._job(source, event, identity, now_ms)), _WAIT_S)
            except _Undone as undone:
                results.append(undone.result)
                if undone.result.status == "accepted":
                    seen[event.id] = digest
        return results

    def _read(self, source: Source, value: object, now_ms: int) -> tuple[Event, Identity | Opaque | None]:
        if not isinstance(value, Mapping):
            return business.read(value, now_ms, self._settings.future_ms), None
        rest, identity = applicant.take_out(value)
        if isinstance(identity, Identity) and not source.in_clear:
            detail = "申请人信息不得经未加密的网络明文提交; 请使用 HTTPS, 或提交 applicant_sealed (not in clear)"
            raise BusinessError("identity_in_clear", detail)
        return business.read(rest, now_ms, self._settings.future_ms), identity

    def _job(
        self, source: Source, event: Event, identity: Identity | Opaque | None, now_ms: int
    ) -> Callable[[Connection], Result]:
        settings = self._settings
        keep = None
        if identity is not None:
            service = str(event.case_no), int(event.service_no or 0)
            keep = self._applicants.seal(source.name, event.id, service, identity)

        def job(connection: Connection) -> Result:
            refused = permits.refused(connection, event, source.windows)
            if refused:
                return refused
            result = business_store.take(
                connection, source.name, event, settings.hall, now_ms, settings.rules, settings.business_error_ms
            )
            if keep and result.status == "accepted":
                keep(connection, now_ms)
            return result

        return job


def _undone(job: Callable[[Connection], Result]) -> Callable[[Connection], None]:
    def trial(connection: Connection) -> None:
        raise _Undone(job(connection))

    return trial


def _rejected(value: object, error: BusinessError) -> Result:
    event_id = value.get("id") if isinstance(value, Mapping) else None
    named = event_id if isinstance(event_id, str) else ""
    return Result(named[: business.MAX_TEXT], "rejected", error.code, error.detail)
