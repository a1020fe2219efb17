"""Batches against a real database file: what is answered is what is there."""

import dataclasses
import sqlite3
import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import event, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from central import tables
from central.read import Reader
from central.store import Store
from protocol import cose, record
from tests.builders import DeviceTwin
from tests.central.conftest import Gateway, Take, settings_for

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def rows(store: Store, table, *columns: str) -> list:
    with store._reader.begin() as connection:
        found = connection.execute(select(*(table.c[name] for name in columns)).order_by(*table.primary_key)).all()
    return [row[0] if len(columns) == 1 else tuple(row) for row in found]


def incidents(store: Store) -> list[str]:
    return rows(store, tables.incidents, "code")


def head(store: Store, device: str = "w1") -> int:
    return dict(rows(store, tables.heads, "device", "seq"))[device]


def statuses(store: Store) -> dict[int, str]:
    return {seq: status.value for seq, status in rows(store, tables.ratings, "seq", "status")}


@pytest.fixture
def device(gateway: Gateway, take: Take) -> DeviceTwin:
    """A device that is enrolled."""
    twin = gateway.device()
    assert take(gateway.enrolled(twin)) == ["accepted"]
    return twin


@pytest.mark.requirement("JX-3.1b")
@pytest.mark.requirement("LZ-2.1.4c")
def test_a_rating_is_kept_byte_for_byte_with_all_it_says(store, take, gateway, device):
    body = device.rating(2, token=b"12345678")
    event = gateway.record(body, gateway.bound(device, "C1"))
    assert take(gateway.case("C1"), gateway.service("C1"), event) == ["accepted"] * 3
    kept = rows(store, tables.records, "device", "seq", "hash", "body", "arrived", "received_ms")
    assert kept == [("w1", 1, record.record_hash(body), body, "linked", take.now_ms)]
    [rating] = rows(store, tables.ratings, "level", "status", "case_no", "service_no", "token", "wall_ms", "origin")
    assert rating == ("dissatisfied", "counted", "C1", 1, b"12345678", 1_700_000_000_000, "citizen_device")
    assert head(store) == 1


def test_good_and_bad_in_one_batch_each_get_their_own_answer(store, take, gateway, device):
    stranger = gateway.device("w9")
    batch = [
        gateway.record(device.rating(5)),
        {"specversion": "1.0"},
        "rubbish",
        None,
        gateway.case("C1"),
        {**gateway.case("C2"), "source": "/hall/other"},
        {**gateway.case("C3"), "type": "cn.hcp.case.v9"},
        {**gateway.case("C4"), "data": {"case_no": 4}},
        gateway.record(stranger.rating(1)),
        gateway.record(b"\x00", device="w1", seq=7),
        gateway.record(b"\x00" * 600, device="w1", seq=7),
        gateway.record(device.rating(1)),
    ]
    verdicts = take.verdicts(*batch)
    assert [(verdict.status.value, verdict.code) for verdict in verdicts] == [
        ("accepted", ""),
        ("rejected", "bad_field"),
        ("rejected", "bad_envelope"),
        ("rejected", "bad_envelope"),
        ("accepted", ""),
        ("rejected", "bad_field"),
        ("rejected", "bad_kind"),
        ("rejected", "bad_field"),
        ("retry", "unknown_device"),
        ("rejected", "bad_envelope"),
        ("rejected", "too_large"),
        ("accepted", ""),
    ]
    assert rows(store, tables.records, "seq") == [1, 2]
    assert len(incidents(store)) == 8  # every refusal can be looked into; a retry is none


def test_the_same_batch_again_changes_nothing(store, take, gateway):
    device = gateway.device()
    batch = [gateway.enrolled(device), gateway.case("C1"), gateway.service("C1")]
    batch += [gateway.record(device.rating(level), gateway.bound(device, "C1")) for level in (5, 1)]
    batch += [
        gateway.record(device.event()),
        gateway.binding(gateway.loose(device, seq=1, number=2)),
        gateway.incident(),
    ]
    assert take(*batch) == ["accepted"] * 8
    before = [rows(store, table, *table.c.keys()) for table in tables.metadata.sorted_tables]
    assert take(*batch) == ["duplicate"] * 8
    assert take(*batch, *batch) == ["duplicate"] * 16
    assert [rows(store, table, *table.c.keys()) for table in tables.metadata.sorted_tables] == before


def test_one_event_twice_in_one_batch_is_taken_once(store, take, gateway, device):
    event = gateway.record(device.rating())
    assert take(event, event) == ["accepted", "duplicate"]
    assert rows(store, tables.records, "seq") == [1]


def test_the_same_id_with_other_content_is_a_conflict_and_both_are_kept(store, take, gateway):
    other = gateway.case("C1")
    other["data"]["item_name"] = "另一事项"
    assert take(gateway.case("C1")) == ["accepted"]
    for _ in range(2):
        assert [(v.status.value, v.code) for v in take.verdicts(other)] == [("conflict", "conflict")]
    assert rows(store, tables.cases, "item_name") == ["户口迁移"]
    [kept] = rows(store, tables.conflicts, "event")
    assert "另一事项".encode() in kept
    assert incidents(store) == ["conflict"]


@pytest.mark.requirement("LZ-2.1.4c")
def test_another_record_with_the_same_seq_is_a_conflict_and_both_are_kept(store, take, gateway, device):
    first = device.rating(1)
    device.seq, device.prev = 0, record.GENESIS
    second = device.rating(5)
    assert take(gateway.record(first), gateway.record(second)) == ["accepted", "conflict"]
    assert take(gateway.record(second)) == ["conflict"]
    assert rows(store, tables.records, "body") == [first]
    assert rows(store, tables.quarantine, "verdict", "body") == [("conflict", second)]
    assert rows(store, tables.ratings, "level") == ["very_dissatisfied"]
    assert incidents(store) == ["conflict"]


def test_the_other_half_of_s_makes_another_record(store, take, gateway, device):
    body = device.rating(1)
    r, s = body[-64:-32], int.from_bytes(body[-32:], "big")
    twin = body[:-64] + r + (P256_ORDER - s).to_bytes(32, "big")
    assert take(gateway.record(body), gateway.record(twin)) == ["accepted", "conflict"]


@pytest.mark.requirement("LZ-2.1.4c")
def test_a_forged_signature_is_rejected_and_noted(store, take, gateway, device):
    forger = DeviceTwin("w1", gateway.authority)
    forged = forger.rating(5)
    event = gateway.record(forged)
    for _ in range(2):
        [verdict] = take.verdicts(event)
        assert (verdict.status, verdict.code) == ("rejected", "bad_signature")
    assert rows(store, tables.records, "seq") == []
    assert rows(store, tables.incidents, "code", "device", "seq", "body") == [("bad_signature", "w1", 1, forged)]
    assert take(gateway.record(device.rating(1))) == ["accepted"]


@pytest.mark.parametrize("at", range(0, 230, 7))
def test_a_flipped_byte_is_never_taken(store, take, gateway, device, at):
    body = bytearray(device.rating(1))
    body[at % len(body)] ^= 0x01
    [verdict] = take.verdicts(gateway.record(bytes(body), device="w1", seq=1))
    assert verdict.status == "rejected"
    assert rows(store, tables.records, "seq") == []


# --- devices ---


def test_a_device_and_its_records_may_come_in_one_batch(store, take, gateway):
    device = gateway.device()
    assert take(gateway.enrolled(device), gateway.record(device.rating())) == ["accepted", "accepted"]
    assert head(store) == 1


def test_records_of_an_unknown_device_wait_at_the_gateway(store, take, gateway):
    device = gateway.device()
    event = gateway.record(device.rating(1), gateway.loose(device))
    assert take(event, gateway.binding(gateway.loose(device, number=2))) == ["retry", "retry"]
    assert take(event, gateway.enrolled(device)) == ["retry", "accepted"]
    assert take(event) == ["accepted"]
    assert statuses(store) == {1: "unbound"}


def test_a_certificate_by_somebody_else_is_rejected(store, take, gateway):
    stranger = Gateway("test-hall")
    [verdict] = take.verdicts(gateway.enrolled(stranger.device()))
    assert (verdict.status, verdict.code) == ("rejected", "bad_signature")
    assert rows(store, tables.devices, "device") == [] and incidents(store) == ["bad_signature"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"device": "w2"}, "bad_device"),
        ({"hall": "other"}, "bad_field"),
        ({"certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}, "bad_field"),
        ({"certificate": "x" * 9000}, "bad_field"),
        ({"device": "W1!"}, "bad_field"),
    ],
)
def test_a_certificate_that_does_not_fit_is_rejected(store, take, gateway, changes, code):
    [verdict] = take.verdicts(gateway.enrolled(gateway.device(), **changes))
    assert (verdict.status, verdict.code) == ("rejected", code)
    assert rows(store, tables.devices, "device") == []


def test_a_certificate_of_another_hall_is_rejected(store, take, gateway):
    gateway.authority.hall = "other"
    device = gateway.device()
    gateway.authority.hall = gateway.hall
    [verdict] = take.verdicts(gateway.enrolled(device))
    assert verdict.status == "rejected"


def test_the_first_key_of_a_device_stands(store, take, gateway, device):
    second = gateway.device("w1")
    assert take(gateway.enrolled(second)) == ["accepted"], "a certificate alone makes no key count"
    assert [v.code for v in take.verdicts(gateway.record(second.rating()))] == ["bad_signature"]
    assert incidents(store) == ["bad_signature"]
    assert take(gateway.record(device.rating())) == ["accepted"]


def test_a_new_certificate_for_the_same_key_moves_the_window(store, take, gateway, device):
    device.certificate = gateway.authority.certify("w1", device.key.public_key())
    assert take(gateway.enrolled(device, window="2")) == ["accepted"]
    assert rows(store, tables.devices, "device", "window") == [("w1", "2")]
    assert len(rows(store, tables.certificates, "fingerprint")) == 2


def test_a_revoked_device_is_refused_even_if_unknown(place, gateway):
    settings = settings_for(place, gateway, revoked=frozenset({"w1"}))
    store = Store(settings)
    device = gateway.device()
    take = Take(store, settings.halls[0])
    body = device.rating(1)
    [first] = take.verdicts(gateway.record(body))
    take(gateway.enrolled(device))
    [second] = take.verdicts(gateway.record(body))
    assert [(v.status, v.code) for v in (first, second)] == [("rejected", "revoked_device")] * 2
    assert rows(store, tables.incidents, "code", "body") == [("revoked_device", body)]
    store.close()


def test_a_hall_cannot_speak_for_the_device_of_another(place):
    one, two = Gateway("hall-1"), Gateway("hall-2")
    settings = settings_for(place, one, two)
    store = Store(settings)
    device = one.device()
    take_one, take_two = Take(store, settings.halls[0]), Take(store, settings.halls[1])
    assert take_one(one.enrolled(device)) == ["accepted"]
    body = device.rating(1)
    event = two.record(body, two.bound(device, "C1"))
    assert [v.code for v in take_two.verdicts(event)] == ["bad_device"]
    assert [v.code for v in take_two.verdicts(two.binding(two.bound(device, "C1")))] == ["bad_device"]
    # nor take its name with an authority of its own
    assert [v.status for v in take_two.verdicts(two.enrolled(two.device()))] == ["conflict"]
    assert take_one(one.record(body)) == ["accepted"]
    # and its cases are its own: the same number elsewhere is another case
    other = two.device("w2")
    assert take_one(one.service("C1"), one.binding(one.bound(device, "C1"))) == ["accepted"] * 2
    rated = two.record(other.rating(5), two.bound(other, "C1"))
    assert take_two(two.enrolled(other), two.service("C1"), rated) == ["accepted"] * 3
    assert rows(store, tables.ratings, "hall", "status") == [("hall-1", "counted"), ("hall-2", "counted")]
    store.close()


# --- the chain ---


@pytest.mark.requirement("JX-3.1b")
def test_a_gap_shows_and_closes(store, take, gateway, settings, device):
    bodies = [device.rating(level) for level in (1, 2, 3, 4, 5)]
    one, two, three, four, five = (gateway.record(body) for body in bodies)
    reader = Reader(settings)

    def gaps():
        return reader.halls()[0].devices[0].gaps

    assert take(one, three, five) == ["accepted"] * 3
    assert head(store) == 1 and gaps() == [(2, 2), (4, 4)]
    assert take(two) == ["accepted"]
    assert head(store) == 3 and gaps() == [(4, 4)]
    assert take(four, three) == ["accepted", "duplicate"]
    assert head(store) == 5 and gaps() == []
    assert b"".join(reader.bodies()) == b"".join(bodies)
    reader.close()


def test_a_long_gap_closes_in_one_step(store, take, gateway, device):
    events = [gateway.record(device.event()) for _ in range(1201)]
    for start in range(1, 1201, 400):
        take(*events[start : start + 400])
    assert head(store) == 0
    assert take(events[0]) == ["accepted"]
    assert head(store) == 1201


def test_a_record_that_does_not_link_is_kept_apart(store, take, gateway, device):
    first = device.rating(1)
    device.prev = b"\x11" * 16
    broken = device.rating(5)
    event = gateway.record(broken)
    verdicts = take.verdicts(gateway.record(first), event, event)
    assert [(v.status.value, v.code) for v in verdicts] == [
        ("accepted", ""),
        ("rejected", "broken"),
        ("rejected", "broken"),
    ]
    assert head(store) == 1 and rows(store, tables.records, "body") == [first]
    assert rows(store, tables.quarantine, "verdict", "seq", "body") == [("broken", 2, broken)]
    assert incidents(store) == ["broken"]
    device.seq, device.prev = 1, record.record_hash(first)[:16]
    assert take(gateway.record(device.rating(2))) == ["accepted"]
    assert head(store) == 2


@pytest.mark.parametrize("batches", [1, 3])
def test_an_early_record_that_does_not_link_makes_room_for_the_right_one(store, take, gateway, device, batches):
    first = device.rating(1)
    link = device.prev
    device.prev = b"\x11" * 16
    broken = device.rating(5)
    device.seq, device.prev = 1, link
    right = device.rating(2)
    third = device.rating(3)
    events = [
        gateway.service("C1"),
        gateway.record(broken, gateway.bound(device, "C1", seq=2)),
        gateway.record(third, gateway.bound(device, "C1", seq=3)),
        gateway.record(first),
        gateway.record(right),
    ]
    if batches == 1:
        assert take(*events) == ["accepted"] * 5
    else:
        assert take(*events[:3]) == ["accepted"] * 3
        assert statuses(store) == {2: "counted", 3: "already_rated"}
        assert take(events[3]) == ["accepted"]
        assert head(store) == 1 and statuses(store) == {1: "unbound", 3: "counted"}
        assert take(events[4]) == ["accepted"]
    assert head(store) == 3
    assert [body for _, body in sorted(rows(store, tables.records, "seq", "body"))] == [first, right, third]
    assert rows(store, tables.quarantine, "verdict", "body") == [("broken", broken)]
    assert rows(store, tables.incidents, "code", "seq") == [("broken", 2)]
    assert take(events[1]) == ["duplicate"]  # it was answered for; sending it again would not help


@pytest.mark.requirement("JX-3.1b")
def test_a_declared_loss_is_stepped_over_and_shown(store, take, gateway, settings, device):
    bodies = [device.rating(5) for _ in range(5)]
    loss = device.event("records_lost", {"from": 3, "to": 5})
    last = device.rating(1)
    reader = Reader(settings)
    assert take(*map(gateway.record, (bodies[0], bodies[1], last))) == ["accepted"] * 3
    assert head(store) == 2
    assert take(gateway.record(loss)) == ["accepted"]
    assert head(store) == 7
    [state] = reader.halls()[0].devices
    assert (state.gaps, state.lost) == ([], [(3, 5)])
    # what was declared lost has no place any more, but is not thrown away
    assert [v.code for v in take.verdicts(gateway.record(bodies[3]))] == ["broken"]
    assert rows(store, tables.quarantine, "seq", "body") == [(4, bodies[3])]
    reader.close()


def test_a_seq_beyond_every_counter_is_refused_by_name(store, take, gateway, device):
    device.seq = 2**63 - 1
    verdicts = take.verdicts(gateway.record(device.rating(1)), gateway.case("C1"))
    assert [(v.status.value, v.code) for v in verdicts] == [("rejected", "bad_field"), ("accepted", "")]


# --- ratings ---


@pytest.mark.requirement("WZ-8b")
@pytest.mark.requirement("MOT-8b")
def test_a_second_rating_of_one_service_is_kept_but_not_counted(store, take, gateway, device):
    rated = [gateway.record(device.rating(level), gateway.bound(device, "C1")) for level in (1, 5)]
    assert take(gateway.service("C1"), *rated) == ["accepted"] * 3
    assert rows(store, tables.ratings, "level", "status") == [
        ("very_dissatisfied", "counted"),
        ("very_satisfied", "already_rated"),
    ]
    # the next service of the same case is another one
    assert (
        take(gateway.service("C1", 2), gateway.record(device.rating(5), gateway.bound(device, "C1", 2)))
        == ["accepted"] * 2
    )
    assert statuses(store) == {1: "counted", 2: "already_rated", 3: "counted"}


@pytest.mark.requirement("WZ-8b")
def test_the_database_itself_refuses_a_second_counted_rating(store, take, gateway, device, settings):
    rated = [gateway.record(device.rating(level), gateway.bound(device, "C1")) for level in (1, 5)]
    take(gateway.service("C1"), *rated)
    with pytest.raises(IntegrityError), store._writer.begin() as connection:
        connection.execute(tables.ratings.update().values(status="counted", counted_ms=1))


def test_a_cancelled_service_keeps_its_rating(store, take, gateway, device):
    take(gateway.service("C1"), gateway.record(device.rating(1), gateway.bound(device, "C1")))
    take(gateway.service("C1", revision=2, status="cancelled"), gateway.case("C1", status="cancelled"))
    assert statuses(store) == {1: "counted"}


def test_a_rating_waits_for_its_service(store, take, gateway, device):
    assert take(gateway.record(device.rating(1), gateway.bound(device, "C1"))) == ["accepted"]
    assert statuses(store) == {1: "waiting_service"}
    assert take(gateway.service("C1", revision=3)) == ["accepted"]
    assert statuses(store) == {1: "counted"}


def test_later_decisions_are_appended_and_stand(store, take, gateway, device):
    take(gateway.service("C1"), gateway.service("C2"))
    take(gateway.record(device.rating(1), gateway.loose(device)))
    take(gateway.record(device.rating(5), gateway.bound(device, "C1")))
    assert statuses(store) == {1: "unbound", 2: "counted"}
    take(gateway.binding(gateway.bound(device, "C1", number=2, seq=1)))
    assert statuses(store) == {1: "already_rated", 2: "counted"}  # the one that counts stays
    take(gateway.binding(gateway.bound(device, "C2", number=2, seq=2)))
    assert statuses(store) == {1: "counted", 2: "counted"}  # its place was free again
    ambiguous = gateway.loose(device, "ambiguous", number=3, seq=1, candidates=[("C1", 1), ("C2", 1)])
    take(gateway.binding(ambiguous))
    assert statuses(store) == {1: "ambiguous", 2: "counted"}
    decisions = rows(store, tables.bindings, "seq", "number", "status")
    assert decisions == [
        (1, 1, "unbound"),
        (1, 2, "bound"),
        (1, 3, "ambiguous"),
        (2, 1, "bound"),
        (2, 2, "bound"),
    ]


def test_a_swap_of_two_services_in_one_batch(store, take, gateway, device):
    take(gateway.service("C1"), gateway.service("C2"))
    for case_no in ("C1", "C2"):
        take(gateway.record(device.rating(5), gateway.bound(device, case_no)))
    swap = [
        gateway.binding(gateway.bound(device, case_no, number=2, seq=seq)) for seq, case_no in ((1, "C2"), (2, "C1"))
    ]
    assert take(*swap) == ["accepted"] * 2
    assert rows(store, tables.ratings, "seq", "case_no", "status") == [(1, "C2", "counted"), (2, "C1", "counted")]


def test_an_older_decision_that_comes_late_does_not_stand(store, take, gateway, device):
    take(gateway.service("C1"), gateway.record(device.rating(1), gateway.loose(device, number=1)))
    take(gateway.binding(gateway.bound(device, "C1", number=3)))
    take(gateway.binding(gateway.loose(device, number=2)))
    assert statuses(store) == {1: "counted"}


def test_a_decision_may_come_before_its_rating(store, take, gateway, device):
    body = device.rating(1)
    assert take(gateway.service("C1"), gateway.binding(gateway.bound(device, "C1", number=2))) == ["accepted"] * 2
    assert take(gateway.record(body, gateway.loose(device, number=1))) == ["accepted"]
    assert statuses(store) == {1: "counted"}


def test_the_same_decision_with_other_content_is_a_conflict(store, take, gateway, device):
    take(gateway.record(device.rating(1), gateway.loose(device)))
    [verdict] = take.verdicts(gateway.binding(gateway.bound(device, "C1")))
    assert (verdict.status, verdict.code) == ("conflict", "conflict")
    assert statuses(store) == {1: "unbound"} and incidents(store) == ["conflict"]


@pytest.mark.parametrize(
    "wrong", [{"rule": "dice"}, {"seq": 9}, {"device": "w2"}, {"case_no": None}, {"candidates": 3}]
)
def test_a_good_record_is_taken_without_a_bad_binding(store, take, gateway, device, wrong):
    body = device.rating(1)
    [verdict] = take.verdicts(gateway.record(body, {**gateway.bound(device, "C1"), **wrong}))
    assert (verdict.status, verdict.code) == ("accepted", "bad_field")
    assert statuses(store) == {1: "unbound"} and incidents(store) == ["bad_field"]


def test_no_rating_counts_without_a_service_that_is_known(store, take, gateway, device):
    take(gateway.record(device.rating(5)))
    take(gateway.record(device.rating(5), gateway.loose(device)))
    take(gateway.record(device.rating(5), gateway.loose(device, "ambiguous")))
    take(gateway.record(device.rating(5), gateway.bound(device, "C9")))
    assert statuses(store) == {1: "unbound", 2: "unbound", 3: "ambiguous", 4: "waiting_service"}


def test_a_self_test_is_no_rating(store, take, gateway, device):
    body = device.rating(1, kind=record.SELFTEST)
    assert take(gateway.record(body), gateway.record(device.event())) == ["accepted"] * 2
    assert statuses(store) == {} and rows(store, tables.records, "kind") == [3, 2]


# --- the batch as a whole ---


def test_what_no_text_column_holds_costs_its_own_event_only(store, take, gateway, device):
    """PostgreSQL has no place for a NUL; a batch that failed as a whole would be sent again for ever."""
    other = gateway.enrolled(gateway.device("w2"))
    other["data"]["certificate"] += "\0"
    wrong = [other, {**gateway.case("C1"), "id": "case/C1\0/1"}, {**gateway.case("C1"), "id": "case/C1\n"}]
    for field in ("item_name", "item_code", "case_no"):
        event = gateway.case("C1")
        event["data"][field] = "a\0b"
        wrong.append(event)
    wrong += [gateway.incident("bad\0"), gateway.incident(detail="\0"), gateway.incident(device="w\0")]
    verdicts = take.verdicts(*wrong, gateway.record(device.rating(1)))
    assert [verdict.code for verdict in verdicts] == ["bad_field"] * len(wrong) + [""]
    assert [verdict.id for verdict in verdicts[:-1]] == [event["id"] for event in wrong], "a gateway looks for its own"
    assert head(store) == 1 and len(incidents(store)) == len({event["id"] for event in wrong})
    told = {**gateway.loose(device, number=2), "evidence": {"a\0": "b\0"}}
    assert take(gateway.binding(told)) == ["accepted"]  # in JSON it is an escape
    assert rows(store, tables.bindings, "evidence") == [{"a\0": "b\0"}]


def test_a_database_that_fails_keeps_nothing_of_the_batch(store, take, gateway, device):
    with store._writer.begin() as connection:
        connection.execute(text("ALTER TABLE incidents RENAME TO elsewhere"))
    with pytest.raises(DBAPIError):
        take(gateway.record(device.rating(1)), "rubbish")
    with store._writer.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO incidents"))
    assert rows(store, tables.records, "seq") == [] and head(store) == 0
    assert take(gateway.record(device.sent[0]), "rubbish") == ["accepted", "rejected"]


@pytest.mark.requirement("WZ-8b")
def test_batches_that_race_take_each_fact_once(settings, gateway):
    """Two processes' worth of stores on one database, several threads each."""
    stores = [Store(settings), Store(settings)]
    device = gateway.device()
    take = Take(stores[0], settings.halls[0])
    take(gateway.enrolled(device), gateway.service("C1"))
    batches = [
        [gateway.record(device.rating(level % 5 + 1), gateway.bound(device, "C1")) for level in range(20)]
        for _ in range(5)
    ]
    answers: list[str] = []

    def send(store: Store) -> None:
        for batch in batches:
            answers.extend(verdict.status.value for verdict in store.take(settings.halls[0], batch, 1))

    threads = [threading.Thread(target=send, args=(stores[number % 2],)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers.count("accepted") == 100 and answers.count("duplicate") == 300
    assert head(stores[0]) == 100
    assert sorted(statuses(stores[0]).values()) == ["already_rated"] * 99 + ["counted"]
    for store in stores:
        store.close()


@hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_order_and_any_repeats_end_in_the_same_place(lend, data):
    """Out of order, in pieces, repeated: every fact is there once and the chain is whole."""
    with lend() as place:
        _any_order(place, data)


def _any_order(place, data) -> None:
    gateway = Gateway()
    settings = settings_for(place, gateway)
    store = Store(settings)
    take = Take(store, settings.halls[0])
    device = gateway.device()
    take(gateway.enrolled(device))
    events = []
    for number in range(6):
        bound = number % 3
        body = device.rating(number % 5 + 1)
        events.append(gateway.record(body, gateway.bound(device, f"C{number}") if bound else gateway.loose(device)))
        events.append(gateway.service(f"C{number}"))
        if not bound:
            events.append(gateway.binding(gateway.bound(device, f"C{number}", number=2)))
    order = data.draw(st.permutations(events)) + data.draw(st.lists(st.sampled_from(events), max_size=6))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(order)), max_size=4)) | {0, len(order)})
    for start, end in zip(cuts, cuts[1:], strict=False):
        assert set(take(*order[start:end])) <= {"accepted", "duplicate"}
    assert head(store) == 6
    assert statuses(store) == {seq: "counted" for seq in range(1, 7)}
    assert sorted(rows(store, tables.ratings, "seq", "case_no")) == [(seq, f"C{seq - 1}") for seq in range(1, 7)]
    assert incidents(store) == []
    store.close()


def test_cose_kid_decides_whose_record_it_is(store, take, gateway, device):
    """A device cannot write into another's chain, whatever the event says."""
    other = gateway.device("w2")
    take(gateway.enrolled(other))
    body = other.rating(5)
    [verdict] = take.verdicts(gateway.record(body, device="w1", seq=1))
    assert (verdict.status, verdict.code) == ("rejected", "bad_field")
    opened = cose.sign1_unpack(body)
    renamed = cose.sign1_pack("w1", opened.payload, opened.signature)
    assert [v.code for v in take.verdicts(gateway.record(renamed))] == ["bad_signature"]


def test_no_batch_reads_a_whole_table(store, take, gateway, device):
    """What a batch costs must not grow with what is stored: every look-up goes through an index."""
    looked = 0
    whole: list[str] = []

    def explain(connection, _cursor, statement, parameters, _context, _many) -> None:
        nonlocal looked
        if statement.startswith(("SELECT", "UPDATE", "DELETE")) and "advisory" not in statement:
            looked += 1
            given = parameters[0] if isinstance(parameters, list) else parameters
            raw = connection.connection.driver_connection
            whole.extend(f"{scan}: {statement}" for scan in _whole_reads(raw, statement, given))

    for engine in (store._writer, store._reader):
        event.listen(engine, "before_cursor_execute", explain)
    link = device.rating(1), device.prev
    device.seq, device.prev = 1, b"\x22" * 16
    broken = gateway.record(device.rating(1), gateway.bound(device, "C1"))
    loss = device.event("records_lost", {"from": 2, "to": 2})
    take(gateway.service("C1"), gateway.case("C1"), broken, gateway.record(loss), "rubbish", gateway.enrolled(device))
    take(gateway.record(link[0], gateway.bound(device, "C1")), gateway.binding(gateway.loose(device, number=2, seq=1)))
    assert looked > 15
    assert whole == []


def _whole_reads(raw, statement: str, given) -> list[str]:
    """What reads more of a table than an index names; the list of what is asked for is read whole, no table is."""
    if isinstance(raw, sqlite3.Connection):
        plan = [row[3] for row in raw.execute("EXPLAIN QUERY PLAN " + statement, given)]
        return [step for step in plan if step.startswith("SCAN") and "VIRTUAL TABLE" not in step]
    # so small a table would be read whole: asked for an index, the planner takes one if there is any that fits
    raw.execute("SET LOCAL enable_seqscan = off")
    [[[plan]]] = raw.execute("EXPLAIN (FORMAT JSON) " + statement, given).fetchall()
    raw.execute("SET LOCAL enable_seqscan = on")
    return list(_scans(plan["Plan"]))


def _scans(node: dict) -> Iterator[str]:
    if node["Node Type"] == "Seq Scan" or (node["Node Type"].startswith("Index") and "Index Cond" not in node):
        yield f"{node['Node Type']} of {node['Relation Name']}"
    for inner in node.get("Plans", ()):
        yield from _scans(inner)


def test_what_is_frozen_stays_frozen(settings):
    with pytest.raises((ValueError, dataclasses.FrozenInstanceError)):
        settings.port = 1
