"""The board: everything of the device that is not computing. One class per kind of hardware implements it.

The application owns no clock, pin, socket option or display of its own; it asks the board, so the simulator can turn
its clock by hand and take its power away.
"""

import asyncio

import machine
import network

_CAUSES = {machine.PWRON_RESET: "power", machine.HARD_RESET: "reset", machine.WDT_RESET: "watchdog"}


class Board:
    """What a board offers; the first group is what each kind of hardware does in its own way.

    ``keys`` are presses not yet taken, oldest first, as ``(ticks, level)`` stamped by the device; ``woken`` is set when
    one is added. ``counts`` are counters for the technician, and ``facts()`` is the application's state for him.
    """

    backoff_ms = (1000, 60000)  # first and most delay between two connection attempts

    def __init__(self):
        self.keys = []
        self.woken = asyncio.Event()
        self.counts = {}
        self.facts = dict
        self._beats = {}

    def ticks_ms(self) -> int:
        """Milliseconds that wrap at 2³⁰."""
        raise NotImplementedError

    async def listen(self) -> None:
        """For ever: move key presses from the hardware into ``keys``."""
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

    def feed(self) -> None:
        """Tell the watchdog that all tasks live."""
        raise NotImplementedError

    def resolve(self, host: str, port: int):
        """``(address, port)`` to dial, asked anew for each attempt. Raises OSError."""
        return host, port

    def rtc(self):
        """``(wall_ms, error_ms)`` of a battery clock now, or None if none is fitted."""
        return None

    # --- the same on every board ---

    def take_key(self):
        """The oldest of ``keys``, removed."""
        return self.keys.pop(0)

    def network_up(self) -> bool:
        """Whether there is a link and an address."""
        return network.WLAN(network.STA_IF).isconnected()

    def reset(self) -> None:
        """Restart the device. Does not return."""
        machine.reset()

    def cause(self) -> str:
        """Why the device started: power, reset, watchdog or crash."""
        return _CAUSES.get(machine.reset_cause(), "crash")

    def log(self, text: str) -> None:
        """A line for the technician on the serial port. Never a level, a token or a secret."""
        print(text)

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
        self._beats[task] = True

    def all_beat(self, tasks) -> bool:
        """Whether each of these said so since the last time this was True."""
        if all(self._beats.get(task) for task in tasks):
            self._beats.clear()
            return True
        return False
