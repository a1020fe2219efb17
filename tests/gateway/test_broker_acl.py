"""Who may publish and subscribe what."""

import pytest

from gateway.broker.acl import Access, Role
from protocol import topics
from protocol.errors import ProtocolError

DEVICE = Access("h1", "win-01", Role.DEVICE)
GATEWAY = Access("h1", "gateway", Role.GATEWAY)


@pytest.mark.parametrize("leaf", topics.FROM_DEVICE + topics.TO_DEVICE)
@pytest.mark.parametrize("qos", [0, 1])
@pytest.mark.parametrize("retain", [False, True])
def test_a_device_publishes_its_five_leaves_as_the_specification_says(leaf: str, qos: int, retain: bool) -> None:
    allowed = {  # spec 6.1, written out
        ("state", 0, False),
        ("state", 0, True),
        ("state", 1, False),
        ("state", 1, True),
        ("record", 0, False),
        ("record", 1, False),
        ("result", 0, False),
        ("result", 1, False),
        ("telemetry", 0, False),
        ("log", 0, False),
    }
    assert DEVICE.may_publish(f"hcp/v1/h1/win-01/{leaf}", qos, retain) is ((leaf, qos, retain) in allowed)


@pytest.mark.parametrize(
    "topic",
    [
        "hcp/v1/h1/win-02/record",
        "hcp/v1/h2/win-01/record",
        "hcp/v1/h1/win-01",
        "hcp/v1/h1/win-01/record/",
        "hcp/v1/h1/win-01/record/x",
        "hcp/v1/h1/win-01/nothing",
        "hcp/v2/h1/win-01/record",
        "/hcp/v1/h1/win-01/record",
        "HCP/v1/h1/win-01/record",
        "$SYS/x",
        "x",
    ],
)
def test_a_device_publishes_nowhere_else(topic: str) -> None:
    assert not DEVICE.may_publish(topic, 1, False)


def test_a_device_subscribes_exactly_four_topics() -> None:
    root = "hcp/v1/h1/win-01/"
    tried = [root + leaf for leaf in topics.FROM_DEVICE + topics.TO_DEVICE]
    tried += [root + "#", root + "+", "#", "+/+/+/+/+", "hcp/v1/h1/#", "hcp/v1/h1/+/scene", "hcp/v1/h1/win-02/scene"]
    assert [topic for topic in tried if DEVICE.may_subscribe(topic)] == [root + leaf for leaf in topics.TO_DEVICE]


@pytest.mark.parametrize("name", ["+", "#", "a/b", "", "win_01", "WIN-01", "x" * 21])
def test_a_device_whose_name_is_not_an_id_gets_no_rights(name: str) -> None:
    with pytest.raises(ProtocolError, match="bad_device"):
        Access("h1", name, Role.DEVICE)


def test_the_gateway_may_do_everything_in_its_hall_and_nothing_outside() -> None:
    for leaf in topics.MAX_SIZE:
        assert GATEWAY.may_publish(f"hcp/v1/h1/win-01/{leaf}", 1, False)
        assert not GATEWAY.may_publish(f"hcp/v1/h2/win-01/{leaf}", 1, False)
    assert GATEWAY.may_subscribe("hcp/v1/h1/+/record") and GATEWAY.may_subscribe("hcp/v1/h1/#")
    for filter_ in ("#", "hcp/#", "hcp/v1/+/win-01/record", "hcp/v1/h10/#", "hcp/v1/h2/#", "$SYS/#"):
        assert not GATEWAY.may_subscribe(filter_), filter_


def test_the_gateway_retains_receipt_and_scene_and_clears_state() -> None:
    root = "hcp/v1/h1/win-01/"
    retained = [leaf for leaf in topics.MAX_SIZE if GATEWAY.may_publish(root + leaf, 1, True)]
    assert retained == ["receipt", "scene"]
    cleared = [leaf for leaf in topics.MAX_SIZE if GATEWAY.may_publish(root + leaf, 1, True, empty=True)]
    assert cleared == ["state", "receipt", "scene"]
