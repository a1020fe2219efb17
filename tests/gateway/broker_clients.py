"""The far side of a broker in tests: a hall with certificates, a paho client and a client that counts bytes."""

import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from gateway.broker import BrokerSettings, EmbeddedBroker, QueueLimits, Role
from gateway.broker.probe import Probe as Raw
from protocol import mqtt
from tests.gateway.mosquitto_process import Mosquitto
from tests.gateway.pki import Authority, Pair

HALL = "h1"
GATEWAY = "gateway"
DEADLINE_S = 30.0


def topic(device: str, leaf: str) -> str:
    return f"hcp/v1/{HALL}/{device}/{leaf}"


class Hall:
    """A running broker and its authority. It knows the gateway and ``devices``; ``revoked`` may change at any time.

    ``queue``: how many messages wait for the gateway at most.
    """

    def __init__(self, directory: Path, kind: str = "embedded", queue: int = 0, **settings: Any):
        self.kind = kind
        self.authority = Authority(directory / "pki")
        self.devices = {"win-01", "win-02", "win-03"}
        self.revoked: set[str] = set()
        self.asked: list[tuple[str, bytes]] = []
        self.violations: list[tuple[str, str]] = []
        self.authorize_error: Exception | None = None
        self.on_violation: Callable[[str, str], Any] = self._note_violation
        self._changed = threading.Condition()
        self._pairs: dict[str, Pair] = {}
        server = self.authority.server()
        self.broker: Any
        if kind == "mosquitto":
            self.broker = Mosquitto(
                directory / "mosquitto", HALL, server.certificate, server.key, self.authority.certificate,
                self.authority.revocations(), self._known, lambda cn, at: self.on_violation(cn, at),
                **({"queue_messages": queue} if queue else {}),
            )  # fmt: skip
            return
        if queue:
            settings["gateway_queue"] = QueueLimits(queue, 1 << 20, queue, window=8, write_buffer=8 << 20)
        self.settings = BrokerSettings(
            HALL, server.certificate, server.key, self.authority.certificate, host="127.0.0.1", port=0, **settings
        )
        self.broker = EmbeddedBroker(self.settings, self._authorize, lambda cn, at: self.on_violation(cn, at))
        self.broker.start()

    def _note_violation(self, cn: str, at: str) -> None:
        with self._changed:
            self.violations.append((cn, at))
            self._changed.notify_all()

    def wait_violation(self, cn: str, at: str) -> bool:
        """Until the broker, or its warden, has told of this; then it is forgotten."""
        with self._changed:
            found = self._changed.wait_for(lambda: (cn, at) in self.violations, DEADLINE_S)
            self.violations.clear()
            return found

    def revoke(self, cn: str) -> None:
        """Let a certificate connect no more, as revoking a device does."""
        self.revoked.add(cn)
        if self.kind == "mosquitto":
            self.broker.revoke(self.authority.revocations(self.pair(cn)))
            self.broker.warden.cut_off(cn)
        else:
            self.broker.cut_off(cn)

    def _known(self, cn: str) -> bool:
        return cn in self.devices and cn not in self.revoked

    def _authorize(self, cn: str, fingerprint: bytes) -> Role | None:
        self.asked.append((cn, fingerprint))
        if self.authorize_error is not None:
            raise self.authorize_error
        if cn in self.revoked:
            return None
        return Role.GATEWAY if cn == GATEWAY else Role.DEVICE if cn in self.devices else None

    @property
    def port(self) -> int:
        return self.broker.port

    def stop(self) -> None:
        self.broker.stop()

    def pair(self, name: str) -> Pair:
        if name not in self._pairs:
            self._pairs[name] = self.authority.client(name)
        return self._pairs[name]

    def context(self, name: str) -> ssl.SSLContext:
        return self.authority.context(self.pair(name))

    def raw(self, name: str, **connect: Any) -> Raw:
        """A connected `Raw` client that was accepted."""
        client = Raw(self.port, self.context(name))
        answer = client.connect(connect.pop("client_id", name), **connect)
        assert isinstance(answer, mqtt.Connack) and answer.code == 0, answer
        client.session_present = answer.session_present
        return client

    def paho(self, name: str, **options: Any) -> "Paho":
        return Paho(self, name, **options)


class Paho:
    """A paho client with its network thread; everything it hears is kept, and ``wait`` waits for it."""

    def __init__(self, hall: Hall, name: str, clean: bool = True, manual_ack: bool = False, subscribe: str = ""):
        self.messages: list[paho.MQTTMessage] = []
        self.connects: list[bool] = []  # session_present of each accepted connect
        self.disconnects = 0
        self.published: set[int] = set()
        self._changed = threading.Condition()
        self._subscribed = 0
        self._filter = subscribe
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2, name, clean_session=clean, protocol=paho.MQTTv311, manual_ack=manual_ack
        )
        self.client.tls_set_context(hall.context(name))
        self.client.on_connect = self._on_connect
        self.client.on_message = lambda _client, _data, message: self._note(self.messages.append, message)
        self.client.on_subscribe = lambda *_: self._note(self._count_subscribe)
        self.client.on_publish = lambda _client, _data, mid, *_: self._note(self.published.add, mid)
        self.client.on_disconnect = lambda *_: self._note(self._count_disconnect)
        self.client.connect("127.0.0.1", hall.port, keepalive=60)
        self.client.loop_start()
        self.wait(lambda: self._subscribed if subscribe else self.connects)

    def _on_connect(self, client: paho.Client, _data: Any, flags: Any, reason: Any, _properties: Any) -> None:
        if not reason.is_failure:
            if self._filter:
                client.subscribe(self._filter, 1)
            self._note(self.connects.append, flags.session_present)

    def _count_subscribe(self) -> None:
        self._subscribed += 1

    def _count_disconnect(self) -> None:
        self.disconnects += 1

    def _note(self, change: Callable[..., Any], *values: Any) -> None:
        with self._changed:
            change(*values)
            self._changed.notify_all()

    def wait(self, ready: Callable[[], Any]) -> None:
        with self._changed:
            assert self._changed.wait_for(ready, DEADLINE_S), f"nothing more came after {self.payloads}"

    def publish(self, to: str, payload: bytes, qos: int = 1, retain: bool = False) -> int:
        return self.client.publish(to, payload, qos, retain).mid

    def publish_and_wait(self, to: str, payload: bytes, qos: int = 1, retain: bool = False) -> None:
        mid = self.publish(to, payload, qos, retain)
        self.wait(lambda: mid in self.published)

    @property
    def payloads(self) -> list[bytes]:
        return [bytes(message.payload) for message in self.messages]

    def kill(self) -> None:
        """End the connection as a killed process does: no DISCONNECT, nothing acknowledged."""
        self.client.loop_stop()
        sock = self.client.socket()
        if sock is not None:
            sock.close()

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def __enter__(self) -> "Paho":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
