"""MQTT 3.1.1 packets: bytes in, values out, no socket (OASIS MQTT Version 3.1.1; spec 6.1, 11).

Both ends use this file: the device's client under MicroPython, the gateway's embedded broker under CPython. Only what
spec 6 uses is accepted: QoS 0 and 1, packets of at most 8192 bytes, topics, filters and client ids of at most 80.
Everything else raises ```ProtocolError``` with the code ``bad_packet``, or ``too_large`` for what is over a limit.
A comment ``MQTT-x`` names the clause of the standard that the line checks.
"""

from collections import namedtuple

from protocol.errors import ProtocolError
from protocol.topics import MAX_TOPIC

#: The most bytes a packet may have, its fixed header included (spec 11). Texts: MAX_TOPIC bytes.
MAX_PACKET = 8192

Will = namedtuple("Will", ("topic", "payload", "qos", "retain"))
#: ``level`` is the protocol level: 4 is MQTT 3.1.1. For any other the rest of the packet is unknown and left empty.
Connect = namedtuple("Connect", ("client_id", "clean", "keepalive_s", "will", "level"))
Connack = namedtuple("Connack", ("session_present", "code"))
Publish = namedtuple("Publish", ("topic", "payload", "qos", "retain", "dup", "packet_id"))  # packet_id 0 for QoS 0
Puback = namedtuple("Puback", ("packet_id",))
Subscribe = namedtuple("Subscribe", ("packet_id", "filters"))  # filters: tuple of (filter, qos)
Suback = namedtuple("Suback", ("packet_id", "codes"))  # codes: bytes, one for each filter: 0, 1 or 0x80 (refused)
Unsubscribe = namedtuple("Unsubscribe", ("packet_id", "filters"))  # filters: tuple of text
Unsuback = namedtuple("Unsuback", ("packet_id",))
Pingreq = namedtuple("Pingreq", ())
Pingresp = namedtuple("Pingresp", ())
Disconnect = namedtuple("Disconnect", ())

PINGREQ = b"\xc0\x00"
PINGRESP = b"\xd0\x00"
DISCONNECT = b"\xe0\x00"


def _check(ok, detail):
    if not ok:
        raise ProtocolError("bad_packet", detail)


# --- values to bytes -------------------------------------------------------------------------------------------------


def _frame(head, *parts) -> bytes:
    body = b"".join(parts)
    n = len(body)
    if n + (2 if n < 128 else 3) > MAX_PACKET:
        raise ProtocolError("too_large", f"packet of {n + 3} bytes, at most {MAX_PACKET}")
    # Two bytes of length are enough for MAX_PACKET (MQTT 2.2.3).
    return bytes((head, n) if n < 128 else (head, n & 127 | 128, n >> 7)) + body


def _u16(n) -> bytes:
    _check(0 <= n < 65536, "number, expected 0 to 65535")
    return bytes((n >> 8, n & 255))


def _id(n) -> bytes:
    _check(n, "packet id 0")
    return _u16(n)


def _field(data) -> bytes:
    return _u16(len(data)) + data


def _text(text) -> bytes:
    try:
        data = text.encode()
    except UnicodeError:
        raise ProtocolError("bad_packet", "text is not UTF-8") from None
    _valid(text, data)
    return _field(data)


def connect(client_id: str, keepalive_s: int, clean: bool = True, will=None) -> bytes:
    """CONNECT; ``will`` is a ``Will`` or None. No user name or password: the certificate is the identity (spec 7)."""
    flags = 2 if clean else 0
    end = b""
    if will:
        _check(will.qos in (0, 1), "QoS of the will")
        flags |= 4 | will.qos << 3 | (32 if will.retain else 0)
        end = _topic(will.topic) + _field(will.payload)
    return _frame(16, b"\0\4MQTT\4", bytes((flags,)), _u16(keepalive_s), _text(client_id), end)


def connack(code: int, session_present: bool = False) -> bytes:
    """CONNACK; code 0 accepted, 1 level, 2 client id, 3 unavailable, 5 not authorised (MQTT 3.2.2.3)."""
    return bytes((32, 2, 1 if session_present else 0, code))


def _topic(topic) -> bytes:
    _check(topic and not ("+" in topic or "#" in topic), "topic empty or with a wildcard")
    return _text(topic)


def publish(topic: str, payload: bytes, qos: int = 0, packet_id: int = 0, retain: bool = False, dup: bool = False):
    """PUBLISH; ``packet_id`` counts only for QoS 1."""
    _check(qos == 1 or qos == 0 and not dup, "QoS, expected 0 or 1")
    head = 48 | qos << 1 | (1 if retain else 0) | (8 if dup else 0)
    return _frame(head, _topic(topic), _id(packet_id) if qos else b"", payload)


def puback(packet_id: int) -> bytes:
    return b"\x40\x02" + _id(packet_id)


def subscribe(packet_id: int, filters) -> bytes:
    """SUBSCRIBE to an iterable of (filter, qos)."""
    parts = [_id(packet_id)]
    for name, qos in filters:
        _check(qos in (0, 1), "QoS, expected 0 or 1")
        parts += [_filter(name), bytes((qos,))]
    return _frame(130, *parts)


def _filter(name) -> bytes:
    _valid_filter(name)
    return _text(name)


def suback(packet_id: int, codes) -> bytes:
    return _frame(144, _id(packet_id), bytes(codes))


def unsubscribe(packet_id: int, filters) -> bytes:
    return _frame(162, _id(packet_id), *[_filter(name) for name in filters])


def unsuback(packet_id: int) -> bytes:
    return b"\xb0\x02" + _id(packet_id)


# --- bytes to values -------------------------------------------------------------------------------------------------


def _valid(text, data):
    if len(data) > MAX_TOPIC:
        raise ProtocolError("too_large", f"text of {len(data)} bytes, at most {MAX_TOPIC}")
    _check("\0" not in text, "NUL in a text")  # MQTT-1.5.3-2
    if len(text) != len(data):
        # Not plain ASCII. MicroPython's decoder lets overlong forms, surrogates and too high numbers pass.
        n = 0
        for char in text:
            code = ord(char)
            _check(code < 0xD800 or 0xE000 <= code < 0x110000, "text is not UTF-8")  # MQTT-1.5.3-1
            n += 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4
        _check(n == len(data), "text is not UTF-8")


def _valid_filter(name):
    """MQTT 4.7.1: `#` only as the whole last level, `+` only as a whole level."""
    levels = name.split("/")
    ok = name != ""
    for i in range(len(levels)):
        level = levels[i]
        if "#" in level:
            ok = ok and level == "#" and i == len(levels) - 1
        elif "+" in level:
            ok = ok and level == "+"
    _check(ok, "topic filter")


def _get_field(data, i, end):
    _check(i + 2 <= end, "packet ends inside a field")
    stop = i + 2 + (data[i] << 8 | data[i + 1])
    _check(stop <= end, "packet ends inside a field")
    return data[i + 2 : stop], stop


def _get_text(data, i, end):
    raw, i = _get_field(data, i, end)
    if len(raw) > MAX_TOPIC:
        raise ProtocolError("too_large", f"text of {len(raw)} bytes, at most {MAX_TOPIC}")
    try:
        text = str(raw, "utf-8")
    except UnicodeError:
        raise ProtocolError("bad_packet", "text is not UTF-8") from None
    _valid(text, raw)
    return text, i


def _get_topic(data, i, end):
    topic, i = _get_text(data, i, end)
    _check(topic and not ("+" in topic or "#" in topic), "topic empty or with a wildcard")  # MQTT-3.3.2-2, 4.7.3-1
    return topic, i


def _get_id(data, i, end):
    _check(i + 2 <= end, "packet ends inside its id")
    n = data[i] << 8 | data[i + 1]
    _check(n, "packet id 0")  # MQTT-2.3.1-1
    return n


def _check_head(head):
    """The first byte of a packet. Types 5 to 7 are QoS 2, 0 and 15 are reserved."""
    kind = head >> 4
    if kind == 3:
        # No QoS 2 (spec 6.1), no QoS 3 (MQTT-3.3.1-4), no DUP with QoS 0 (MQTT-3.3.1-2).
        _check(head & 6 == 2 or not head & 14, "QoS, or DUP with QoS 0")
    else:
        _check(kind in (1, 2, 4, 8, 9, 10, 11, 12, 13, 14), "packet type")
        _check(head & 15 == (2 if kind in (8, 10) else 0), "flags of the fixed header")  # MQTT-2.2.2-2


def _get_publish(flags, data, i, end):
    qos = flags >> 1 & 1
    topic, i = _get_topic(data, i, end)
    packet_id = 0
    if qos:
        packet_id = _get_id(data, i, end)
        i += 2
    return Publish(topic, data[i:end], qos, flags & 1 == 1, flags & 8 == 8, packet_id)


def _get_connect(data, i, end):
    name, i = _get_field(data, i, end)
    _check(name == b"MQTT" and i < end, "protocol name")
    if data[i] != 4:
        return Connect("", True, 0, None, data[i])  # so that a broker can answer CONNACK 1 (MQTT-3.1.2-2)
    _check(i + 4 <= end, "packet ends inside its header")
    flags = data[i + 1]
    keepalive_s = data[i + 2] << 8 | data[i + 3]
    qos = flags >> 3 & 3
    _check(not flags & 1, "reserved flag")  # MQTT-3.1.2-3
    _check(qos < 2 and (flags & 4 or not flags & 0x38), "will flags")  # MQTT-3.1.2-13, -14, -15
    _check(flags & 0x80 or not flags & 0x40, "password without user name")  # MQTT-3.1.2-22
    client_id, i = _get_text(data, i + 4, end)
    will = None
    if flags & 4:
        topic, i = _get_topic(data, i, end)
        payload, i = _get_field(data, i, end)
        will = Will(topic, payload, qos, flags & 32 == 32)
    # The identity is the certificate: a user name and a password are read over and not kept.
    if flags & 0x80:
        i = _get_field(data, i, end)[1]
    if flags & 0x40:
        i = _get_field(data, i, end)[1]
    _check(i == end, "bytes after the packet")
    return Connect(client_id, flags & 2 == 2, keepalive_s, will, 4)


def _get_filters(with_qos, data, i, end):
    packet_id = _get_id(data, i, end)
    i += 2
    filters = []
    while i < end:
        name, i = _get_text(data, i, end)
        _valid_filter(name)
        if with_qos:
            _check(i < end and data[i] < 2, "QoS of a filter")  # MQTT-3-8.3-4; 2 is not used (spec 6.1)
            name = (name, data[i])
            i += 1
        filters.append(name)
    _check(filters, "no filter")  # MQTT-3.8.3-3, MQTT-3.10.3-2
    return (Subscribe if with_qos else Unsubscribe)(packet_id, tuple(filters))


def _get_packet(head, data, i, end):
    kind = head >> 4
    if kind == 3:
        return _get_publish(head & 15, data, i, end)
    if kind == 1:
        return _get_connect(data, i, end)
    if kind == 8 or kind == 10:
        return _get_filters(kind == 8, data, i, end)
    if kind == 9:
        packet_id = _get_id(data, i, end)
        codes = data[i + 2 : end]
        _check(codes, "no return code")
        for code in codes:
            _check(code in (0, 1, 0x80), "return code")
        return Suback(packet_id, codes)
    n = end - i
    if kind == 2:
        # MQTT-3.2.2-4: a refusal has no session.
        _check(n == 2 and data[i] < 2 and data[i + 1] < 6 and not (data[i] and data[i + 1]), "CONNACK")
        return Connack(data[i] == 1, data[i + 1])
    if kind == 4 or kind == 11:
        _check(n == 2, "length of an acknowledgement")
        return (Puback if kind == 4 else Unsuback)(_get_id(data, i, end))
    _check(n == 0, "bytes after the packet")
    return Pingreq() if kind == 12 else Pingresp() if kind == 13 else Disconnect()


class Decoder:
    """Cuts a byte stream into packets.

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
            _check(shift < 28, "remaining length of more than 4 bytes")  # MQTT 2.2.3
        i += 1
        end = i + length
        _check_head(data[start])
        if end - start > self._limit:
            raise ProtocolError("too_large", f"packet of {end - start} bytes, at most {self._limit}")
        if end > len(data):
            return None
        packet = _get_packet(data[start], data, i, end)
        self._at = end
        return packet
