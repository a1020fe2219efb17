"""Outages of every kind in virtual time, played against the device's own decisions: when to look, dial, ping, give up.

The decisions are the firmware's (``patience``, ``window``); the world around
them is modelled in steps of 50 ms. What the model takes for granted stands in ``World``. The time that is told begins
when network and broker are whole again, and ends when a receipt can come: the connection stands and is subscribed.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from firmware.patience import CONNECT_MS, DIAL_MS, Retry, Silence
from firmware.window import SendWindow

STEP_MS = 50
KINDS = (
    "ap_down",
    "dhcp_late",
    "cable_out",
    "broker_down",
    "host_gone",
    "tls_refused",
    "dns_failure",
    "half_open",
    "frozen",
)


@dataclass(frozen=True)
class World:
    """What things take, in ms, drawn evenly between two bounds. Figures of an ESP32 on a hall's network, assumed."""

    join: tuple[int, int] = (600, 2600)  # scan and four-way handshake with an access point
    lease: tuple[int, int] = (100, 1000)  # DHCP
    cable: tuple[int, int] = (1500, 3000)  # auto-negotiation
    handshake: tuple[int, int] = (1200, 3000)  # TLS with client certificates, CONNACK, SUBACK
    wifi_try_ms: int = 10_000  # the driver's own patience and rest (firmware/drivers/net.py)
    wifi_rest_ms: int = 2000
    dhcp_gaps: tuple[int, ...] = (500, 1000, 2000, 4000, 8000, 15000)  # between DHCPDISCOVERs, lwIP as ESP-IDF sets it
    retransmit_first: int = 1500  # TCP; doubles


@dataclass(frozen=True)
class Outage:
    kind: str
    lasted_ms: int
    waiting: bool
    back_ms: int


def play(seed: int, kind: str, waiting: bool, world: World | None = None) -> Outage:
    """One outage from a connection at rest. ``waiting``: a record waits for its receipt meanwhile."""
    world = world or World()
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose

    def draw(bounds: tuple[int, int]) -> int:
        return chance.randint(*bounds)

    def random32() -> int:
        return chance.getrandbits(32)

    lasted_ms = int(2000 * 450 ** chance.random())  # 2 s to 15 min, short ones as often as long ones
    begin = 40_000 + chance.randint(0, 15_000)
    end = begin + lasted_ms
    retry = Retry(1000, 60_000, random32())
    window = SendWindow(1)
    window.connected(0, 0)
    silence = Silence(0)
    retry.wait_ms(True, False, 0)
    online, began, answered = True, 0, True
    phase_until, phase = 0, ""
    address_at = None  # when the network will have an address, while it has none
    resent_at, gap = 0, world.retransmit_first
    now = 0
    while True:
        now += STEP_MS
        bad = begin <= now < end
        down = bad and kind in ("ap_down", "dhcp_late", "cable_out")
        if down:
            address_at = None
            up = False
        elif kind in ("ap_down", "dhcp_late", "cable_out") and now >= end:
            if address_at is None:
                address_at = now + _again(kind, world, draw, lasted_ms)
            up = now >= address_at
        else:
            up = True
        silent = bad and kind in ("half_open", "frozen")
        busy = waiting and now >= begin
        if online:
            lost = not up or (bad and kind == "broker_down")
            if bad and kind in ("tls_refused", "dns_failure") and not lost:
                lost = True  # the broker was restarted with another certificate, or moved to another address
            if bad and kind == "host_gone":
                silent = True
            if busy and window.take(0, 2, now):
                resent_at, gap = now, world.retransmit_first
            try:
                ping, _ = silence.look(busy, now)
            except OSError:
                ping, lost = False, True
            if silent:
                if ping and not busy:
                    resent_at, gap = now, world.retransmit_first
                while begin <= resent_at and resent_at + gap <= now:
                    resent_at, gap = resent_at + gap, gap * 2
            elif now >= end and kind in ("half_open", "host_gone") and resent_at + gap > now and resent_at >= begin:
                pass  # what was sent into the hole comes only when TCP sends it again
            else:
                silence.heard(now)
                if now >= end:
                    return Outage(kind, lasted_ms, waiting, now - end)
            if lost:
                online = False
                retry.ended(began, True, now, random32())
                phase = ""
            continue
        if phase:
            if not up:
                phase = ""
                retry.ended(began, answered, now, random32())
            elif phase == "frozen" and not bad:
                phase, phase_until = "greet", now + draw(world.handshake)
            elif now >= phase_until:
                if phase == "greet" and not bad:
                    online = True
                    silence = Silence(now)
                    window.connected(0, now)
                    if now >= end:
                        return Outage(kind, lasted_ms, waiting, now - end)
                else:
                    retry.ended(began, answered, now, random32())
                phase = ""
            continue
        if retry.wait_ms(up, busy, now):
            continue
        began, answered = now, False
        if not bad:
            answered, phase, phase_until = True, "greet", now + draw(world.handshake)
        elif kind == "dns_failure":
            phase, phase_until = "no name", now + chance.choice((50, 4000))
        elif kind == "broker_down":
            phase, phase_until = "refused", now + 50
        elif kind in ("host_gone", "half_open"):
            phase, phase_until = "dial", now + DIAL_MS
        elif kind == "tls_refused":
            answered, phase, phase_until = True, "no", now + draw(world.handshake) // 2
        else:
            answered, phase, phase_until = True, "frozen", now + CONNECT_MS


def _again(kind: str, world: World, draw: Callable[[tuple[int, int]], int], lasted_ms: int) -> int:
    """From the moment the network is whole to an address: what is left of a scan or of DHCP's pause, then the rest."""
    if kind == "cable_out":
        return draw(world.cable) + draw(world.lease)
    if kind == "dhcp_late":
        # the driver joins, waits for an address, gives up, rests, joins again: where in this was it?
        left = lasted_ms
        while True:
            asked = join = draw(world.join)
            for gap in world.dhcp_gaps:
                if asked >= world.wifi_try_ms:
                    break
                if asked >= left:
                    return asked - left + draw(world.lease)
                asked += gap
            left -= max(world.wifi_try_ms, join) + world.wifi_rest_ms
    return draw((0, 3000)) + draw(world.join) + draw(world.lease)


def many(count: int, waiting: bool, seed: int = 1) -> Iterator[Outage]:
    """``count`` outages, all kinds in turns."""
    for number in range(count):
        yield play(seed * 1_000_003 + number, KINDS[number % len(KINDS)], waiting)
