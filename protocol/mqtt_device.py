"""MQTT 3.1.1 packets, the device's end: what a client sends, and what it gets (OASIS MQTT Version 3.1.1; spec 6.1, 11).

Bytes in, values out, no socket. Hosts import ``protocol.mqtt``, which has this and the broker's end; a device has no
memory for what it never meets. Only what spec 6 uses is accepted: QoS 0 and 1, packets of at most 8192 bytes, topics,
filters and client ids of at most 80. Everything else raises ``ProtocolError`` with the code ``bad_packet``, or
``too_large`` for what is over a limit. A comment ``MQTT-x`` names the clause of the standard that the line checks.
"""

from collections import namedtuple

from protocol.errors import ProtocolError
from protocol.topics import MAX_TOPIC

#: The most bytes a packet may have, its fixed header included (spec 11). Texts: MAX_TOPIC bytes.
MAX_PACKET = 8192

Will = namedtuple("Will", ("topic", "payload", "qos", "retain"))
Connack = namedtuple("Connack", ("session_present", "code"))
Publish = namedtuple("Publish", ("topic", "payload", "qos", "retain", "dup", "packet_id"))  # packet_id 0 for QoS 0
Puback = namedtuple("Puback", ("packet_id",))
Suback = namedtuple("Suback", ("packet_id", "codes"))  # codes: bytes, one for each filter: 0, 1 or 0x80 (refused)
Pingresp = namedtuple("Pingresp", ())

PINGREQ = b"\xc0\x00"


def check(ok, detail):
    if not ok:
        raise ProtocolError("bad_packet", detail)


# --- values to bytes -------------------------------------------------------------------------------------------------


def frame(head, *parts) -> bytes:
    body = b"".join(parts)
    n = len(body)
    if n + (2 if n < 128 else 3) > MAX_PACKET:
        raise ProtocolError("too_large", f"packet of {n + 3} bytes, at most {MAX_PACKET}")
    # Two bytes of length are enough for MAX_PACKET (MQTT 2.2.3).
    return bytes((head, n) if n < 128 else (head, n & 127 | 128, n >> 7)) + body


def put_u16(n) -> bytes:
    check(0 <= n < 65536, "number, expected 0 to 65535")
    return bytes((n >> 8, n & 255))


def put_id(n) -> bytes:
    check(n, "packet id 0")
    return put_u16(n)


def put_field(data) -> bytes:
    return put_u16(len(data)) + data


def put_text(text) -> bytes:
    try:
        data = text.encode()
    except UnicodeError:
        raise ProtocolError("bad_packet", "text is not UTF-8") from None
    _valid(text, data)
    return put_field(data)


def connect(client_id: str, keepalive_s: int, clean: bool = True, will=None) -> bytes:
    """CONNECT; ``will`` is a ``Will`` or None. No user name or password: the certificate is the identity (spec 7)."""
    flags = 2 if clean else 0
    end = b""
    if will:
        check(will.qos in (0, 1), "QoS of the will")
        flags |= 4 | will.qos << 3 | (32 if will.retain else 0)
        end = put_topic(will.topic) + put_field(will.payload)
    return frame(16, b"\0\4MQTT\4", bytes((flags,)), put_u16(keepalive_s), put_text(client_id), end)


def put_topic(topic) -> bytes:
    check(topic and not ("+" in topic or "#" in topic), "topic empty or with a wildcard")
    return put_text(topic)


def publish(topic: str, payload: bytes, qos: int = 0, packet_id: int = 0, retain: bool = False, dup: bool = False):
    """PUBLISH; ``packet_id`` counts only for QoS 1."""
    check(qos == 1 or qos == 0 and not dup, "QoS, expected 0 or 1")
    head = 48 | qos << 1 | (1 if retain else 0) | (8 if dup else 0)
    return frame(head, put_topic(topic), put_id(packet_id) if qos else b"", payload)


def puback(packet_id: int) -> bytes:
    return b"\x40\x02" + put_id(packet_id)


def subscribe(packet_id: int, filters) -> bytes:
    """SUBSCRIBE to an iterable of (filter, qos)."""
    parts = [put_id(packet_id)]
    for name, qos in filters:
        check(qos in (0, 1), "QoS, expected 0 or 1")
        parts += [put_filter(name), bytes((qos,))]
    return frame(130, *parts)


def put_filter(name) -> bytes:
    valid_filter(name)
    return put_text(name)


# --- bytes to values -------------------------------------------------------------------------------------------------


def _valid(text, data):
    if len(data) > MAX_TOPIC:
        raise ProtocolError("too_large", f"text of {len(data)} bytes, at most {MAX_TOPIC}")
    check("\0" not in text, "NUL in a text")  # MQTT-1.5.3-2
    if len(text) != len(data):
        # Not plain ASCII. MicroPython's decoder lets overlong forms, surrogates and too high numbers pass.
        n = 0
        for char in text:
            code = ord(char)
            check(code < 0xD800 or 0xE000 <= code < 0x110000, "text is not UTF-8")  # MQTT-1.5.3-1
            n += 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4
        check(n == len(data), "text is not UTF-8")


def valid_filter(name):
    """MQTT 4.7.1: `#` only as the whole last level, `+` only as a whole level."""
    levels = name.split("/")
    ok = name != ""
    for i in range(len(levels)):
        level = levels[i]
        if "#" in level:
            ok = ok and level == "#" and i == len(levels) - 1
        elif "+" in level:
            ok = ok and level == "+"
    check(ok, "topic filter")


def get_field(data, i, end):
    check(i + 2 <= end, "packet ends inside a field")
    stop = i + 2 + (data[i] << 8 | data[i + 1])
    check(stop <= end, "packet ends inside a field")
    return data[i + 2 : stop], stop


def get_text(data, i, end):
    raw, i = get_field(data, i, end)
    if len(raw) > MAX_TOPIC:
        raise ProtocolError("too_large", f"text of {len(raw)} bytes, at most {MAX_TOPIC}")
    try:
        text = str(raw, "utf-8")
    except UnicodeError:
        raise ProtocolError("bad_packet", "text is not UTF-8") from None
    _valid(text, raw)
    return text, i


def get_topic(data, i, end):
    topic, i = get_text(data, i, end)
    check(topic and not ("+" in topic or "#" in topic), "topic empty or with a wildcard")  # MQTT-3.3.2-2, 4.7.3-1
    return topic, i


def get_id(data, i, end):
    check(i + 2 <= end, "packet ends inside its id")
    n = data[i] << 8 | data[i + 1]
    check(n, "packet id 0")  # MQTT-2.3.1-1
    return n


def _get_publish(flags, data, i, end):
    qos = flags >> 1 & 1
    topic, i = get_topic(data, i, end)
    packet_id = 0
    if qos:
        packet_id = get_id(data, i, end)
        i += 2
    return Publish(topic, data[i:end], qos, flags & 1 == 1, flags & 8 == 8, packet_id)


class Decoder:
    """Cuts the byte stream of a broker into packets.

    ``feed`` it what came from the socket, then call ``packet`` until it gives None. A packet with a wrong first byte,
    or longer than ``limit`` bytes, is refused as soon as its fixed header is there: at most one packet and one chunk
    are ever held. After a ``ProtocolError`` the stream has no meaning any more: the same error comes again; close the
    connection.
    """

    def __init__(self, limit: int = MAX_PACKET):
        self._limit = limit
        self._data = b""
        self._at = 0

    def feed(self, chunk: bytes):
        rest = self._data[self._at :]
        self._data = rest + chunk if rest else bytes(chunk)
        self._at = 0

    def packet(self):
        """The next whole packet, or None if more bytes are needed. Raises ProtocolError."""
        data = self._data
        start = i = self._at
        length = shift = 0
        while True:
            i += 1
            if i >= len(data):
                return None
            length |= (data[i] & 127) << shift
            if data[i] < 128:
                break
            shift += 7
            check(shift < 28, "remaining length of more than 4 bytes")  # MQTT 2.2.3
        i += 1
        end = i + length
        self._check_head(data[start])
        if end - start > self._limit:
            raise ProtocolError("too_large", f"packet of {end - start} bytes, at most {self._limit}")
        if end > len(data):
            return None
        packet = self._get(data[start], data, i, end)
        self._at = end
        return packet

    def _check_head(self, head):
        # the first byte of a packet
        kind = head >> 4
        if kind == 3:
            # No QoS 2 (spec 6.1), no QoS 3 (MQTT-3.3.1-4), no DUP with QoS 0 (MQTT-3.3.1-2).
            check(head & 6 == 2 or not head & 14, "QoS, or DUP with QoS 0")
        else:
            check(kind in (2, 4, 9, 13), "packet type")
            check(not head & 15, "flags of the fixed header")  # MQTT-2.2.2-2

    def _get(self, head, data, i, end):
        kind = head >> 4
        if kind == 3:
            return _get_publish(head & 15, data, i, end)
        if kind == 9:
            packet_id = get_id(data, i, end)
            codes = data[i + 2 : end]
            check(codes, "no return code")
            for code in codes:
                check(code in (0, 1, 0x80), "return code")
            return Suback(packet_id, codes)
        n = end - i
        if kind == 2:
            # MQTT-3.2.2-4: a refusal has no session.
            check(n == 2 and data[i] < 2 and data[i + 1] < 6 and not (data[i] and data[i + 1]), "CONNACK")
            return Connack(data[i] == 1, data[i + 1])
        if kind == 4:
            check(n == 2, "length of an acknowledgement")
            return Puback(get_id(data, i, end))
        check(n == 0, "bytes after the packet")
        return Pingresp()
