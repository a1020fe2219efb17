"""An attacker in the hall. Each method makes its tries and returns how many there were and how many were refused.

Whether a try was refused is seen from outside: in the databases and on the wire, never by asking the code under test.
"""

import base64
import json
import os
import ssl
import threading
import time
from typing import ClassVar

import httpx
import paho.mqtt.client as paho

from protocol import cbor, cose, record, topics
from simulator import evidence
from simulator.business import patiently
from simulator.hall import Hall

_PATIENCE_S = 20
_TRIES = 3


def forge(genuine: bytes) -> bytes:
    """A genuine rating with another level under the old signature: what somebody without the key can make."""
    envelope = cose.sign1_unpack(genuine)
    fields = cbor.decode(envelope.payload)
    fields[9] = 5 if fields[9] != 5 else 1
    return cose.sign1_pack(envelope.kid, cbor.encode(fields), envelope.signature)


class Attacker:
    """Has what somebody inside could have: the gateway's certificate, another device's, the hall's key at central."""

    WORDS: ClassVar[dict[str, str]] = {
        "forge": "拿到网关的证书，以 A01 评价器之名发布改过的评价",
        "neighbour": "用另一台评价器的证书往别人的主题里写",
        "central": "拿到大厅的密钥，把改过的评价直接投给中心",
    }

    def __init__(self, hall: Hall):
        self._hall = hall

    def forge(self) -> tuple[int, int]:
        """Publish a forged record on a genuine device's topic with the gateway's certificate."""
        genuine = self._genuine()
        forged = forge(genuine)
        self._hall.attacked("gateway")
        pki = self._hall.gateway_data / "pki"
        device = cose.sign1_unpack(genuine).kid
        topic = topics.topic(self._hall.plan.hall, device, "record")
        refused = False
        for _ in range(_TRIES):  # a gateway that is killed with it in its hands has neither taken nor refused it
            client = self._connect("insider", pki / "gateway.pem", pki / "gateway.key")
            try:
                client.publish(topic, forged, qos=1).wait_for_publish(_PATIENCE_S)
            finally:
                _leave(client)
            refused = _eventually(lambda: evidence.in_quarantine(self._hall.gateway_data, forged))
            if refused or self._hall.holds(forged):
                break
        return 1, int(refused and not self._hall.holds(forged))

    def neighbour(self) -> tuple[int, int]:
        """Publish into another device's subtree with a device's own certificate: the broker must cut us off."""
        forged = forge(self._genuine())
        self._hall.attacked("gateway")
        folder = self._hall.outsider()
        client = self._connect("outsider", folder / "device.pem", folder / "device.key")
        gone = threading.Event()
        client.on_disconnect = lambda *_: gone.set()
        try:
            victim = cose.sign1_unpack(forged).kid
            client.publish(topics.topic(self._hall.plan.hall, victim, "record"), forged, qos=1)
            cut_off = gone.wait(_PATIENCE_S)
        finally:
            _leave(client)
        return 1, int(cut_off and not self._hall.holds(forged))

    def central(self) -> tuple[int, int]:
        """Hand a forged record to central with the hall's own bearer key: central trusts no gateway."""
        forged = forge(self._genuine())
        self._hall.attacked("central")
        envelope = cose.sign1_unpack(forged)
        seq = cbor.decode(envelope.payload)[3]
        event = {
            "specversion": "1.0",
            "id": f"record/{envelope.kid}/{seq}/{record.record_hash(forged).hex()[:16]}",
            "source": f"/hall/{self._hall.plan.hall}",
            "type": "cn.hcp.record.v1",
            "data": {
                "record": base64.b64encode(forged).decode(),
                "received_at": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
                "binding": None,
            },
        }
        for attempt in patiently():
            with attempt:
                answer = httpx.post(
                    f"{self._hall.central_url}/api/v1/events",
                    content=json.dumps([event]),
                    headers={
                        "Authorization": f"Bearer {self._hall.central_key}",
                        "Content-Type": "application/cloudevents-batch+json",
                    },
                    timeout=_PATIENCE_S,
                )
                answer.raise_for_status()
        rejected = answer.json()["results"][0]["status"] in ("rejected", "conflict")
        return 1, int(rejected and not self._hall.holds(forged))

    def _genuine(self) -> bytes:
        found: list[bytes] = []

        def look() -> bool:
            found.extend(evidence.stored_ratings(self._hall.gateway_data)[:1])
            return bool(found)

        if not _eventually(look):
            raise RuntimeError("the attacker found no genuine rating to change")
        return found[0]

    def _connect(self, name: str, certificate: os.PathLike, key: os.PathLike) -> paho.Client:
        context = ssl.create_default_context(cafile=self._hall.gateway_data / "pki" / "ca.pem")
        context.load_cert_chain(certificate, key)
        client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=name, protocol=paho.MQTTv311)
        client.tls_set_context(context)
        connected = threading.Event()
        client.on_connect = lambda *_: connected.set()
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                client.connect("127.0.0.1", self._hall.broker_port)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        client.loop_start()
        connected.wait(_PATIENCE_S)
        return client


def _leave(client: paho.Client) -> None:
    client.disconnect()
    client.loop_stop()


def _eventually(condition) -> bool:
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
