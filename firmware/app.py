"""The application: one asyncio loop that joins board, flow, journal and link.

Four tasks. ``flow`` is the only one that writes records: keys, scenes, events and commands reach it through one inbox
in the order of their time, so nothing needs a lock and a press never overtakes a scene. ``link`` owns the network.
``keys`` is the board's own. ``watch`` feeds the watchdog while the others live. If any of them ends, the device
restarts: it never limps. After restarts in a row, though, a link that fails is only tried again: ratings go on.

A press is durable before its light. Between its light and its record lies the undo window; whatever happens there, the
tentative press in the journal becomes a record, if not now then at the next start.
"""

import asyncio
import gc
import os
import sys

from firmware import floor
from firmware import flow as f
from firmware.clock import Clock
from firmware.crash import STABLE_MS, pause_ms
from firmware.health import LOOK_MS, Liveness
from firmware.input import Keys
from firmware.journal import JournalFull
from firmware.link import Link, Listener
from firmware.records import Recorder
from protocol import downlink
from protocol.errors import ProtocolError

IDLE_MS = 10000  # the longest sleep of the flow task
IDENTIFY_MS = 5000
STEPS_MS = 60000
DAY_MS = 86400000
REBOOT_MS = 1000  # for the answer to be sent
_INBOX = 32


class App:
    """One life of the device, from start to restart."""

    def __init__(self, board, identity, journal, rotation=None):
        self._board = board
        self._identity = identity
        self._journal = journal
        self._rotation = rotation
        self._clock = Clock()
        self._clock.uptime(board.ticks_ms())
        self._inbox = []  # (uptime_ms, kind, value) of scenes and commands
        self._work = []  # (method of the recorder, its arguments, result to send afterwards or None)
        self._refused_at = None  # the last receipt when the journal had no room for an event
        self._keys = Keys()
        self._edges_lost = 0
        self._scene = downlink.IDLE
        self._set_rtc_ms = 0
        self._stepped_ms = 0  # by how much the clock stepped since the last event that said so
        self._next_report_ms = 0
        self._watched = asyncio.Event()
        self._reboot_ms = None
        self._trial = None
        self._long = {}  # what takes long and fetches assets: commands, and pictures
        self._here = None, None  # the hashes of the pictures that are here: prompt and strips
        self._service = ("E05",) if board.crashes.looping else ()

    async def run(self) -> None:
        """Start and never return; what ends a task ends the device's life."""
        board = self._board
        board.show("starting", ())
        tasks = [asyncio.create_task(self._guard("keys", board.listen))]
        await self._start()
        tasks += [
            asyncio.create_task(self._guard("flow", self._flow_task)),
            asyncio.create_task(self._guard("link", self._link.run)),
            asyncio.create_task(self._guard("watch", self._watch_task)),
        ]
        await asyncio.gather(*tasks)

    async def _start(self):
        journal, board = self._journal, self._board
        mount = journal.mount()
        if self._rotation:
            self._identity = self._rotation.resume(journal)
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
        if self._rotation:
            who = self._identity = await self._rotation.turn(journal, self._recorder, self._now())
            self._recorder = Recorder(journal, self._clock, who.device, who.private_key, boot)
        self._flow = f.Flow(self._recorder.spent())
        self._link = Link(
            board,
            self._identity,
            journal,
            self._clock,
            boot,
            Listener(self._take_scene, self._take_command, self._take_asset, self._take_event, self._take_receipt),
            mount.lost,
        )
        from_ms, to_ms = floor.validity(self._identity.certificate)
        self._clock.floor_ms = floor.newest_ms(journal, from_ms, to_ms)
        self._clock.ceiling_ms = to_ms
        board.facts = self._facts
        self._take_event("boot", {"cause": board.why})
        if recovered:
            self._take_event("recovered", {"count": recovered})
        for first, last in mount.lost:
            self._take_event("records_lost", {"from": first, "to": last})
        self._start_set()
        self._read_rtc()

    def _start_set(self):
        # with two sets of firmware: a set that just came has to prove itself, and an interrupted update goes on
        slots = sys.modules.get("slots")
        record = getattr(slots, "record", None)
        if record is None:
            return
        if record.trial or record.told != record.version:
            from firmware.trial import Trial

            self._trial = Trial(record, self._journal, self._identity)
            self._later(self._trial.tell, (self._recorder, self._now()))
            if not record.trial:  # rolled back: what failed was the other set
                self._board.crashes.stable()
                self._service = ()
        if "update" in os.listdir(slots.root or "/") and self._board.why in ("power", "reset"):
            self._start_long("update", None)

    def _start_long(self, name, command):
        if name not in self._long:
            gc.collect()
            # no alias: what ships is stripped of every name that nobody imports as its own
            if name == "update":
                from firmware.update import Updating

                make = Updating
            else:
                from firmware.rekey import Rekey

                make = Rekey
            self._long[name] = make(self._board, self._link, self._calm, self._reboot)
        self._long[name].start(command)

    def _calm(self):
        # an erase stalls the whole chip: not while a citizen may press
        return self._flow.state not in ("armed", "chosen", "reasons")

    def _reboot(self):
        self._reboot_ms = self._now() + REBOOT_MS
        self._watched.set()

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
        board, crashes = self._board, self._board.crashes
        while True:
            try:
                await task()
                break
            except Exception as error:  # the top of a task; ``main`` restarts the device
                crashes.note(error, name, self._now())
                if name != "link" or not self._service:
                    raise
                sys.print_exception(error)
                until_ms = self._now() + pause_ms(crashes.streak)
                while self._now() < until_ms:
                    board.beat("link")
                    await board.wait(asyncio.Event(), min(LOOK_MS, until_ms - self._now()))
        board.reset()

    # --- called by the link, in its task: only put into the inbox ---

    def _take_scene(self, scene):
        self._put(f.SCENE, scene)
        if "pictures" in self._long or self._here != (scene.prompt, scene.strips):
            try:
                from firmware import pictures

                pictures.want(self, scene)
            except (ImportError, MemoryError):
                self._board.count("no_pictures")  # the words that were built in are enough to rate

    def _take_command(self, command):
        self._put("command", command)

    def _take_asset(self, asset):
        for long in self._long.values():
            long.take(asset)

    def _take_event(self, name, detail):
        self._later(self._recorder.event, (name, detail, self._now()))

    def _take_receipt(self, issued_ms, sent_ms, now_ms):
        if sent_ms is not None:
            half_ms = (now_ms - sent_ms) // 2
            told = issued_ms + half_ms, now_ms - sent_ms - half_ms + 1
            self._stepped_ms += self._tell_clock(self._clock.tell, told, now_ms)
            self._report_steps()
            if now_ms >= self._set_rtc_ms or not self._clock.rtc_good:
                self._set_rtc_ms = now_ms + DAY_MS
                self._board.set_rtc(*self._clock.at(now_ms))
                self._clock.rtc_set()
        self._board.woken.set()

    def _tell_clock(self, tell, told, uptime_ms):
        # ``told`` is (wall_ms, error_ms) at an uptime; gives by how much something stepped
        sets = self._clock.sets
        stepped_ms = tell(*told, uptime_ms)
        if self._clock.sets != sets:
            self._put(f.UNTIL, None)
            if not sets and self._recorder.undated:
                self._take_event("clock_set", {})
        return stepped_ms

    def _report_steps(self):
        # one event for all steps of a minute: its own receipt tells the time again, and must not breed the next event
        now = self._now()
        if self._stepped_ms and now >= self._next_report_ms:
            self._next_report_ms = now + STEPS_MS
            self._take_event("clock_stepped", _step(self._stepped_ms))
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
            now = self._now()  # before the keys are read: what is due by then is not before an unread press
            item = self._next()
            if item is not None:
                await self._input(*item)
            elif self._may_be_before(now):
                await board.wait(board.woken, self._keys.next_ms() - now)
            elif flow.deadline_ms is not None and flow.deadline_ms <= now:
                await self._perform(flow.feed(f.TIME, None, now))
            elif self._work and flow.choice is None and self._refused_at != self._journal.receipted:
                await self._work_on()
            elif flow.state == "armed" or flow.choice is not None or not self._journal.prepare():
                # an erase stalls the whole chip: not while a citizen may press. After a commit there are the thanks.
                wait_ms = IDLE_MS
                for due_ms in (flow.deadline_ms, self._keys.next_ms()):
                    if due_ms is not None:
                        wait_ms = min(wait_ms, due_ms - now)
                await board.wait(board.woken, wait_ms)

    def _next(self):
        """The oldest input: ``(uptime_ms, kind, value)``, or None."""
        keys, inbox = self._read_keys(), self._inbox
        if keys and (not inbox or keys[0][1] <= inbox[0][0]):
            kind, at_ms, value = keys.pop(0)
            return at_ms, kind, value
        if not inbox or self._may_be_before(inbox[0][0]):
            return None
        return inbox.pop(0)

    def _may_be_before(self, at_ms):
        open_ms = self._keys.open_ms()
        return open_ms is not None and open_ms <= at_ms

    def _read_keys(self):
        keys, edges = self._keys, self._board.edges
        now = self._now()  # what comes while the edges are read is not later than its own stamp
        edge = edges.take()
        while edge is not None:
            keys.edge(self._clock.uptime(edge[0]), *edge[1:])
            edge = edges.take()
        if edges.lost != self._edges_lost:
            self._edges_lost = edges.lost
            keys.lost()
        keys.settle(now)
        return keys.events

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
        elif kind == "count":
            self._board.count(value)
            return
        elif kind == "stuck":
            self._board.log("key %d is stuck" % value)
            self._take_event("tamper", {"what": "key %d" % value})
            return
        elif kind == f.HOLD and value > 1:
            kind = f.LONG
        taken = flow.taken
        effects = flow.feed(kind, value, at_ms)
        if kind in (f.PRESS, f.SECOND) and flow.taken == taken:
            self._board.count("keys_not_taken")  # paused, or full, or too soon for the page of reasons
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
                lines = (self._identity.device,) if effect[1] == "identify" else tuple(effect[2])
                board.show(effect[1], lines + self._service)
            elif name == "identify":
                board.identify(effect[1])
            elif name == "selftest":
                for level in (1, 2, 3, 4, 5):
                    self._later(self._recorder.selftest, (level, self._now()))
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
        if self._link.up != self._flow.link:
            await self._perform(self._flow.feed(f.LINK, self._link.up, self._now()))
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
        if values[0] == "records_lost":
            self._link.declared(self._journal.next_seq - 1)
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
        elif command.name == "log_level":
            level = command.args.get("level")
            if level in (10, 20, 30, 40):
                self._board.lines.level = level
            else:
                status, text = downlink.FAILED, "level: expected 10, 20, 30 or 40"
        elif command.name == "reboot":
            boot = self._journal.boot
            if command.args.get("boot", boot) == boot:
                self._reboot()
        elif command.name in ("update", "rotate_key"):
            self._start_long(command.name, command)
            return
        else:
            status, text = downlink.UNKNOWN_COMMAND, command.name
        self._link.result(downlink.Result(command.id, status, text))

    # --- the watch task ---

    async def _watch_task(self):
        board = self._board
        liveness = Liveness(self._now())
        was_late = []
        while True:
            reboot_ms = LOOK_MS if self._reboot_ms is None else self._reboot_ms - self._now()
            await board.wait(self._watched, min(LOOK_MS, reboot_ms))
            now = self._now()
            self._read_rtc()
            self._report_steps()
            late = liveness.late(board.beats, now)
            if late and late != was_late:
                board.crashes.late(late, now)
            was_late = late
            if not late:
                board.feed()
                if now >= STABLE_MS:
                    board.crashes.stable()
            if self._trial is not None and not self._trial.look(now, not late and self._calm(), board):
                self._reboot_ms = now  # this set cannot do its work; its next start counts that
            if self._reboot_ms is not None and now >= self._reboot_ms:
                if self._flow.choice is None:
                    board.crashes.planned()
                    board.reset()
                self._reboot_ms = now + REBOOT_MS
            with board.meter("gc"):
                gc.collect()

    def _read_rtc(self):
        told = self._board.rtc()
        if told is not None:
            slip_ms = self._tell_clock(self._clock.tell_rtc, told, self._now())
            if slip_ms:
                self._take_event("clock_stepped", dict(_step(slip_ms), of="rtc"))


def _step(ms):
    return {"by": abs(ms), "sign": "+" if ms > 0 else "-"}
