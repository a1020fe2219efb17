"""The way up: a real outbox, a real HTTP client, a small real server that can misbehave."""

import json
import threading
import time

import pytest
from pydantic import SecretStr

from gateway.clock import Clock
from gateway.store import outbox
from gateway.store.writer import Store
from gateway.upstream.central import Central, CentralSettings
from gateway.upstream.post import LaterError
from tests.gateway.centre import Centre, results
from tests.gateway.desk import HALL, poll


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "gateway.db")
    yield store
    store.close()


@pytest.fixture
def centre():
    centre = Centre()
    yield centre
    centre.close()


@pytest.fixture
def up(store, centre):
    started = []

    def start(**given) -> Central:
        settings = CentralSettings(HALL, centre.url, SecretStr("hall-key"), timeout_s=5.0, **given)
        central = Central(settings, store, Clock())
        central.start()
        started.append(central)
        return central

    yield start
    for central in started:
        central.stop()


def fill(store, count, kind="cn.hcp.record.v1", prefix="record/w1/"):
    events = [{"id": f"{prefix}{number}", "type": kind, "data": {"n": number}} for number in range(1, count + 1)]
    store.run(lambda c: [outbox.put(c, event) for event in events])
    return [event["id"] for event in events]


def until(store, **wanted):
    expected = {"pending": 0, "done": 0, "dead": 0, **wanted}
    poll(lambda: outbox.counts(store.reader()) == expected, lambda: outbox.counts(store.reader()))


@pytest.mark.requirement("WZ-5g")
@pytest.mark.requirement("LZ-1c")
@pytest.mark.parametrize("senders", [1, 2])
def test_everything_arrives_once_and_in_order(store, centre, up, monkeypatch, senders):
    monkeypatch.setattr("gateway.upstream.central.SENDERS", senders)
    records = fill(store, 1200)
    up()
    until(store, done=1200)
    # of two batches under way either may be the first; what is of one case waits (`test_lanes`)
    arrived = centre.order if senders == 1 else sorted(centre.order, key=lambda name: int(name.rpartition("/")[2]))
    assert arrived == records
    assert centre.keys == {"Bearer hall-key"}
    assert store.reader().execute("SELECT count(*) FROM outgoing").fetchone() == (0,)


def test_cases_go_before_services_before_records_in_a_batch(store, centre, up):
    record = fill(store, 1)
    service = fill(store, 1, "cn.hcp.service.v1", "service/C1/1/")
    case = fill(store, 1, "cn.hcp.case.v1", "case/C1/")
    up()
    until(store, done=3)
    assert centre.order == case + service + record


def test_a_certificate_is_told_once_for_ever(store, centre, up):
    kind = "cn.hcp.device.enrolled.v1"
    fill(store, 3, kind, "device/w1/")
    up()
    until(store, done=3)
    assert fill(store, 3, kind, "device/w1/")
    until(store, done=3)
    assert centre.repeats == 0 and len(centre.order) == 3


@pytest.mark.requirement("LZ-1c")
def test_a_lost_answer_costs_a_repeat_and_nothing_else(store, centre, up):
    def keep_but_say_nothing(events):
        centre.keep(events)
        centre.mood = None
        return None

    centre.mood = keep_but_say_nothing
    records = fill(store, 10)
    up()
    until(store, done=10)
    assert centre.order == records and centre.repeats == 10


@pytest.mark.parametrize(
    "reply",
    [
        (500, {}, b"oops"),
        (503, {"Retry-After": "0"}, b""),
        (429, {"Retry-After": "0"}, b"{}"),
        (401, {}, b"{}"),
        (404, {}, b"{}"),
        (302, {"Location": "/elsewhere"}, b""),
        (200, {}, b"<html>login</html>"),
        (200, {}, b'{"results": []}'),
        (200, {}, b'{"results": [{"id": "other", "status": "accepted"}]}'),
        (200, {}, b"[" * 100_000),
        (200, {}, b"null"),
        None,
    ],
)
def test_garbage_and_refusals_of_a_whole_batch_end_nothing(store, centre, up, reply):
    def once(events):
        centre.mood = None
        return reply

    centre.mood = once
    records = fill(store, 3)
    up()
    until(store, done=3)
    assert centre.order == records and centre.repeats == 0


def test_retry_after_is_obeyed(store, centre, up):
    moments = []

    def patience(events):
        moments.append(time.monotonic())
        centre.mood = lambda events: (moments.append(time.monotonic()), centre.keep(events))[1]
        return 429, {"Retry-After": "1"}, b""

    centre.mood = patience
    fill(store, 1)
    up()
    until(store, done=1)
    assert moments[1] - moments[0] >= 1.0


def test_a_sender_about_to_post_hears_that_the_other_was_told_to_wait(store, centre, monkeypatch):
    fill(store, 1)
    settings = CentralSettings(HALL, centre.url, SecretStr("hall-key"), timeout_s=5.0)
    central = Central(settings, store, Clock())
    pick = central._picker.pick

    def told_meanwhile(now_ms):
        central._be_patient(LaterError("HTTP 429", 60_000))
        return pick(now_ms)

    monkeypatch.setattr(central._picker, "pick", told_meanwhile)
    central._once()
    assert centre.order == []
    assert pick(Clock().now_ms())[0], "what was not sent is free to be picked again"
    central.stop()


def test_poison_is_isolated_and_the_rest_arrives(store, centre, up):
    records = fill(store, 37)
    poison = records[17]

    def picky(events):
        if any(event["id"] == poison for event in events):
            return 422, {}, b'{"title": "no"}'
        return centre.keep(events)

    centre.mood = picky
    up()
    until(store, done=36, dead=1)
    assert centre.order == [record for record in records if record != poison]
    (row,) = store.reader().execute("SELECT event_id, answer, body FROM dead_letters").fetchall()
    assert row[0] == poison and "HTTP 422" in row[1] and row[2] is not None


def test_results_are_taken_one_by_one(store, centre, up):
    ids = fill(store, 4)
    words = dict(zip(ids, ["accepted", "conflict", "rejected", "duplicate"], strict=True))

    def answer(events):
        found = [{"id": event["id"], "status": words[event["id"]]} for event in events]
        return 200, {}, json.dumps({"results": found}).encode()

    centre.mood = answer
    up()
    until(store, done=2, dead=2)
    dead = {row[0] for row in store.reader().execute("SELECT event_id FROM dead_letters")}
    assert dead == {event for event, word in words.items() if word in ("conflict", "rejected")}


def test_one_event_to_retry_does_not_hold_up_the_others(store, centre, up):
    ids = fill(store, 5)

    def not_the_first_yet(events):
        if any(event["id"] == ids[0] for event in events) and len(centre.order) < 9:
            status, headers, _ = centre.keep([event for event in events if event["id"] != ids[0]])
            words = {ids[0]: "retry"}
            found = [{"id": event["id"], "status": words.get(event["id"], "accepted")} for event in events]
            return status, headers, json.dumps({"results": found}).encode()
        return centre.keep(events)

    centre.mood = not_the_first_yet
    central = up()
    centre.wait(lambda: len(centre.order) == 4)
    more = fill(store, 5, prefix="record/w2/")
    central.wake()
    until(store, done=10)
    assert set(centre.order) == set(ids + more)
    assert centre.order.index(more[0]) < centre.order.index(ids[0])


def test_no_event_of_a_case_overtakes_one_that_waits_and_other_cases_go_on(store, centre, up):
    kind = "cn.hcp.service.v1"

    def event(case_no, number):
        return {"id": f"service/{case_no}/1/{number}", "type": kind, "data": {"case_no": case_no}}

    store.run(lambda c: [outbox.put(c, event("C1", 1)), outbox.put(c, event("C2", 1))])
    refusals = 3

    def not_c1_yet(events):
        nonlocal refusals
        kept = [e for e in events if e["data"]["case_no"] != "C1" or refusals == 0]
        if len(kept) < len(events):
            refusals -= 1
        _, _, body = centre.keep(kept)
        words = {item["id"]: item for item in json.loads(body)["results"]}
        found = [words.get(e["id"], {"id": e["id"], "status": "retry"}) for e in events]
        return 200, {}, json.dumps({"results": found}).encode()

    centre.mood = not_c1_yet
    central = up(batch=1)
    centre.wait(lambda: "service/C2/1/1" in centre.held)
    for number in range(2, 30):
        store.run(lambda c, n=number: [outbox.put(c, event("C1", n)), outbox.put(c, event("C3", n))])
        central.wake()
    until(store, done=58)
    for case_no in ("C1", "C3"):
        own = [name for name in centre.order if f"/{case_no}/" in name]
        assert own == sorted(own, key=lambda name: int(name.split("/")[3]))
    assert centre.order.index("service/C3/1/2") < centre.order.index("service/C1/1/1")


def test_what_is_new_goes_before_the_backlog(store, centre, up):
    old = fill(store, 400)
    gate = threading.Semaphore(0)

    def one_by_one(events):
        assert gate.acquire(timeout=10)
        return centre.keep(events)

    centre.mood = one_by_one
    central = up(batch=20)
    poll(lambda: len(central._picker._under_way) == 40)  # both senders hold a batch of old ones
    new = fill(store, 3, prefix="record/w2/")
    central.wake()
    for _ in range(40):
        gate.release()
    until(store, done=403)
    assert sorted(centre.order) == sorted(old + new)
    assert max(centre.order.index(name) for name in new) < 80, "behind what was under way, before 340 others"


def test_a_new_rating_takes_the_case_it_belongs_to_along(store, centre, up):
    fill(store, 300)
    case = {"id": "case/C1/1", "type": "cn.hcp.case.v1", "data": {"case_no": "C1"}}
    store.run(lambda c: outbox.put(c, case))
    gate = threading.Semaphore(0)
    centre.mood = lambda events: (gate.acquire(timeout=10), centre.keep(events))[1]
    central = up(batch=20)
    poll(lambda: len(central._picker._under_way) == 40)
    service = {"id": "service/C1/1/1", "type": "cn.hcp.service.v1", "data": {"case_no": "C1"}}
    store.run(lambda c: outbox.put(c, service))
    central.wake()
    for _ in range(40):
        gate.release()
    until(store, done=302)
    at = centre.order.index("service/C1/1/1")
    assert centre.order.index("case/C1/1") < at < 80


def test_a_backlog_keeps_to_its_bucket_and_what_is_new_does_not_wait_for_it(store, centre, up):
    fill(store, 100)
    central = up(per_second=1, burst=10)
    centre.wait(lambda: len(centre.order) == 10)
    new = fill(store, 50, prefix="record/w2/")
    central.wake()
    centre.wait(lambda: set(new) <= set(centre.order))
    assert len(centre.order) <= 62, "the bucket gives one more each second"


def test_central_that_is_away_costs_nothing_but_time(store, up, centre):
    port = centre.port
    centre.close()
    records = fill(store, 20)
    central = up()
    poll(lambda: central.last_error)
    assert outbox.counts(store.reader()) == {"pending": 20, "done": 0, "dead": 0}
    again = Centre(port)
    until(store, done=20)
    assert again.order == records
    again.close()


def test_a_batch_keeps_to_its_limits(store, centre, up):
    big = [{"id": f"r{n}", "type": "cn.hcp.record.v1", "data": {"pad": "x" * 1_500_000}} for n in range(5)]
    store.run(lambda c: [outbox.put(c, event) for event in big])
    sizes = []
    centre.mood = lambda events: (sizes.append(len(events)), centre.keep(events))[1]
    up()
    until(store, done=5)
    assert sizes == [2, 2, 1]


def test_the_key_is_in_no_repr():
    assert "hall-key" not in repr(CentralSettings(HALL, "http://127.0.0.1", SecretStr("hall-key")))
    assert results([])[0] == 200
