"""Downlink messages: what the gateway tells a device (spec 5), and the small plain ones of spec 5.4, 6.2, 6.3."""

from collections import namedtuple

from protocol import cbor, cose, topics
from protocol.errors import ProtocolError
from protocol.record import HASH_IN_CHAIN, array, check_version, is_uint, octets, present, uint

VERSION = 1
RECEIPT = 1
SCENE = 2
ASSET = 3
COMMAND = 4

OPEN = 0
PAUSED = 1
OUT_OF_SERVICE = 2

DONE = 0
UNKNOWN_COMMAND = 1
FAILED = 2
WANTS = 3
REQUESTS = 4

COMMANDS = ("identify", "selftest", "reboot", "update", "log_level", "rotate_key")
STATES = ("init", "ready", "sleeping", "alert", "lost")

_U32 = 0xFFFFFFFF
_U64 = 0xFFFFFFFFFFFFFFFF

#: What every downlink message has; ``body`` is one of the four below.
Downlink = namedtuple("Downlink", ("device", "number", "issued_ms", "kind", "body"))
Receipt = namedtuple("Receipt", ("seq", "hash", "epoch", "hold_ms"))
Scene = namedtuple(
    "Scene",
    ("token", "until_ms", "undo_ms", "labels", "indicators", "reasons", "lines", "qr", "prompt", "mode", "strips"),
)
Asset = namedtuple("Asset", ("hash", "size", "offset", "bytes"))
Command = namedtuple("Command", ("id", "name", "args"))
State = namedtuple("State", ("word", "boot"))
#: With the status REQUESTS, ``text`` is a certificate request, bytes.
Result = namedtuple("Result", ("id", "status", "text"))
Log = namedtuple("Log", ("level", "text"))
Telemetry = namedtuple(
    "Telemetry",
    (
        "boot",
        "uptime_ms",
        "heap_free",
        "waiting",
        "used_permille",
        "seq",
        "error_ms",
        "heap_largest",
        "erases_avg",
        "erases_max",
        "rssi_dbm",
        "stall_ms",
    ),
)

#: The scene of a window where nobody is being served.
IDLE = Scene(None, None, 8000, 1, 0, {}, (), None, None, OPEN, None)


def pack(key: bytes, message: Downlink) -> bytes:
    """The COSE_Mac0 to publish. Raises ProtocolError ``bad_field`` or ``too_large`` if the message breaks spec 5."""
    body = message.body
    fields = {1: VERSION, 2: message.kind, 3: message.device, 4: message.number, 5: message.issued_ms}
    if message.kind == RECEIPT:
        fields.update({6: body.seq, 7: body.hash, 8: body.epoch, 9: body.hold_ms})
    elif message.kind == SCENE:
        fields.update(
            {
                10: body.token,
                11: body.until_ms,
                12: body.undo_ms,
                13: body.labels,
                14: body.indicators,
                15: body.reasons,
                16: list(body.lines),
                17: body.qr,
                18: body.prompt,
                19: body.mode,
                27: body.strips,
            }
        )
    elif message.kind == ASSET:
        fields.update({23: body.hash, 24: body.size, 25: body.offset, 26: body.bytes})
    else:
        fields.update({20: body.id, 21: body.name, 22: body.args})
    payload = cbor.encode(fields)
    _read(cbor.decode(payload))
    data = cose.mac0_pack(key, payload)
    topics.check_size("scene", len(data))
    return data


def unpack(key: bytes, data: bytes, device: str) -> Downlink:
    """Verify and read a message for ``device``.

    Raises ProtocolError: ``bad_mac``, ``bad_device`` if it is for another device, or any other code of spec 10.
    """
    topics.check_size("scene", len(data))
    fields = cbor.decode(cose.mac0_open(key, data))
    message = _read(fields)
    if message.device != device:
        raise ProtocolError("bad_device", "expected %s, got %s" % (device, message.device))
    return message


def _read(fields):
    if not isinstance(fields, dict):
        raise ProtocolError("bad_field", "a message is a map")
    check_version(fields)
    kind = present(fields, 2, "kind")
    # a bool is not a kind, though True == 1
    if not is_uint(kind, COMMAND) or not kind:
        raise ProtocolError("bad_kind", "expected 1 to 4, got %r" % (kind,))
    count, read = _READERS[kind]
    if len(fields) != count:
        raise ProtocolError("bad_field", "expected %d keys, got %d" % (count, len(fields)))
    device = topics.check_id(present(fields, 3, "device"))
    return Downlink(device, uint(fields, 4, "number", _U64), uint(fields, 5, "issued_ms", _U64), kind, read(fields))


def _receipt(fields):
    return Receipt(
        uint(fields, 6, "seq", _U64),
        octets(fields, 7, "hash", HASH_IN_CHAIN),
        uint(fields, 8, "epoch", _U32),
        uint(fields, 9, "hold_ms", _U32),
    )


def _scene(fields):
    token = until_ms = None
    if present(fields, 10, "token") is not None or present(fields, 11, "until_ms") is not None:
        token = octets(fields, 10, "token", 8)
        until_ms = uint(fields, 11, "until_ms", _U64)
    reasons = fields.get(15)
    if not isinstance(reasons, dict) or any(not is_uint(level, 5) or level < 1 for level in reasons):
        raise ProtocolError("bad_field", "reasons (15) maps levels to codes")
    for codes in reasons.values():
        if not isinstance(codes, list) or len(codes) > 32 or any(not is_uint(code, 0xFFFF) for code in codes):
            raise ProtocolError("bad_field", "reasons (15) lists at most 32 codes for a level")
    lines = array(fields, 16, "lines", 4)
    for line in lines:
        _text(line, "a line (16)", 60)
    qr = present(fields, 17, "qr")
    if qr is not None:
        _text(qr, "qr (17)", 200)
    return Scene(
        token,
        until_ms,
        uint(fields, 12, "undo_ms", 60000),
        uint(fields, 13, "labels", 2, 1),
        uint(fields, 14, "indicators", _U32),
        reasons,
        tuple(lines),
        qr,
        _hash(fields, 18, "prompt"),
        uint(fields, 19, "mode", 2),
        _hash(fields, 27, "strips"),
    )


def _hash(fields, key, what):
    return None if present(fields, key, what) is None else octets(fields, key, what, 32)


def _asset(fields):
    data = fields.get(26)
    if not isinstance(data, bytes) or len(data) > 2048:
        raise ProtocolError("bad_field", "bytes (26) has at most 2048 bytes")
    return Asset(octets(fields, 23, "hash", 32), uint(fields, 24, "size", _U32), uint(fields, 25, "offset", _U32), data)


def _command(fields):
    name = _text(fields.get(21), "name (21)", 16)
    args = fields.get(22)
    if not isinstance(args, dict) or len(args) > 8:
        raise ProtocolError("bad_field", "args (22) is a map of at most 8")
    for key, value in args.items():
        _text(key, "a key of args", 16)
        if not is_uint(value, _U64):
            _text(value, "a value of args", 200)
    return Command(uint(fields, 20, "id", _U64), name, args)


def _text(value, what, most):
    if not isinstance(value, str) or len(value.encode()) > most:
        raise ProtocolError("bad_field", "%s is a text of at most %d bytes" % (what, most))
    return value


_READERS = {RECEIPT: (9, _receipt), SCENE: (16, _scene), ASSET: (9, _asset), COMMAND: (8, _command)}


# --- plain messages from the device ---


def pack_state(state: State) -> bytes:
    """Spec 6.2."""
    return cbor.encode({1: VERSION, 2: state.word, 3: state.boot})


def unpack_state(data: bytes) -> State:
    """Raises ProtocolError."""
    fields = _plain(data, "state", 3)
    if fields.get(2) not in STATES:
        raise ProtocolError("bad_field", "state (2) is one of " + " ".join(STATES))
    return State(fields[2], uint(fields, 3, "boot", _U32))


def pack_telemetry(telemetry: Telemetry) -> bytes:
    """Spec 6.3."""
    fields = {1: VERSION}
    for key, value in enumerate(telemetry):
        fields[key + 2] = value
    return cbor.encode(fields)


def unpack_telemetry(data: bytes) -> Telemetry:
    """Raises ProtocolError."""
    fields = _plain(data, "telemetry", 13)
    values: list = []
    for key in range(2, 14):
        if key in (8, 9, 12) and present(fields, key, "telemetry") is None:
            values.append(None)
        elif key == 12:
            values.append(_rssi(fields[key]))
        else:
            values.append(uint(fields, key, "telemetry", _U64 if key < 8 else _U32))
    return Telemetry(*values)


def _rssi(value):
    if isinstance(value, bool) or not isinstance(value, int) or not -127 <= value <= 0:
        raise ProtocolError("bad_field", "rssi_dbm (12) is -127 to 0 or null")
    return value


def pack_result(result: Result) -> bytes:
    """Spec 5.4."""
    return cbor.encode({1: VERSION, 2: result.id, 3: result.status, 4: result.text})


def unpack_result(data: bytes) -> Result:
    """Raises ProtocolError."""
    fields = _plain(data, "result", 4)
    status = uint(fields, 3, "status", REQUESTS)
    text = fields.get(4)
    if status != REQUESTS:
        _text(text, "text (4)", 200)
    elif not isinstance(text, bytes) or not 0 < len(text) <= 400:
        raise ProtocolError("bad_field", "a request (4) has 1 to 400 bytes")
    return Result(uint(fields, 2, "id", _U64), status, text)


def pack_log(log: Log) -> bytes:
    """Spec 6.3."""
    return cbor.encode({1: VERSION, 2: log.level, 3: log.text})


def unpack_log(data: bytes) -> Log:
    """Raises ProtocolError."""
    fields = _plain(data, "log", 3)
    return Log(uint(fields, 2, "level", 40, 10), _text(fields.get(3), "text (3)", 200))


def _plain(data, leaf, count):
    topics.check_size(leaf, len(data))
    fields = cbor.decode(data)
    if not isinstance(fields, dict) or len(fields) != count:
        raise ProtocolError("bad_field", "%s is a map of %d" % (leaf, count))
    check_version(fields)
    return fields
