"""The feed as a stream, over a real connection."""

import json
import threading
import time
from collections.abc import Iterator

import pytest

from gateway.web.routes import feed as route
from tests.gateway.api import is_problem


def tell(gateway, *windows: str) -> None:
    for window in windows:
        gateway.store.run(
            lambda c, w=window: c.execute(
                "INSERT INTO feed (at_ms, type, window, case_no, service_no) VALUES (60000, 'rated', ?, 'C1', 1)", (w,)
            )
        )
    gateway.feed._wake()


def blocks(answer) -> Iterator[dict]:
    """The events of a stream, without comments."""
    found: dict = {}
    for line in answer.iter_lines():
        if not line and set(found) - {"retry"}:
            yield found
            found = {}
        elif line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            found[name] = value


def stream(gateway, **headers):
    return gateway.http.stream("GET", "/api/v1/feed", headers=headers)


def test_a_listener_hears_what_comes_and_goes_on_where_it_was(running):
    tell(running, "A1")
    with stream(running) as answer:
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/event-stream")
        found = blocks(answer)
        # what was told before it listened is not for it
        threading.Thread(target=tell, args=(running, "A2")).start()
        block = next(found)
        assert (block["id"], block["event"]) == ("2", "rated")
        assert json.loads(block["data"]) == {
            "id": 2,
            "type": "rated",
            "at": "1970-01-01T00:01:00.000Z",
            "window": "A2",
            "case_no": "C1",
            "service_no": 1,
        }
    tell(running, "A3", "A4")
    with stream(running, **{"Last-Event-ID": "2"}) as answer:
        found = blocks(answer)
        assert [next(found)["id"] for _ in range(2)] == ["3", "4"]


def test_from_the_beginning_on_request_and_a_gap_is_said(running):
    tell(running, "A1", "A2", "A3")
    with running.http.stream("GET", "/api/v1/feed?after=0") as answer:
        assert next(blocks(answer))["id"] == "1"
    running.store.run(lambda c: c.execute("DELETE FROM feed WHERE id < 3"))
    with stream(running, **{"Last-Event-ID": "1"}) as answer:
        found = blocks(answer)
        assert next(found)["event"] == "gap" and next(found)["id"] == "3"
    with stream(running, **{"Last-Event-ID": "77"}) as answer:  # of another database
        assert next(blocks(answer))["event"] == "gap"


def test_a_listener_that_left_is_forgotten(running):
    with stream(running) as answer:
        lines = answer.iter_lines()
        next(lines)
        assert running.feed.listening == 1
    until = time.monotonic() + 10
    while running.feed.listening and time.monotonic() < until:
        threading.Event().wait(0.01)
    assert running.feed.listening == 0


def test_there_are_not_more_streams_than_it_can_bear(running, monkeypatch):
    monkeypatch.setattr(route, "MAX_STREAMS", 1)
    with stream(running) as answer:
        lines = answer.iter_lines()  # held: its end would be the end of the connection
        next(lines)
        refused = running.http.get("/api/v1/feed")
        is_problem(refused, 429, "too_many_streams")
        assert refused.headers["retry-after"]


@pytest.mark.timeout(60)
def test_a_listener_does_not_hold_up_the_end(running):
    with stream(running) as answer:
        lines = answer.iter_lines()  # held: its end would be the end of the connection
        next(lines)
        began = time.monotonic()
        running.stop()
        assert time.monotonic() - began < 2.5  # the server itself would wait 3 s for a listener
