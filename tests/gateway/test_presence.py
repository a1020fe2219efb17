"""Which devices are there, for staff and for commands."""

from protocol.downlink import State, pack_state


def test_nobody_is_online_by_what_an_earlier_life_heard(desk):
    desk.enrol("w1")
    desk.send("w1", pack_state(State("ready", 7)), "state")
    assert desk.service.windows()[0]["devices"] == [{"device": "w1", "online": True}]
    desk.restart()
    assert desk.service.windows()[0]["devices"] == [{"device": "w1", "online": False}]
    desk.send("w1", pack_state(State("ready", 7)), "state")
    assert desk.service.windows()[0]["devices"] == [{"device": "w1", "online": True}]
