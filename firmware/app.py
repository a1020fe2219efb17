"""The application: one asyncio loop that joins board, flow, journal and link.

Four tasks. ``flow`` is the only one that writes records: keys, scenes, events and commands reach it through one inbox
in the order of their time, so nothing needs a lock and a press never overtakes a scene. ``link`` owns the network.
``keys`` is the board's own. ``watch`` feeds the watchdog while the others live. If any of them ends, the device
restarts: it never limps.

A press is durable before its light. Between its light and its record lies the undo window; whatever happens there, the
tentative press in the journal becomes a record, if not now then at the next start.
"""

import asyncio
import gc
import sys

from firmware import flow as f
from firmware.clock import Clock
from firmware.journal import JournalFull
from firmware.link import Link, Listener
from firmware.records import Recorder
from protocol import downlink
from protocol.errors import ProtocolError

WATCH_MS = 5000
IDLE_MS = 10000  # the longest sleep of the flow task
IDENTIFY_MS = 5000
STEPS_MS = 60000
_INBOX = 32


class App:
    """One life of the device, from start to restart."""

    def __init__(self, board, identity, journal):
        self._board = board
        self._identity = identity
        self._journal = journal
        self._clock = Clock()
        self._clock.uptime(board.ticks_ms())
        self._inbox = []  # (uptime_ms, kind, value) of scenes and commands
        self._work = []  # (method of the recorder, its arguments, result to send afterwards or None)
        self._refused_at = None  # the last receipt when the journal had no room for an event
        self._scene = downlink.IDLE
        self._stepped_ms = 0  # by how much the clock stepped since the last event that said so
        self._next_report_ms = 0

    async def run(self) -> None:
        """Start and never return; what ends a task ends the device's life."""
        board = self._board
        board.show("starting", ())
        tasks = [asyncio.create_task(self._guard("keys", board.listen()))]
        await self._start()
        tasks += [
            asyncio.create_task(self._guard("flow", self._flow_task())),
            asyncio.create_task(self._guard("link", self._link.run())),
            asyncio.create_task(self._guard("watch", self._watch_task())),
        ]
        await asyncio.gather(*tasks)

    async def _start(self):
        journal, board = self._journal, self._board
        mount = journal.mount()
        boot = journal.start_boot()
        self._recorder = Recorder(journal, self._clock, self._identity.device, self._identity.private_key, boot)
        recovered = 0
        if mount.pending is not None:
            # before anything else: no key is taken until the interrupted press is a record
            try:
                await self._recorder.recover(mount.pending)
                recovered = 1
            except ProtocolError as error:
                board.log("tentative press unreadable: %s" % error)
        self._flow = f.Flow(self._recorder.spent())
        self._link = Link(
            board,
            self._identity,
            journal,
            self._clock,
            boot,
            Listener(self._take_scene, self._take_command, self._take_event, self._take_receipt),
            mount.lost,
        )
        board.facts = self._facts
        self._take_event("boot", {"cause": board.cause()})
        if recovered:
            self._take_event("recovered", {"count": recovered})
        for first, last in mount.lost:
            self._take_event("records_lost", {"from": first, "to": last})
        self._read_rtc()

    def _facts(self):
        journal = self._journal
        return {
            "state": self._flow.state,
            "boot": journal.boot,
            "next_seq": journal.next_seq,
            "receipted": journal.receipted,
            "waiting": journal.waiting,
            "unsigned": journal.pending is not None,
            "used_permille": journal.used_permille,
            "stalls": journal.stalls,
            "uptime_ms": self._now(),
            "clock": self._clock.at(self._now()),
        }

    async def _guard(self, name, task):
        try:
            await task
        except Exception as error:  # the top of a task
            self._board.log("task %s ended:" % name)
            sys.print_exception(error)
        self._board.reset()

    # --- called by the link, in its task: only put into the inbox ---

    def _take_scene(self, scene):
        self._put(f.SCENE, scene)

    def _take_command(self, command):
        self._put("command", command)

    def _take_event(self, name, detail):
        self._later(self._recorder.event, (name, detail, self._now()))

    def _take_receipt(self, issued_ms, sent_ms, now_ms):
        if sent_ms is not None:
            half_ms = (now_ms - sent_ms) // 2
            self._tell_clock(issued_ms + half_ms, now_ms - sent_ms - half_ms + 1, now_ms)
        self._board.woken.set()

    def _tell_clock(self, wall_ms, error_ms, uptime_ms):
        """SPEC 8.1: the statement that it was ``wall_ms`` ± ``error_ms`` at an uptime."""
        sets = self._clock.sets
        self._stepped_ms += self._clock.tell(wall_ms, error_ms, uptime_ms)
        if self._clock.sets != sets:
            self._put(f.UNTIL, None)
            self._report_steps()

    def _report_steps(self):
        # one event for all steps of a minute: its own receipt tells the time again, and must not breed the next event
        now = self._now()
        if self._stepped_ms and now >= self._next_report_ms:
            self._next_report_ms = now + STEPS_MS
            self._take_event(
                "clock_stepped", {"by": abs(self._stepped_ms), "sign": "+" if self._stepped_ms > 0 else "-"}
            )
            self._stepped_ms = 0

    def _later(self, make, values, result=None):
        if len(self._work) >= _INBOX:
            self._board.count("work_full")
            return
        self._work.append((make, values, result))
        self._board.woken.set()

    def _put(self, kind, value):
        if len(self._inbox) >= _INBOX:
            self._board.count("inbox_full")  # the gateway sends more than a device can show; the newest scene counts
            del self._inbox[0]
        self._inbox.append((self._now(), kind, value))
        self._board.woken.set()

    def _now(self):
        return self._clock.uptime(self._board.ticks_ms())

    # --- the flow task ---

    async def _flow_task(self):
        board, flow = self._board, self._flow
        await self._perform(flow.start())
        while True:
            board.beat("flow")
            await self._tell_room()
            item = self._next()
            now = self._now()
            if item is not None:
                await self._input(*item)
            elif flow.deadline_ms is not None and flow.deadline_ms <= now:
                await self._perform(flow.feed(f.TIME, None, now))
            elif self._work and flow.state != "chosen" and self._refused_at != self._journal.receipted:
                await self._work_on()
            elif flow.state in ("armed", "chosen") or not self._journal.prepare():
                # an erase stalls the whole chip: not while a citizen may press. After a commit there are the thanks.
                wait_ms = IDLE_MS if flow.deadline_ms is None else min(IDLE_MS, flow.deadline_ms - now)
                await board.wait(board.woken, wait_ms)

    def _next(self):
        """The oldest input: ``(uptime_ms, kind, value)``, or None."""
        keys, inbox = self._board.keys, self._inbox
        if keys:
            at_ms = self._clock.uptime(keys[0][0])
            if not inbox or at_ms <= inbox[0][0]:
                return at_ms, f.PRESS, self._board.take_key()[1]
        return inbox.pop(0) if inbox else None

    async def _input(self, at_ms, kind, value):
        flow = self._flow
        if kind == "command":
            self._command(value)
            return
        if kind == f.SCENE:
            self._scene = value
            value = (value, self._until())
        elif kind == f.UNTIL:
            value = self._until()
        effects = flow.feed(kind, value, at_ms)
        if kind == f.PRESS and not effects:
            self._board.count("keys_not_taken")  # paused, or full
        await self._perform(effects)

    def _until(self):
        until_ms = self._scene.until_ms
        return None if until_ms is None else self._clock.uptime_at(until_ms)

    async def _perform(self, effects):
        board = self._board
        for effect in effects:
            name = effect[0]
            if name == "tentative":
                try:
                    self._recorder.tentative(effect[1])
                except JournalFull:
                    # not stored, so not acknowledged: what was to follow does not happen
                    await self._perform(self._flow.feed(f.NO_ROOM, None, self._now()))
                    return
            elif name == "light":
                board.light(effect[1], effect[2])
            elif name == "click":
                board.click()
            elif name == "screen":
                board.show(effect[1], effect[2])
            else:
                await self._commit(effect[1])
                board.count("ratings")

    async def _commit(self, choice):
        # the journal keeps room for the record of a tentative press; should it not, wait for a receipt and drop nothing
        while True:
            try:
                await self._recorder.rating(choice)
                break
            except JournalFull:
                self._board.beat("flow")
                await self._board.wait(self._board.woken, IDLE_MS)
        self._link.poke()

    async def _tell_room(self):
        full = self._journal.full
        if full == self._flow.full:
            return
        if full:
            self._take_event("journal_full", {"used": self._journal.used_permille})
        await self._perform(self._flow.feed(f.FULL if full else f.ROOM, None, self._now()))

    async def _work_on(self):
        make, values, result = self._work[0]
        try:
            await make(*values)
        except JournalFull:
            self._refused_at = self._journal.receipted  # again after the next receipt
            return
        self._work.pop(0)
        self._link.poke()
        if result is not None:
            self._link.result(result)

    def _command(self, command):
        now = self._now()
        status, text = downlink.DONE, ""
        if command.name == "identify":
            self._board.identify(IDENTIFY_MS)
        elif command.name == "selftest":
            levels = (1, 2, 3, 4, 5)
            if "level" in command.args:
                levels = (command.args["level"],) if command.args["level"] in levels else ()
            for level in levels:
                done = downlink.Result(command.id, downlink.DONE, "") if level == levels[-1] else None
                self._later(self._recorder.selftest, (level, now), done)
            if levels:
                return
            status, text = downlink.FAILED, "level: expected 1 to 5"
        else:
            status, text = downlink.UNKNOWN_COMMAND, command.name
        self._link.result(downlink.Result(command.id, status, text))

    # --- the watch task ---

    async def _watch_task(self):
        board = self._board
        nobody = asyncio.Event()
        while True:
            await board.wait(nobody, WATCH_MS)
            self._read_rtc()
            self._report_steps()
            if board.all_beat(("flow", "link")):
                board.feed()
            gc.collect()

    def _read_rtc(self):
        told = self._board.rtc()
        if told is not None:
            self._tell_clock(told[0], told[1], self._now())
