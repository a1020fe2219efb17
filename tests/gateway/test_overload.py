"""A gateway that can keep no more says so, keeps nothing, loses nothing, and goes on by itself."""

import pytest

from protocol.downlink import State, pack_state
from tests.gateway.desk import poll

HOLD_MS = 60_000


def told(desk, twin):
    return [(message.body.seq, message.body.hold_ms) for message in desk.messages(twin, "receipt")]


def rating(desk, twin, level=5):
    return twin.rating(level, None, wall_ms=desk.clock.now_ms(), error_ms=50)


def test_a_record_is_acknowledged_not_kept_and_its_device_hears_when_to_ask_again(desk):
    twin = desk.enrol("w1")
    desk.send("w1", rating(desk, twin))
    desk.receipt(twin, 1)
    desk.service.refuse_more(HOLD_MS)
    assert desk.service.overloaded
    second = rating(desk, twin)
    desk.send("w1", second)
    receipt = desk.wait(twin, "receipt", lambda body: body.hold_ms > 0).body
    assert (receipt.seq, receipt.hold_ms) == (1, HOLD_MS)
    assert desk.rows("SELECT seq FROM records") == [(1,)]
    # it can keep more: whoever was told hears it, and what comes again is taken
    desk.service.refuse_more(0)
    poll(lambda: told(desk, twin)[-1] == (1, 0))
    desk.send("w1", second)
    assert desk.receipt(twin, 2).hold_ms == 0 and not desk.service.overloaded
    assert desk.rows("SELECT seq FROM records") == [(1,), (2,)]


def test_a_device_that_does_not_listen_is_told_once_a_second(desk):
    twin = desk.enrol("w1")
    desk.service.refuse_more(HOLD_MS)
    bodies = [rating(desk, twin) for _ in range(20)]
    for body in bodies:
        desk.send("w1", body)
    desk.wait(twin, "receipt", lambda body: body.hold_ms > 0)
    before = len([hold for _, hold in told(desk, twin) if hold])
    assert before <= 2, "one of intake, perhaps one of the scene that the new device got"
    desk.clock.turn(1000)
    desk.send("w1", bodies[0])
    poll(lambda: len(told(desk, twin)) > before)


def test_a_device_that_connects_meanwhile_hears_it_with_its_first_receipt(desk):
    desk.service.refuse_more(HOLD_MS)
    twin = desk.enrol("w1")
    desk.send("w1", pack_state(State("ready", 1)), "state")
    assert desk.wait(twin, "receipt", lambda body: True).body.hold_ms == HOLD_MS
    # it has sent no record, and hears the end of it all the same: else it would wait for all of the time
    desk.service.refuse_more(0)
    poll(lambda: told(desk, twin)[-1] == (0, 0))


def test_a_frame_is_not_acknowledged_while_its_device_cannot_be_told_that_it_was_not_kept(desk, monkeypatch):
    twin = desk.enrol("w1")
    desk.service.refuse_more(HOLD_MS)
    monkeypatch.setattr(desk.service.sender, "publish", lambda topic, payload: False)
    body = rating(desk, twin)
    sent = desk.offer("w1", body)
    assert sent.dropped.wait(10) and not sent.acked.is_set(), "the broker must keep it, or its device waits 10 s"
    monkeypatch.undo()
    again = desk.offer("w1", body)
    assert again.acked.wait(10)
    assert told(desk, twin)[-1] == (0, HOLD_MS)  # its first scene may have brought one too, at any time


def test_what_was_said_on_a_connection_that_is_gone_is_said_again(desk):
    twin = desk.enrol("w1")
    desk.service.refuse_more(HOLD_MS)
    body = rating(desk, twin)
    desk.send("w1", body)
    desk.wait(twin, "receipt", lambda receipt: receipt.hold_ms > 0)
    before = len(told(desk, twin))
    desk.service.on_up()
    desk.send("w1", body)
    poll(lambda: len(told(desk, twin)) > before)


def test_what_was_said_on_a_connection_that_we_ended_is_said_again_before_anything_is_acknowledged(desk, monkeypatch):
    twins = [desk.enrol("w1"), desk.enrol("w2", "A2")]
    desk.service.refuse_more(HOLD_MS)
    for twin in twins:
        desk.send(twin.device, rating(desk, twin))
        desk.wait(twin, "receipt", lambda receipt: receipt.hold_ms > 0)
        desk.wait(twin, "scene", lambda scene: True)  # a new device's scene brings a receipt too, and that is over
    before = len(told(desk, twins[1]))
    desk.clock.turn(1000)
    monkeypatch.setattr(desk.service.sender, "publish", lambda topic, payload: False)
    assert desk.offer("w1", twins[0].sent[0]).dropped.wait(10)
    monkeypatch.undo()
    # what the broker delivers again comes before the new connection has subscribed
    desk.clock.turn(-1000)
    desk.send("w2", twins[1].sent[0])
    assert len(told(desk, twins[1])) == before + 1


def test_what_a_stranger_sends_meanwhile_leaves_nothing(desk):
    twin = desk.enrol("w1")
    desk.service.refuse_more(HOLD_MS)
    desk.send("nobody", rating(desk, twin))
    desk.send("w1", b"", topic="hcp/v1/elsewhere")
    assert desk.rows("SELECT count(*) FROM quarantine") == [(0,)]


@pytest.mark.parametrize("level", [1, 5])
def test_what_a_device_is_told_does_not_depend_on_the_star(desk, level):
    twin = desk.enrol("w1")
    desk.service.refuse_more(HOLD_MS)
    desk.send("w1", rating(desk, twin, level))
    assert desk.wait(twin, "receipt", lambda body: True).body == (0, bytes(16), desk.service.epoch, HOLD_MS)
