"""What the library makes of a frame, as one line of text: the same file runs on CPython and on MicroPython.

``outcome`` never lets anything but a ``ProtocolError`` pass for a refusal, and checks what every accepted frame owes:
built again from what was read, it is the same bytes.
"""

from protocol import cbor, cose, downlink, record, topics
from protocol.errors import CODES, ProtocolError

DEVICE = "w01"
DOWNLINK_KEY = bytes(range(32))

PLAIN = {
    "state": (downlink.unpack_state, downlink.pack_state),
    "telemetry": (downlink.unpack_telemetry, downlink.pack_telemetry),
    "log": (downlink.unpack_log, downlink.pack_log),
    "result": (downlink.unpack_result, downlink.pack_result),
}


def read(kind, data):
    """``(value, bytes built from it again)``. Raises ProtocolError as the library does."""
    if kind == "cbor":
        value = cbor.decode(data)
        return value, cbor.encode(value)
    if kind == "record":
        value = record.parse(data)
        return value, cose.sign1_pack(value.device, payload(value.kind, value.head, value.body), value.signature)
    if kind == "downlink":
        value = downlink.unpack(DOWNLINK_KEY, data, DEVICE)
        return value, downlink.pack(DOWNLINK_KEY, value)
    if kind == "topic":
        value = topics.split(cbor.text(data))
        return value, topics.topic(*value).encode()
    unpack, pack = PLAIN[kind]
    value = unpack(data)
    return value, pack(value)


def payload(kind, head, body):
    """The payload to sign, for any kind of record."""
    if kind == record.EVENT:
        return record.event_payload(head, body)
    return record.rating_payload(head, body, kind)


def outcome(kind, data):
    """``ok``, or the code of the refusal. Raises AssertionError if the library breaks its promise."""
    try:
        value, again = read(kind, data)
    except ProtocolError as error:
        assert error.code in CODES, error.code
        return error.code
    assert again == data, "read and built again, it is another frame"
    assert kind == "cbor" or not has_truth(value), "a truth value passed for a number"
    return "ok"


def has_truth(value):
    """True if a bool is anywhere inside: no message has one, but True == 1."""
    if isinstance(value, dict):
        return has_truth(list(value)) or has_truth(list(value.values()))
    if isinstance(value, (list, tuple)):
        return any(has_truth(item) for item in value)
    return value is True or value is False


def plain(value):
    """``value`` with every namedtuple and tuple as a list, to be compared with what CBOR carried here."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def build(fields):
    """The payload of ``[kind, head, body]`` as hex, or the code of the refusal."""
    kind, head, body = fields
    head = record.Head(*head)
    body = record.Event(*body) if kind == record.EVENT else record.Rating(*body)
    try:
        return payload(kind, head, body).hex()
    except ProtocolError as error:
        return error.code


def main(path):
    """For the VM: answer each line ``kind hex`` of the file with its outcome; ``build`` lines with a payload."""
    with open(path) as lines:
        for line in lines:
            kind, _, data = line.rstrip("\n").partition(" ")
            data = bytes.fromhex(data)
            print(build(cbor.decode(data)) if kind == "build" else outcome(kind, data))
