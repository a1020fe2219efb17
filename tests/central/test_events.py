"""Reading events: whatever comes in, an Event or one Refused comes out."""

import copy
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from central.core import events
from protocol import errors
from protocol.identity import Callee, Contact
from tests.central.conftest import Gateway

GATEWAY = Gateway()
DEVICE = GATEWAY.device()
BODY = DEVICE.rating(1)
EXAMPLES = [
    GATEWAY.enrolled(DEVICE),
    GATEWAY.case("C1"),
    GATEWAY.service("C1"),
    GATEWAY.record(BODY, GATEWAY.bound(DEVICE, "C1")),
    GATEWAY.binding(GATEWAY.loose(DEVICE, "ambiguous", candidates=[("C1", 1)])),
    GATEWAY.incident(device="w1", seq=3, body="AAAA"),
    GATEWAY.identity("C1", Callee(Contact("张三", "13800002222")), X25519PrivateKey.generate().public_key()),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def read(event: object) -> events.Event | events.Refused:
    return events.read(event, GATEWAY.hall)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["type"])
def test_each_type_is_read(example):
    found = read(example)
    assert isinstance(found, events.Event) and found.id == example["id"]


def test_every_type_of_the_specification_has_an_example():
    assert {example["type"] for example in EXAMPLES} == set(events.TYPES)


def test_times_become_milliseconds():
    found = read(GATEWAY.case("C1"))
    assert isinstance(found.data, events.Case) and found.data.accepted_at == 1_772_413_323_456


@pytest.mark.parametrize(
    "wrong", ["2026-03-02 01:02:03Z", "2026-03-02T01:02:03+08:00", "2026-13-02T01:02:03Z", 5, "", None]
)
def test_other_times_are_refused(wrong):
    event = GATEWAY.record(BODY)
    event["data"]["received_at"] = wrong
    found = read(event)
    assert isinstance(found, events.Refused) and found.code == "bad_field" and "received_at" in found.detail


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"specversion": "0.3"}, "bad_version"),
        ({"id": ""}, "bad_field"),
        ({"id": 3}, "bad_field"),
        ({"id": "x" * 201}, "bad_field"),
        ({"id": "case/C1/1\n"}, "bad_field"),
        ({"id": "case/C2/1"}, "bad_field"),
        ({"id": "\ud800"}, "bad_utf8"),
        ({"source": "/hall/other"}, "bad_field"),
        ({"type": ["cn.hcp.case.v1"]}, "bad_kind"),
        ({"data": None}, "bad_field"),
        ({"data": []}, "bad_field"),
    ],
)
def test_an_envelope_that_is_wrong_is_refused(change, code):
    found = read({**GATEWAY.case("C1"), **change})
    assert isinstance(found, events.Refused) and found.code == code


@pytest.mark.parametrize("name", ["case_no", "item_name"])
@pytest.mark.parametrize("value", ["", "a\x00b", "a\nb", "x" * 201, 7, True, ["a"], "\udfff"])
def test_texts_that_a_database_or_a_page_would_choke_on_are_refused(name, value):
    event = GATEWAY.case("C1")
    event["data"][name] = value
    assert isinstance(read(event), events.Refused)


@pytest.mark.parametrize("value", [0, -1, 2**31, 2**63, 1.0, "1", True, None])
def test_numbers_out_of_range_or_in_other_clothes_are_refused(value):
    event = GATEWAY.service("C1")
    event["data"]["service_no"] = value
    assert isinstance(read(event), events.Refused)


def test_deep_nesting_is_refused():
    deep: object = 0
    for _ in range(100_000):
        deep = [deep]
    found = read({**GATEWAY.case("C1"), "data": deep})
    assert isinstance(found, events.Refused) and found.code == "too_deep"


def test_unknown_keys_are_ignored_but_belong_to_the_content():
    newer = GATEWAY.case("C1")
    newer["data"]["colour"] = "red"
    old, new = read(GATEWAY.case("C1")), read({**newer, "traceparent": "00"})
    assert isinstance(new, events.Event) and old.data == new.data and old.content != new.content


def test_the_content_does_not_depend_on_the_spelling():
    event = GATEWAY.case("C1")
    other = {**event, "time": "2030-01-01T00:00:00.000Z", "data": dict(reversed(event["data"].items()))}
    assert read(event).content == read(other).content


def test_a_refusal_repeats_no_values():
    event = GATEWAY.case("C1")
    event["data"]["status"] = "张三的电话"
    assert "张三" not in read(event).detail


def test_of_an_identity_that_is_refused_nothing_is_kept():
    event = copy.deepcopy(EXAMPLES[-1])
    for wrong in ({"applicant": "张三"}, {"sealed": "张三 13800002222"}, {"has_phone": "13800002222"}, {"key": "张三"}):
        found = read({**event, "data": {**event["data"], **wrong, "phone": "13800002222"}})
        if "applicant" not in wrong:
            assert isinstance(found, events.Refused) and "138" not in found.detail and "张三" not in found.detail
        assert found.body == b""


@pytest.mark.parametrize(
    "change",
    [
        {"key": None},
        {"sealed": None},
        {"sealed": "AAAA"},
        {"key": "0" * 15},
        {"has_phone": 1},
        {"opaque": "A" * 16},
        {"key": None, "sealed": None},
        {"key": None, "sealed": None, "opaque": "A" * 16},  # and has_phone is true
        {"key": None, "sealed": None, "has_phone": False, "opaque": "A" * 15},
        {"key": None, "sealed": None, "has_phone": False, "opaque": "张" * 16},
        {"service_no": 0},
        {"revision": 2},
    ],
)
def test_an_identity_is_sealed_or_opaque(change):
    event = copy.deepcopy(EXAMPLES[-1])
    event["data"].update(change)
    assert isinstance(read(event), events.Refused)


def test_an_opaque_identity_is_read():
    data = {"case_no": "C1", "service_no": 1, "revision": 1, "has_phone": False, "opaque": "eyJhbGciOiJSU0EtT0FFUCJ9.a"}
    found = read(GATEWAY.event("identity", "identity/C1/1/1", data))
    assert isinstance(found, events.Event) and found.data.opaque == data["opaque"]


@given(JSON)
def test_rubbish_is_refused_with_a_known_code(value):
    found = read(value)
    assert isinstance(found, events.Refused) and found.code in errors.CODES


@given(st.sampled_from(EXAMPLES), st.data())
def test_a_damaged_event_is_read_or_refused(example, data):
    event = copy.deepcopy(example)
    place = event if data.draw(st.booleans()) else event["data"]
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(JSON)
    found = read(event)
    assert isinstance(found, events.Event) or found.code in errors.CODES
    assert json.loads(found.body or b"[0]") if len(found.body) < 512 else True


@given(JSON)
def test_a_damaged_decision_is_an_error_that_names_it(value):
    with pytest.raises(ValueError, match="^binding: "):
        events.read_decision(value, "w1", 1)


def test_what_a_decision_rests_on_is_kept_as_it_was_told_but_not_without_end():
    told = {"rules": 1, "clock": "device", "servings": [{"case_no": "C1"}], "of a later version": [1]}
    found = read(GATEWAY.binding({**GATEWAY.bound(DEVICE, "C1"), "evidence": told}))
    assert isinstance(found, events.Event) and found.data.evidence == told
    for wrong in ("x", [], {"servings": ["长" * events.MAX_EVIDENCE]}):
        found = read(GATEWAY.binding({**GATEWAY.bound(DEVICE, "C1"), "evidence": wrong}))
        assert isinstance(found, events.Refused) and "evidence" in found.detail


def test_evidence_belongs_to_the_content_and_its_absence_changes_no_older_content():
    def content(**more):
        found = read(GATEWAY.binding({**GATEWAY.bound(DEVICE, "C1"), **more}))
        return events.content_of(found.data)

    without = content()
    assert without == content(evidence=None) != content(evidence={"rules": 1}) != content(evidence={"rules": 2})
    assert without == "c65b4851417590d65188914be1f7300a40853c49101be6303b2e096f948a2a35"


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({"status": "paused"}, True),
        ({"applicant_kind": "agent"}, True),
        ({"applicant_kind": "self"}, True),
        ({"applicant_kind": "张三"}, False),
    ],
)
def test_a_service_may_be_paused_and_says_who_came(change, good):
    event = GATEWAY.service("C1")
    event["data"].update(change)
    found = read(event)
    assert isinstance(found, events.Event) == good
