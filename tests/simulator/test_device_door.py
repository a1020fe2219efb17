"""The doors of a simulated board: who may come in, and the watchdog."""

import json
import socket
import threading

import pytest

from simulator.door import Door

WAIT_S = 10


class Ends:
    """What a door reported."""

    def __init__(self):
        self.heard = []
        self.lost = []
        self.changed = threading.Condition()

    def hear(self, life, message):
        with self.changed:
            self.heard.append((life, message["t"]))
            self.changed.notify_all()

    def lose(self, life, hangs):
        with self.changed:
            self.lost.append((life, hangs))
            self.changed.notify_all()

    def wait(self, condition):
        with self.changed:
            assert self.changed.wait_for(condition, WAIT_S)


@pytest.fixture
def ends():
    return Ends()


def knock(door, token):
    peer = socket.create_connection(("127.0.0.1", door.port), WAIT_S)
    peer.sendall(json.dumps({"t": "hello", "token": token}).encode() + b"\n")
    return peer


def say(peer, kind):
    peer.sendall(json.dumps({"t": kind}).encode() + b"\n")


def test_only_the_token_of_the_present_life_opens_and_only_once(ends):
    door = Door(ends.hear, ends.lose)
    old = door.admit(1).split(":")[1]
    token = door.admit(2).split(":")[1]
    with knock(door, old) as stranger, knock(door, "") as other:
        assert stranger.recv(1) == b"" and other.recv(1) == b""
    with pytest.raises(OSError):
        door.tell({"t": "press", "level": 5})
    with knock(door, token) as peer:
        say(peer, "click")
        ends.wait(lambda: ends.heard == [(2, "click")])
        door.tell({"t": "press", "level": 5})
        assert json.loads(peer.makefile().readline()) == {"t": "press", "level": 5}
        with knock(door, token) as twin:
            assert twin.recv(1) == b""
    ends.wait(lambda: ends.lost == [(2, False)])
    door.close()


def test_a_device_that_does_not_feed_the_watchdog_hangs(ends):
    door = Door(ends.hear, ends.lose, watchdog_s=0.2)
    with knock(door, door.admit(1).split(":")[1]) as peer:
        say(peer, "feed")
        ends.wait(lambda: ends.lost == [(1, True)])
    door.close()


def test_rubbish_ends_the_connection_and_nothing_else(ends):
    door = Door(ends.hear, ends.lose)
    with knock(door, door.admit(7).split(":")[1]) as peer:
        peer.sendall(b"\xff\xff\n")
        ends.wait(lambda: len(ends.lost) == 1)
    with knock(door, door.admit(8).split(":")[1]) as peer:
        say(peer, "click")
        ends.wait(lambda: (8, "click") in ends.heard)
    door.close()
