"""``network`` for the VM: a station whose link the host pulls and plugs."""

STA_IF = 0

_up = True


def set_up(up: bool) -> None:
    """For the simulated board only."""
    global _up
    _up = up


class WLAN:
    def __init__(self, interface=STA_IF):
        pass

    def isconnected(self):
        return _up
