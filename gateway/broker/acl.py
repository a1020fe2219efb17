"""Who may publish and subscribe what (spec 6.1, 6.5). Pure."""

from dataclasses import dataclass, field
from enum import Enum

from protocol import topics
from protocol.errors import ProtocolError


class Role(Enum):
    """What the owner of a certificate is in the hall."""

    DEVICE = "device"
    GATEWAY = "gateway"


@dataclass(frozen=True)
class Access:
    """The rights of one certificate in one hall.

    ``name`` is the certificate's CN. Raises ProtocolError ``bad_device`` if a device's is not an id (spec 3.7): a CN
    like ``+`` or ``a/b`` must never become part of a topic.
    """

    hall: str
    name: str
    role: Role
    _leaf_of: dict[str, str] = field(init=False, repr=False, compare=False)
    _readable: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        topics.check_id(self.hall)
        leaf_of: dict[str, str] = {}
        readable: frozenset[str] = frozenset()
        if self.role is Role.DEVICE:
            leaf_of = {topics.topic(self.hall, self.name, leaf): leaf for leaf in topics.FROM_DEVICE}
            readable = frozenset(topics.topic(self.hall, self.name, leaf) for leaf in topics.TO_DEVICE)
        object.__setattr__(self, "_leaf_of", leaf_of)
        object.__setattr__(self, "_readable", readable)

    def may_publish(self, topic: str, qos: int, retain: bool, empty: bool = False) -> bool:
        """Whether this publish, or will, is allowed; ``empty``: it has no payload, which clears a retained message.

        A device keeps to its five leaves and to the QoS and the retain flag that spec 6.1 gives them. The gateway may
        publish anything in its hall, retain only ``receipt`` and ``scene``, and clear the ``state`` of a device that
        has left.
        """
        if self.role is Role.DEVICE:
            leaf = self._leaf_of.get(topic)
            if leaf is None or (qos and leaf in topics.QOS_0):
                return False
            return not retain or leaf in topics.RETAINED
        try:
            hall, _device, leaf = topics.split(topic)
        except ProtocolError:
            return False
        if hall != self.hall:
            return False
        return not retain or leaf in topics.TO_DEVICE and leaf in topics.RETAINED or empty and leaf in topics.RETAINED

    def may_subscribe(self, filter_: str) -> bool:
        """Whether this topic filter is allowed: four exact topics for a device, the hall's subtree for the gateway."""
        if self.role is Role.DEVICE:
            return filter_ in self._readable
        return filter_.startswith(f"{topics.ROOT}{self.hall}/")
