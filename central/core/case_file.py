"""One bad rating as a case file 案卷: whose turn it is, until when and why, what was done, what may be done now.

Values in, a value out. Whether the viewer may see the file at all is decided before (`central.core.who_sees`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from central.core import deadline_words, moments
from central.core.deadlines import Deadline
from central.core.deed_forms import form
from central.core.grounds import FIELDS, TITLES
from central.core.handling import ACTION_TITLES, STATE_TITLES, TERMINAL, TIMED, Action, Handling, Outcome, State
from central.core.loop import OWNERS, possible
from central.core.loop_checks import OUTCOMES
from central.core.loop_rules import LoopRules
from central.core.moments import Left
from central.core.parties import TITLES as PARTY_TITLES
from central.core.parties import Actor, Party, conflict
from central.core.policy import Policy
from central.core.policy_words import KEYS

#: Limits that no policy names.
_TIMERS = {
    "push": "推送时限",
    "invalid_review": "无效差评复核时限",
    "objection": "异议复核时限",
    "escalate": "逾期后升级",
}
#: Names that would break a line of the timeline.
_SHORT = {"contact": "沟通记录"}
#: What is done first in a state; the others follow in the order of the table.
_FIRST = (
    Action.CALL_BACK,
    Action.CONFIRM,
    Action.REPLY,
    Action.ACCEPT,
    Action.UPHOLD,
    Action.FILE,
    Action.FEED_BACK,
    Action.SUPERVISE,
)


@dataclass(frozen=True)
class Timed:
    """A limit that was started, as it is kept. No ``deadline``: its end was agreed (延期)."""

    timer: str
    start_ms: int
    due_ms: int
    deadline: Deadline | None
    fired_ms: int | None = None
    stopped_ms: int | None = None


@dataclass(frozen=True)
class Done:
    """A line of the history as it is kept. ``said``: the content of a deed (`handling_json.said`); what is no deed of
    the loop has ``words`` alone."""

    number: int
    at_ms: int
    action: str
    party: str
    actor: str
    org: str
    before: str | None
    after: str
    words: str
    said: Mapping[str, Any]


@dataclass(frozen=True)
class Limit:
    """``now``: the due time of the present state. ``explained``: sentences, with the article."""

    title: str
    due: str
    left: Left
    explained: tuple[str, ...]
    now: bool
    provisional: bool = False


@dataclass(frozen=True)
class Line:
    """One line of the timeline. ``texts``: (label, text) pairs; ``marks``: short facts."""

    number: int
    at: str
    who: str
    title: str
    action: str
    moved: str | None
    marks: tuple[str, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()
    system: bool = False


@dataclass(frozen=True)
class Call:
    """One line of the call log."""

    at: str
    who: str
    outcome: str
    note: str


@dataclass(frozen=True)
class CaseFile:
    """``turn``: whose it is, as an office; None when it is over. ``yours``: the viewer's. ``barred``: why the viewer
    must keep out, if so. ``buttons``: what the viewer's hat has a row for, most usual first."""

    state: State
    title: str
    turn: str | None
    yours: bool
    barred: str | None
    limits: tuple[Limit, ...]
    timeline: tuple[Line, ...]
    calls: tuple[Call, ...]
    buttons: tuple[Action, ...]
    marks: tuple[str, ...]
    policy: str
    days_tried: int

    @property
    def due(self) -> Limit | None:
        return next((limit for limit in self.limits if limit.now), None)

    @property
    def others(self) -> list[Limit]:
        return [limit for limit in self.limits if not limit.now]


def case_file(
    rules: LoopRules,
    policy: Policy,
    handling: Handling,
    timed: Sequence[Timed],
    done: Sequence[Done],
    names: Mapping[str, str],
    actors: Sequence[Actor],
    now_ms: int,
) -> CaseFile:
    """The file as this viewer sees it. ``actors``: the viewer under each of the hats that reach this case; ``names``:
    of people and institutions by id."""
    owner = OWNERS.get(handling.state)
    barred = [
        conflict(actor, handling.people, rules.third_party, handling.state is State.OBJECTION) for actor in actors
    ]
    free = [actor for actor, why in zip(actors, barred, strict=True) if why is None]
    whys = [why for why in barred if why is not None]
    return CaseFile(
        handling.state,
        STATE_TITLES[handling.state],
        rules.office(owner) if owner is not None and handling.state not in TERMINAL else None,
        any(actor.party is owner for actor in free),
        whys[0] if whys and not free else None,
        tuple(_limits(rules, handling, timed, now_ms)),
        tuple(_line(each, rules, policy, names, now_ms) for each in done),
        tuple(_calls(done, names, now_ms)),
        tuple(buttons(rules, policy, handling, [actor.party for actor in free])),
        tuple(marks(rules, handling)),
        rules.title,
        handling.days_tried(),
    )


def buttons(rules: LoopRules, policy: Policy, handling: Handling, parties: Sequence[Party]) -> list[Action]:
    """What these hats may do now and a form exists for, as far as the policy knows it at all."""
    found = {action for party in parties for action in possible(rules, handling, party)}
    shown = [
        action for action in found if _makes_sense(action, rules, handling) and form(action, rules, policy, handling)
    ]
    order = list(Action)
    return sorted(shown, key=lambda action: (action not in _FIRST, order.index(action)))


def _makes_sense(action: Action, rules: LoopRules, handling: Handling) -> bool:
    """Not what this policy has not, and not what was done already: the loop would refuse it in any case."""
    if action is Action.APPEAL:
        return rules.appeal is not None and handling.state in rules.appeal.states and not handling.appealed
    if action is Action.INVALIDATE:
        return rules.invalid is not None and not handling.confirmed
    if action is Action.EXTEND:
        rule = rules.extension
        return rule is not None and (rule.classes is None or handling.handling_class in rule.classes)
    if action is Action.CLASSIFY:
        return len(rules.classes) > 1
    if action in (Action.CALL_BACK, Action.GIVE_UP):
        return handling.called_back is None or handling.state is State.PUSHED
    if action is Action.SUGGEST:
        return bool(handling.overdue or handling.returned)
    return True


def timer_title(rules: LoopRules, name: str) -> str:
    """What a limit is called, with its class before it."""
    of_class, _, bare = name.rpartition(".")
    classes = {each.name: f"{each.title}·" for each in rules.classes}
    return classes.get(of_class, "") + (_TIMERS.get(bare) or KEYS.get(f"timers.{bare}") or bare)


def marks(rules: LoopRules, handling: Handling) -> list[str]:
    """Short facts beside the state."""
    titles = {each.name: each.title for each in rules.classes}
    found = [titles[handling.handling_class]] if handling.handling_class in titles else []
    counted = (
        ("督办", handling.supervised),
        ("退回", handling.returned),
        ("逾期升级", handling.escalated),
        ("重新处理", handling.reopened),
    )
    found += [f"{word}{number}次" for word, number in counted if number]
    if handling.extended_until_ms is not None:
        found.append("已延期")
    if not handling.adopted:
        found.append("不计入统计")
    return found


def _limits(rules: LoopRules, handling: Handling, timed: Sequence[Timed], now_ms: int) -> list[Limit]:
    """Those that run, the one of this state first; that one also when it has passed and fired."""
    current = None if handling.state in TERMINAL else rules.due(handling.state, handling.handling_class)
    running = {each.timer for each in handling.running}
    ours = [each for each in timed if current is not None and each.timer == current.name and not _dropped(each)]
    now = max(ours, key=lambda each: each.start_ms, default=None)
    others = [each for each in timed if each.timer in running and each.stopped_ms is None and each not in ours]
    return [_limit(each, rules, now_ms, each is now) for each in ([now] if now else []) + others]


def _dropped(each: Timed) -> bool:
    """Stopped without having fired: nothing was owed any more."""
    return each.stopped_ms is not None and each.fired_ms is None


def _limit(each: Timed, rules: LoopRules, now_ms: int, now: bool) -> Limit:
    return Limit(
        timer_title(rules, each.timer),
        moments.due(each.due_ms, now_ms),
        moments.left(each.due_ms, now_ms),
        tuple(_sentences(each)),
        now,
        each.deadline is not None and each.deadline.provisional,
    )


def _sentences(each: Timed) -> Iterator[str]:
    words = deadline_words.explain(each.deadline) if each.deadline else "期限：与评价人约定的新期限（延期）。"
    yield from (f"{sentence}。" for sentence in words.split("。") if sentence)


def _who(each: Done, names: Mapping[str, str]) -> str:
    party = Party(each.party)
    if party in (Party.SYSTEM, Party.CITIZEN):
        return PARTY_TITLES[party]
    org = names.get(each.org, each.org)
    return f"{PARTY_TITLES[party]} {names.get(each.actor, each.actor)}{f'（{org}）' if org else ''}"


def _line(each: Done, rules: LoopRules, policy: Policy, names: Mapping[str, str], now_ms: int) -> Line:
    if each.action not in set(Action):
        words = each.words.partition("：")[2] or each.words
        when = moments.moment(each.at_ms, now_ms)
        return Line(each.number, when, PARTY_TITLES[Party.SYSTEM], words, each.action, None, system=True)
    action, said = Action(each.action), each.said
    titles = _titles(action, policy)
    texts = [
        (titles.get(name, _SHORT.get(name, FIELDS.get(name, name))), str(text))
        for name, text in said.get("fields", {}).items()
    ]
    codes = {clause.code: clause.words for clause in rules.clauses}
    if said.get("clauses"):
        texts = [("不合格情形", "\n".join(codes.get(code, code) for code in said["clauses"])), *texts]
    title = ACTION_TITLES[action]
    if action in TIMED and said.get("timer"):
        title = f"{title}（{timer_title(rules, said['timer'])}）"
    moved = STATE_TITLES[State(each.after)] if each.before and each.before != each.after else None
    return Line(
        each.number,
        moments.moment(each.at_ms, now_ms),
        _who(each, names),
        title,
        each.action,
        moved,
        tuple(_said_marks(said, rules, now_ms)),
        tuple(texts),
        each.party == Party.SYSTEM,
    )


def _titles(action: Action, policy: Policy) -> dict[str, str]:
    if action is Action.REPLY:
        return {str(name): one.title for name, one in (policy.rectify.fields or {}).items()}
    if action is Action.APPEAL:
        found = {str(name): one.title for name, one in (policy.appeal.fields or {}).items()}
        for ground in (policy.appeal.grounds or {}).values():
            found |= {str(name): one.title for name, one in ground.fields.items()}
        return found
    return {}


def _said_marks(said: Mapping[str, Any], rules: LoopRules, now_ms: int) -> list[str]:
    found = []
    if ground := said.get("ground"):
        offered = (*(rules.appeal.grounds if rules.appeal else ()), *(rules.invalid.grounds if rules.invalid else ()))
        kinds = {(str(one.name), kind.name): kind.title for one in offered for kind in one.kinds}
        title = {str(name): words for name, words in TITLES.items()}.get(ground, ground)
        kind = kinds.get((str(ground), str(said.get("kind"))))
        found.append(f"{title}：{kind}" if kind else title)
    if outcome := said.get("outcome"):
        found.append(OUTCOMES[Outcome(outcome)])
    if handling_class := said.get("handling_class"):
        found.append({each.name: each.title for each in rules.classes}.get(handling_class, handling_class))
    if until_ms := said.get("until_ms"):
        found.append(f"新期限{moments.due(until_ms, now_ms)}")
    return found


def _calls(done: Sequence[Done], names: Mapping[str, str], now_ms: int) -> list[Call]:
    kinds = {Action.ATTEMPT: "未果", Action.CALL_BACK: "已回访", Action.GIVE_UP: "无法回访"}
    found = []
    for each in done:
        if each.action not in kinds:
            continue
        outcome = each.said.get("outcome")
        words = OUTCOMES[Outcome(outcome)] if outcome else kinds[Action(each.action)]
        note = str(each.said.get("fields", {}).get("contact", ""))
        found.append(Call(moments.moment(each.at_ms, now_ms), names.get(each.actor, each.actor), words, note))
    return found
