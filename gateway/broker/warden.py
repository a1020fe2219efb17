"""The warden beside Mosquitto: cuts off who leaves its topics (spec 6.5), which Mosquitto alone does not do.

It reads Mosquitto's log and judges every connect, will, publish and subscription by the same ``Access`` that the
embedded broker asks. To cut a client off it connects under that client's id through a local socket that only it can
reach: MQTT-3.1.4-2 makes the broker end the older connection. ``judge`` decides and is pure; the rest reads and writes.
"""

import logging
import os
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.broker.acl import Access, Role
from gateway.enrolment import GATEWAY_NAME
from protocol import mqtt
from protocol.errors import ProtocolError

log = logging.getLogger(__name__)

MAX_LOG_BYTES = 16 << 20
_POLL_S = 0.02
_DOOR_S = 5.0
_CHUNK = 1 << 16
_MAX_LINE = 1 << 16

# The texts of Mosquitto 2.0 (src/handle_connect.c, handle_publish.c, subs.c). A client cannot forge a line: names are
# those of certificates, and Mosquitto refuses control characters in topics.
_CONNECTED = re.compile(r"New client connected from (.*) as (\S+) \(p(\d+), c\d, k\d+(?:, u'(.*)')?\)\.")
_WILL = re.compile(r"Will message specified \((\d+) bytes\) \(r(\d), q(\d)\)\.")
_PUBLISH = re.compile(
    r"(?:Received|Denied) PUBLISH from (\S+) \(d\d, q(\d), r(\d), m\d+, '(.*)', \.\.\. \((\d+) bytes\)\)"
)
_SUBSCRIBED = re.compile(r"(\S+) [0-2] (.+)")
_MQTT_311 = "2"


@dataclass(frozen=True)
class Violation:
    """A client to be cut off, and for what: the topic, or a sentence that begins with a blank."""

    name: str
    topic: str


class Judge:
    """Lines of the log in, violations out. ``known(name)`` says whether a device may be here at all."""

    def __init__(self, hall: str, known: Callable[[str], bool]):
        self._hall = hall
        self._known = known
        self._will: tuple[str, bool, int, bool] | None = None  # name, retain, qos, empty: its topic is the next line
        self._connecting = ""

    def judge(self, line: str) -> Violation | None:
        """What this line says somebody did wrong."""
        will, self._will = self._will, None
        if will is not None and line.startswith("\t"):
            name, retain, qos, empty = will
            return self._published(name, line[1:], qos, retain, empty)
        if found := _PUBLISH.fullmatch(line):
            name, qos_, retain_, topic, size = found.groups()
            return self._published(name, topic, int(qos_), retain_ == "1", size == "0")
        if found := _CONNECTED.fullmatch(line):
            return self._connected(*found.groups())
        if found := _WILL.fullmatch(line):
            size, retain_, qos_ = found.groups()
            self._will = (self._connecting, retain_ == "1", int(qos_), size == "0")
        elif found := _SUBSCRIBED.fullmatch(line):
            name, filter_ = found.groups()
            access = self._access(name)
            if access is not None and not access.may_subscribe(filter_):
                return Violation(name, filter_)
        return None

    def _connected(self, _address: str, client_id: str, protocol: str, user: str | None) -> Violation | None:
        self._connecting = client_id
        if user is None or client_id == GATEWAY_NAME:  # our own door, or ourselves
            self._connecting = ""
        elif protocol != _MQTT_311:
            return Violation(client_id, " not MQTT 3.1.1")
        elif not self._known(client_id):
            return Violation(client_id, " unknown or revoked")
        return None

    def _published(self, name: str, topic: str, qos: int, retain: bool, empty: bool) -> Violation | None:
        access = self._access(name)
        if access is None or access.may_publish(topic, qos, retain, empty):
            return None
        return Violation(name, topic)

    def _access(self, name: str) -> Access | None:
        if name in ("", GATEWAY_NAME):
            return None
        try:
            return Access(self._hall, name, Role.DEVICE)
        except ProtocolError:
            return None  # not an id: a word of the log that is no client, or a name that gets no rights anyway


class Warden:
    """Follows ``log_file`` in a thread of its own. ``door`` is the socket of the configuration.

    ``known(cn)`` is asked at each connect; ``on_violation(cn, topic)`` hears of each client that was cut off.
    """

    def __init__(
        self,
        hall: str,
        log_file: Path,
        door: Path,
        known: Callable[[str], bool],
        on_violation: Callable[[str, str], None] = lambda cn, topic: None,
    ):
        self._judge = Judge(hall, known)
        self._log_file = log_file
        self._door = door
        self._on_violation = on_violation
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hcp-warden", daemon=True)
        self.violations = 0

    def start(self) -> None:
        """Watch from the log's present end on."""
        size = self._log_file.stat().st_size if self._log_file.exists() else 0
        self._at = size
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def cut_off(self, cn: str) -> int:
        """End the connection and session of a certificate; 1 if Mosquitto could be asked to, else 0."""
        try:
            with socket.socket(socket.AF_UNIX) as door:
                door.settimeout(_DOOR_S)
                door.connect(str(self._door))
                door.sendall(mqtt.connect(cn, 10))
                door.recv(64)  # the CONNACK: the older connection has ended
                door.sendall(mqtt.DISCONNECT)
        except OSError as error:
            log.error("mosquitto cannot be told to cut off %s: %s; is it running, and may we use %s?",
                      cn, error, self._door)  # fmt: skip
            return 0
        return 1

    def _run(self) -> None:
        rest = b""
        while not self._stopping.is_set():
            try:
                data = self._more()
            except OSError as error:
                log.error("mosquitto's log cannot be read: %s", error)
                data = b""
            if not data:
                self._stopping.wait(_POLL_S)
                continue
            *lines, rest = (rest + data).split(b"\n")
            rest = rest[-_MAX_LINE:]
            for line in lines:
                violation = self._judge.judge(line.decode(errors="replace"))
                if violation is not None:
                    self._end(violation)

    def _more(self) -> bytes:
        if not self._log_file.exists():
            return b""
        with self._log_file.open("r+b") as file:
            size = os.fstat(file.fileno()).st_size
            if size < self._at:  # somebody rotated it
                self._at = 0
            if size == self._at > MAX_LOG_BYTES:
                file.truncate(0)  # Mosquitto appends, so it goes on at the new end
                self._at = 0
            file.seek(self._at)
            data = file.read(_CHUNK)
        self._at += len(data)
        return data

    def _end(self, violation: Violation) -> None:
        self.violations += 1
        log.warning("mqtt client %s: not allowed: %.80r", violation.name, violation.topic)
        self.cut_off(violation.name)
        if not violation.topic.startswith(" "):
            self._on_violation(violation.name, violation.topic)
