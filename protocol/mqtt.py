"""MQTT 3.1.1 packets, both ends: bytes in, values out, no socket. For hosts: the gateway's embedded broker, and tests.

The rules are those of ``protocol.mqtt_device``; here is what only a broker reads and writes.
"""

from collections import namedtuple

from protocol import mqtt_device
from protocol.mqtt_device import (
    MAX_PACKET,
    PINGREQ,
    Connack,
    Pingresp,
    Puback,
    Publish,
    Suback,
    Will,
    check,
    connect,
    frame,
    get_field,
    get_id,
    get_text,
    get_topic,
    puback,
    publish,
    put_filter,
    put_id,
    subscribe,
    valid_filter,
)

__all__ = (
    "DISCONNECT",
    "MAX_PACKET",
    "PINGREQ",
    "PINGRESP",
    "Connack",
    "Connect",
    "Decoder",
    "Disconnect",
    "Pingreq",
    "Pingresp",
    "Puback",
    "Publish",
    "Suback",
    "Subscribe",
    "Unsuback",
    "Unsubscribe",
    "Will",
    "connack",
    "connect",
    "puback",
    "publish",
    "suback",
    "subscribe",
    "unsuback",
    "unsubscribe",
)

#: ``level`` is the protocol level: 4 is MQTT 3.1.1. For any other the rest of the packet is unknown and left empty.
Connect = namedtuple("Connect", ("client_id", "clean", "keepalive_s", "will", "level"))
Subscribe = namedtuple("Subscribe", ("packet_id", "filters"))  # filters: tuple of (filter, qos)
Unsubscribe = namedtuple("Unsubscribe", ("packet_id", "filters"))  # filters: tuple of text
Unsuback = namedtuple("Unsuback", ("packet_id",))
Pingreq = namedtuple("Pingreq", ())
Disconnect = namedtuple("Disconnect", ())

PINGRESP = b"\xd0\x00"
DISCONNECT = b"\xe0\x00"


def connack(code: int, session_present: bool = False) -> bytes:
    """CONNACK; code 0 accepted, 1 level, 2 client id, 3 unavailable, 5 not authorised (MQTT 3.2.2.3)."""
    return bytes((32, 2, 1 if session_present else 0, code))


def suback(packet_id: int, codes) -> bytes:
    return frame(144, put_id(packet_id), bytes(codes))


def unsubscribe(packet_id: int, filters) -> bytes:
    return frame(162, put_id(packet_id), *[put_filter(name) for name in filters])


def unsuback(packet_id: int) -> bytes:
    return b"\xb0\x02" + put_id(packet_id)


def _get_connect(data, i, end):
    name, i = get_field(data, i, end)
    check(name == b"MQTT" and i < end, "protocol name")
    if data[i] != 4:
        return Connect("", True, 0, None, data[i])  # so that a broker can answer CONNACK 1 (MQTT-3.1.2-2)
    check(i + 4 <= end, "packet ends inside its header")
    flags = data[i + 1]
    keepalive_s = data[i + 2] << 8 | data[i + 3]
    qos = flags >> 3 & 3
    check(not flags & 1, "reserved flag")  # MQTT-3.1.2-3
    check(qos < 2 and (flags & 4 or not flags & 0x38), "will flags")  # MQTT-3.1.2-13, -14, -15
    check(flags & 0x80 or not flags & 0x40, "password without user name")  # MQTT-3.1.2-22
    client_id, i = get_text(data, i + 4, end)
    will = None
    if flags & 4:
        topic, i = get_topic(data, i, end)
        payload, i = get_field(data, i, end)
        will = Will(topic, payload, qos, flags & 32 == 32)
    # The identity is the certificate: a user name and a password are read over and not kept.
    if flags & 0x80:
        i = get_field(data, i, end)[1]
    if flags & 0x40:
        i = get_field(data, i, end)[1]
    check(i == end, "bytes after the packet")
    return Connect(client_id, flags & 2 == 2, keepalive_s, will, 4)


def _get_filters(with_qos, data, i, end):
    packet_id = get_id(data, i, end)
    i += 2
    filters = []
    while i < end:
        name, i = get_text(data, i, end)
        valid_filter(name)
        if with_qos:
            check(i < end and data[i] < 2, "QoS of a filter")  # MQTT-3-8.3-4; 2 is not used (spec 6.1)
            name = (name, data[i])
            i += 1
        filters.append(name)
    check(filters, "no filter")  # MQTT-3.8.3-3, MQTT-3.10.3-2
    return (Subscribe if with_qos else Unsubscribe)(packet_id, tuple(filters))


class Decoder(mqtt_device.Decoder):
    """Cuts the byte stream of either end into packets, in the way of the one it comes from."""

    def _check_head(self, head):
        # Types 5 to 7 are QoS 2, 0 and 15 are reserved.
        kind = head >> 4
        if kind not in (1, 8, 10, 11, 12, 14):
            super()._check_head(head)
        else:
            check(head & 15 == (2 if kind in (8, 10) else 0), "flags of the fixed header")  # MQTT-2.2.2-2

    def _get(self, head, data, i, end):
        kind = head >> 4
        if kind == 1:
            return _get_connect(data, i, end)
        if kind == 8 or kind == 10:
            return _get_filters(kind == 8, data, i, end)
        n = end - i
        if kind == 11:
            check(n == 2, "length of an acknowledgement")
            return Unsuback(get_id(data, i, end))
        if kind == 12 or kind == 14:
            check(n == 0, "bytes after the packet")
            return Pingreq() if kind == 12 else Disconnect()
        return super()._get(head, data, i, end)
