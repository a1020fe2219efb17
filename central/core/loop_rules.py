"""What a policy decides about the loop. The table in `central.core.loop` is one; policies differ by this value alone.

Lengths of time are not here: a policy gives each timer an amount and a unit, the calendar makes a deadline of them. The
loop knows timers by name, the event that starts each, and what happens when it is due.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from central.core.classes import HandlingClass
from central.core.grounds import Ground
from central.core.handling import OPEN, STATE_TITLES, TIMED, Action, Start, State
from central.core.parties import TITLES, Party

OWN = "本系统规则"


class Basis(StrEnum):
    """The rules that a refusal may rest on; the value is what it is called where a policy has no article for it."""

    ORDER = "办理次序"
    PARTY = "职责分工"
    RECUSE = "回避"
    CALL_BACK = "回访核实"
    APPEAL = "申诉"
    INVALID = "无效差评"
    REVIEW = "复核"
    NOT_ADOPTED = "不予采纳"
    RECTIFY = "整改"
    REPLY = "整改答复"
    FEEDBACK = "反馈"
    CLASS = "分类整改"
    EXTEND = "延期"
    SUPERVISE = "督办"
    ACCOUNT = "追责"
    REOPEN = "重新处理"


#: The rule that an action rests on, for the audit.
BASIS = {
    Action.ATTEMPT: Basis.CALL_BACK,
    Action.CALL_BACK: Basis.CALL_BACK,
    Action.GIVE_UP: Basis.CALL_BACK,
    Action.CONFIRM: Basis.RECTIFY,
    Action.APPEAL: Basis.APPEAL,
    Action.TELL: Basis.APPEAL,
    Action.LAPSE: Basis.APPEAL,
    Action.EXPIRE: Basis.APPEAL,
    Action.INVALIDATE: Basis.INVALID,
    Action.FILE: Basis.INVALID,
    Action.UPHOLD: Basis.NOT_ADOPTED,
    Action.REJECT: Basis.REVIEW,
    Action.ACCEPT: Basis.REVIEW,
    Action.RETURN: Basis.REVIEW,
    Action.CLASSIFY: Basis.CLASS,
    Action.EXTEND: Basis.EXTEND,
    Action.ASSIST: Basis.RECTIFY,
    Action.REPLY: Basis.REPLY,
    Action.FEED_BACK: Basis.FEEDBACK,
    Action.SUPERVISE: Basis.SUPERVISE,
    Action.ESCALATE: Basis.SUPERVISE,
    Action.SUGGEST: Basis.ACCOUNT,
    Action.REOPEN: Basis.REOPEN,
}


@dataclass(frozen=True)
class Timer:
    """``due_in``: the states whose due time it is. ``also_in``: states in which it runs besides. ``fires``: what
    happens when it is due. ``limit`` and ``article``: in words; None where the policy says nothing and the deployment
    has to, which is shown as such. ``classes``: only for these, None for all."""

    name: str
    start: Start
    due_in: frozenset[State]
    also_in: frozenset[State] = frozenset()
    fires: Action = Action.OVERDUE
    limit: str | None = None
    article: str | None = None
    classes: frozenset[str] | None = None

    def runs(self, state: State, handling_class: str | None) -> bool:
        return (self.classes is None or handling_class in self.classes) and state in self.due_in | self.also_in


@dataclass(frozen=True)
class AppealRule:
    """``by`` may appeal while the state is one of ``states`` and ``timer`` is not over."""

    by: Party
    grounds: tuple[Ground, ...]
    timer: str
    states: frozenset[State]


@dataclass(frozen=True)
class InvalidRule:
    """The handling institution says 无效, somebody else reviews. ``files``: it reports what it did first."""

    grounds: tuple[Ground, ...]
    files: bool


@dataclass(frozen=True)
class ExtensionRule:
    """``before_due``: an extension after the due time is refused. ``classes``: only these, None for all."""

    timers: frozenset[str]
    before_due: bool
    classes: frozenset[str] | None = None


@dataclass(frozen=True)
class Clause:
    """One reason for which a 整改答复 fails, in the regulation's words."""

    code: str
    words: str


@dataclass(frozen=True)
class LoopRules:
    """Raises ValueError, naming every hole: a state without a due time, a timer or class nobody knows.

    ``basis``: the article of each rule that has one. ``reopens``: how often the citizen may come back. ``levels``: how
    often an overdue one is escalated. ``attempts``: calls on as many days before 无法回访.
    """

    policy: str
    title: str
    timers: tuple[Timer, ...]
    basis: Mapping[Basis, str] = field(default_factory=lambda: MappingProxyType({}))
    offices: Mapping[Party, str] = field(default_factory=lambda: MappingProxyType({}))
    classes: tuple[HandlingClass, ...] = ()
    unclassified: str | None = None
    appeal: AppealRule | None = None
    invalid: InvalidRule | None = None
    call_back_fields: tuple[str, ...] = ()
    attempts: int = 2
    reply_fields: tuple[str, ...] = ("result",)
    reply_review: bool = False
    clauses: tuple[Clause, ...] = ()
    extension: ExtensionRule | None = None
    third_party: bool = False
    reopens: int = 1
    levels: int = 2

    def __post_init__(self) -> None:
        holes = list(_holes(self))
        if holes:
            raise ValueError(f"{self.policy}: " + "；".join(holes))

    def cite(self, basis: Basis) -> str:
        """Where a rule stands, or that it is our own."""
        article = self.basis.get(basis)
        return f"{self.title}{article}" if article else f"{OWN}：{basis.value}"

    def office(self, party: Party) -> str:
        return self.offices.get(party) or TITLES[party]

    def timer(self, name: str) -> Timer | None:
        return next((timer for timer in self.timers if timer.name == name), None)

    def due(self, state: State, handling_class: str | None) -> Timer | None:
        """The timer whose end is the due time of a state."""
        ours = (timer for timer in self.timers if timer.runs(state, handling_class))
        return next((timer for timer in ours if state in timer.due_in), None)

    def states(self) -> frozenset[State]:
        """The states that this policy has at all."""
        gone = set()
        if self.appeal is None:
            gone.add(State.APPEALED)
        if self.invalid is None:
            gone |= {State.INVALID_REVIEW, State.INVALID}
        elif not self.invalid.files:
            gone.add(State.INVALID)
        if self.appeal is None and self.invalid is None:
            gone |= {State.NOT_ADOPTED, State.OBJECTION}
        if not self.reopens:
            gone.add(State.OBJECTION)
        if not self.reply_review:
            gone.add(State.REPLY_REVIEW)
        return frozenset(State) - gone

    def unstated(self) -> tuple[str, ...]:
        """The timers for which the policy names no article: a deployment has to give their length."""
        return tuple(timer.name for timer in self.timers if timer.article is None)


def _holes(rules: LoopRules) -> Iterator[str]:
    names = [timer.name for timer in rules.timers]
    classes = {each.name for each in rules.classes}
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"timers.{name}：重复"
    for timer in rules.timers:
        if timer.fires not in TIMED:
            yield f"timers.{timer.name}.fires：应为 {', '.join(sorted(TIMED))} 之一，得到 {timer.fires}"
        if timer.classes is not None and timer.classes - classes:
            yield f"timers.{timer.name}.classes：未定义的类别 {', '.join(sorted(timer.classes - classes))}"
    if classes and rules.unclassified not in classes:
        yield f"unclassified：应为 {', '.join(sorted(classes))} 之一，得到 {rules.unclassified}"
    for state in sorted(OPEN & rules.states()):
        for each in list[str | None](sorted(classes)) or [None]:
            if rules.due(state, each) is None:
                yield f"状态“{STATE_TITLES[state]}”{f'（类别 {each}）' if each else ''}没有期限：请为它指定一个 timer"
    if rules.appeal is not None:
        if rules.appeal.timer not in names:
            yield f"appeal.timer：没有名为 {rules.appeal.timer} 的 timer"
        if rules.appeal.by not in (Party.HANDLER, Party.STAFF):
            yield f"appeal.by：应为 handler 或 staff，得到 {rules.appeal.by}"
    if rules.extension is not None:
        for name in sorted(rules.extension.timers - set(names)):
            yield f"extension.timers：没有名为 {name} 的 timer"
