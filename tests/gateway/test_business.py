"""Business events that correct others, speak of a window alone, or say who came."""

import pytest

from gateway.core.business import BusinessError, Event, Type, body_hash, read, standing

NOW_MS = 1_772_600_000_000
SERVICE = {"case_no": "C1", "service_no": 1}


def reading(kind, **fields):
    return read({"id": "1", "type": kind, "at": "2026-03-04T04:00:00Z", **fields}, NOW_MS, 0)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("recalled", SERVICE),
        ("resumed", SERVICE),
        ("paused", SERVICE),
        ("resumed", {"window": "A1"}),
        ("paused", {"window": "A1", "corrects": "0"}),
        ("called", {**SERVICE, "window": "A1", "shared": True, "applicant_kind": "agent"}),
        ("sign_in", {"window": "A1", "staff": "1001", "corrects": "0"}),
        ("withdrawn", {"corrects": "0"}),
    ],
)
def test_what_a_counter_can_tell(kind, fields):
    event = reading(kind, **fields)
    assert {name: getattr(event, name) for name in fields} == fields
    assert event.of_window == ("window" in fields and "case_no" not in fields)


@pytest.mark.parametrize(
    ("kind", "fields", "code"),
    [
        ("paused", {}, "missing_field"),
        ("paused", {"window": "A1", "staff": "1"}, "bad_field"),
        ("paused", {"window": "A1", "case_no": "C1"}, "missing_field"),
        ("recalled", {"window": "A1"}, "missing_field"),
        ("withdrawn", {}, "missing_field"),
        ("withdrawn", {"corrects": "0", **SERVICE}, "bad_field"),
        ("served", {**SERVICE, "corrects": "1"}, "bad_field"),  # itself
        ("served", {**SERVICE, "corrects": 7}, "bad_field"),
        ("served", {**SERVICE, "shared": True}, "bad_field"),
        ("called", {**SERVICE, "window": "A1", "shared": 1}, "bad_field"),
        ("called", {**SERVICE, "window": "A1", "applicant_kind": "张三"}, "bad_field"),
        ("sign_in", {"window": "A1", "staff": "1", "applicant_kind": "self"}, "bad_field"),
    ],
)
def test_what_it_cannot(kind, fields, code):
    with pytest.raises(BusinessError) as caught:
        reading(kind, **fields)
    assert caught.value.code == code and "张三" not in caught.value.detail


def test_the_hash_of_an_event_without_the_later_fields_is_what_it_always_was():
    assert body_hash(reading("served", **SERVICE)).hex() == (
        "171ab1c464988697985f0ee0460f22c387f26ebc07ae4431c6939c6cbe8731fd"
    )
    hashes = {body_hash(reading("called", **SERVICE, window="A1", **more)) for more in MORE}
    assert len(hashes) == len(MORE)


MORE = [{}, {"shared": True}, {"applicant_kind": "self"}, {"applicant_kind": "agent"}, {"corrects": "0"}]


def test_the_last_of_a_chain_stands_and_a_withdrawal_leaves_nothing():
    first = Event("1", Type.CALLED, 0, "A1", case_no="C1", service_no=1)
    second = Event("2", Type.CALLED, 0, "B2", case_no="C1", service_no=1, corrects="1")
    taken_back = Event("3", Type.WITHDRAWN, 0, corrects="2")
    assert standing([first, second]) == [second]
    assert standing([taken_back, second, first]) == []
    assert standing([taken_back, first]) == [first]  # the second has not come yet
