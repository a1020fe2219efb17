"""The closed loop of a bad rating 差评闭环, as one table for every policy.

Pure: rules, a handling, a deed, the time and the due times go in; a new handling with its effects comes out, or a
refusal whose sentence names the rule. Nobody here computes a deadline, stores, or sends: the edge performs the effects
in their order, in the transaction that stores the handling. docs/loop.md is drawn from this table.

The way
    arrived        the rating is here and not with the institution yet.
    pushed         the institution has it and owes the citizen a call-back.
    verifying      the call-back is done, or shown to be impossible: true, or disputed?
    appealed       an appeal lies with the reviewer.
    invalid        列为无效差评; the institution has to file what it did (MOT 第十五条(二)).
    invalid_review what it filed lies with the reviewer.
    rectifying     a true one: it is being put right.
    reply_review   the 整改答复 lies with the reviewer (WZ).
    feedback       the citizen has to be told.
    closed         办结. The citizen may come back.
    not_adopted    不予采纳, by a reviewer only: kept, flagged, out of the statistics. The citizen may object.
    objection      the objection lies with another reviewer.

Four rules hold in every row and every policy (`tests/central/test_loop_model.py` walks all of it):

1. Every open state has an owner, a due time and a way out by that owner.
2. No rating leaves the statistics but by a reviewer who neither handled it nor is rated by it; every other way ends in
   办结, after a call-back and a feedback.
3. Silence never helps the institution: what lapses is confirmed or overdue, never dropped.
4. A timed action repeated, early, or of a timer that no longer runs, changes nothing.

A limit that counts from the rating counts from the citizen's word once that has reopened it. A returned reply does not
start the limit anew, an appeal does not stop it (REQUIREMENTS C-7).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from central.core.classes import choose
from central.core.handling import (
    ACTION_TITLES,
    OPEN,
    STATE_TITLES,
    TERMINAL,
    TIMED,
    Action,
    Deed,
    Handling,
    Running,
    Start,
    State,
)
from central.core.loop_changes import CHANGES, MOMENTS
from central.core.loop_checks import CHECKS, Act
from central.core.loop_effects import About, Audit, Effect, Notice, Owns, StartTimer, StopTimer
from central.core.loop_rules import BASIS, Basis, LoopRules
from central.core.parties import TITLES, Party, People, conflict
from central.core.refusal import Refusal

#: Whose turn it is. The system owns what no person has to do.
OWNERS = {
    State.ARRIVED: Party.SYSTEM,
    State.PUSHED: Party.HANDLER,
    State.VERIFYING: Party.HANDLER,
    State.APPEALED: Party.REVIEWER,
    State.INVALID: Party.HANDLER,
    State.INVALID_REVIEW: Party.REVIEWER,
    State.RECTIFYING: Party.HANDLER,
    State.REPLY_REVIEW: Party.REVIEWER,
    State.FEEDBACK: Party.HANDLER,
    State.OBJECTION: Party.REVIEWER,
}

#: Where a row's next state depends on something: what it depends on, as the diagram says it.
WHEN = {
    "": lambda act: True,
    "policy files": lambda act: act.rules.invalid is not None and act.rules.invalid.files,
    "policy reviews": lambda act: act.rules.reply_review,
    "called back": lambda act: act.handling.called_back is not None,
    "told already": lambda act: act.handling.fed_back,
}


@dataclass(frozen=True)
class Step:
    """``by``: who may, None where the policy says (appeal). ``to``: the first whose condition holds."""

    by: Party | None
    to: tuple[tuple[str, State], ...]


def _to(by: Party | None, *to: State | tuple[str, State]) -> Step:
    return Step(by, tuple(each if isinstance(each, tuple) else ("", each) for each in to))


_H, _R, _S = Party.HANDLER, Party.REVIEWER, Party.SUPERVISOR
_RESUMES = (("called back", State.RECTIFYING), State.PUSHED)
_BEFORE_END = (State.PUSHED, State.VERIFYING, State.RECTIFYING, State.FEEDBACK)

#: (state, action) -> who, and the next state. An action that has no row here is refused.
TABLE: Mapping[tuple[State, Action], Step] = {
    (State.ARRIVED, Action.PUSH): _to(Party.SYSTEM, State.PUSHED),
    (State.PUSHED, Action.ATTEMPT): _to(_H, State.PUSHED),
    (State.PUSHED, Action.CALL_BACK): _to(_H, State.VERIFYING),
    (State.PUSHED, Action.GIVE_UP): _to(_H, State.VERIFYING),
    (State.PUSHED, Action.LAPSE): _to(Party.SYSTEM, State.RECTIFYING),
    (State.VERIFYING, Action.ATTEMPT): _to(_H, State.VERIFYING),
    (State.VERIFYING, Action.CONFIRM): _to(_H, State.RECTIFYING),
    (State.VERIFYING, Action.INVALIDATE): _to(_H, ("policy files", State.INVALID), State.INVALID_REVIEW),
    (State.VERIFYING, Action.LAPSE): _to(Party.SYSTEM, State.RECTIFYING),
    (State.APPEALED, Action.UPHOLD): _to(_R, State.NOT_ADOPTED),
    (State.APPEALED, Action.REJECT): _to(_R, *_RESUMES),
    (State.INVALID, Action.FILE): _to(_H, State.INVALID_REVIEW),
    (State.INVALID, Action.CONFIRM): _to(_H, State.RECTIFYING),
    (State.INVALID_REVIEW, Action.UPHOLD): _to(_R, State.NOT_ADOPTED),
    (State.INVALID_REVIEW, Action.REJECT): _to(_R, State.RECTIFYING),
    (State.RECTIFYING, Action.ATTEMPT): _to(_H, State.RECTIFYING),
    (State.RECTIFYING, Action.CALL_BACK): _to(_H, State.RECTIFYING),
    (State.RECTIFYING, Action.GIVE_UP): _to(_H, State.RECTIFYING),
    (State.RECTIFYING, Action.EXTEND): _to(_H, State.RECTIFYING),
    (State.RECTIFYING, Action.ASSIST): _to(_H, State.RECTIFYING),
    (State.RECTIFYING, Action.REPLY): _to(_H, ("policy reviews", State.REPLY_REVIEW), State.FEEDBACK),
    (State.REPLY_REVIEW, Action.FEED_BACK): _to(_H, State.REPLY_REVIEW),
    (State.REPLY_REVIEW, Action.ACCEPT): _to(_R, ("told already", State.CLOSED), State.FEEDBACK),
    (State.REPLY_REVIEW, Action.RETURN): _to(_R, State.RECTIFYING),
    (State.FEEDBACK, Action.ATTEMPT): _to(_H, State.FEEDBACK),
    (State.FEEDBACK, Action.FEED_BACK): _to(_H, State.CLOSED),
    (State.CLOSED, Action.REOPEN): _to(Party.CITIZEN, State.PUSHED),
    (State.NOT_ADOPTED, Action.REOPEN): _to(Party.CITIZEN, State.OBJECTION),
    (State.OBJECTION, Action.UPHOLD): _to(_R, State.NOT_ADOPTED),
    (State.OBJECTION, Action.REJECT): _to(_R, *_RESUMES),
    **{(state, Action.APPEAL): _to(None, State.APPEALED) for state in _BEFORE_END},
    **{(state, Action.TELL): _to(Party.SYSTEM, state) for state in _BEFORE_END},
    **{(state, Action.EXPIRE): _to(Party.SYSTEM, state) for state in _BEFORE_END},
    **{(state, Action.CLASSIFY): _to(_S, state) for state in (State.PUSHED, State.VERIFYING, State.RECTIFYING)},
    **{(state, Action.SUGGEST): _to(_R, state) for state in (State.RECTIFYING, State.REPLY_REVIEW, State.FEEDBACK)},
    **{(state, Action.SUPERVISE): _to(_S, state) for state in sorted(OPEN)},
    **{(state, Action.OVERDUE): _to(Party.SYSTEM, state) for state in sorted(OPEN)},
    **{(state, Action.ESCALATE): _to(Party.SYSTEM, state) for state in sorted(OPEN)},
}


@dataclass(frozen=True)
class Moved:
    """The handling as it is now, and what the edge has to do. Without effects nothing changed."""

    handling: Handling
    effects: tuple[Effect, ...] = ()


def begin(
    rules: LoopRules,
    people: People,
    rated_ms: int,
    reasons: Iterable[str] = (),
    contact: bool = True,
    text: bool = False,
) -> Moved:
    """A bad rating enters the loop. ``reasons`` are its indicator codes: a policy with classes chooses by them."""
    handling = Handling(
        State.ARRIVED,
        people,
        contact,
        text,
        choose(rules.classes, reasons, rules.unclassified),
        MappingProxyType({Start.RATED: rated_ms}),
    )
    return _settle(rules, None, handling, [Audit("差评进入闭环")])


def act(rules: LoopRules, handling: Handling, deed: Deed, now_ms: int, dues: Mapping[str, int]) -> Moved | Refusal:
    """Do it, or say why not.

    ``dues`` is the due time (the first moment that is too late) of every timer that runs; without one of them it is a
    KeyError, because a limit nobody computed must not pass for one that is kept. Times are ms since 1970.
    """
    step = TABLE.get((handling.state, deed.action))
    by_clock = deed.action in TIMED and deed.actor.party is Party.SYSTEM
    if by_clock and (step is None or not _fires(rules, handling, deed, now_ms, dues)):
        return Moved(handling)
    doing = Act(rules, handling, deed, now_ms, dues)
    refusal = _refusal(doing, step)
    if refusal is not None:
        return refusal
    assert step is not None  # else refused
    changes, effects = CHANGES[deed.action](doing)
    people = _grown(handling.people, deed, changes.pop("excluded_by", handling.people.excluded_by))
    state = next(state for when, state in step.to if WHEN[when](doing))
    moments = dict(handling.moments)
    if deed.action in MOMENTS:
        moments[MOMENTS[deed.action]] = now_ms
    if deed.action is Action.REOPEN:
        moments[Start.PUSHED] = now_ms
    if state is State.RECTIFYING and deed.action is Action.REJECT:
        moments[Start.VERIFIED] = now_ms
    if deed.action in TIMED:
        changes.setdefault("lapsed", handling.lapsed | {deed.timer})
    if state is not handling.state:
        changes["overdue"], late = _late(doing)
        effects = [*late, *effects]
    escalators = frozenset(timer.name for timer in rules.timers if timer.fires is Action.ESCALATE)
    if state is not handling.state or deed.action in (Action.EXTEND, Action.CLASSIFY):
        # another state or another limit: nobody is behind with it yet
        moments.pop(Start.OVERDUE, None)
        changes |= {"lapsed": changes.get("lapsed", handling.lapsed) - escalators, "escalated": 0}
    elif deed.action is Action.ESCALATE and changes["escalated"] < rules.levels:
        changes["lapsed"] -= escalators
    changed = replace(handling, state=state, people=people, moments=MappingProxyType(moments), **changes)
    return _settle(rules, handling, changed, [*effects, Audit(_words(doing, state))])


def possible(rules: LoopRules, handling: Handling, party: Party) -> list[Action]:
    """What this party has a row for now, in this policy: the buttons of a page. Checks may still refuse."""
    return [action for action in Action if (handling.state, action) in TABLE and party in _by(rules, handling, action)]


def _by(rules: LoopRules, handling: Handling, action: Action) -> tuple[Party, ...]:
    step = TABLE[(handling.state, action)]
    if step.by is not None:
        return (step.by,)
    # without an appeal procedure both are told so, in the policy's words
    return (rules.appeal.by,) if rules.appeal is not None else (Party.HANDLER, Party.STAFF)


def _fires(rules: LoopRules, handling: Handling, deed: Deed, now_ms: int, dues: Mapping[str, int]) -> bool:
    timer = rules.timer(deed.timer or "")
    runs = any(each.timer == deed.timer for each in handling.running)
    return timer is not None and runs and timer.fires is deed.action and dues[timer.name] <= now_ms


def _refusal(act: Act, step: Step | None) -> Refusal | None:
    rules, handling, deed = act.rules, act.handling, act.deed
    title, actor = ACTION_TITLES[deed.action], deed.actor
    if step is None:
        choices = "、".join(ACTION_TITLES[each] for each in possible(rules, handling, actor.party))
        can = f"您现在可以：{choices}" if choices else "您现在没有要办的事"
        return act.refuse("order", f"“{STATE_TITLES[handling.state]}”时不能{title}；{can}", Basis.ORDER)
    by = _by(rules, handling, deed.action)
    if actor.party not in by:
        whose = "、".join(rules.office(party) for party in by)
        return act.refuse("party", f"{title}由{whose}办理，{TITLES[actor.party]}不能代办", Basis.PARTY)
    why = conflict(actor, handling.people, rules.third_party, handling.state is State.OBJECTION)
    if why is not None:
        return act.refuse("conflict", why, Basis.RECUSE)
    check = CHECKS.get(deed.action)
    return check(act) if check is not None else None


def _grown(people: People, deed: Deed, excluded_by: str | None) -> People:
    """Who has now had to do with it. One who supervised counts with those who reviewed: neither may handle it."""
    handled, reviewed = people.handled, people.reviewed
    if deed.actor.party is Party.HANDLER:
        handled = handled | {deed.actor.id}
    elif deed.actor.party in (Party.REVIEWER, Party.SUPERVISOR):
        reviewed = reviewed | {deed.actor.id}
    return replace(people, handled=handled, reviewed=reviewed, excluded_by=excluded_by)


def _late(act: Act) -> tuple[frozenset[str], list[Effect]]:
    """What was done too late is overdue, also when the scheduler has not come round yet."""
    known, handling = act.handling.overdue, act.handling
    due = act.rules.due(handling.state, handling.handling_class)
    if due is None or due.fires is not Action.OVERDUE or due.name in known or not act.over(due):
        return known, []
    return known | {due.name}, [Notice(Party.SUPERVISOR, About.OVERDUE)]


def _settle(rules: LoopRules, before: Handling | None, after: Handling, effects: list[Effect]) -> Moved:
    """Owner and timers as the new state has them; timers that go on are left alone."""
    old = before.running if before is not None else frozenset()
    running = frozenset(_wanted(rules, after))
    starts = {timer.name: timer.start for timer in rules.timers}
    if before is None or before.state is not after.state:
        effects.append(Owns(OWNERS.get(after.state)))
    effects += [StopTimer(each.timer) for each in sorted(old - running, key=_name)]
    effects += [
        StartTimer(each.timer, starts[each.timer], each.start_ms, each.until_ms)
        for each in sorted(running - old, key=_name)
    ]
    return Moved(replace(after, running=running), tuple(effects))


def _name(running: Running) -> str:
    return running.timer


def _wanted(rules: LoopRules, handling: Handling) -> Iterable[Running]:
    if handling.state in TERMINAL:
        return
    moments, appeal = handling.moments, rules.appeal
    # a staff member's right is spent once used; an institution's timer goes on, because its end confirms the rating
    used = handling.appealed and appeal is not None and appeal.by is Party.STAFF
    spent = frozenset({appeal.timer}) if used and appeal is not None else frozenset()
    for timer in rules.timers:
        if not timer.runs(handling.state, handling.handling_class) or timer.name in handling.lapsed | spent:
            continue
        start_ms = moments.get(timer.start)
        if timer.start is Start.RATED:
            start_ms = moments.get(Start.REOPENED, start_ms)
        if start_ms is not None:
            moved = rules.extension is not None and timer.name in rules.extension.timers
            yield Running(timer.name, start_ms, handling.extended_until_ms if moved else None)


def _words(act: Act, state: State) -> str:
    """A line for the audit: who, what, from where to where, on what rule."""
    actor, action = act.deed.actor, act.deed.action
    who = TITLES[actor.party] if actor.party in (Party.SYSTEM, Party.CITIZEN) else f"{TITLES[actor.party]}{actor.id}"
    move = "" if state is act.handling.state else f"，{STATE_TITLES[act.handling.state]}→{STATE_TITLES[state]}"
    timer = act.rules.timer(act.deed.timer or "")
    where = timer.article if timer is not None and timer.article else None
    cited = f"{act.rules.title}{where}" if where else act.rules.cite(BASIS.get(action, Basis.ORDER))
    return f"{who}：{ACTION_TITLES[action]}{move}（{cited}）"
