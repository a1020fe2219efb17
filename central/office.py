"""The office: bad ratings brought into the loop, deeds done to them, limits that fire. One transaction for each.

`central.core.loop` decides, `central.handlings` writes; here is what joins them. Whoever acts has been identified
before (`central.auth`), and what they may is the loop's to say.
"""

import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog
from sqlalchemy import Connection

from central import calendars, corrections, directory, handlings, identities, policies
from central.clock import Clock
from central.core import due, handdown, handling_json, loop, loop_effects, loop_of, policy
from central.core.calendar import Calendar
from central.core.corrections import Kind
from central.core.deadlines import recompute
from central.core.handling import TERMINAL, Action, Deed, Handling, State, day_of
from central.core.limits import Limits, read_own
from central.core.loop import Moved
from central.core.loop_effects import Audit, Notice, Owns, StartTimer, StopTimer
from central.core.loop_rules import LoopRules
from central.core.parties import Actor, Party, People
from central.core.policy import Policy
from central.core.rating import Level
from central.core.refusal import Refusal
from central.handlings import Held, Limit, Rated
from central.settings import Settings, SettingsError
from central.store import Store

log = structlog.get_logger("central")

SYSTEM = Actor("system", Party.SYSTEM)
#: A device that is not sure of the time by more than this is not believed; the gateway's time stands in.
MOST_DOUBT_MS = 3_600_000
SHORTEST_S = 0.2
#: What is written about a handling that is no deed of the loop.
BEGUN, REBOUND, RECOUNTED = "begun", "rebound", "recounted"


@dataclass(frozen=True)
class Regime:
    """One policy with the rules and limits that follow from it."""

    version: str
    policy: Policy
    rules: LoopRules
    limits: Limits

    @property
    def bad(self) -> tuple[str, ...]:
        """The levels that are 差评."""
        said = self.policy.levels.bad
        return tuple(said.value) if said else (Level.DISSATISFIED, Level.VERY_DISSATISFIED)


@dataclass(frozen=True)
class Answer:
    """A deed that was done. ``number``: its place in the timeline. ``repeated``: it had been done before."""

    handling: int
    number: int
    state: State
    revision: int
    repeated: bool = False


@dataclass(frozen=True)
class File:
    """Everything about one bad rating, for those who may see it. ``rating`` is None once it was taken out of its
    chain as forged."""

    held: Held
    regime: Regime
    limits: list[Limit]
    deeds: list[handlings.Done]
    notices: list[Any]
    rating: Any


class UnknownHandling(KeyError):
    """There is no handling of this number."""


class Office:
    """Threads may share it. ``regime`` is what new bad ratings come under; None: no policy was chosen, none come."""

    def __init__(self, store: Store, settings: Settings, clock: Clock):
        """Raises SettingsError if the policy has a hole that the loop cannot run over."""
        self._store = store
        self._settings = settings
        self._clock = clock
        self._own = read_own(settings.limits)
        self._calendar = calendars.load(settings.data_dir)
        self._regimes: dict[str, Regime] = {}
        self._changed = threading.Event()
        self.regime: Regime | None = None
        self._since_ms = 0
        if settings.policy:
            self._choose(policies.in_force(settings.policy, settings.policy_overrides).policy)
        store.on_settled(self.settled)

    @property
    def calendar(self) -> Calendar:
        """The tables in force."""
        return self._calendar

    def wait(self, timeout_s: float) -> None:
        """Until the next limit is due, somebody acts, or for so long."""
        next_ms = self.next_due_ms()
        if next_ms is not None:
            timeout_s = min(timeout_s, max(0.0, (next_ms - self._clock.now_ms()) / 1000))
        # a limit that is due and does not fire must not make a busy loop
        self._changed.wait(max(timeout_s, SHORTEST_S))
        self._changed.clear()

    def wake(self) -> None:
        """End a `wait`."""
        self._changed.set()

    # --- coming in ---

    def settled(self, connection: Connection, hall: str, counted: Sequence[int], moved: Sequence[int]) -> None:
        """Called in the transaction that settled ratings: ``counted`` count from now on, ``moved`` are bound anew.

        What fails here must not keep a rating from being taken: it is logged, and `sweep` comes back to it.
        """
        now_ms = self._clock.now_ms()
        self._open(connection, now_ms, counted)
        try:
            with connection.begin_nested():
                self._rebind(connection, now_ms, moved)
        except Exception as error:  # noqa: BLE001 - whatever it is, the batch goes on
            log.error("a rating's new binding did not reach the loop", hall=hall, error=type(error).__name__)

    def sweep(self) -> int:
        """Bring in what `settled` could not; gives how many."""
        now_ms = self._clock.now_ms()
        with self._store.write() as connection:
            return self._open(connection, now_ms, None)

    def _open(self, connection: Connection, now_ms: int, ids: Sequence[int] | None) -> int:
        regime = self.regime
        if regime is None or (ids is not None and not ids):
            return 0
        opened = 0
        for rated in handlings.to_open(connection, regime.bad, ids, self._since_ms):
            try:
                with connection.begin_nested():
                    self._begin(connection, regime, rated, now_ms)
                opened += 1
            except Exception as error:  # noqa: BLE001 - one that fails stands in no other's way
                words = "a bad rating could not be brought into the loop"
                log.error(words, hall=rated.hall, rating=rated.id, error=type(error).__name__)
        return opened

    def _begin(self, connection: Connection, regime: Regime, rated: Rated, now_ms: int) -> None:
        org = directory.org_of(connection, rated.hall, rated.window)
        person = directory.person_of(connection, rated.hall, rated.staff) if rated.staff else None
        people = People(org, person, self._involved(connection, rated.hall, rated.case_no, person))
        contact = _contact(connection, rated.hall, rated.case_no, rated.service_no)
        reasons, text = map(str, rated.reasons), bool(rated.text)
        moved = loop.begin(regime.rules, people, _rated_ms(rated), reasons, contact, text)
        number = handlings.add(connection, rated, org, regime.version, moved.handling, now_ms)
        self._keep(connection, number, regime, None, moved, None, now_ms)
        pushed = self._do(connection, number, Deed(Action.PUSH, SYSTEM), now_ms)
        assert not isinstance(pushed, Refusal), str(pushed)
        self._tell(connection, number, now_ms)

    def _involved(self, connection: Connection, hall: str, case_no: str | None, rated: str | None) -> frozenset[str]:
        staff = handlings.staff_of(connection, hall, case_no)
        return frozenset(directory.person_of(connection, hall, each) for each in staff) - {rated}

    def _rebind(self, connection: Connection, now_ms: int, ids: Sequence[int]) -> None:
        """The rating belongs to another service than was thought. Whoever was thought to be rated stays kept out."""
        for number, bound in handlings.moved(connection, ids) if ids else []:
            held = self._held(connection, number)
            before = held.handling.people
            case_no, service_no, staff, window = (None,) * 4 if bound is None else bound[6:10]
            rated = directory.person_of(connection, held.hall, staff) if staff else None
            others = self._involved(connection, held.hall, case_no, rated) | before.involved
            others |= {before.rated} if before.rated else set()
            people = replace(before, rated=rated, involved=frozenset(others) - {rated})
            place = {"case_no": case_no, "service_no": service_no, "staff": staff, "window": window}
            handlings.save(connection, number, replace(held.handling, people=people), now_ms, **place)
            self._remark(connection, held, REBOUND, "系统：评价所关联的办件已更正，回避人员随之调整", now_ms)

    # --- deeds ---

    def act(self, number: int, deed: Deed, request: str | None = None, revision: int | None = None) -> Answer | Refusal:
        """Do it, or say why not.

        ``request`` names the attempt: the same one again gets the answer it got. ``revision`` is what the actor was
        looking at: if somebody acted meanwhile, nothing is done. Raises UnknownHandling.
        """
        now_ms = self._clock.now_ms()
        with self._store.write() as connection:
            if request is not None:
                done = handlings.requested(connection, number, request)
                if done is not None:
                    return self._again(connection, number, deed, done)
            if revision is not None and self._held(connection, number).revision != revision:
                sentence = "您填写期间，该件已有新的办理记录；请先查看最新进展，再决定是否提交"
                return Refusal("changed", sentence, "本系统规则：办理次序")
            answer = self._do(connection, number, deed, now_ms, request)
        self._changed.set()
        return answer

    def _again(self, connection: Connection, number: int, deed: Deed, done: handlings.Done) -> Answer | Refusal:
        if (done.action, done.actor, done.said) != (str(deed.action), deed.actor.id, handling_json.said(deed)):
            return Refusal("request_reused", "同一提交编号已用于另一内容；请刷新页面后重新提交", "本系统规则：重复提交")
        return Answer(number, done.number, State(done.after), self._held(connection, number).revision, repeated=True)

    def _do(
        self, connection: Connection, number: int, deed: Deed, now_ms: int, request: str | None = None
    ) -> Answer | Refusal:
        held = self._held(connection, number)
        regime = self._regime(connection, held.policy_version)
        people = held.handling.people
        involved = people.involved | self._involved(connection, held.hall, held.case_no, people.rated)
        # whoever took part in the 办件, or left a number, since the last deed
        contact = held.handling.contact or _contact(connection, held.hall, held.case_no, held.service_no)
        handling = replace(held.handling, people=replace(people, involved=involved), contact=contact)
        dues = {limit.row.timer: limit.row.due_ms for limit in handlings.limits(connection, number) if _runs(limit)}
        moved = loop.act(regime.rules, handling, deed, now_ms, dues)
        if isinstance(moved, Refusal):
            return moved
        place = 0
        if moved.effects:
            place = self._keep(connection, number, regime, held, moved, deed, now_ms, request)
        return Answer(number, place, moved.handling.state, held.revision + 1)

    def _keep(
        self,
        connection: Connection,
        number: int,
        regime: Regime,
        held: Held | None,
        moved: Moved,
        deed: Deed | None,
        now_ms: int,
        request: str | None = None,
    ) -> int:
        """Store where it stands and perform what the loop asks for, in its order. No deed: it has just come in."""
        columns: dict[str, Any] = {}
        words = []
        for effect in moved.effects:
            match effect:
                case Audit():
                    words.append(effect.words)
                case Owns():
                    columns["owner"] = str(effect.party) if effect.party else None
                case StopTimer():
                    handlings.stop(connection, number, effect.timer, now_ms)
                case StartTimer():
                    self._start(connection, number, regime, effect)
                case Notice():
                    handlings.tell(connection, number, effect.to, effect.about, now_ms)
                case loop_effects.Adopt():
                    self._adopt(connection, number, effect.adopted, now_ms)
                case loop_effects.Confirmed():
                    columns["confirmed_ms"] = now_ms
                case loop_effects.Withdrawn():
                    columns["confirmed_ms"] = None
                case loop_effects.Accountability():
                    pass  # the deed itself is the record of it
        if deed is not None and deed.action is Action.TELL:
            columns["told_ms"] = now_ms
        after = moved.handling.state
        handlings.save(connection, number, moved.handling, now_ms, **columns)
        self._set_due(connection, number, regime, moved.handling)
        if deed is None or held is None:
            return handlings.remark(connection, number, BEGUN, after, "；".join(words), now_ms)
        return handlings.note(connection, number, deed, held.handling.state, after, "；".join(words), now_ms, request)

    def _start(self, connection: Connection, number: int, regime: Regime, effect: StartTimer) -> None:
        timer = regime.rules.timer(effect.timer)
        assert timer is not None  # the loop starts its own only
        deadline = None
        if effect.until_ms is None:
            deadline = regime.limits.deadline(timer, effect.start_ms, self._calendar, self._settings.counting)
        due_ms = effect.until_ms if deadline is None else deadline.due_ms
        assert due_ms is not None
        row = due.Row(str(number), effect.timer, effect.start_ms, due_ms, timer.fires)
        handlings.start(connection, number, effect.timer, row, deadline)

    def _set_due(self, connection: Connection, number: int, regime: Regime, handling: Handling) -> None:
        """The end of the limit of this state. One that has passed fired and runs no longer; it stays the due time, or
        what is overdue would sink to the end of every list."""
        timer = None if handling.state in TERMINAL else regime.rules.due(handling.state, handling.handling_class)
        ends = [
            (limit.row.start_ms, limit.row.due_ms)
            for limit in handlings.limits(connection, number)
            if timer is not None and limit.row.timer == timer.name and (_runs(limit) or limit.row.fired_ms is not None)
        ]
        due_ms = max(ends)[1] if ends else None
        handlings.set_due(connection, number, due_ms, timer.name if timer and due_ms is not None else None)

    def _adopt(self, connection: Connection, number: int, adopted: bool, now_ms: int) -> None:
        """不予采纳: out of the statistics, kept, and the hall that registered it is told."""
        rating = handlings.adopt(connection, self._held(connection, number).rating, adopted)
        if rating is None or rating.device is None:
            return
        kind = Kind.ADOPTED if adopted else Kind.NOT_ADOPTED
        reason = "异议复核：恢复采纳" if adopted else "复核认定不予采纳"
        data = {"device": rating.device, "seq": rating.seq}
        corrections.publish(connection, kind, data, reason, rating.hall, now_ms)

    # --- time ---

    def run_due(self) -> int:
        """Fire what is due by the clock, and tell the staff who have to be told; gives how many limits fired."""
        now_ms = self._clock.now_ms()
        fired = 0
        while True:
            with self._store.read() as connection:
                waiting = handlings.due_now(connection, now_ms)
            if not waiting:
                break
            for number in waiting:
                with self._store.write() as connection:
                    fired += self._fire(connection, number, now_ms)
        self._tell_all(now_ms)
        return fired

    def next_due_ms(self) -> int | None:
        """When the next limit is due."""
        with self._store.read() as connection:
            return handlings.next_due_ms(connection)

    def recompute(self) -> int:
        """After a new table of holidays: count provisional limits again; gives how many moved."""
        self._calendar = calendars.load(self._settings.data_dir)
        now_ms = self._clock.now_ms()
        moved = 0
        with self._store.write() as connection:
            for limit in handlings.provisional(connection):
                if limit.deadline is None:
                    continue
                new = recompute(limit.deadline, self._calendar)
                if new is limit.deadline:
                    continue
                handlings.move(connection, limit.row, new)
                number = int(limit.row.handling)
                held = self._held(connection, number)
                regime = self._regime(connection, held.policy_version)
                self._set_due(connection, number, regime, held.handling)
                words = f"系统：新的节假日安排已公布，期限由{limit.deadline.due:%Y-%m-%d %H:%M}改算为"
                self._remark(connection, held, RECOUNTED, f"{words}{new.due:%Y-%m-%d %H:%M}", now_ms)
                moved += 1
        self._changed.set()
        return moved

    def _fire(self, connection: Connection, number: int, now_ms: int) -> int:
        fired = 0
        while True:
            rows = [limit.row for limit in handlings.limits(connection, number) if _runs(limit)]
            firings = due.due(rows, now_ms)
            if not firings:
                return fired
            row = firings[0].row
            if handlings.fire(connection, row, now_ms):
                answer = self._do(connection, number, Deed(row.fires, SYSTEM, timer=row.timer), now_ms)
                assert not isinstance(answer, Refusal), str(answer)
                fired += 1

    def _tell_all(self, now_ms: int) -> None:
        after = 0
        while True:
            with self._store.read() as connection:
                known = handlings.policy_versions(connection)
                versions = [each for each in known if _tells(self._regime(connection, each))]
                waiting = handlings.untold(connection, versions, after)
                due = [number for number in waiting if self._may_tell(connection, number, now_ms)]
            for number in due:
                with self._store.write() as connection:
                    self._tell(connection, number, now_ms)
            if len(waiting) < handlings.MOST:
                return
            after = waiting[-1]

    def _tell(self, connection: Connection, number: int, now_ms: int) -> None:
        if self._may_tell(connection, number, now_ms):
            self._do(connection, number, Deed(Action.TELL, SYSTEM), now_ms)

    def _may_tell(self, connection: Connection, number: int, now_ms: int) -> bool:
        """Where the rated person may appeal (四平 9.2): tell them, once the 办件 is out of their hands (MOT 第五条).

        Not on the day on which it was rated or finished: the moment itself would say who it was.
        """
        held = self._held(connection, number)
        if not _tells(self._regime(connection, held.policy_version)) or held.handling.people.rated is None:
            return False
        if held.told_ms is not None or not handlings.finished(connection, held.hall, held.case_no):
            return False
        finished_ms = handlings.finished_ms(connection, held.hall, held.case_no) or held.opened_ms
        return day_of(now_ms) > day_of(max(held.opened_ms, finished_ms))

    # --- reading ---

    def queue(self, **wanted: Any) -> list[Held]:
        """Handlings by due time; see `central.handlings.queue`."""
        with self._store.read() as connection:
            return handlings.queue(connection, **wanted)

    def counts(self, orgs: Sequence[str] | None = None) -> list[Any]:
        """(org, state, count, late) for an overview."""
        with self._store.read() as connection:
            return handlings.counts(connection, self._clock.now_ms(), orgs)

    def regime_at(self, version: str) -> Regime:
        """The rules of a policy that is or was in force here."""
        with self._store.read() as connection:
            return self._regime(connection, version)

    def file(self, number: int) -> File:
        """Everything about one. Raises UnknownHandling."""
        with self._store.read() as connection:
            held = self._held(connection, number)
            return File(
                held,
                self._regime(connection, held.policy_version),
                handlings.limits(connection, number),
                handlings.history(connection, number),
                handlings.told(connection, number),
                handlings.rating_of(connection, held.rating),
            )

    # --- inside ---

    def _held(self, connection: Connection, number: int) -> Held:
        held = handlings.load(connection, number)
        if held is None:
            raise UnknownHandling(number)
        return held

    def _remark(self, connection: Connection, held: Held, what: str, words: str, now_ms: int) -> None:
        handlings.remark(connection, held.id, what, held.handling.state, words, now_ms)

    def _choose(self, chosen: Policy) -> None:
        content = chosen.model_dump(mode="json", exclude_none=True)
        text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        version = hashlib.sha256(text.encode()).hexdigest()[:16]
        try:
            self.regime = self._regimes[version] = self._made(version, chosen)
        except ValueError as error:
            raise SettingsError(f"policy: {error}") from None
        handed = handdown.handed_down(chosen, policies.national()).policy["version"]
        with self._store.write() as connection:
            self._since_ms = handlings.keep_policy(connection, version, content, handed, self._clock.now_ms())

    def _regime(self, connection: Connection, version: str) -> Regime:
        known = self._regimes.get(version)
        if known is None:
            content: Mapping[str, Any] = handlings.policy_content(connection, version)
            known = self._regimes[version] = self._made(version, policy.of(version, content, overridden=True))
        return known

    def _made(self, version: str, chosen: Policy) -> Regime:
        rules = loop_of.rules(chosen)
        return Regime(version, chosen, rules, Limits(chosen, rules, self._own))


def _contact(connection: Connection, hall: str, case_no: str | None, service_no: int | None) -> bool:
    if case_no is None or service_no is None:
        return False
    return identities.has_contact(connection, hall, case_no, service_no)


def _tells(regime: Regime) -> bool:
    """Whether the rated person is told, because the policy lets that person appeal."""
    return regime.rules.appeal is not None and regime.rules.appeal.by is Party.STAFF


def _runs(limit: Limit) -> bool:
    return limit.stopped_ms is None


def _rated_ms(rated: Rated) -> int:
    """When it was given: by the device where it is sure enough of the time, by the gateway's receipt else."""
    sure = rated.wall_ms is not None and rated.error_ms is not None and rated.error_ms <= MOST_DOUBT_MS
    return min(rated.wall_ms, rated.received_ms) if sure and rated.wall_ms is not None else rated.received_ms
