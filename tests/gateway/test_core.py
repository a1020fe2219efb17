"""The small pure modules: business events, times, arming, numbers, presence, outbox, intake."""

import ast
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import arming, business, intake, outbox, presence, times
from gateway.core.numbers import LEASE_MS, Numbers
from gateway.core.outbox import Fate, Meaning
from gateway.core.timeline import Serving
from protocol import chain, record
from protocol.downlink import State
from tests.builders import DeviceTwin

NOW_MS = 1_772_600_000_000
CORE = Path(__file__).parents[2] / "gateway" / "core"


def test_the_core_reads_no_clock_socket_file_thread_or_database():
    forbidden = {"time", "socket", "threading", "sqlite3", "os", "pathlib", "io", "random", "secrets", "asyncio"}
    for file in CORE.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert name.split(".")[0] not in forbidden, f"{file.name} imports {name}"
                assert not name.startswith("gateway.") or name.startswith("gateway.core"), f"{file.name}: {name}"


# times


@given(st.integers(0, times.MAX_MS))
def test_times_survive_the_trip(ms):
    assert times.parse(times.text(ms)) == ms


def test_times_need_a_zone_and_a_day_that_exists():
    assert times.parse("2026-03-04T13:06:07.0895+08:00") == times.parse("2026-03-04T05:06:07.089Z")
    for bad in (
        "2026-03-04T13:06:07",
        "2026-02-30T00:00:00Z",
        "20260304T130607Z",
        "1969-01-01T00:00:00Z",
        "",
        "x" * 99,
    ):
        with pytest.raises(ValueError):
            times.parse(bad)


# business events

GOOD = {"id": "1", "type": "called", "at": "2026-03-04T04:00:00Z", "window": "A1", "case_no": "C1", "service_no": 1}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"applicant": "张三"}, "unknown_field"),
        ({"id": None}, "missing_field"),
        ({"id": 5}, "bad_field"),
        ({"id": "x" * 65}, "bad_field"),
        ({"id": "a\nb"}, "bad_field"),
        ({"type": "praised"}, "unknown_type"),
        ({"type": ["called"]}, "unknown_type"),
        ({"at": "yesterday"}, "bad_field"),
        ({"at": 5}, "bad_field"),
        ({"at": "2036-03-04T04:00:00Z"}, "future_event"),
        ({"window": None}, "missing_field"),
        ({"case_no": None}, "missing_field"),
        ({"service_no": 0}, "bad_field"),
        ({"service_no": True}, "bad_field"),
        ({"service_no": 1.0}, "bad_field"),
        ({"item_name": "x" * 201}, "bad_field"),
        ({"item_name": "\ud800"}, "bad_field"),
        ({"type": "sign_in", "staff": "1"}, "bad_field"),
    ],
)
def test_a_malformed_business_event_has_a_name(change, code):
    with pytest.raises(business.BusinessError) as caught:
        business.read({**GOOD, **change}, NOW_MS, 0)
    assert caught.value.code == code and caught.value.detail


def test_an_event_that_is_no_object_is_named_too():
    for value in (None, 5, "x", [], [GOOD]):
        with pytest.raises(business.BusinessError, match="bad_event"):
            business.read(value, NOW_MS, 0)


def test_the_hash_is_about_what_is_said():
    one = business.read(GOOD, NOW_MS, 0)
    same = business.read({**GOOD, "at": "2026-03-04T12:00:00.000+08:00", "staff": None}, NOW_MS, 0)
    other = business.read({**GOOD, "staff": "1"}, NOW_MS, 0)
    assert business.body_hash(one) == business.body_hash(same) != business.body_hash(other)


# arming

CALLED = Serving("A1", "C1", 1, "1001", 100, 1000)
SERVED = Serving("A1", "C1", 1, "1001", 100, 1000, 500)


def test_called_is_shown_served_is_armed_and_time_is_watched():
    assert arming.show([CALLED], 50) == arming.Show(None, False, 100)
    assert arming.show([CALLED], 100) == arming.Show(CALLED, False, 1000)
    assert arming.show([SERVED], 100) == arming.Show(SERVED, False, 500)
    assert arming.show([SERVED], 500) == arming.Show(SERVED, True, 1000)
    assert arming.show([SERVED], 1000) == arming.Show(None, False, None)


def test_a_scene_is_armed_only_with_a_token():
    shown = arming.show([SERVED], 600)
    armed = arming.scene(shown, b"12345678", "社保卡办理", 8000)
    assert (armed.token, armed.until_ms) == (b"12345678", 1000)
    used = arming.scene(shown, None, "社保卡办理", 8000)
    assert (used.token, used.until_ms, used.lines) == (None, None, armed.lines)
    assert arming.scene(arming.show([CALLED], 600), b"12345678", None, 8000).token is None


@given(st.text(max_size=80))
def test_a_line_fits_its_screen(text):
    text = text.encode("utf-8", "ignore").decode()
    fitted = arming.fit(text)
    assert len(fitted.encode()) <= 60 and (fitted == text or fitted.endswith("…"))


# numbers, presence


@given(st.lists(st.tuples(st.integers(0, 10**6), st.booleans()), max_size=40))
def test_numbers_rise_over_restarts_whatever_the_clock_does(steps):
    stored, numbers, given_out = 0, Numbers(0), []
    for now_ms, restart in steps:
        if restart:
            numbers = Numbers(stored)
        lease = numbers.wanted(now_ms, 1)
        if lease is not None:
            stored = numbers.lease = lease
        given_out.append(numbers.next(now_ms))
    assert given_out == sorted(set(given_out))


def test_a_number_beyond_the_lease_is_our_own_mistake():
    numbers = Numbers(0)
    with pytest.raises(RuntimeError, match="lease"):
        numbers.next(5)
    assert numbers.wanted(5) == 5 + LEASE_MS


def test_presence():
    ready, old_lost = State("ready", 7), State("lost", 6)
    assert presence.follow(ready, old_lost) == ready
    assert presence.follow(ready, State("lost", 7)).word == "lost"
    assert presence.follow(None, old_lost) == old_lost


# outbox


def test_what_a_status_says():
    assert {status for status in range(100, 600) if outbox.meaning(status) is Meaning.SPLIT} == {
        400,
        409,
        411,
        413,
        415,
        422,
        431,
    }
    assert outbox.meaning(200) is Meaning.RESULTS
    for status in (201, 301, 401, 403, 404, 408, 425, 429, 500, 503):
        assert outbox.meaning(status) is Meaning.LATER


def test_answers_are_matched_by_id_and_unknown_words_mean_later():
    body = {"results": [{"id": "a", "status": "accepted"}, {"id": "b", "status": "whatever"}]}
    assert [answer.fate for answer in outbox.answers(["a", "b"], body)] == [Fate.DONE, Fate.LATER]
    for bad in (None, [], {}, {"results": 5}, {"results": body["results"][:1]}, {"results": body["results"][::-1]}):
        assert outbox.answers(["a", "b"], bad) is None


def test_backoff_doubles_to_a_minute_and_is_jittered():
    assert [outbox.backoff_ms(n, 1.0) for n in (1, 2, 3, 7, 8, 100)] == [500, 1000, 2000, 32_000, 60_000, 60_000]
    assert outbox.backoff_ms(5, 0.0) == 0
    assert outbox.backoff_ms(1, 0.0, 3000) == 3000


def test_retry_after():
    assert outbox.retry_after_ms("120", NOW_MS) == 120_000
    assert outbox.retry_after_ms("999999999", NOW_MS) == outbox.MOST_RETRY_AFTER_MS
    assert outbox.retry_after_ms("Wed, 04 Mar 2026 05:00:00 GMT", times.parse("2026-03-04T04:59:50Z")) == 10_000
    for bad in (None, "soon", "-5", "²", "1" * 50):
        assert outbox.retry_after_ms(bad, NOW_MS) is None


# intake


def facts_of(twin, revoked=False):
    return intake.DeviceFacts({"k": twin.key.public_key()}, "k", revoked, "A1")


def test_intake_never_raises_and_never_takes_what_was_not_signed():
    twin = DeviceTwin("w1")
    good = twin.rating(5)
    dice = random.Random(7)
    for _ in range(2000):
        body = bytearray(good)
        for _ in range(dice.randint(1, 3)):
            body[dice.randrange(len(body))] ^= 1 << dice.randrange(8)
        body = bytes(body[: dice.choice((len(body), dice.randrange(len(body))))])
        verdict = intake.examine("h", "hcp/v1/h/w1/record", body, lambda _: facts_of(twin))
        assert isinstance(verdict, intake.Refused) or body == good
        if isinstance(verdict, intake.Refused):
            assert verdict.code and verdict.body == body
    assert isinstance(intake.examine("h", "hcp/v1/h/w1/record", good, lambda _: facts_of(twin)), intake.Genuine)


def test_a_head_moves_over_what_waited_and_stops_at_what_does_not_fit():
    one, two, four = (bytes([n]) * 32 for n in (1, 2, 4))
    head = chain.Head(1, one[:16])
    moved = intake.advance(head, [], {2: (one[:16], two), 3: (b"x" * 16, b"3" * 32), 4: (b"3" * 16, four)})
    assert moved == intake.Advance(chain.Head(2, two[:16]), (2,), (3,))
    over = intake.advance(head, [(2, 3)], {4: (b"?" * 16, four)})
    assert over == intake.Advance(chain.Head(4, four[:16]), (4,), ())
    assert intake.advance(chain.START, [], {}) == intake.Advance(chain.START, (), ())
    assert record.GENESIS == chain.START.hash
