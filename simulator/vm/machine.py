"""``machine`` for the VM: what the firmware uses of it, and nothing else.

A reset ends the process with ``RESET_CODE``; the host starts it again and says why in HCP_SIM_CAUSE.

RTC memory is the file ``rtc.bin`` beside the flash. As on the chip it survives a reset and the watchdog, and is empty
after the power was away.

The watchdog is real: the host holds its clock, as a peripheral of the chip would, and kills a VM that does not feed.
HCP_SIM_WDT shortens its timeout, in ms, for tests.
"""

import os
import sys

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5

RESET_CODE = 75
RTC_SIZE = 2048

_CAUSES = {"power": PWRON_RESET, "reset": HARD_RESET, "watchdog": WDT_RESET, "crash": SOFT_RESET}


def reset():
    sys.exit(RESET_CODE)


def reset_cause():
    return _CAUSES.get(os.getenv("HCP_SIM_CAUSE"), PWRON_RESET)


class RTC:
    """Only its memory."""

    _powered = False

    def __init__(self):
        flash = os.getenv("HCP_SIM_FLASH")
        self._path = flash.rsplit("/", 1)[0] + "/rtc.bin" if flash and "/" in flash else "rtc.bin"
        if not RTC._powered:
            RTC._powered = True
            if reset_cause() == PWRON_RESET:
                self.lose()

    def memory(self, data=None):
        """The bytes that were put there last, or put some. ValueError beyond 2048 bytes, as on the chip."""
        if data is None:
            try:
                with open(self._path, "rb") as file:
                    return file.read()
            except OSError:
                return b""
        if len(data) > RTC_SIZE:
            raise ValueError("buffer too long")
        with open(self._path, "wb") as file:
            file.write(data)

    def lose(self):
        """The power goes; not on the chip."""
        try:
            os.remove(self._path)
        except OSError:
            pass  # there was none


class WDT:
    """One, and it cannot be stopped. ``tell`` is set by the simulated board: how to reach the host."""

    tell = None

    def __init__(self, id=0, timeout=5000):
        WDT.tell({"t": "wdt", "ms": int(os.getenv("HCP_SIM_WDT") or timeout)})

    def feed(self):
        WDT.tell({"t": "feed"})
