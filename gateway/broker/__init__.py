"""The broker inside the gateway's process (docs/adr/0001-embedded-broker.md)."""

from gateway.broker.acl import Role
from gateway.broker.server import EmbeddedBroker
from gateway.broker.settings import BrokerSettings, BrokerStats, QueueLimits

__all__ = ["BrokerSettings", "BrokerStats", "EmbeddedBroker", "QueueLimits", "Role"]
