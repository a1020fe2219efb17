"""Which policy a rating was given under: the version that was handed down to its hall (`core.handdown`).

A device rating carries the version of the indicators it was given with (spec 3.3), and says so under its signature;
when it was given may be uncertain, and news of a policy reaches a device late. So of what was published before the
moment it was given, the newest with the very same indicators stands, and only without one the newest at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """A policy that was published to a hall. ``indicators``: the version that goes with it."""

    number: int
    issued_ms: int
    version: int
    indicators: int


def given_under(history: Sequence[Published], given_ms: int, indicators: int | None = None) -> int | None:
    """The version in force at ``given_ms``; None: none had been published. ``indicators``: what the device had."""
    before = [one for one in history if one.issued_ms <= given_ms]
    same = [one for one in before if one.indicators == indicators]
    found = max(same or before, key=lambda one: one.number, default=None)
    return found.version if found else None
