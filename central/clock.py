"""Central's clock: the gateway's own door to the time of day. Everything else is given a ``Clock`` or a number."""

from gateway.clock import Clock, HandClock

__all__ = ["Clock", "HandClock"]
