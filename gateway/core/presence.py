"""Whether a device is there (spec 6.2)."""

from protocol.downlink import State

ONLINE = ("init", "ready", "sleeping", "alert")


def follow(last: State | None, new: State) -> State:
    """The state to keep: a ``lost`` of an older boot than the last state is a late will, and ignored."""
    if last is not None and new.word == "lost" and new.boot < last.boot:
        return last
    return new
