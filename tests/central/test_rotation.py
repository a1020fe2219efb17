"""A device turns to its next key (spec 7.6): central follows the device's own word, and nobody else's."""

import pytest

from central import tables
from protocol import signature
from tests.builders import DeviceTwin, make_key
from tests.central.test_store import incidents, rows


@pytest.fixture
def device(gateway, take):
    device = gateway.device("w1")
    assert take(gateway.enrolled(device)) == ["accepted"]
    return device


def with_key(device: DeviceTwin, key) -> DeviceTwin:
    """The same device at this point of its chain, in the hands of somebody with another key."""
    twin = DeviceTwin(device.device)
    twin.key, twin.seq, twin.prev = key, device.seq, device.prev
    return twin


def test_after_its_event_a_device_signs_with_the_next_key(store, take, gateway, device):
    assert take(gateway.record(device.rating(1))) == ["accepted"]
    turned = device.rotate(gateway.authority)
    assert take(gateway.enrolled(device), gateway.record(turned), gateway.record(device.rating(2))) == ["accepted"] * 3
    assert take(gateway.record(device.rating(3))) == ["accepted"]
    assert rows(store, tables.records, "seq") == [1, 2, 3, 4] and incidents(store) == []
    key = signature.key_id(device.key.public_key())
    assert rows(store, tables.rotations, "device", "seq", "key") == [("w1", 2, key)]
    [(seq, _)] = rows(store, tables.heads, "seq", "hash")
    assert seq == 4


def test_a_second_certificate_without_the_event_proves_nothing(store, take, gateway, device):
    thief = with_key(device, make_key())
    thief.certificate = gateway.authority.certify("w1", thief.key.public_key())
    assert take(gateway.enrolled(thief)) == ["accepted"]
    [verdict] = take.verdicts(gateway.record(thief.rating(5)))
    assert (verdict.status, verdict.code) == ("rejected", "bad_signature")
    announced = thief.event("key_rotated", {"key": signature.key_id(thief.key.public_key())})
    assert [v.code for v in take.verdicts(gateway.record(announced))] == ["bad_signature"], (
        "only the key in force names"
    )
    assert take(gateway.record(device.rating(1))) == ["accepted"]


def test_the_old_key_counts_no_more(store, take, gateway, device):
    old = device.key
    turned = device.rotate(gateway.authority)
    assert take(gateway.enrolled(device), gateway.record(turned)) == ["accepted"] * 2
    [verdict] = take.verdicts(gateway.record(with_key(device, old).rating(5)))
    assert (verdict.status, verdict.code) == ("rejected", "bad_signature")
    assert take(gateway.record(device.rating(1))) == ["accepted"]


def test_old_records_that_come_late_are_still_proved_by_the_old_key(take, gateway, device):
    first = device.rating(1)
    turned = device.rotate(gateway.authority)
    later = device.rating(2)
    assert take(gateway.enrolled(device), gateway.record(turned), gateway.record(later)) == ["accepted"] * 3
    assert take(gateway.record(first)) == ["accepted"]


def test_a_new_key_before_its_certificate_is_asked_for_again(take, gateway, device):
    turned = device.rotate(gateway.authority)
    later = device.rating(2)
    assert take(gateway.record(turned), gateway.record(later)) == ["accepted", "retry"]
    assert take(gateway.enrolled(device), gateway.record(later)) == ["accepted"] * 2


def test_what_the_old_key_put_behind_its_last_record_is_removed(store, take, gateway, device):
    """Somebody with the old key was faster than the event; the device's own record gets its place."""
    old = device.key
    turned = device.rotate(gateway.authority)
    forged = with_key(device, old).rating(5)
    assert take(gateway.enrolled(device), gateway.record(forged)) == ["accepted"] * 2, (
        "early, by the key in force so far"
    )
    assert take(gateway.record(turned)) == ["accepted"]
    assert incidents(store) == ["broken"]
    assert take(gateway.record(device.rating(1))) == ["accepted"]
    assert rows(store, tables.quarantine, "seq", "verdict") == [(2, "broken")]


@pytest.mark.parametrize("detail", [{}, {"key": "short"}, {"key": 7}, {"key": "G" * 24}, {"key": "A" * 24}])
def test_an_event_that_names_no_key_changes_none(store, take, gateway, device, detail):
    assert take(gateway.record(device.event("key_rotated", detail))) == ["accepted"]
    assert rows(store, tables.rotations, "seq") == []
    assert take(gateway.record(device.rating(1))) == ["accepted"]


def test_three_keys_in_a_row(store, take, gateway, device):
    for _ in range(3):
        turned = device.rotate(gateway.authority)
        sent = [gateway.enrolled(device), gateway.record(turned), gateway.record(device.rating(1))]
        assert take(*sent) == ["accepted"] * 3
    assert len(rows(store, tables.rotations, "seq")) == 3
