"""One bad rating on its way through the loop 差评处置: where it stands and what has been done about it.

A value: every action makes a new one (`central.core.loop.act`). Facts in it only grow; ``state``, the timers and what
follows from them change. It holds no level and no name of a citizen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from central.core.parties import Actor, People

DAY_MS = 86_400_000
ZONE_MS = 8 * 3_600_000  # 北京时间 everywhere in China, without summer time since 1992


def day_of(at_ms: int) -> int:
    """The Beijing day of a moment, counted from 1970."""
    return (at_ms + ZONE_MS) // DAY_MS


class State(StrEnum):
    ARRIVED = "arrived"
    PUSHED = "pushed"
    VERIFYING = "verifying"
    APPEALED = "appealed"
    INVALID = "invalid"
    INVALID_REVIEW = "invalid_review"
    RECTIFYING = "rectifying"
    REPLY_REVIEW = "reply_review"
    FEEDBACK = "feedback"
    CLOSED = "closed"
    NOT_ADOPTED = "not_adopted"
    OBJECTION = "objection"


STATE_TITLES = {
    State.ARRIVED: "待推送",
    State.PUSHED: "待回访",
    State.VERIFYING: "待核实",
    State.APPEALED: "申诉复核中",
    State.INVALID: "无效差评待填报",
    State.INVALID_REVIEW: "无效差评复核中",
    State.RECTIFYING: "整改中",
    State.REPLY_REVIEW: "整改复核中",
    State.FEEDBACK: "待反馈",
    State.CLOSED: "办结",
    State.NOT_ADOPTED: "不予采纳",
    State.OBJECTION: "异议复核中",
}

#: Nobody owes anything here. The citizen may still come back.
TERMINAL = frozenset({State.CLOSED, State.NOT_ADOPTED})
OPEN = frozenset(State) - TERMINAL


class Action(StrEnum):
    PUSH = "push"
    TELL = "tell"
    ATTEMPT = "attempt"
    CALL_BACK = "call_back"
    GIVE_UP = "give_up"
    CONFIRM = "confirm"
    APPEAL = "appeal"
    INVALIDATE = "invalidate"
    FILE = "file"
    UPHOLD = "uphold"
    REJECT = "reject"
    CLASSIFY = "classify"
    EXTEND = "extend"
    ASSIST = "assist"
    REPLY = "reply"
    ACCEPT = "accept"
    RETURN = "return"
    FEED_BACK = "feed_back"
    SUPERVISE = "supervise"
    SUGGEST = "suggest"
    REOPEN = "reopen"
    # what a timer does when it is due
    OVERDUE = "overdue"
    LAPSE = "lapse"
    EXPIRE = "expire"
    ESCALATE = "escalate"


ACTION_TITLES = {
    Action.PUSH: "推送",
    Action.TELL: "告知被评价工作人员",
    Action.ATTEMPT: "记录回访未果",
    Action.CALL_BACK: "回访",
    Action.GIVE_UP: "无法回访",
    Action.CONFIRM: "认定属实",
    Action.APPEAL: "申诉",
    Action.INVALIDATE: "列为无效差评",
    Action.FILE: "填报处理情况",
    Action.UPHOLD: "复核认定不予采纳",
    Action.REJECT: "复核不通过",
    Action.CLASSIFY: "调整整改类别",
    Action.EXTEND: "延期",
    Action.ASSIST: "请求协助",
    Action.REPLY: "提交整改答复",
    Action.ACCEPT: "整改复核通过",
    Action.RETURN: "退回整改",
    Action.FEED_BACK: "反馈评价人",
    Action.SUPERVISE: "督办",
    Action.SUGGEST: "建议追责",
    Action.REOPEN: "评价人要求重新处理",
    Action.OVERDUE: "逾期提醒",
    Action.LAPSE: "逾期未申诉视为差评",
    Action.EXPIRE: "申请期限届满",
    Action.ESCALATE: "升级",
}

#: What the scheduler does, in the name of the system.
TIMED = frozenset({Action.OVERDUE, Action.LAPSE, Action.EXPIRE, Action.ESCALATE})


class Start(StrEnum):
    """The events from which limits are counted, by a policy's words.

    ``pushed``: the institution has it. ``told``: the staff member has. ``verified``: found true or not, by whomever.
    ``rectified``: the reply was given. ``reopened``: the citizen came back. ``overdue``: the due time of the state
    passed, or the last escalation was.
    """

    RATED = "rated"
    PUSHED = "pushed"
    TOLD = "told"
    CALLED_BACK = "called_back"
    VERIFIED = "verified"
    APPEAL_RECEIVED = "appeal_received"
    FILED = "filed"
    RECTIFIED = "rectified"
    ACCEPTED = "accepted"
    REOPENED = "reopened"
    OVERDUE = "overdue"


class Outcome(StrEnum):
    """Why a call reached nobody, or nothing. ``unwilling``: reached, and would say neither why nor when."""

    NO_ANSWER = "no_answer"
    HUNG_UP = "hung_up"
    UNWILLING = "unwilling"
    WRONG_NUMBER = "wrong_number"


@dataclass(frozen=True)
class Attempt:
    at_ms: int
    outcome: Outcome

    @property
    def day(self) -> int:
        """The Beijing day, counted from 1970: two calls on one day are one day."""
        return day_of(self.at_ms)


@dataclass(frozen=True)
class Running:
    """A timer that runs: its name, the moment it counts from, and the agreed end if one was agreed (延期)."""

    timer: str
    start_ms: int
    until_ms: int | None = None


@dataclass(frozen=True)
class Deed:
    """What somebody wants to do. ``fields`` are texts by the names of `grounds.FIELDS`."""

    action: Action
    actor: Actor
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    ground: str | None = None
    kind: str | None = None
    outcome: Outcome | None = None
    clauses: tuple[str, ...] = ()
    handling_class: str | None = None
    until_ms: int | None = None
    timer: str | None = None


@dataclass(frozen=True)
class Handling:
    """``contact``: the citizen can be reached. ``text``: wrote something. ``confirmed``: how it became a 差评 that
    counts against staff, None while it has not. ``adopted``: counts in the statistics."""

    state: State
    people: People
    contact: bool = True
    text: bool = False
    handling_class: str | None = None
    moments: Mapping[Start, int] = field(default_factory=lambda: MappingProxyType({}))
    running: frozenset[Running] = frozenset()
    lapsed: frozenset[str] = frozenset()
    overdue: frozenset[str] = frozenset()
    attempts: tuple[Attempt, ...] = ()
    called_back: str | None = None
    confirmed: str | None = None
    adopted: bool = True
    appealed: bool = False
    fed_back: bool = False
    returned: int = 0
    extended_until_ms: int | None = None
    supervised: int = 0
    escalated: int = 0
    reopened: int = 0

    def days_tried(self) -> int:
        return len({attempt.day for attempt in self.attempts})
