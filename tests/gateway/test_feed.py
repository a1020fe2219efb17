"""The feed tells that a service was rated, and nothing by which one could guess how."""

import json

from hypothesis import given
from hypothesis import strategies as st

from gateway.core import feed
from gateway.core.feed import STEP_MS, due_ms
from gateway.store import feed as feed_store
from protocol import record
from tests.gateway.desk import NOW_MS, Desk

MINUTE = 60_000


def serve(desk, window="A1", case_no="C1", service_no=1):
    desk.tell("sign_in", window=window, staff="1001")
    desk.tell("called", window=window, case_no=case_no, service_no=service_no)
    desk.tell("served", window=window, case_no=case_no, service_no=service_no)


def press(desk, twin, level, **changes):
    """A rating of now, whose record comes when the citizen has left the pages."""
    body = record.Rating(level, changes.pop("reasons", ()), None, 0, changes.pop("changes", ()), record.UNARMED)
    head = twin.head(wall_ms=desk.clock.now_ms(), error_ms=10)
    twin_body = twin._take(record.rating_payload(head, body))
    desk.clock.turn(changes.pop("pages_ms", 0))
    desk.send(twin.device, twin_body)


def told(desk, last_id=0, windows=None):
    return [feed.data(notice) for notice in desk.feed.after(last_id, windows)[0]]


def test_a_rated_service_is_told_once_its_time_has_come(desk):
    twin = desk.enrol("w1")
    serve(desk)
    press(desk, twin, 2)
    assert desk.feed.release() == 0 and told(desk) == []
    desk.clock.turn(feed.DELAY_MS + STEP_MS)
    assert desk.feed.release() == 1
    (notice,) = told(desk)
    due = -(-(NOW_MS + feed.DELAY_MS) // MINUTE) * MINUTE
    assert notice == {
        "id": 1,
        "type": "rated",
        "at": feed.times.text(due),
        "window": "A1",
        "case_no": "C1",
        "service_no": 1,
    }
    assert desk.feed.release() == 0


def test_two_levels_give_the_same_bytes_at_the_same_moments(tmp_path):
    """A bad level is offered reasons: its record comes later. Told times and order are the same all the same."""
    streams = []
    for bad in (False, True):
        desk = Desk(tmp_path / str(bad))
        twins = [desk.enrol("w1", "A1"), desk.enrol("w2", "A2")]
        for number in (1, 2):
            serve(desk, f"A{number}", f"C{number}")
        # at A1 somebody corrects the star; whoever is dissatisfied spends a minute on the reasons, and comes in last
        change = ((3000, 5),) if bad else ((3000, 1),)
        press(desk, twins[0], 1 if bad else 5, changes=change, pages_ms=70_000 if bad else 0)
        desk.clock.turn(0 if bad else 70_000)
        press(desk, twins[1], 5)
        seen = []
        for _ in range(8):
            desk.clock.turn(MINUTE)
            desk.feed.release()
            seen.append((desk.clock.now_ms(), json.dumps(told(desk))))
        streams.append(seen)
        desk.close()
    assert streams[0] == streams[1]
    assert streams[0][-1][1].count("rated") == 2
    assert not any(word in streams[0][-1][1] for word in ("level", "reason", "satisfied", "seq", "device"))


@given(
    pressed=st.integers(0, 10**9),
    undo=st.integers(0, 8000),
    pages=st.integers(0, feed.DELAY_MS - 8000),
    other=st.integers(0, feed.DELAY_MS - 8000),
)
def test_the_time_of_telling_follows_from_the_first_press_alone(pressed, undo, pages, other):
    one, two = due_ms(pressed, pressed + undo + pages), due_ms(pressed, pressed + other)
    assert one == two and one % STEP_MS == 0 and one >= pressed + feed.DELAY_MS


def test_the_first_press_counts_whichever_star_it_was(desk):
    twin = desk.enrol("w1")
    body = record.Rating(1, (), None, 0, ((7000, 5), (2000, 3)), record.UNARMED)
    found = record.parse(twin.seal(record.rating_payload(twin.head(wall_ms=50_000), body)))
    assert feed.pressed_ms(found, 90_000) == 43_000
    unknown = record.parse(twin.rating(1, None, wall_ms=None, error_ms=None))
    assert feed.pressed_ms(unknown, 90_000) == 90_000
    ahead = record.parse(twin.rating(1, None, wall_ms=95_000))
    assert feed.pressed_ms(ahead, 90_000) == 90_000


def test_what_comes_late_is_told_at_the_next_step():
    assert due_ms(0, 100 * MINUTE + 1) == 101 * MINUTE
    assert due_ms(0, 100 * MINUTE) == 100 * MINUTE


def test_what_is_due_is_found_at_its_step_and_not_before(desk):
    twin = desk.enrol("w1")
    serve(desk)
    press(desk, twin, 5)
    due = due_ms(NOW_MS, NOW_MS)
    desk.clock.turn(due - NOW_MS - 1)
    assert desk.feed.release() == 0
    desk.clock.turn(1)
    assert desk.feed.release() == 1


def test_a_second_rating_of_one_service_is_not_told(desk):
    twin = desk.enrol("w1")
    serve(desk)
    press(desk, twin, 5)
    press(desk, twin, 1)
    desk.clock.turn(10 * MINUTE)
    assert desk.feed.release() == 1


def test_a_rating_that_turns_out_to_be_anothers_is_taken_back_and_told_anew(desk):
    twin = desk.enrol("w1")
    serve(desk)
    at_ms = desk.clock.now_ms()
    desk.clock.turn(MINUTE)
    press(desk, twin, 4)
    desk.clock.turn(10 * MINUTE)
    desk.feed.release()
    desk.tell("called", at_ms + 30_000, window="A1", case_no="C2", service_no=1)
    desk.clock.turn(10 * MINUTE)
    desk.feed.release()
    assert [(n["type"], n["case_no"]) for n in told(desk)] == [("rated", "C1"), ("unrated", "C1"), ("rated", "C2")]


def test_a_limited_system_hears_of_its_windows_only(desk):
    for number in (1, 2, 3):
        twin = desk.enrol(f"w{number}", f"A{number}")
        serve(desk, f"A{number}", f"C{number}")
        press(desk, twin, 3)
    desk.clock.turn(10 * MINUTE)
    assert desk.feed.release() == 3
    assert [n["window"] for n in told(desk, 0, frozenset({"A2"}))] == ["A2"]
    notices, looked = desk.feed.after(0, frozenset({"A9"}))
    assert (notices, looked) == ([], 3)


def test_a_restart_forgets_nothing_that_waits_and_tells_nothing_twice(desk):
    twin = desk.enrol("w1")
    serve(desk)
    press(desk, twin, 5)
    desk.feed.release()
    desk.restart()
    desk.clock.turn(10 * MINUTE)
    assert desk.feed.release() == 1
    desk.restart()
    assert desk.feed.release() == 0 and len(told(desk)) == 1


def test_the_feed_is_bounded_and_says_when_something_is_missing(desk, monkeypatch):
    monkeypatch.setattr(feed_store, "KEEP_NOTICES", 2)
    desk.enrol("w1")
    for number in range(1, 6):
        desk.store.run(
            lambda c, n=number: c.execute("INSERT INTO feed VALUES (?, 0, 'rated', 'A1', ?, 1)", (n, f"C{n}"))
        )
    desk.feed.release()
    assert desk.feed.oldest() == 4 and desk.feed.newest() == 5
    assert [desk.feed.complete_after(n) for n in (0, 2, 3, 5, 6)] == [False, False, True, True, False]
    desk.store.run(lambda c: c.execute("DELETE FROM feed"))
    assert desk.feed.newest() == 5 and desk.feed.complete_after(5)


def test_many_decisions_are_told_in_short_jobs(desk, monkeypatch):
    monkeypatch.setattr(feed_store, "CHUNK", 3)
    for number in range(1, 9):
        twin = desk.enrol(f"w{number}", f"A{number}")
        serve(desk, f"A{number}", f"C{number}")
        press(desk, twin, 3)
    desk.clock.turn(10 * MINUTE)
    before = desk.store.commits
    assert desk.feed.release() == 8
    assert desk.store.commits - before >= 3


def test_the_thread_wakes_its_listeners(desk):
    import threading

    twin = desk.enrol("w1")
    serve(desk)
    press(desk, twin, 5)
    desk.clock.turn(10 * MINUTE)
    news = threading.Event()
    end = desk.feed.listen(news.set)
    desk.feed.start()
    assert news.wait(10) and len(told(desk)) == 1
    end()
    assert desk.feed.listening == 0
    desk.feed.stop()
