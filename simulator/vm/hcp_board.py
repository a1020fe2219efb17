"""The board of the simulator: its doors reach the host over one socket, in lines of JSON.

HCP_SIM_DOOR       ``port:token``, where the host listens on the loopback
HCP_SIM_ROUTE      ``address:port`` to dial instead of the gateway's, so that the host can cut the network
HCP_SIM_BACKOFF    ``first,most`` in ms, instead of 1000,60000
HCP_SIM_RTC        ``wall_ms,error_ms`` that a battery clock shows at the start; without it none is fitted
HCP_SIM_TICKS      where the ticks begin, to meet their wrap soon

HCP_SIM_KEYS       keys that are held down when the power comes on, as digits

Fingers press keys, and keys make interrupts as on the chip: while the loop stands still they wait, 8 at most and all
others are lost, and when it goes on they find the keys as they are by then. ``advance`` turns the device's clock: every
deadline comes nearer by that much, and whoever waits looks at the clock again.
"""

import asyncio
import gc
import json
import os
import socket
import sys
import time

import machine
import network
from hcp_panel import Panel

from firmware.boards.board import Board
from firmware.display import TICK_MS, Display

_PERIOD = 1 << 30
_PRESS_MS = 20  # of a finger: the shortest press there is, and the rest after it
_IRQ_DEPTH = 8


def make_board():
    """The board that ``main`` runs on."""
    return SimBoard()


class SimBoard(Board):
    def __init__(self):
        super().__init__()
        self._offset_ms = int(os.getenv("HCP_SIM_TICKS") or "0")
        self._rtc = None  # (wall_ms, error_ms, real ticks at which it was told)
        rtc = os.getenv("HCP_SIM_RTC")
        if rtc:
            wall_ms, error_ms = rtc.split(",")
            self._rtc = int(wall_ms), int(error_ms), self._ticks()
        self._press_us = None
        self._down = [False] * 5
        self._seen = [False] * 5  # by the interrupt
        self._fingers = []  # what they are to do
        route = os.getenv("HCP_SIM_ROUTE")
        self._route = route.split(":") if route else None
        backoff = os.getenv("HCP_SIM_BACKOFF")
        if backoff:
            first, most = backoff.split(",")
            self.backoff_ms = (int(first), int(most))
        port, token = os.getenv("HCP_SIM_DOOR").split(":")
        self._socket = socket.socket()
        self._socket.connect(socket.getaddrinfo("127.0.0.1", int(port))[0][-1])
        self._socket.setsockopt(6, 1, 1)  # IPPROTO_TCP, TCP_NODELAY: a light does not wait for the answer to a click
        self._stream = asyncio.StreamReader(self._socket)
        self._tell({"t": "hello", "token": token})
        machine.WDT.tell = self._tell
        self.display = Display(Panel(self._tell, self._socket.write))
        self._asked = []  # who waits until all is drawn
        self._mute = None
        for key in os.getenv("HCP_SIM_KEYS") or "":
            self._down[int(key) - 1] = True
            self._interrupt(int(key) - 1)

    # --- doors out ---

    def light(self, level, ms):
        us = None
        if level and self._press_us is not None:
            us = time.ticks_diff(time.ticks_us(), self._press_us)
            self._press_us = None
        self._tell({"t": "light", "level": level, "ms": ms, "us": us})
        self.display.light(level, ms, self.ticks_ms())
        self.drawn.set()

    def click(self):
        self._tell({"t": "click"})

    def show(self, name, lines):
        self._tell({"t": "screen", "name": name, "lines": lines})
        self.display.show(name, lines)
        self.drawn.set()

    def identify(self, ms):
        self._tell({"t": "identify", "ms": ms})

    def resolve(self, host, port):
        return (self._route[0], int(self._route[1])) if self._route else (host, port)

    def rtc(self):
        if self._rtc is None:
            return None
        wall_ms, error_ms, since = self._rtc
        return wall_ms + (self._ticks() - since) % _PERIOD, error_ms

    def set_rtc(self, wall_ms, error_ms):
        if self._rtc is not None:
            self._rtc = wall_ms, error_ms, self._ticks()
            self.count("rtc_sets")

    def set_time(self, wall_ms):
        # TLS reads the host's clock here; what it would have been told is for tests to see
        self.counts["tls_clock_s"] = wall_ms // 1000

    def beat(self, task):
        if task != self._mute:
            super().beat(task)

    def anew(self):
        super().anew()
        self._waiting = []
        self._touch = asyncio.Event()

    # --- the clock ---

    def ticks_ms(self):
        return self._ticks()

    def _ticks(self):
        return (time.ticks_ms() + self._offset_ms) % _PERIOD

    async def wait(self, event, ms):
        self._waiting.append(event)
        try:
            await super().wait(event, ms)
        finally:
            self._waiting.remove(event)

    async def _draw(self):
        while True:
            for _ in self.display.steps(self.ticks_ms()):
                await asyncio.sleep_ms(0)
            if not self.drawn.is_set():
                while self._asked:
                    self._tell({"t": "done", "id": self._asked.pop()})
            await self.wait(self.drawn, TICK_MS if self.display.counting else 1 << 28)

    # --- doors in ---

    def _interrupt(self, pin, late_ms=0):
        ticks = self.ticks_ms()
        for key in (pin, 0, 1, 2, 3, 4):
            down = self._down[key]
            if key == pin and self._seen[key] == down:
                self.edges.put(ticks, key, not down, late_ms)  # it went there and back meanwhile
                self._seen[key] = not down
            if self._seen[key] != down:
                self._seen[key] = down
                self.edges.put(ticks, key, down, late_ms)
            pin = -1
        self.woken.set()

    def _set_key(self, key, down):
        if self._down[key] != down:
            self._down[key] = down
            return True
        return False

    async def _move_fingers(self):
        while True:
            while self._fingers:
                pause_ms, key, down = self._fingers.pop(0)
                if pause_ms:
                    await asyncio.sleep_ms(pause_ms)
                if self._set_key(key, down):
                    if not down:
                        self._press_us = time.ticks_us()  # now it is certain to be a press
                    self._interrupt(key)
            self._touch.clear()
            await self._touch.wait()

    def _stall(self, ms, edges):
        # C code keeps the chip for so long: the loop stands still, fingers do not
        pending = []
        began = time.ticks_ms()
        for at_ms, key, down in edges:
            time.sleep_ms(max(0, at_ms - time.ticks_diff(time.ticks_ms(), began)))
            if self._set_key(key - 1, bool(down)):
                if len(pending) < _IRQ_DEPTH:
                    pending.append(key - 1)
                else:
                    self.count("irqs_lost")
        time.sleep_ms(max(0, ms - time.ticks_diff(time.ticks_ms(), began)))
        for key in pending:
            self._interrupt(key, self.meter.busy_ms())

    async def listen(self):
        asyncio.create_task(self._move_fingers())
        asyncio.create_task(self._draw())
        while True:
            line = await self._stream.readline()
            if not line:
                sys.exit(0)  # the host is gone
            self._hear(json.loads(line))

    def _hear(self, message):
        kind = message["t"]
        if kind == "press":
            key = message["level"] - 1
            self._fingers += [(0, key, True), (_PRESS_MS, key, False), (_PRESS_MS, key, False)]
            self._touch.set()
        elif kind == "keys":
            # moves of fingers: [pause before it in ms, key 1 to 5, down], ...
            self._fingers += [(pause_ms, key - 1, bool(down)) for pause_ms, key, down in message["moves"]]
            self._touch.set()
        elif kind == "stall":
            self._stall(message["ms"], message["edges"])
        elif kind == "advance":
            self._offset_ms += message["ms"]
            for event in self._waiting:
                event.set()
        elif kind == "network":
            network.set_up(message["up"])
            for event in self._waiting:
                event.set()
        elif kind == "clock":
            self._rtc = (message["wall_ms"], message["error_ms"], self._ticks())
            for event in self._waiting:
                event.set()
        elif kind == "stats":
            gc.collect()
            self._tell(
                {
                    "t": "stats",
                    "id": message["id"],
                    "counts": self.counts,
                    "facts": self.facts(),
                    "heap_used": gc.mem_alloc(),
                    "heap_free": gc.mem_free(),
                }
            )
            return
        elif kind == "reset":
            machine.RTC().lose()  # the button cuts the chip's power domains
            machine.reset()
        elif kind == "fail":
            raise RuntimeError("injected")
        elif kind == "hang":
            while True:
                pass
        elif kind == "picture":
            self._asked.append(message["id"])
            self.drawn.set()
            return
        elif kind == "modules":
            self._tell({"t": "done", "id": message["id"], "modules": sorted(sys.modules)})
            return
        elif kind == "mute":
            self._mute = message["task"]
        self._tell({"t": "done", "id": message.get("id")})

    def _tell(self, message):
        # the host always reads: this does not block, and a light is on its way before anything else happens
        self._socket.write(json.dumps(message).encode() + b"\n")
