"""Dead letters: never lost, with the reason, and sent again when an operator says why."""

import json
import sqlite3

import pytest
from pydantic import SecretStr

from gateway import requests
from gateway.clock import Clock
from gateway.requests import Replay
from gateway.store import letters, outbox
from gateway.upstream.central import Central, CentralSettings
from tests.gateway.centre import Centre, results
from tests.gateway.desk import HALL, NOW_MS, Desk, poll


@pytest.fixture
def centre():
    centre = Centre()
    yield centre
    centre.close()


@pytest.fixture
def refused(desk: Desk, centre):
    """A gateway whose third record central will not take, and the way up."""
    twin = desk.enrol("dev-1")
    for _ in range(4):
        desk.send("dev-1", twin.rating(1))
    desk.poison = desk.rows("SELECT event_id FROM outbox WHERE event_id LIKE 'record/dev-1/3/%'")[0][0]

    def answer(events):
        _, _, body = centre.keep([event for event in events if event["id"] != desk.poison])
        found = {item["id"]: item for item in json.loads(body)["results"]}
        _, _, body = results([{"id": desk.poison}], "rejected", "bad_field")
        found[desk.poison] = json.loads(body)["results"][0]
        return 200, {}, json.dumps({"results": [found[event["id"]] for event in events]}).encode()

    centre.mood = answer
    central = Central(CentralSettings(HALL, centre.url, SecretStr("k" * 20)), desk.store, desk.clock)
    central.start()
    poll(lambda: outbox.counts(desk.store.reader())["pending"] == 0)
    desk.central = central
    yield desk
    central.stop()


def test_a_dead_letter_says_why_and_since_when(refused):
    (letter,) = letters.dead(refused.store.reader())
    assert letter["id"] == refused.poison and letter["answer"].startswith("rejected bad_field")
    assert (letter["first_ms"], letter["last_ms"], letter["refusals"], letter["replays"]) == (NOW_MS, NOW_MS, 1, [])
    assert refused.service.ledger.look().total.rejected == 1 and refused.service.ledger.look().balanced
    assert "level" not in json.dumps(letter)


def test_a_letter_that_is_sent_again_arrives_and_keeps_the_operators_reason(refused, centre):
    requests.leave(refused.data, Replay("中心已修复 bug-17", every=True))
    centre.mood = None
    refused.clock.turn(1000)
    assert requests.take_all(refused.data, refused.store, refused.clock) == 1
    refused.central.wake()
    poll(lambda: refused.poison in centre.held)
    poll(lambda: refused.rows("SELECT state FROM dead_letters") == [("done",)])
    assert refused.rows("SELECT at_ms, reason FROM replays") == [(NOW_MS + 1000, "中心已修复 bug-17")]
    assert letters.dead(refused.store.reader()) == []
    total = refused.service.ledger.look().total
    assert (total.synced, total.rejected, total.gap) == (4, 0, 0)
    assert list((refused.data / "requests").iterdir()) == []


def test_a_letter_that_is_refused_again_is_one_letter_with_its_whole_story(refused):
    for turn in (1, 2):
        refused.clock.turn(1000)
        requests.leave(refused.data, Replay(f"try {turn}", ids=(refused.poison,)))
        assert requests.take_all(refused.data, refused.store, refused.clock) == 1
        refused.central.wake()
        poll(
            lambda turn=turn: (
                letters.dead(refused.store.reader(), 1)[0:1]
                and letters.dead(refused.store.reader())[0]["refusals"] == turn + 1
            )
        )
    (letter,) = letters.dead(refused.store.reader())
    assert [replay["reason"] for replay in letter["replays"]] == ["try 1", "try 2"]
    assert letter["first_ms"] == NOW_MS and letter["last_ms"] == NOW_MS + 2000
    assert refused.service.ledger.look().balanced


def test_letters_are_chosen_by_id_by_number_by_time_or_all(refused):
    reader = refused.store.reader()
    number = letters.dead(reader)[0]["number"]
    assert letters.select(reader, [refused.poison]) == letters.select(reader, [str(number)]) == [number]
    assert letters.select(reader, every=True) == letters.select(reader, since_ms=NOW_MS) == [number]
    assert letters.select(reader, since_ms=NOW_MS + 1) == letters.select(reader, ["no-such"]) == []
    assert letters.select(reader, ["9" * 30, "²"]) == []


def test_no_dead_letter_is_ever_removed(refused):
    with pytest.raises(sqlite3.IntegrityError, match="never removed"):
        refused.store.run(lambda c: c.execute("DELETE FROM dead_letters"))


def test_a_file_that_is_no_wish_is_set_aside_and_harms_nothing(refused):
    folder = refused.data / "requests"
    folder.mkdir(exist_ok=True)
    good = json.dumps({"reason": "x", "ids": [], "every": True, "since_ms": None})
    for number, text in enumerate(
        ["", "{", "[]", "null", good.replace('"x"', '""'), good.replace("true", "1"), good.replace("null", '"now"'),
         good.replace("[]", "[1]"), '{"reason": "' + "x" * 70_000 + '"}']
    ):  # fmt: skip
        (folder / f"replay-{number}.json").write_text(text)
    assert requests.take_all(refused.data, refused.store, Clock()) == 0
    assert len(list(folder.glob("*.bad"))) == 9 and list(folder.glob("*.json")) == []


def test_a_wish_is_for_its_owner_alone(tmp_path):
    file = requests.leave(tmp_path, Replay("x", every=True))
    assert file.stat().st_mode & 0o777 == 0o600 and file.parent.stat().st_mode & 0o777 == 0o700
