"""The whole table for each policy: what holds in every handling that can be reached, whatever anybody tries."""

import re
from collections import defaultdict

import pytest

from central.core.handling import OPEN, TERMINAL, TIMED, Action, State
from central.core.loop import OWNERS, TABLE, Moved
from central.core.loop_effects import Adopt, Audit, Owns, StartTimer, StopTimer
from central.core.loop_rules import OWN
from central.core.parties import Party
from central.core.refusal import Refusal
from tests.central.loop_walk import SHIPPED, Edge, key, walk

#: Who may never touch the bad rating: the rated one and her colleague, whatever hat they put on.
OUT_OF_IT = {"zhang", "li"}


def settled(rules, moved: Moved, edge: Edge | None) -> None:
    """Rule 1: owner, due time, and timers that are exactly those told to the edge."""
    after = moved.handling
    assert after.state in rules.states()
    running = {each.timer for each in after.running}
    if after.state in TERMINAL:
        assert not running
    else:
        due = rules.due(after.state, after.handling_class)
        assert due is not None and due.name in running | after.lapsed
    if edge is not None:
        told = {each.timer for each in edge.before.running}
        for effect in moved.effects:
            if isinstance(effect, StopTimer):
                told.remove(effect.timer)
            elif isinstance(effect, StartTimer):
                assert effect.timer not in told
                told.add(effect.timer)
        assert told == running
        moves = after.state is not edge.before.state
        owners = [effect.party for effect in moved.effects if isinstance(effect, Owns)]
        assert owners == ([OWNERS.get(after.state)] if moves else [])


def never_lost(edge: Edge, moved: Moved) -> None:
    """Rule 2: who takes a rating out of the statistics, and what 办结 means."""
    before, after, actor = edge.before, moved.handling, edge.deed.actor
    adopts = [effect.adopted for effect in moved.effects if isinstance(effect, Adopt)]
    assert adopts == ([] if before.adopted is after.adopted else [after.adopted])
    if not after.adopted:
        assert after.state in (State.NOT_ADOPTED, State.OBJECTION)
    if before.adopted and not after.adopted:
        assert edge.deed.action is Action.UPHOLD and actor.party is Party.REVIEWER
        assert actor.id not in before.people.handled | OUT_OF_IT
    if before.state is State.OBJECTION and after.state is not State.OBJECTION:
        assert actor.id != before.people.excluded_by
    if after.state is State.CLOSED:
        assert after.adopted and after.confirmed and after.called_back and after.fed_back


def kept_apart(edge: Edge, moved: Moved) -> None:
    """Conflict of interest: nobody both handles and reviews, and the rated one does neither."""
    people, actor = moved.handling.people, edge.deed.actor
    assert not people.handled & people.reviewed
    assert not (people.handled | people.reviewed) & OUT_OF_IT
    assert actor.id not in OUT_OF_IT or (actor.party, edge.deed.action, actor.id) == (
        Party.STAFF,
        Action.APPEAL,
        people.rated,
    )
    assert actor.id != "qi"  # of another institution


def explained(rules, refusal: Refusal) -> None:
    assert re.search(r"[\u4e00-\u9fff]{4}", refusal.sentence) and refusal.code
    assert refusal.article.startswith((rules.title, OWN)) and len(refusal.article) > 4
    assert "None" not in str(refusal) and "  " not in str(refusal)


def on_time(edge: Edge, moved: Moved) -> None:
    """Rule 4: a timer that is not due, or does not run, changes nothing; one that fires does not run on."""
    if edge.deed.action not in TIMED:
        return
    runs = any(each.timer == edge.deed.timer for each in edge.before.running)
    if not (runs and edge.late):
        assert moved == Moved(edge.before)
    elif moved.effects:
        again = {each.timer for each in moved.handling.running}
        assert edge.deed.timer not in again or edge.deed.action is Action.ESCALATE


def check(rules, edge: Edge) -> None:
    if isinstance(edge.answer, Refusal):
        explained(rules, edge.answer)
        return
    settled(rules, edge.answer, edge)
    on_time(edge, edge.answer)
    if edge.answer.effects:
        never_lost(edge, edge.answer)
        kept_apart(edge, edge.answer)
        assert sum(isinstance(effect, Audit) for effect in edge.answer.effects) == 1


#: Leads nowhere, and whether it may be done is history that the walk does not tell apart; `test_loop` has it.
SUGGESTING = {row for row in TABLE if row[1] is Action.SUGGEST}

#: What the walk begins with: reasons that choose a class, a citizen without a number.
BEGINNINGS = [
    ("wenzhou", (), {}),
    ("jiaxiang", ("214",), {}),
    ("lanzhou", (), {"contact": False}),
    ("mot", (), {}),
    ("siping", (), {"text": True}),
]


def has(rules, state: State, action: Action) -> bool:
    """Whether a policy has any use for a row of the table."""
    appeal = rules.appeal
    staff = appeal is not None and appeal.by is Party.STAFF
    lapses = {timer for timer in rules.timers if timer.fires is Action.LAPSE}
    classes = [each.name for each in rules.classes] or [None]
    late = any(timer.fires is Action.OVERDUE and timer.runs(state, each) for timer in rules.timers for each in classes)
    only = {
        Action.OVERDUE: late,
        Action.ESCALATE: late,
        Action.APPEAL: appeal is not None and state in appeal.states,
        Action.TELL: staff,
        Action.EXPIRE: staff and state in appeal.states,
        Action.LAPSE: any(timer.runs(state, None) for timer in lapses),
        Action.INVALIDATE: rules.invalid is not None,
        Action.CLASSIFY: bool(rules.classes),
        Action.EXTEND: rules.extension is not None,
        # only a rating that was confirmed by lapse is put right before anybody called
        Action.CALL_BACK: state is State.PUSHED or bool(lapses),
        Action.GIVE_UP: state is State.PUSHED or bool(lapses),
    }
    return state in rules.states() and only.get(action, True)


@pytest.mark.requirement("WZ-12a", "WZ-5c", "MOT-14c")
@pytest.mark.parametrize(("name", "reasons", "citizen"), BEGINNINGS)
def test_the_whole_table_holds_its_rules(name, reasons, citizen):
    rules = SHIPPED[name]
    back = defaultdict(set)
    states, ending, open_ones, used = set(), set(), set(), set()
    for edge in walk(rules, reasons, **citizen):
        check(rules, edge)
        here = key(rules, edge.before)
        states.add(edge.before.state)
        (ending if edge.before.state in TERMINAL else open_ones).add(here)
        if isinstance(edge.answer, Moved) and edge.answer.effects:
            used.add((edge.before.state, edge.deed.action))
            # nobody depends on a favour: the owner, and time, are enough
            if edge.deed.actor.party in (OWNERS.get(edge.before.state), Party.SYSTEM):
                back[key(rules, edge.answer.handling)].add(here)
    reached = set(ending)
    waiting = list(ending)
    while waiting:
        for node in back[waiting.pop()] - reached:
            reached.add(node)
            waiting.append(node)
    assert states == rules.states()
    assert open_ones - reached == set(), "no way to an end"
    assert used | SUGGESTING == {row for row in TABLE if has(rules, *row)} | SUGGESTING


def test_every_open_state_has_an_owner():
    assert set(OWNERS) == OPEN
