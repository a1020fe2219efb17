"""One simulated device: the firmware as it is, in a MicroPython process of its own, and the doors of its board.

    with SimDevice(folder, broker=("127.0.0.1", 8883)) as device:
        device.press(5)
        device.wait_light(5)
        device.advance(8000)          # turns the device's clock: no test sleeps through an undo window
        device.wait_screen("thanks")

The folder holds ``flash.bin`` (the NOR model, all that survives a power cut) and ``vm.log``. Everything here may be
called from any thread; a wait ends with ``WaitTimeout``, or with ``DeviceOff`` when the power goes meanwhile.
"""

import contextlib
import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from firmware.screen import lines as screen_lines
from simulator import bytecode
from simulator.canvas import Canvas
from simulator.door import Door, Message
from simulator.network_cut import NetworkCut

HEAP = os.environ.get("HCP_SIM_HEAP") or "224K"  # of the 64-bit VM: what 112 KB are to a 32-bit build
RESET_CODE = 75  # see simulator/vm/machine.py
WAIT_S = 20.0
_RUN = "import sys, micropython_unix; sys.exit(micropython_unix.main())"
_CRASHES_MAX = 5  # in a row; then it stays off, and vm.log says why


class DeviceOff(Exception):
    """The device has no power, or lost it during the call."""


class WaitTimeout(Exception):
    """What was waited for did not happen in time."""


@dataclass(frozen=True)
class Screen:
    """What the display shows: a name of ``firmware.screen`` and the lines a citizen reads."""

    name: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stats:
    """What the device says of itself, and ``press_to_light_us`` of every press since the object was made.

    ``waiting`` are its records without a receipt; ``unsigned``: a press was lit that is no record yet.
    """

    state: str
    boot: int
    next_seq: int
    receipted: int
    waiting: int
    unsigned: bool
    used_permille: int
    stalls: int
    uptime_ms: int
    wall_ms: int | None
    error_ms: int | None
    counts: dict[str, int]
    heap_used: int
    heap_free: int
    press_to_light_us: tuple[int, ...] = field(repr=False)


def vm_command(*arguments: str, heap: str = HEAP) -> list[str]:
    """The command line of the VM: what its ``micropython`` script does, without looking for the script."""
    return [sys.executable, "-c", _RUN, "-X", f"heapsize={heap}", *arguments]


def vm_environment(folder: Path, **more: str) -> dict[str, str]:
    """The environment of the VM of the device in ``folder``: shims first, then the sources."""
    return {**os.environ, "MICROPYPATH": bytecode.SOURCES, "HCP_SIM_FLASH": str(folder / "flash.bin"), **more}


class SimDevice:
    """The device that lives in ``folder``.

    ``broker`` is where its network leads, whatever host its bundle names (the name still has to be in the broker's
    certificate). ``backoff_ms`` are the first and the most delay between connection attempts; ``environment`` is added
    to the VM's; ``program`` is what it runs (``sets.PROGRAM``: the set on its own flash). ``starts`` counts
    the lives of the VM; ``id`` is only a name for people.
    """

    def __init__(
        self,
        folder: Path,
        broker: tuple[str, int] = ("127.0.0.1", 8883),
        device_id: str = "",
        backoff_ms: tuple[int, int] = (50, 1000),
        environment: dict[str, str] | None = None,
        program: tuple[str, ...] = ("-m", "firmware.main"),
    ):
        self._program = program
        self.folder = folder
        self.id = device_id or folder.name
        self.starts = 0
        self._environment = dict(environment or {})
        self._backoff_ms = backoff_ms
        self._changed = threading.Condition(threading.RLock())
        self._power = threading.RLock()  # one power switch at a time
        self._process: subprocess.Popen[bytes] | None = None
        self._on = False
        self._crashes = 0
        self._ids = itertools.count(1)
        self._answers: dict[int, Message] = {}
        self._screen = Screen("off")
        self._screens: list[str] = []
        self._canvas = Canvas()
        self._lit = 0
        self._lights = 0  # messages about light so far
        self._lights_at_press = 0
        self._clicks = 0
        self._identified = 0
        self._press_to_light_us: list[int] = []
        folder.mkdir(parents=True, exist_ok=True)
        self.network = NetworkCut(broker)
        self._door = Door(self._heard, self._lost)

    def __enter__(self) -> "SimDevice":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # --- power ---

    @property
    def running(self) -> bool:
        with self._changed:
            return self._on

    def start(self, cut: str | None = None, cause: str = "power") -> None:
        """Power on, and wait for the first screen. Raises WaitTimeout.

        ``cut`` is HCP_SIM_CUT: the power goes at that flash operation (``simulator/vm/nor.py``), perhaps before this.
        """
        with self._power:
            if self._on:
                return
            life = self._launch(cut, cause)
        self._wait(lambda: self.starts != life or not self._on or self._screen.name != "off", WAIT_S, "a first screen")

    def power_on(self, cut: str | None = None) -> None:
        self.start(cut)

    def power_off(self) -> None:
        """kill -9. What a flash operation had finished is in the flash."""
        with self._power:
            with self._changed:
                self._go_dark()
                process = self._process
            if process is not None:
                process.kill()
                process.wait()

    def stop(self) -> None:
        """Power off for good and let go of sockets; the folder stays."""
        self.power_off()
        self._door.close()
        self.network.close()

    def _launch(self, cut: str | None, cause: str) -> int:
        with self._changed:
            self.starts += 1
            self._on = True
            self._screen = Screen("off")
            self._canvas = Canvas()
            first, most = self._backoff_ms
            more = {
                "HCP_SIM_DOOR": self._door.admit(self.starts),
                "HCP_SIM_ROUTE": f"127.0.0.1:{self.network.port}",
                "HCP_SIM_BACKOFF": f"{first},{most}",
                "HCP_SIM_CAUSE": cause,
                "MICROPYPATH": bytecode.search_path(),
                **self._environment,
                **({"HCP_SIM_CUT": cut} if cut else {}),
            }
            with (self.folder / "vm.log").open("ab") as log:
                self._process = subprocess.Popen(  # noqa: S603 - our own command
                    vm_command(*self._program),
                    cwd=self.folder, env=vm_environment(self.folder, **more),
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                )  # fmt: skip
            return self.starts

    def _lost(self, life: int, hangs: bool) -> None:
        # in the door's thread: this life ended, or the watchdog bites
        with self._power:
            with self._changed:
                process = self._process
                if life != self.starts or not self._on or process is None:
                    return
                self._go_dark()
            if hangs:
                process.kill()
            try:
                code = process.wait(WAIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
            if code <= 0 and not hangs:
                return  # its power was cut, by HCP_SIM_CUT or from outside
            self._crashes += 1
            if self._crashes <= _CRASHES_MAX:
                self._launch(None, "watchdog" if hangs else "reset")

    def _go_dark(self) -> None:
        self._on = False
        self._screen = Screen("off")
        self._lit = 0
        self._changed.notify_all()

    # --- the citizen ---

    def press(self, level: int) -> None:
        """Press a star, 1 to 5. Raises DeviceOff."""
        with self._changed:
            self._lights_at_press = self._lights
        self._tell({"t": "press", "level": level})

    def move_keys(self, *moves: tuple[int, int, bool]) -> None:
        """What fingers do, one after the other: ``(pause before it in ms, key 1 to 5, down)``. Raises DeviceOff.

        The device counts a press when the key was down for 20 ms.
        """
        with self._changed:
            self._lights_at_press = self._lights
        self._tell({"t": "keys", "moves": moves})

    def press_down(self, level: int) -> None:
        self.move_keys((0, level, True))

    def press_up(self, level: int) -> None:
        self.move_keys((0, level, False))

    def hold(self, *levels: int) -> None:
        """Put fingers on these keys, one after the other, and leave them: ``advance`` and ``press_up`` go on."""
        self.move_keys(*((5, level, True) for level in levels))

    def bounce(self, level: int, times: int = 5) -> None:
        """A contact that opens and closes so often within a moment, and stays open: no press."""
        self.move_keys(*((0, level, turn % 2 == 0) for turn in range(2 * times)))

    def stall(self, ms: int, edges: Iterable[tuple[int, int, bool]] = ()) -> None:
        """Keep the device's loop for ``ms``, as an erase or a handshake does; returns when it goes on.

        Meanwhile fingers move: ``(ms since the beginning, key 1 to 5, down)``. The interrupts wait, 8 at most.
        """
        with self._changed:
            self._lights_at_press = self._lights
        self._ask({"t": "stall", "ms": ms, "edges": list(edges)})

    def lights(self) -> tuple[int, ...]:
        """The stars that are lit."""
        with self._changed:
            return (self._lit,) if self._lit else ()

    def screen(self) -> Screen:
        """What the display shows; its name is ``off`` without power."""
        with self._changed:
            return self._screen

    def screens(self) -> tuple[str, ...]:
        """The names of all screens shown so far, over all lives."""
        with self._changed:
            return tuple(self._screens)

    def picture(self) -> Image.Image:
        """What the panel shows, pixel by pixel, once all that is wanted is drawn. Raises DeviceOff, WaitTimeout."""
        self._ask({"t": "picture"})
        with self._changed:
            return self._canvas.picture()

    def clicks(self) -> int:
        with self._changed:
            return self._clicks

    def identified(self) -> int:
        """How often the device blinked to be found."""
        with self._changed:
            return self._identified

    # --- waiting ---

    def wait_light(self, level: int | None, timeout: float = WAIT_S) -> None:
        """Until this star was lit in answer to the last press; None: until all are dark. Raises as all waits do."""

        def answered() -> bool:
            return not self._lit if level is None else self._lit == level and self._lights > self._lights_at_press

        self._wait_on(answered, timeout, f"light {level}")

    def wait_screen(self, name: str, timeout: float = WAIT_S) -> Screen:
        """Until the display shows this screen. Raises DeviceOff, WaitTimeout."""
        self._wait_on(lambda: self._screen.name == name, timeout, f"screen {name}")
        return self.screen()

    def wait_stats(self, condition: Callable[[Stats], bool], timeout: float = WAIT_S) -> Stats:
        """Until what the device says of itself fulfils the condition. Raises DeviceOff, WaitTimeout."""
        deadline = time.monotonic() + timeout
        while not condition(stats := self.stats()):
            with self._changed:
                if time.monotonic() > deadline:
                    raise WaitTimeout(f"{self.id}: not in {timeout:g} s; last: {stats}")
                self._changed.wait(0.05)  # the device changes by itself and tells nobody: ask again
        return stats

    def wait_until(self, condition: Callable[[], bool], timeout: float = WAIT_S) -> bool:
        """Until the condition holds, looked at whenever the device shows something; False if it did not in time."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, 0.5))
        return True

    def wait_off(self, timeout: float = WAIT_S) -> None:
        """Until the power is gone, by HCP_SIM_CUT. Raises WaitTimeout."""
        self._wait(lambda: not self._on, timeout, "the power to go")

    def _wait_on(self, condition: Callable[[], bool], timeout: float, what: str) -> None:
        with self._changed:
            life = self.starts

            def over() -> bool:
                if not self._on or self.starts != life:
                    raise DeviceOff(f"{self.id}: the power went while waiting for {what}")
                return condition()

            self._wait(over, timeout, what)

    def _wait(self, condition: Callable[[], bool], timeout: float, what: str) -> None:
        if not self.wait_until(condition, timeout):
            raise WaitTimeout(
                f"{self.id}: no {what} in {timeout:g} s; screen {self._screen.name}, light {self._lit},"
                f" see {self.folder / 'vm.log'}"
            )

    # --- the world around ---

    def advance(self, ms: int) -> None:
        """Turn the device's clock forward; its deadlines are that much nearer. Returns when it has happened.

        Only this device's: at the next receipt it finds that its clock stepped, and says so, unless the gateway's clock
        was turned as well.
        """
        if not 0 <= ms < 1 << 28:
            raise ValueError(f"advance by 0 to 2^28 ms at a time, got {ms}")
        self._ask({"t": "advance", "ms": ms})

    def set_clock(self, wall_ms: int, error_ms: int) -> None:
        """Fit a battery clock that shows this now. The device asks it at once."""
        self._ask({"t": "clock", "wall_ms": wall_ms, "error_ms": error_ms})

    def cut_network(self) -> None:
        """Pull the cable: connections break and the device, if it runs, sees its link go down."""
        self.network.cut()
        self._show_link(False)

    def restore_network(self) -> None:
        self.network.restore()
        self._show_link(True)

    def _show_link(self, up: bool) -> None:
        # between two lives, or before the first line of one, there is nobody who could see it
        with contextlib.suppress(DeviceOff):
            self._ask({"t": "network", "up": up})

    def reset(self) -> None:
        """Press the reset button; the device starts anew by itself."""
        self._tell({"t": "reset"})

    def resident_bytes(self) -> int:
        """RSS of the VM. Raises DeviceOff."""
        process = self._process
        try:
            status = Path(f"/proc/{process.pid if process else 0}/status").read_text()
        except OSError as error:
            raise DeviceOff(f"{self.id} has no power") from error
        return 1024 * int(status.partition("VmRSS:")[2].split()[0])

    def fail(self) -> None:
        """Let one of the firmware's tasks die of an error it does not expect."""
        self._tell({"t": "fail"})

    def hang(self) -> None:
        """Let one of the firmware's tasks keep the loop for ever."""
        self._tell({"t": "hang"})

    def mute(self, task: str) -> None:
        """From now on this task does not report that it lives."""
        self._ask({"t": "mute", "task": task})

    def modules(self) -> frozenset[str]:
        """The modules that the device has imported by now. Raises DeviceOff."""
        return frozenset(self._ask({"t": "modules"})["modules"])

    def stats(self) -> Stats:
        """Ask the device. Raises DeviceOff, and WaitTimeout while it is starting."""
        answer: Message = {}

        def ready() -> bool:
            nonlocal answer
            answer = self._ask({"t": "stats"})
            return bool(answer["facts"])

        deadline = time.monotonic() + WAIT_S
        while not ready():
            with self._changed:
                if time.monotonic() > deadline:
                    raise WaitTimeout(f"{self.id}: still starting after {WAIT_S:g} s")
                self._changed.wait(0.05)
        facts: dict[str, Any] = dict(answer["facts"])
        wall_ms, error_ms = facts.pop("clock")
        with self._changed:
            return Stats(
                **facts,
                wall_ms=wall_ms,
                error_ms=error_ms,
                counts=answer["counts"],
                heap_used=answer["heap_used"],
                heap_free=answer["heap_free"],
                press_to_light_us=tuple(self._press_to_light_us),
            )

    # --- the doors ---

    def _tell(self, message: Message) -> None:
        with self._changed:
            if not self._on:
                raise DeviceOff(f"{self.id} has no power")
        try:
            self._door.tell(message)
        except OSError as error:
            raise DeviceOff(f"{self.id}: {error}") from error

    def _ask(self, message: Message) -> Message:
        number = next(self._ids)
        self._tell({**message, "id": number})
        try:
            self._wait_on(lambda: number in self._answers, WAIT_S, f"answer to {message['t']}")
        except DeviceOff:
            if number not in self._answers:  # it may have answered and then restarted, before this thread looked
                raise
        with self._changed:
            return self._answers.pop(number)

    def _heard(self, life: int, message: Message) -> None:
        with self._changed:
            if life != self.starts or not self._on:
                return
            kind = message["t"]
            if kind == "light":
                self._lit = message["level"]
                self._lights += 1
                if message["us"] is not None:
                    self._press_to_light_us.append(message["us"])
            elif kind == "screen":
                self._screen = Screen(message["name"], screen_lines(message["name"], message["lines"]))
                self._screens.append(message["name"])
            elif kind == "draw":
                self._canvas.draw(message["x"], message["y"], message["w"], message["h"], message["data"])
                return
            elif kind == "click":
                self._clicks += 1
            elif kind == "identify":
                self._identified += 1
            elif kind == "feed":
                self._crashes = 0
            elif kind in ("stats", "done") and message.get("id"):
                self._answers[message["id"]] = message
            self._changed.notify_all()
