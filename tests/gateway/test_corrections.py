"""Corrections that flow down: each kept once, in order, and seen by no member of staff."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import corrections
from gateway.store import corrections as stored
from gateway.store import outbox
from gateway.upstream.corrections import Corrections
from gateway.upstream.post import LaterError, Reply
from tests.gateway.desk import HALL, Desk, poll
from tests.gateway.test_with_central import central  # noqa: F401

POLICY = {"policy": "wenzhou", "version": 3, "labels": {"very_satisfied": "非常满意"}}
INDICATORS = {"version": 7, "content": {"levels": {}}}


def correction(number, kind="policy", data=None):
    return {"number": number, "kind": kind, "reason": "x", "data": POLICY if data is None else data}


class Door:
    """Central's side as the gateway sees it: what was published, and how it may fail."""

    def __init__(self):
        self.published: list[dict] = []
        self.mood = None
        self.asked: list[str] = []

    def get(self, path):
        self.asked.append(path)
        if self.mood:
            return self.mood(path)
        after = int(path.rpartition("=")[2])
        page = [one for one in self.published if one["number"] > after][:2]
        newest = max((one["number"] for one in self.published), default=0)
        return Reply(200, json.dumps({"corrections": page, "newest": newest}).encode(), False)


@pytest.fixture
def door():
    return Door()


@pytest.fixture
def down(desk: Desk, door):
    return Corrections(door, HALL, desk.store, desk.clock)


def test_each_is_kept_once_and_the_cursor_outlives_a_restart(desk, door, down):
    door.published = [correction(number, data={**POLICY, "version": number}) for number in (2, 3, 5, 8, 9)]
    assert [one.number for one in down.fetch()] == [2, 3, 5, 8, 9]
    assert down.fetch() == []
    desk.restart()
    later = Corrections(door, HALL, desk.store, desk.clock)
    door.asked.clear()
    assert later.fetch() == [] and door.asked == [f"/api/v1/halls/{HALL}/corrections?after=9"]
    assert stored.newest(desk.store.reader(), "policy")["version"] == 9
    assert stored.newest(desk.store.reader(), "indicators") is None


def test_a_correction_that_cannot_be_acted_on_is_kept_and_does_not_block(desk, door, down, caplog):
    door.published = [
        correction(1, "indicators", INDICATORS),
        correction(2, "indicators", {"version": "seven"}),
        correction(3, "weather", {"rain": True}),
        correction(4, "not_adopted", {"device": "w1", "seq": 0}),
        correction(5, "not_adopted", {"device": "w1", "seq": 4}),
    ]
    assert len(down.fetch()) == 5
    reader = desk.store.reader()
    assert stored.newest(reader, "indicators") == INDICATORS
    assert stored.is_not_adopted(reader, "w1", 4) and not stored.is_not_adopted(reader, "w1", 5)
    assert caplog.text.count("not acted on") == 3


def test_a_rating_counts_again_when_an_objection_was_upheld(desk, door, down):
    about = {"device": "w1", "seq": 4}
    for number, kind in ((1, "not_adopted"), (2, "adopted"), (3, "not_adopted")):
        door.published.append(correction(number, kind, about))
        down.fetch()
        assert stored.is_not_adopted(desk.store.reader(), "w1", 4) == (kind == "not_adopted")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b'{"corrections": []}', b'{"corrections": [1], "newest": 1}', b"[" * 100_000,
     json.dumps({"corrections": [correction(1), correction(1)], "newest": 1}).encode(),
     json.dumps({"corrections": [correction(True)], "newest": 1}).encode(),
     json.dumps({"corrections": [correction(1, "policy", {"x": "y" * 70_000})], "newest": 1}).encode()],
)  # fmt: skip
def test_an_answer_that_is_none_changes_nothing_and_is_asked_for_again(desk, door, down, body):
    door.mood = lambda path: Reply(200, body, False)
    assert down.fetch() == [] and down.last_error
    assert stored.cursor(desk.store.reader()) == 0
    door.mood, door.published = None, [correction(1)]
    assert len(down.fetch()) == 1 and down.last_error is None


def test_a_central_that_is_away_costs_nothing(desk, door, down):
    def away(path):
        raise LaterError("no answer")

    door.mood = away
    assert down.fetch() == [] and down.last_error == "no answer"
    door.mood = lambda path: Reply(400, b"", True)
    assert down.fetch() == [] and "HTTP 400" in down.last_error


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["number", "kind", "data", "newest",
                                                                                 "corrections"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_whatever_comes_is_a_page_or_a_value_error(body):
    try:
        page = corrections.read(body, 0)
    except ValueError:
        return
    assert all(one.number > 0 for one in page.corrections)


def test_what_staff_can_see_is_the_same_before_and_after_a_rating_is_not_adopted(desk, door, down):
    twin = desk.enrol("dev-1")
    desk.tell("called", window="A1", case_no="C1", service_no=1)
    desk.tell("served", window="A1", case_no="C1", service_no=1)
    desk.send("dev-1", twin.rating(1, desk.token(twin), wall_ms=desk.clock.turn(1000)))

    def seen():
        return desk.service.windows(), desk.service.devices(), desk.service.status()

    before = seen()
    door.published = [correction(1, "not_adopted", {"device": "dev-1", "seq": 1})]
    down.fetch()
    assert stored.is_not_adopted(desk.store.reader(), "dev-1", 1)
    assert seen() == before


def test_from_central_to_the_hall_over_real_http(desk, central):  # noqa: F811
    """The real central tells in its answer to events that there is something, and the gateway fetches it."""
    told = []
    central._on_corrections = told.append
    twin = desk.enrol("dev-1")
    central.app.state.store.publish("indicators", INDICATORS, "新版指标", None, 1)
    central.app.state.store.publish("not_adopted", {"device": "dev-1", "seq": 1}, "申诉成立", HALL, 2)
    desk.send("dev-1", twin.rating(1))
    central.start()
    poll(lambda: outbox.counts(desk.store.reader())["pending"] == 0 and told)
    down = Corrections(central.door, HALL, desk.store, desk.clock)
    # two are central's own, of the policy it follows
    assert told[-1] == 4 and down.is_behind(4)
    assert [one.kind for one in down.fetch()] == ["indicators", "policy", "indicators", "not_adopted"]
    assert not down.is_behind(4)
    assert stored.newest(desk.store.reader(), "indicators") == INDICATORS
