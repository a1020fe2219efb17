"""Every handling that one policy can come to, and every action anybody can try in it.

Handlings that no rule tells apart count as one (`key`), so the walk is finite and complete. Time is two moments on two
days, and each action is tried with all due times ahead and with all of them past.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from central import policies
from central.core.grounds import NO_GROUNDS
from central.core.handling import TIMED, Action, Deed, Handling, Outcome, Start, State
from central.core.loop import TABLE, Moved, act, begin
from central.core.loop_of import rules as rules_of
from central.core.loop_rules import LoopRules
from central.core.parties import Actor, Party
from central.core.refusal import Refusal
from tests.central.loop_world import (
    CITIZEN,
    DAY,
    FULL,
    HANDLER,
    MORNING,
    OFFICE,
    ORG,
    PEOPLE,
    RATED,
    REVIEWER,
    SECOND_REVIEWER,
    SUPERVISOR,
    SYSTEM,
)

#: The five, as they ship.
SHIPPED = {name: rules_of(policies.load(name)) for name in policies.names()}

HATS = (Party.STAFF, Party.HANDLER, Party.REVIEWER, Party.SUPERVISOR)
#: Somebody with three hats, the rated person and a colleague of hers with all hats, a stranger of another institution.
MANY_HATS = [Actor("duo", hat, OFFICE if hat is Party.REVIEWER else ORG) for hat in HATS[1:]]
CONFLICTED = [Actor(id, hat, OFFICE if hat is Party.REVIEWER else ORG) for id in ("zhang", "li") for hat in HATS]
STRANGER = Actor("qi", Party.HANDLER, "other-office")
ACTORS = [
    SYSTEM,
    CITIZEN,
    HANDLER,
    REVIEWER,
    SECOND_REVIEWER,
    SUPERVISOR,
    *MANY_HATS,
    *CONFLICTED,
    STRANGER,
]

#: Where the number of calls decides something.
CALLING = {State.PUSHED, State.VERIFYING, State.RECTIFYING, State.FEEDBACK}
#: One for each hat who may act.
ENTITLED = (SYSTEM, CITIZEN, RATED, HANDLER, REVIEWER, SUPERVISOR)


@dataclass(frozen=True)
class Edge:
    before: Handling
    deed: Deed
    late: bool
    answer: Moved | Refusal


def key(rules: LoopRules, handling: Handling) -> tuple:
    """All that a rule looks at. Of the people only those matter whom another hat could bring back; of the timers those
    whose end decides something (the rest is left to `test_loop_histories`)."""
    people, due = handling.people, rules.due(handling.state, handling.handling_class)
    return (
        handling.state,
        handling.handling_class,
        handling.called_back,
        handling.confirmed,
        handling.adopted,
        handling.appealed,
        handling.fed_back,
        bool(handling.returned or handling.overdue) and rules.reply_review,
        handling.reopened,
        rules.appeal is not None and rules.appeal.timer in handling.lapsed,
        due is not None and due.name in handling.lapsed,
        Start.TOLD in handling.moments and rules.appeal is not None and rules.appeal.by is Party.STAFF,
        min(handling.days_tried(), 2) if CALLING & {handling.state} else 0,
        "duo" in people.handled,
        "duo" in people.reviewed,
        people.excluded_by if handling.state in (State.NOT_ADOPTED, State.OBJECTION) else None,
    )


def contents(rules: LoopRules, action: Action, until_ms: int) -> list[dict]:
    """What the right person may write: all of it, and nothing."""
    if action in TIMED:
        return [{"timer": timer.name} for timer in rules.timers]
    full: list[dict] = [{"fields": FULL}]
    if action in (Action.APPEAL, Action.INVALIDATE):
        claim = rules.appeal if action is Action.APPEAL else rules.invalid
        offered = claim.grounds if claim else ()
        full = [
            {"fields": FULL, "ground": str(ground.name), "kind": kind and kind.name}
            for ground in offered
            for kind in ground.kinds or (None,)
        ]
        full += [{"fields": FULL, "ground": "attitude"}]
        assert "attitude" in NO_GROUNDS
    elif action is Action.ATTEMPT:
        full = [{"outcome": Outcome.NO_ANSWER}]
    elif action is Action.RETURN:
        full = [{"fields": FULL, "clauses": tuple(clause.code for clause in rules.clauses[:1])}]
    elif action is Action.CLASSIFY:
        full = [{"fields": FULL, "handling_class": each.name} for each in rules.classes] or full
    elif action is Action.EXTEND:
        full = [{"fields": FULL, "until_ms": until_ms}]
    elif action is Action.FEED_BACK:
        full.append({"fields": FULL, "outcome": Outcome.NO_ANSWER})
    return [*full, {}]


def deeds(rules: LoopRules, until_ms: int) -> list[tuple[bool, Deed]]:
    """Everything that anybody might try, and whether it is the first of its kind."""
    return [
        (number == 0, Deed(action, actor, **content))
        for action in Action
        for number, content in enumerate(contents(rules, action, until_ms))
        for actor in ACTORS
        # what is written matters to those who may act at all
        if number == 0 or actor in ENTITLED
    ]


def walk(rules: LoopRules, reasons: tuple[str, ...] = (), refused: bool = True, **citizen) -> Iterator[Edge]:
    """Every edge, from every handling that can be reached. Without ``refused``: no edges of those whom the table does
    not name; that they move nothing is for `test_loop_model` to show, with all edges."""
    found: set[tuple] = set()
    tried = deeds(rules, MORNING + 90 * DAY)
    waiting = deque([begin(rules, PEOPLE, MORNING, reasons, **citizen).handling])
    while waiting:
        handling = waiting.popleft()
        if key(rules, handling) in found:
            continue
        found.add(key(rules, handling))
        # a call on a second day is another day; else the moment does not matter
        now_ms = MORNING + (DAY if handling.attempts else 0)
        ahead = {each.timer: now_ms + 1 for each in handling.running}
        past = dict.fromkeys(ahead, now_ms)
        for first, deed in tried:
            row = TABLE.get((handling.state, deed.action))
            right = row is not None and row.by in (None, deed.actor.party)
            if not right and not (first and refused) or row is None and deed.actor not in ENTITLED:
                continue  # the wrong hat is refused whatever is written; without a row everybody is
            for dues in (ahead, past) if right and deed.actor in ENTITLED else (ahead,):
                answer = act(rules, handling, deed, now_ms, dues)
                yield Edge(handling, deed, dues is past, answer)
                if isinstance(answer, Moved) and key(rules, answer.handling) not in found:
                    waiting.append(answer.handling)
