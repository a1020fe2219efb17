"""Which downlink messages a device believes (SPEC 5.1)."""

import pytest

from firmware.intake import Intake
from protocol import downlink
from protocol.downlink import COMMAND, RECEIPT, SCENE, Command, Downlink, Receipt
from protocol.errors import ProtocolError

KEY = bytes(range(32))
TOPIC = "hcp/v1/hall/dev-1/"


def receipt(number=1, device="dev-1", key=KEY, seq=3):
    return downlink.pack(key, Downlink(device, number, 1000, RECEIPT, Receipt(seq, bytes(16), 1, 0)))


@pytest.fixture
def intake():
    return Intake("hall", "dev-1", KEY)


def test_numbers_grow_for_each_kind_by_itself(intake):
    assert intake.take(TOPIC + "receipt", receipt(5)).body.seq == 3
    scene = downlink.pack(KEY, Downlink("dev-1", 2, 1000, SCENE, downlink.IDLE))
    assert intake.take(TOPIC + "scene", scene).kind == SCENE
    assert intake.take(TOPIC + "receipt", receipt(6)).number == 6


@pytest.mark.parametrize(
    ("topic", "payload", "code"),
    [
        ("receipt", receipt(9, key=bytes(32)), "bad_mac"),
        ("receipt", receipt(9, device="dev-2"), "bad_device"),
        ("receipt", receipt(5), "bad_field"),
        ("receipt", receipt(4), "bad_field"),
        ("scene", receipt(9), "bad_kind"),
        ("record", receipt(9), "bad_topic"),
        ("receipt", b"", "truncated"),
        ("receipt", bytes(4097), "too_large"),
        ("receipt", receipt(9)[:-1] + b"\0", "bad_mac"),
    ],
)
def test_what_is_not_valid_is_refused_and_changes_nothing(intake, topic, payload, code):
    intake.take(TOPIC + "receipt", receipt(5))
    with pytest.raises(ProtocolError) as refused:
        intake.take(TOPIC + topic, payload)
    assert refused.value.code == code
    assert intake.take(TOPIC + "receipt", receipt(6)).number == 6


@pytest.mark.parametrize("topic", ["hcp/v1/hall/dev-2/receipt", "hcp/v1/other/dev-1/receipt"])
def test_topics_of_others_are_refused(intake, topic):
    with pytest.raises(ProtocolError) as refused:
        intake.take(topic, receipt())
    assert refused.value.code == "bad_topic"


def test_a_command_is_taken(intake):
    command = downlink.pack(KEY, Downlink("dev-1", 1, 1, COMMAND, Command(7, "identify", {})))
    assert intake.take(TOPIC + "command", command).body == Command(7, "identify", {})
