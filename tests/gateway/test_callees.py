"""Whom to call back, on the way to central (spec 9.6): sealed for central alone, for every service alike."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gateway.applicants import LATE_MS
from gateway.core import cloudevent
from gateway.core.outbox import Fate
from gateway.store import composing, outbox
from gateway.store.outbox import Settled
from gateway.store.retention import Retention
from gateway.store.settings import StoreSettings
from protocol import identity
from protocol.identity import About, Callee, Contact
from tests.gateway.desk import HALL, QUEUE, Desk

NAME, NUMBER, PHONE = "欧阳思齐", "330302199001011232", "13800002222"
CLEAR = {"name": NAME, "id_no": NUMBER, "phone": PHONE}
KEY = X25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path, identity_key=KEY.public_key())
    desk.service.put_window("A1", None, True)
    yield desk
    desk.close()


def called(desk, case_no="C1", kind="called", **fields):
    return desk.event(kind, window="A1", case_no=case_no, service_no=1, **fields)


def events(desk) -> list[dict]:
    """What waits for central of this kind, as it would be sent."""
    rows = [row for (row,) in desk.rows("SELECT id FROM outgoing WHERE kind = 6 ORDER BY id")]
    return [json.loads(one.text) for one in composing.compose(desk.store.reader(), HALL, rows)]


def opened(event: dict) -> Callee:
    data = event["data"]
    about = About(HALL, data["case_no"], data["service_no"], data["revision"])
    return identity.unseal(KEY, about, base64.b64decode(data["sealed"]))


def test_whom_to_call_is_sealed_for_central_and_the_number_stays_in_the_hall(desk):
    assert desk.tell_all([called(desk, applicant={**CLEAR, "agent": {"name": "司徒代办"}})]) == ["accepted"]
    (event,) = events(desk)
    assert (event["type"], event["id"]) == ("cn.hcp.identity.v1", "identity/C1/1/1")
    assert set(event["data"]) == {"case_no", "service_no", "revision", "has_phone", "key", "sealed"}
    assert event["data"]["has_phone"] is True and event["data"]["key"] == identity.key_id(KEY.public_key())
    assert opened(event) == Callee(Contact(NAME, PHONE), Contact("司徒代办"))
    text = json.dumps(event, ensure_ascii=False)
    assert not any(word in text for word in (NAME, NUMBER, PHONE, "司徒"))
    assert events(desk) == [event]  # composed again it is the same event


def test_a_name_without_a_phone_says_so(desk):
    desk.tell_all([called(desk, applicant={"name": NAME, "id_no": NUMBER})])
    assert events(desk)[0]["data"]["has_phone"] is False


def test_the_size_says_nothing(desk):
    people = [{"name": "李", "phone": "10086"}, {**CLEAR, "agent": CLEAR}, {"name": "x" * 64, "phone": "0" * 24}]
    desk.tell_all([called(desk, f"C{number}", applicant=who) for number, who in enumerate(people)])
    assert len({len(json.dumps(event)) for event in events(desk)}) == 1


def test_without_centrals_key_nothing_is_told(tmp_path):
    desk = Desk(tmp_path)
    desk.service.put_window("A1", None, True)
    desk.tell_all([called(desk, applicant=CLEAR), called(desk, "C2", applicant_sealed="A" * 20)])
    assert events(desk) == [] and desk.applicants.tell_late() == 0
    desk.close()


def test_the_same_again_is_told_once_and_a_change_with_the_next_revision(desk):
    desk.tell_all([called(desk, applicant=CLEAR), called(desk, kind="served", applicant=CLEAR)])
    assert len(events(desk)) == 1
    desk.tell_all([called(desk, kind="finished", applicant={**CLEAR, "id_no": "G1"})])  # the number is not told
    assert len(events(desk)) == 1
    corrected = called(desk, applicant={**CLEAR, "phone": "13900003333"})
    assert desk.tell_all([corrected, corrected]) == ["accepted", "duplicate"]
    first, second = events(desk)
    assert second["id"] == "identity/C1/1/2" and opened(second).applicant.phone == "13900003333"
    desk.tell_all([called(desk, applicant_sealed="A" * 20), called(desk, kind="served", applicant_sealed="A" * 20)])
    assert [event["data"].get("opaque") for event in events(desk)[2:]] == ["A" * 20]


def test_what_the_caller_sealed_is_passed_on_as_it_is(desk):
    desk.tell_all([called(desk, applicant_sealed="eyJhbGciOiJSU0EtT0FFUCJ9.abc_def")])
    (event,) = events(desk)
    assert event["data"] == {
        "case_no": "C1",
        "service_no": 1,
        "revision": 1,
        "has_phone": False,
        "opaque": "eyJhbGciOiJSU0EtT0FFUCJ9.abc_def",
    }


def test_a_trial_and_a_refused_event_tell_nothing(desk):
    desk.service.take_events(QUEUE, [called(desk, applicant=CLEAR)], dry_run=True)
    desk.service.take_events(QUEUE, [desk.event("called", window="Z9", case_no="C1", service_no=1, applicant=CLEAR)])
    assert events(desk) == []


@pytest.mark.requirement("WZ-10b")
def test_nothing_of_a_rating_changes_what_is_told(desk):
    twin = desk.enrol("w1")
    before = []
    for number, level in enumerate((1, 5, None)):
        case_no = f"C{number}"
        desk.tell_all([called(desk, case_no, applicant=CLEAR)])
        told = events(desk)
        if level is not None:
            desk.send("w1", twin.rating(level, wall_ms=desk.clock.now_ms()))
        desk.tell_all([called(desk, case_no, kind="finished", applicant=CLEAR)])
        assert events(desk) == told, "a rating made an identity be told, or told again"
        before.append({**told[-1]["data"], "sealed": len(told[-1]["data"]["sealed"]), "case_no": ""})
        desk.clock.turn(3_600_000)
    assert before[0] == before[1] == before[2]


def test_what_came_before_the_key_is_told_at_the_start_once(tmp_path):
    desk = Desk(tmp_path)
    desk.service.put_window("A1", None, True)
    desk.tell_all([called(desk, "C0", applicant=CLEAR)])
    desk.clock.turn(LATE_MS + 1)
    changed = called(desk, kind="served", applicant={**CLEAR, "phone": "13900003333"})
    desk.tell_all([called(desk, applicant=CLEAR), changed, called(desk, "C2", applicant_sealed="A" * 20)])
    desk.identity_key = KEY.public_key()
    desk.restart()
    assert desk.applicants.tell_late() == 2
    desk.store.run(lambda connection: None)
    first, second = events(desk)
    assert opened(first).applicant.phone == "13900003333" and second["data"]["opaque"] == "A" * 20
    assert desk.applicants.tell_late() == 0
    desk.close()


def test_the_outbox_adds_up_with_it(desk):
    desk.tell_all([called(desk, f"C{number}", applicant=CLEAR) for number in range(3)])
    rows = [row for (row,) in desk.rows("SELECT id FROM outgoing WHERE kind = 6 ORDER BY id")]
    counts = outbox.counts(desk.store.reader())
    assert desk.rows("SELECT pending, done, dead FROM tally WHERE kind = 6") == [(3, 0, 0)]
    assert counts["pending"] == desk.rows("SELECT count(*) FROM outgoing")[0][0]
    fates = [Settled(rows[0], Fate.DONE, "", "accepted"), dead(rows[1])]
    desk.store.run(lambda connection: outbox.settle(connection, fates, desk.clock.now_ms()))
    assert desk.rows("SELECT pending, done, dead FROM tally WHERE kind = 6") == [(1, 1, 1)]
    assert sum(outbox.counts(desk.store.reader()).values()) == sum(counts.values())
    assert desk.rows("SELECT type FROM outbox WHERE state = 'dead'") == [(cloudevent.IDENTITY,)]


def test_a_dead_letter_stays_and_what_it_says_of_somebody_goes(desk):
    desk.tell_all([called(desk, applicant=CLEAR)])
    (row,) = [row for (row,) in desk.rows("SELECT id FROM outgoing WHERE kind = 6")]
    desk.store.run(lambda connection: outbox.settle(connection, [dead(row)], desk.clock.now_ms()))
    assert desk.rows("SELECT body FROM dead_letters") == [("{}",)]
    retention = Retention(StoreSettings(keep_business_days=31), desk.clock.now_ms)
    desk.clock.turn(32 * 86_400_000)
    while desk.store.run(retention.step):
        pass
    assert desk.rows("SELECT event_id, body FROM dead_letters") == [("identity/C1/1/1", None)]
    assert desk.rows("SELECT count(*) FROM applicants") == [(0,)]
    # the revision goes on: an id names one fact for ever
    desk.tell_all([called(desk, kind="served", applicant=CLEAR)])
    assert [event["id"] for event in events(desk)] == ["identity/C1/1/2"]


def dead(row: int) -> Settled:
    return Settled(row, Fate.DEAD, "no", "rejected", 0, "identity/C1/1/1", cloudevent.IDENTITY, "{}")
