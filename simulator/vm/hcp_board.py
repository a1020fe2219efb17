"""The board of the simulator: its doors reach the host over one socket, in lines of JSON.

HCP_SIM_DOOR       ``port:token``, where the host listens on the loopback
HCP_SIM_ROUTE      ``address:port`` to dial instead of the gateway's, so that the host can cut the network
HCP_SIM_BACKOFF    ``first,most`` in ms, instead of 1000,60000
HCP_SIM_TICKS      where the ticks begin, to meet their wrap soon

A press is stamped here, when the device reads it, as an interrupt would. ``advance`` turns the device's clock: every
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

from firmware.boards.board import Board
from firmware.screen import lines as screen_lines

_PERIOD = 1 << 30


def make_board():
    """The board that ``main`` runs on."""
    return SimBoard()


class SimBoard(Board):
    def __init__(self):
        super().__init__()
        self._offset_ms = int(os.getenv("HCP_SIM_TICKS") or "0")
        self._waiting = []
        self._rtc = None  # (wall_ms, error_ms, real ticks at which it was told)
        self._press_us = None
        self._stamps_us = []
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

    # --- doors out ---

    def light(self, level, ms):
        us = None
        if level and self._press_us is not None:
            us = time.ticks_diff(time.ticks_us(), self._press_us)
            self._press_us = None
        self._tell({"t": "light", "level": level, "ms": ms, "us": us})

    def click(self):
        self._tell({"t": "click"})

    def show(self, name, lines):
        self._tell({"t": "screen", "name": name, "lines": screen_lines(name, lines)})

    def identify(self, ms):
        self._tell({"t": "identify", "ms": ms})

    def feed(self):
        self._tell({"t": "feed"})

    def resolve(self, host, port):
        return (self._route[0], int(self._route[1])) if self._route else (host, port)

    def rtc(self):
        if self._rtc is None:
            return None
        wall_ms, error_ms, since = self._rtc
        return wall_ms + (self._ticks() - since) % _PERIOD, error_ms

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

    # --- doors in ---

    def take_key(self):
        self._press_us = self._stamps_us.pop(0)
        return super().take_key()

    async def listen(self):
        while True:
            line = await self._stream.readline()
            if not line:
                sys.exit(0)  # the host is gone
            self._hear(json.loads(line))

    def _hear(self, message):
        kind = message["t"]
        if kind == "press":
            self._stamps_us.append(time.ticks_us())
            self.keys.append((self.ticks_ms(), message["level"]))
            self.woken.set()
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
            return
        elif kind == "reset":
            machine.reset()
        elif kind == "fail":
            raise RuntimeError("injected")
        self._tell({"t": "done", "id": message.get("id")})

    def _tell(self, message):
        # the host always reads: this does not block, and a light is on its way before anything else happens
        self._socket.write(json.dumps(message).encode() + b"\n")
