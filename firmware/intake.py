"""Which downlink messages count (SPEC 5.1). Pure."""

from protocol import downlink, topics
from protocol.errors import ProtocolError

_KINDS = {"receipt": downlink.RECEIPT, "scene": downlink.SCENE, "asset": downlink.ASSET, "command": downlink.COMMAND}


class Intake:
    """Verifies downlink messages; remembers the highest number of each kind since this start (SPEC 5.1)."""

    def __init__(self, hall: str, device: str, key: bytes):
        self._hall = hall
        self._device = device
        self._key = key
        self._numbers = {}

    def take(self, topic: str, payload: bytes):
        """The message. Raises ProtocolError for what must be ignored; ``bad_field`` for a number that is not higher."""
        hall, device, leaf = topics.split(topic)
        if hall != self._hall or device != self._device or leaf not in _KINDS:
            raise ProtocolError("bad_topic", "not sent to this device")
        topics.check_size(leaf, len(payload))
        message = downlink.unpack(self._key, payload, self._device)
        if message.kind != _KINDS[leaf]:
            raise ProtocolError("bad_kind", "kind %d on the topic %s" % (message.kind, leaf))
        if message.number <= self._numbers.get(message.kind, -1):
            raise ProtocolError("bad_field", "number %d is not higher than the last one" % message.number)
        self._numbers[message.kind] = message.number
        return message
