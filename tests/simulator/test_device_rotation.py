"""The technician gives a device its next key: the real VM makes it, the hall certifies it, the device says so."""

import pytest

from protocol import record, signature
from simulator.provisioning import install, request


def press(hall, device, level: int, count: int) -> None:
    device.press(level)
    device.wait_light(level)
    device.advance(8000)
    hall.wait_ratings(device.id, count)


@pytest.mark.parametrize("cut", [None, "5:after", "6:torn"])
def test_a_device_turns_to_its_next_key_and_loses_nothing(hall, device, cut):
    press(hall, device, 4, 1)
    held = hall.of(device.id)
    old = held.key
    device.power_off()
    install(device.folder, hall.enroll_next(device.id, request(device.folder, next_key=True)))
    (key,) = held.next_keys
    if cut:  # the power goes in the middle of the turn, or a little after
        device.power_on(cut)
        device.wait_off()
    device.power_on()
    device.wait_stats(lambda stats: stats.counts.get("connects", 0) > 0)
    press(hall, device, 1, 2)
    (turned,) = hall.wait_events(device.id, "key_rotated")
    assert turned.body.detail == {"key": key} and signature.key_id(held.key) == key
    signature.verify(old, turned.to_be_signed, turned.signature)
    later = [found for found in held.records if found.head.seq > turned.head.seq]
    assert record.RATING in [found.kind for found in later]
    for found in later:
        signature.verify(held.key, found.to_be_signed, found.signature)
    assert hall.errors == []
