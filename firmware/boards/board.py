"""The board: everything of the device that is not computing. One class per kind of hardware implements it.

The application owns no clock, pin, socket option or display of its own; it asks the board, so the simulator can turn
its clock by hand and take its power away.
"""

import asyncio
import time

import machine
import network

from firmware import log
from firmware.crash import Ring
from firmware.health import Meter
from firmware.input import Edges

WATCHDOG_MS = 30000  # without a feed

_EPOCH_S = 946684800 if time.gmtime(0)[0] == 2000 else 0  # of the port

_CAUSES = {machine.PWRON_RESET: "power", machine.WDT_RESET: "watchdog"}


class Board:
    """What a board offers; the first group is what each kind of hardware does in its own way.

    ``crashes`` remember what ended the last lives, ``meter`` measures the loop, ``lines`` are logged to the gateway,
    ``beats`` the tasks that reported. ``edges`` are those of the keys, put there by the interrupt; ``woken`` is set
    after that. ``display`` is the `firmware.display.Display`, if there is one, and ``drawn`` the event that it wants
    something else than it shows. ``counts`` are counters for the technician, and ``facts()`` is the application's state
    for him.
    """

    kind = "esp32s3"  # what a release must be made for (SPEC 5.6)
    display = None
    backoff_ms = (1000, 60000)  # first and most delay between two connection attempts

    def __init__(self):
        self.edges = Edges()
        self.counts = {}
        self.facts = dict
        self.beats = set()
        self.lines = log.Lines()
        self.crashes = Ring(machine.RTC().memory)
        self._wdt = None
        self.anew()

    def ticks_ms(self) -> int:
        """Milliseconds that wrap at 2³⁰."""
        raise NotImplementedError

    async def listen(self) -> None:
        """For ever: set ``woken`` when the interrupt has put ``edges``."""
        raise NotImplementedError

    def light(self, level: int, ms: int) -> None:
        """Light exactly one star, with a countdown of ``ms``; level 0: none."""
        raise NotImplementedError

    def click(self) -> None:
        """The one sound of a press, the same for every star."""
        raise NotImplementedError

    def show(self, name: str, lines) -> None:
        """Show a screen of ``firmware.screen`` by its name; ``lines`` come below its own."""
        raise NotImplementedError

    def identify(self, ms: int) -> None:
        """Blink all stars, so that a technician finds the device."""
        raise NotImplementedError

    def resolve(self, host: str, port: int):
        """``(address, port)`` to dial, asked anew for each attempt. Raises OSError."""
        return host, port

    def rtc(self):
        """``(wall_ms, error_ms)`` of a battery clock now, or None if none is fitted."""
        return None

    def set_rtc(self, wall_ms: int, error_ms: int) -> None:
        """Set the battery clock, if one is fitted."""

    def set_time(self, wall_ms: int) -> None:
        """Set the chip's own clock, by which TLS checks dates; it begins in 2000 at every power-up."""
        year, month, day, hour, minute, second, weekday = time.gmtime(wall_ms // 1000 - _EPOCH_S)[:7]
        machine.RTC().datetime((year, month, day, weekday, hour, minute, second, 0))

    def largest(self):
        """Free bytes in one piece, where the network takes its memory from; None if the board cannot tell."""
        return None

    # --- the same on every board ---

    def anew(self) -> None:
        """Begin an empty loop. What is left of the one before must never be woken or cancelled: its tasks are in
        another queue, and the C code that takes them out of this one would break it. So nobody sets what they wait
        for."""
        asyncio.new_event_loop()
        self.woken = asyncio.Event()
        self.drawn = asyncio.Event()
        self.meter = Meter()

    def feed(self) -> None:
        """Tell the watchdog that all tasks live; the first time starts it, and nothing stops it again."""
        if self._wdt is None:
            self._wdt = machine.WDT(timeout=WATCHDOG_MS)
        self._wdt.feed()

    def rssi(self):
        """Of the Wi-Fi, in dBm; None without one."""
        try:
            return min(0, max(-127, network.WLAN(network.STA_IF).status("rssi")))
        except (AttributeError, OSError, TypeError, ValueError):
            return None

    def network_up(self) -> bool:
        """Whether there is a link and an address."""
        return network.WLAN(network.STA_IF).isconnected()

    def reset(self) -> None:
        """Restart the device. Does not return."""
        machine.reset()

    def cause(self) -> str:
        """What the hardware says of why the device started: power, watchdog or reset."""
        return _CAUSES.get(machine.reset_cause(), "reset")

    def log(self, text: str, level: int = log.INFO) -> None:
        """A line for the technician, on the serial port and to the gateway. Never a level, a token or a secret."""
        self.lines.put(text, level)

    async def wait(self, event, ms: int) -> None:
        """Until the event is set (it is cleared), or for ``ms`` by this board's clock, or less: callers look again."""
        try:
            await asyncio.wait_for_ms(event.wait(), max(0, ms))
        except asyncio.TimeoutError:  # noqa: UP041 - another class under MicroPython
            pass
        event.clear()

    def count(self, name: str) -> None:
        """Add one to a counter."""
        self.counts[name] = self.counts.get(name, 0) + 1

    def beat(self, task: str) -> None:
        """A task says that it lives."""
        self.beats.add(task)
