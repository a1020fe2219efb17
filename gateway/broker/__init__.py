"""The hall's broker: inside the gateway's process, or Mosquitto beside it (docs/adr/0001-embedded-broker.md)."""

from gateway.broker.acl import Role
from gateway.broker.outside import Broker, OutsideBroker
from gateway.broker.server import EmbeddedBroker
from gateway.broker.settings import BrokerSettings, BrokerStats, QueueLimits

__all__ = ["Broker", "BrokerSettings", "BrokerStats", "EmbeddedBroker", "OutsideBroker", "QueueLimits", "Role"]
