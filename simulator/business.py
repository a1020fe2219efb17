"""A small business system (排队叫号 / 一窗式), as a hall has one: it tells the gateway who is served where.

Like a real one it numbers its events and sends each again until it has an answer.
"""

import itertools
import threading
from collections.abc import Iterable

import httpx
import stamina

from gateway.clock import Clock
from gateway.core import times

# a retry is no news here: every restart in a story causes some
stamina.instrumentation.set_on_retry_hooks([])

#: How long it goes on trying before it gives up: longer than any restart in a story.
PATIENCE_S = 60


class BusinessError(Exception):
    """The gateway answered, and the answer is no."""


class BusinessSystem:
    """Sends events to the gateway's business API with its own key. One instance serves all windows and threads.

    ``clock``: the one that its events are dated by.
    """

    def __init__(self, url: str, key: str, name: str = "queue", clock: Clock | None = None):
        self.sent = 0
        self._clock = clock or Clock()
        self._name = name
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=5)

    def register(self, windows: Iterable[str]) -> None:
        """Tell the gateway which windows there are."""
        for window in windows:
            self._http.put(f"/api/v1/windows/{window}", json={"name": f"{window} 窗口"}).raise_for_status()

    def close(self) -> None:
        self._http.close()

    def sign_in(self, window: str, staff: str) -> None:
        self.send("sign_in", window, staff=staff)

    def sign_out(self, window: str, staff: str) -> None:
        self.send("sign_out", window, staff=staff)

    def called(self, window: str, staff: str, case_no: str, service_no: int, item: str, **more: object) -> None:
        """``more``: further fields of the event, such as ``applicant``."""
        self._service("called", window, staff, case_no, service_no, item, **more)

    def served(self, window: str, staff: str, case_no: str, service_no: int, item: str) -> None:
        self._service("served", window, staff, case_no, service_no, item)

    def finished(self, window: str, staff: str, case_no: str, service_no: int, item: str) -> None:
        self._service("finished", window, staff, case_no, service_no, item)

    def _service(
        self, kind: str, window: str, staff: str, case_no: str, service_no: int, item: str, **more: object
    ) -> None:
        self.send(
            kind, window, staff=staff, case_no=case_no, service_no=service_no,
            item_code=f"item-{sum(item.encode()) % 10000:04d}", item_name=item, **more,
        )  # fmt: skip

    def send(self, kind: str, window: str, **fields) -> None:
        """Send one event and wait for the answer.

        Raises BusinessError if it is refused, httpx.HTTPError if nobody answers.
        """
        with self._lock:
            number = next(self._numbers)
        at = times.text(self._clock.now_ms())
        event = {"id": f"{self._name}-{number}", "type": kind, "at": at, "window": window, **fields}
        for attempt in patiently():
            with attempt:
                answer = self._http.post("/api/v1/events", json=event)
                answer.raise_for_status()
        result = answer.json()["results"][0]
        if result["status"] not in ("accepted", "duplicate"):
            raise BusinessError(
                f"{event['id']} {kind}: {result['status']} {result.get('code')}: {result.get('detail')}"
            )
        self.sent += 1


def patiently() -> Iterable[stamina.Attempt]:
    """Attempts at an HTTP request, until one has an answer or ``PATIENCE_S`` is over."""
    return stamina.retry_context(
        on=_worth_another_try, attempts=None, timeout=PATIENCE_S, wait_initial=0.05, wait_max=0.5, wait_jitter=0.05
    )


def _worth_another_try(error: Exception) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in (408, 425, 429) or error.response.status_code >= 500
    return isinstance(error, httpx.TransportError)
