"""Stories of the service: frames and business events in, receipts, scenes, bindings and outbox rows out."""

import sqlite3

import pytest

from gateway import enrolment
from gateway.store import records
from protocol import record
from protocol.downlink import State, pack_state
from tests.gateway.desk import HALL, NOW_MS, Desk, poll

MINUTE = 60_000


def rating(desk: Desk, twin, level=5, token=None, at_ms=None, error_ms=50):
    wall_ms = desk.clock.now_ms() if at_ms is None else at_ms
    return twin.rating(level, token, wall_ms=wall_ms, error_ms=error_ms)


@pytest.mark.requirement("JX-3.1b")
def test_a_record_is_stored_byte_for_byte_then_receipted(desk):
    twin = desk.enrol("w1")
    body = rating(desk, twin)
    desk.send("w1", body)
    receipt = desk.receipt(twin, 1)
    assert receipt.hash == record.record_hash(body)[:16]
    assert receipt.epoch == desk.service.epoch and receipt.hold_ms == 0
    assert desk.rows("SELECT body, state FROM records") == [(body, "linked")]
    assert desk.rows("SELECT event_id, state FROM outbox WHERE type LIKE '%record%'") == [
        (f"record/w1/1/{record.record_hash(body).hex()[:16]}", "pending")
    ]


def test_the_same_record_again_changes_nothing_and_is_receipted_again(desk):
    twin = desk.enrol("w1")
    body = rating(desk, twin)
    desk.send("w1", body)
    desk.receipt(twin, 1)
    before = len(desk.messages(twin, "receipt"))
    desk.send("w1", body)
    with desk.changed:
        assert desk.changed.wait_for(lambda: len(desk.messages(twin, "receipt")) > before, 20)
    assert desk.rows("SELECT count(*) FROM records") == [(1,)]
    assert desk.rows("SELECT count(*) FROM outbox WHERE type LIKE '%record%'") == [(1,)]


@pytest.mark.requirement("SP-4.1")
def test_another_body_under_the_same_seq_is_a_conflict_and_the_first_stands(desk):
    twin = desk.enrol("w1")
    first = rating(desk, twin, 1)
    twin.seq, twin.prev = 0, record.GENESIS
    second = rating(desk, twin, 5)
    desk.send("w1", first)
    desk.send("w1", second)
    desk.send("w1", second)
    assert desk.rows("SELECT body FROM records") == [(first,)]
    assert desk.rows("SELECT body FROM conflicts") == [(second,)]
    assert desk.rows("SELECT count(*) FROM outbox WHERE type LIKE '%incident%'") == [(1,)]
    assert desk.receipt(twin, 1).hash == record.record_hash(first)[:16]


@pytest.mark.requirement("SP-4.1")
@pytest.mark.requirement("LZ-2.1.4c")
def test_a_forged_record_is_quarantined_and_the_good_one_is_not_blocked(desk):
    twin, thief = desk.enrol("w1"), desk.enrol("w2")
    good = rating(desk, twin, 1)
    forged = bytearray(good)
    forged[-1] ^= 1
    other_key = thief.key
    own_key, twin.key = twin.key, other_key
    twin.seq, twin.prev = 0, record.GENESIS
    by_another_key = rating(desk, twin, 5)
    twin.key = own_key
    for body in (bytes(forged), by_another_key, good):
        desk.send("w1", body)
    assert desk.rows("SELECT code, body FROM quarantine ORDER BY id") == [
        ("bad_signature", bytes(forged)),
        ("bad_signature", by_another_key),
    ]
    assert desk.rows("SELECT body FROM records") == [(good,)]
    assert desk.receipt(twin, 1).hash == record.record_hash(good)[:16]


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda body: body + bytes(600), "too_large"),
        (lambda body: body + b"\x00", "trailing"),
        (lambda body: body[:-5], "truncated"),
        (lambda body: b"\xd8\x12" + body[1:], "not_canonical"),
        (lambda body: b"", "truncated"),
        (lambda body: b"\x01", "bad_envelope"),
        (lambda body: b"\xf9\x3c\x00", "unsupported"),
    ],
)
def test_a_spoilt_frame_has_a_name_is_kept_and_acknowledged(desk, spoil, code):
    twin = desk.enrol("w1")
    body = rating(desk, twin)
    desk.send("w1", spoil(body))
    assert desk.rows("SELECT code, seen FROM quarantine") == [(code, 1)]
    desk.send("w1", spoil(body))
    assert desk.rows("SELECT code, seen FROM quarantine") == [(code, 2)]
    desk.send("w1", body)
    assert desk.rows("SELECT count(*) FROM records") == [(1,)]
    assert desk.rows("SELECT count(*) FROM outbox WHERE type LIKE '%incident%'") == [(1,)]


def test_unknown_device_and_unknown_topic_and_a_foreign_kid_are_named(desk):
    twin, _ = desk.enrol("w1"), desk.enrol("w2")
    body = rating(desk, twin)
    desk.send("nobody", body)
    desk.send("w1", body, topic=f"hcp/v1/{HALL}/w1/secret")
    desk.send("w1", body, topic="hcp/v1/other-hall/w1/record")
    desk.send("w2", body)
    desk.send("w1", b"\xff", leaf="state")
    codes = [code for (code,) in desk.rows("SELECT code FROM quarantine ORDER BY id")]
    assert codes == ["unknown_device", "bad_topic", "bad_device", "unsupported"]
    # the same bytes on two bad topics are one piece of evidence, seen twice
    assert desk.rows("SELECT seen FROM quarantine WHERE code = 'bad_topic'") == [(2,)]
    assert desk.rows("SELECT count(*) FROM records") == [(0,)]


def test_a_revoked_device_is_refused_at_once_and_gets_no_receipt(desk):
    twin = desk.enrol("w1")
    desk.send("w1", rating(desk, twin))
    desk.receipt(twin, 1)
    enrolment.revoke(desk.data, "w1", NOW_MS)
    desk.send("w1", rating(desk, twin))
    assert desk.rows("SELECT code FROM quarantine") == [("revoked_device",)]
    assert desk.rows("SELECT count(*) FROM records") == [(1,)]
    assert max(message.body.seq for message in desk.messages(twin, "receipt")) == 1


def test_a_device_enrolled_while_we_run_is_known_at_once(desk):
    desk.enrol("w1")
    twin = desk.enrol("w9", "Z9")
    desk.send("w9", rating(desk, twin))
    desk.receipt(twin, 1)
    events = desk.rows("SELECT event_id, type FROM outbox WHERE event_id LIKE '%w9%' ORDER BY id")
    assert events[0][1].startswith("cn.hcp.device") and events[1][1].startswith("cn.hcp.record")


@pytest.mark.requirement("JX-3.1b")
def test_early_records_wait_and_the_head_moves_when_the_gap_is_filled(desk):
    twin = desk.enrol("w1")
    one, two, three, four = (rating(desk, twin) for _ in range(4))
    for body in (one, four, three):
        desk.send("w1", body)
    assert desk.receipt(twin, 1).seq == 1
    assert desk.service.devices()[0]["missing"] == [[2, 2]]
    assert desk.rows("SELECT seq, state FROM records ORDER BY seq") == [(1, "linked"), (3, "early"), (4, "early")]
    desk.send("w1", two)
    assert desk.receipt(twin, 4).hash == record.record_hash(four)[:16]
    assert desk.service.devices()[0]["missing"] == []


@pytest.mark.requirement("LZ-2.1.4c")
def test_a_broken_chain_keeps_the_head_and_the_evidence(desk):
    twin = desk.enrol("w1")
    one = rating(desk, twin)
    twin.prev = bytes(range(16))
    two = rating(desk, twin)
    desk.send("w1", one)
    desk.send("w1", two)
    assert desk.rows("SELECT code, body FROM quarantine") == [("broken", two)]
    assert desk.rows("SELECT seq FROM heads") == [(1,)]


def test_an_early_record_that_does_not_fit_gives_its_place_to_the_one_that_does(desk):
    twin = desk.enrol("w1")
    one = rating(desk, twin)
    head = twin.seq, twin.prev
    twin.prev, twin.seq = bytes(range(16)), 1
    wrong = rating(desk, twin)
    twin.seq, twin.prev = head
    right = rating(desk, twin)
    desk.send("w1", wrong)
    desk.send("w1", one)
    assert desk.rows("SELECT code, body FROM quarantine") == [("broken", wrong)]
    desk.send("w1", right)
    assert desk.receipt(twin, 2).hash == record.record_hash(right)[:16]


def test_a_declared_loss_is_stepped_over_and_shown(desk):
    twin = desk.enrol("w1")
    desk.send("w1", rating(desk, twin))
    for _ in range(3):
        rating(desk, twin)  # 2, 3, 4 are lost on the device
    event = twin.event("records_lost", {"from": 2, "to": 4})
    after = rating(desk, twin)
    desk.send("w1", event)
    assert desk.receipt(twin, 5).hash == record.record_hash(event)[:16]
    desk.send("w1", after)
    desk.receipt(twin, 6)
    assert desk.service.devices()[0]["lost"] == [[2, 4]]


def test_a_seq_beyond_the_database_is_refused_not_crashed_on(desk):
    twin = desk.enrol("w1")
    twin.seq = 2**64 - 2
    desk.send("w1", rating(desk, twin))
    twin.seq, twin.prev = 0, record.GENESIS
    desk.send("w1", twin.rating(5, wall_ms=2**64 - 1, error_ms=2**32 - 1, uptime_ms=2**64 - 1))
    assert desk.rows("SELECT code FROM quarantine") == [("bad_field",)]
    assert desk.bindings("w1", 1) == [("unbound", "no_service", None, None, None)]


def test_receipt_numbers_rise_over_restarts_and_a_clock_that_goes_back(desk):
    twin = desk.enrol("w1")
    for turn_ms in (0, -3_600_000, 5):
        desk.clock.turn(turn_ms)
        desk.send("w1", rating(desk, twin))
        desk.receipt(twin, twin.seq)
        desk.restart()
    numbers = [message.number for message in desk.messages(twin, "receipt")]
    assert numbers == sorted(set(numbers))


def test_quarantine_is_bounded_and_goes_on_counting(desk, monkeypatch):
    monkeypatch.setattr(records, "MAX_QUARANTINE", 3)
    desk.enrol("w1")
    for number in range(10):
        desk.send("w1", bytes([number]))
    assert desk.rows("SELECT count(*) FROM quarantine") == [(3,)]
    assert sum(desk.service.status()["refused"].values()) == 10
    assert desk.rows("SELECT count(*) FROM outbox WHERE type LIKE '%incident%'") == [(3,)]


def test_a_full_disk_gives_no_acknowledgement_and_no_receipt(desk):
    twin = desk.enrol("w1")
    desk.receipt(twin, 0)
    (pages,) = desk.store.run(lambda c: c.execute("PRAGMA page_count").fetchone())
    desk.store.run(lambda c: c.execute(f"PRAGMA max_page_count = {pages}").fetchall())
    dropped = None
    while dropped is None:
        sent = desk.offer("w1", rating(desk, twin))
        poll(lambda sent=sent: sent.acked.is_set() or sent.dropped.is_set())
        dropped = sent if sent.dropped.is_set() else None
    assert not dropped.acked.is_set()
    assert max(message.body.seq for message in desk.messages(twin, "receipt")) < twin.seq
    # the store opened a new connection, here without the limit: the same record again is taken
    poll(lambda: desk.store.overload == "ok")
    desk.send("w1", twin.sent[-1])
    assert desk.receipt(twin, twin.seq).hash == record.record_hash(twin.sent[-1])[:16]


def test_a_damaged_entry_of_the_register_costs_only_its_own_device(desk):
    twin, other = desk.enrol("w1"), desk.enrol("w2", "B2")
    desk.receipt(twin, 0), desk.receipt(other, 0)
    (desk.data / "devices" / "w1" / "device.pem").write_text("rubbish")
    desk.send("w1", rating(desk, twin))
    desk.send("w2", rating(desk, other))
    desk.receipt(other, 1)
    assert desk.rows("SELECT code FROM quarantine") == [("gateway_error",)]
    desk.tell("called", window="B2", case_no="C1", service_no=1, item_name="社保卡办理")
    desk.wait(other, "scene", lambda body: body.lines)


# --- binding -------------------------------------------------------------------------------------------------------


def serve(desk: Desk, case="C1", window="A1", staff="1001", item="社保卡办理", at_ms=None):
    desk.tell("sign_in", at_ms, window=window, staff=staff)
    desk.tell("called", at_ms, window=window, case_no=case, service_no=1, item_code="I1", item_name=item)


def test_a_press_on_the_armed_scene_is_bound_by_its_token(desk):
    twin = desk.enrol("w1")
    serve(desk)
    shown = desk.wait(twin, "scene", lambda body: body.lines).body
    assert shown.token is None and shown.lines == ("社保卡办理", "工作人员 1001")
    desk.clock.turn(MINUTE)
    desk.tell("served", window="A1", case_no="C1", service_no=1)
    token = desk.token(twin)
    desk.clock.turn(3000)
    desk.send("w1", rating(desk, twin, 2, token))
    assert desk.bindings("w1", 1) == [("bound", "token", "C1", 1, "1001")]
    # one token takes one rating: the scene stays, but it is no longer armed, and nobody is asked any more
    desk.wait(twin, "scene", lambda body: body.token and desk.last_scene(twin) == shown._replace(prompt=None))


def test_a_token_is_enough_when_the_device_does_not_know_the_time(desk):
    twin = desk.enrol("w1")
    serve(desk)
    desk.tell("served", window="A1", case_no="C1", service_no=1)
    token = desk.token(twin)
    desk.send("w1", twin.rating(4, token, wall_ms=None))
    desk.send("w1", twin.rating(4, None, wall_ms=None))
    assert desk.bindings("w1", 1) == [("bound", "token", "C1", 1, "1001")]
    assert desk.bindings("w1", 2) == [("unbound", "unknown_time", None, None, None)]


def test_another_devices_token_binds_nothing(desk):
    twin, other = desk.enrol("w1", "A1"), desk.enrol("w2", "B2")
    serve(desk)
    desk.tell("served", window="A1", case_no="C1", service_no=1)
    token = desk.token(twin)
    desk.send("w2", rating(desk, other, 1, token))
    assert desk.bindings("w2", 1) == [("unbound", "no_service", None, None, None)]


def test_an_unarmed_press_is_bound_by_its_moment(desk):
    twin = desk.enrol("w1")
    serve(desk)
    desk.clock.turn(MINUTE)
    desk.send("w1", rating(desk, twin, 1))
    assert desk.bindings("w1", 1) == [("bound", "interval", "C1", 1, "1001")]


def test_a_press_with_nobody_served_is_unbound_and_kept(desk):
    twin = desk.enrol("w1")
    desk.send("w1", rating(desk, twin, 1))
    assert desk.bindings("w1", 1) == [("unbound", "no_service", None, None, None)]
    assert desk.rows("SELECT count(*) FROM outbox WHERE type LIKE '%record%'") == [(1,)]


def test_a_press_that_may_mean_two_services_is_ambiguous(desk):
    twin = desk.enrol("w1")
    serve(desk, "C1")
    desk.clock.turn(MINUTE)
    serve(desk, "C2")
    desk.send("w1", rating(desk, twin, 1, error_ms=500))
    assert desk.bindings("w1", 1) == [("ambiguous", "several_services", None, None, None)]
    assert desk.rows("SELECT candidates FROM bindings") == [('[["C1", 1], ["C2", 1]]',)]


def test_an_old_token_pressed_after_the_next_call_is_not_guessed(desk):
    twin = desk.enrol("w1")
    serve(desk, "C1")
    desk.tell("served", window="A1", case_no="C1", service_no=1)
    token = desk.token(twin)
    desk.clock.turn(MINUTE)
    serve(desk, "C2")
    desk.clock.turn(MINUTE)
    desk.send("w1", rating(desk, twin, 1, token))
    assert desk.bindings("w1", 1) == [("ambiguous", "several_services", None, None, None)]


def test_a_rating_at_a_window_that_does_not_exist_is_kept_and_bound_when_it_does(desk):
    twin = desk.enrol("w1")
    serve(desk)
    desk.service.put_window("A1", None, False)
    desk.send("w1", rating(desk, twin))
    desk.service.put_window("A1", None, True)
    assert desk.bindings("w1", 1) == [
        ("unbound", "no_window", None, None, None),
        ("bound", "interval", "C1", 1, "1001"),
    ]


def test_late_business_events_append_a_decision_and_edit_none(desk):
    twin = desk.enrol("w1")
    desk.clock.turn(MINUTE)
    desk.send("w1", rating(desk, twin, 1))
    desk.tell("called", NOW_MS, window="A1", case_no="C1", service_no=1)
    desk.tell("sign_in", NOW_MS - MINUTE, window="A1", staff="1001")
    desk.tell("called", NOW_MS + 2 * MINUTE, window="A1", case_no="C2", service_no=1)
    assert desk.bindings("w1", 1) == [
        ("unbound", "no_service", None, None, None),
        ("bound", "interval", "C1", 1, None),
        ("bound", "interval", "C1", 1, "1001"),
    ]
    sent = desk.rows("SELECT event_id FROM outbox WHERE type = 'cn.hcp.binding.v1' ORDER BY id")
    assert sent == [("binding/w1/1/2",), ("binding/w1/1/3",)]
    with pytest.raises(sqlite3.IntegrityError, match="never edited"):
        desk.store.run(lambda c: c.execute("UPDATE bindings SET staff = 'x'"))
    with pytest.raises(sqlite3.IntegrityError, match="never removed"):
        desk.store.run(lambda c: c.execute("DELETE FROM bindings"))
    with pytest.raises(sqlite3.IntegrityError, match="never changed"):
        desk.store.run(lambda c: c.execute("UPDATE records SET body = x'00'"))


def test_a_shift_change_names_who_served(desk):
    twin = desk.enrol("w1")
    serve(desk, "C1", staff="1001")
    desk.clock.turn(MINUTE)
    desk.tell("sign_out", window="A1", staff="1001")
    desk.tell("sign_in", window="A1", staff="1002")
    desk.tell("called", window="A1", case_no="C2", service_no=1)
    desk.send("w1", rating(desk, twin, at_ms=NOW_MS + 1000))
    desk.send("w1", rating(desk, twin, at_ms=NOW_MS + MINUTE + 1000))
    assert desk.bindings("w1", 1) == [("bound", "interval", "C1", 1, "1001")]
    assert desk.bindings("w1", 2) == [("bound", "interval", "C2", 1, "1002")]


def test_scenes_disarm_at_the_next_call_and_with_time(desk):
    twin = desk.enrol("w1")
    for number, end in enumerate(("called", "cancelled", "time")):
        case = f"C{number}"
        serve(desk, case)
        desk.tell("served", window="A1", case_no=case, service_no=1)
        armed = desk.wait(twin, "scene", lambda body: body.token and desk.last_scene(twin) == body).body
        assert armed.until_ms == desk.clock.now_ms() + 15 * MINUTE
        desk.clock.turn(MINUTE)
        if end == "called":
            desk.tell("called", window="A1", case_no="next", service_no=1)
        elif end == "cancelled":
            desk.tell("cancelled", window="A1", case_no=case, service_no=1)
        else:
            desk.clock.turn(15 * MINUTE)
        desk.wait(twin, "scene", lambda body: desk.last_scene(twin).token is None)
        desk.clock.turn(MINUTE)


def test_after_a_restart_the_scene_is_the_same_and_its_token_still_counts(desk):
    twin = desk.enrol("w1")
    serve(desk)
    desk.tell("served", window="A1", case_no="C1", service_no=1)
    token = desk.token(twin)
    desk.restart()
    desk.wire.clear()
    desk.service.on_up()
    assert desk.token(twin) == token
    assert desk.receipt(twin, 0).hash == bytes(16)
    desk.send("w1", rating(desk, twin, 5, token))
    assert desk.bindings("w1", 1) == [("bound", "token", "C1", 1, "1001")]


@pytest.mark.requirement("WZ-4b")
def test_what_staff_can_read_is_the_same_whichever_star_was_pressed(tmp_path):
    seen = []
    for level in (1, 5):
        desk = Desk(tmp_path / str(level))
        twin = desk.enrol("w1")
        serve(desk)
        desk.tell("served", window="A1", case_no="C1", service_no=1)
        token = desk.token(twin)
        before = desk.service.windows()
        desk.send("w1", rating(desk, twin, level, token))
        desk.receipt(twin, 1)
        assert desk.service.windows() == before
        seen.append(before)
        desk.close()
    assert seen[0] == seen[1]
    assert "level" not in str(seen) and "rat" not in str(seen)


def test_a_late_lost_of_an_older_boot_is_ignored(desk):
    desk.enrol("w1")
    for state in (State("ready", 7), State("lost", 6)):
        desk.send("w1", pack_state(state), "state")
    assert desk.rows("SELECT word, boot FROM states") == [("ready", 7)]
    assert desk.service.windows()[0]["devices"] == [{"device": "w1", "online": True}]
    desk.send("w1", pack_state(State("lost", 7)), "state")
    assert desk.service.windows()[0]["devices"] == [{"device": "w1", "online": False}]
