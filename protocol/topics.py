"""Topics and ids (spec 3.7, 6.1, 11)."""

from protocol.errors import ProtocolError

ROOT = "hcp/v1/"
FROM_DEVICE = ("state", "record", "telemetry", "log", "result")
TO_DEVICE = ("receipt", "scene", "asset", "command")
RETAINED = ("state", "receipt", "scene")
QOS_0 = ("telemetry", "log")

#: The most bytes a payload may have, by leaf (spec 11).
MAX_SIZE = {
    "state": 512,
    "record": 512,
    "telemetry": 512,
    "log": 512,
    "result": 512,
    "receipt": 4096,
    "scene": 4096,
    "asset": 4096,
    "command": 4096,
}
MAX_TOPIC = 80

_ALLOWED = "abcdefghijklmnopqrstuvwxyz0123456789-"


def check_id(text: str) -> str:
    """``text``, if it is the id of a device or hall (spec 3.7). Raises ProtocolError ``bad_device``."""
    good = isinstance(text, str) and 1 <= len(text) <= 20 and text[0] != "-" and text[-1] != "-"
    if not good or any(letter not in _ALLOWED for letter in text):
        raise ProtocolError("bad_device", "an id has 1 to 20 characters of a-z 0-9 -, got %s" % repr(text)[:40])
    return text


def topic(hall: str, device: str, leaf: str) -> str:
    """``hcp/v1/<hall>/<device>/<leaf>``. Raises ValueError for a leaf that does not exist."""
    if leaf not in MAX_SIZE:
        raise ValueError("no such leaf: " + leaf)
    return ROOT + check_id(hall) + "/" + check_id(device) + "/" + leaf


def split(text: str):
    """``(hall, device, leaf)`` of a topic. Raises ProtocolError ``bad_topic``."""
    parts = text.split("/") if len(text) <= MAX_TOPIC else ()
    if len(parts) != 5 or parts[0] != "hcp" or parts[1] != "v1" or parts[4] not in MAX_SIZE:
        raise ProtocolError("bad_topic", "expected hcp/v1/<hall>/<device>/<leaf>")
    try:
        return check_id(parts[2]), check_id(parts[3]), parts[4]
    except ProtocolError:
        raise ProtocolError("bad_topic", "hall or device is not an id")


def check_size(leaf: str, size: int) -> None:
    """Refuse a payload before it is parsed (spec 2.4). Raises ProtocolError ``too_large``."""
    if size > MAX_SIZE[leaf]:
        raise ProtocolError("too_large", "%s: %d bytes, at most %d" % (leaf, size, MAX_SIZE[leaf]))
