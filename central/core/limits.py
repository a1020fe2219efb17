"""From what a policy says to a term that the calendar can count (`central/core/deadlines.py`).

The loop needs an end for every state. Where the regulation gives none, a limit of this system stands in (``OWN``), is
called that in every explanation, and may be changed by the deployment. What only a regulation can decide (回访, 整改,
复核 of an appeal) has no such stand-in: there the deployment has to say so, by an override of its policy.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from central.core import deadlines
from central.core.calendar import ZONE, Calendar
from central.core.deadlines import Counting, Deadline, Term
from central.core.handling import Start
from central.core.loop_rules import OWN as OWN_RULE
from central.core.loop_rules import LoopRules
from central.core.loop_rules import Timer as LoopTimer
from central.core.policy import Policy
from central.core.policy_words import EVENTS
from central.core.terms import OVERRIDE, Said, Timer, TimerName

#: 收到推送, 反馈 and so on: our own limits. ``at_once`` is how long 立即 may take before it is shown as overdue.
OWN: Mapping[str, str] = MappingProxyType(
    {
        "push": "1 h",
        "feedback": "1 WD",
        "at_once": "1 WD",
        "invalid_review": "5 WD",
        "rectification_review": "5 WD",
        "objection": "5 WD",
        "escalate": "2 WD",
    }
)
_WRITTEN = re.compile(r"([1-9]\d{0,3}) ?(WD|d|h)")
#: What starts a limit, in words; those of a policy and the loop's own.
STARTS: Mapping[str, str] = MappingProxyType(
    {
        **{str(event): words for event, words in EVENTS.items()},
        Start.FILED: "填报处理情况",
        Start.ACCEPTED: "整改复核通过",
        Start.REOPENED: "评价人要求重新处理",
        Start.OVERDUE: "逾期",
    }
)


def term(policy: Policy, timer: Timer) -> Term | None:
    """The term with the words of its event and its articles. None for what is due at once: it ends when it begins."""
    if timer.amount is None or timer.unit is None:
        return None
    return Term(timer.amount, timer.unit, EVENTS[timer.start], cited(policy, timer) or "")


def cited(policy: Policy, *said: Said | None) -> str | None:
    """Where these stand, each place once, as a case file cites it: 附件2 二(二)、第十二条. None if nothing is said."""
    ids = [article for one in said if one for article in one.article]
    places = ["本部署规定" if one == OVERRIDE else policy.articles[one].at for one in ids]
    return "、".join(dict.fromkeys(places)) or None


def read_own(given: Mapping[str, str]) -> dict[str, tuple[int, str]]:
    """``OWN`` with a deployment's changes, as amount and unit. Raises ValueError, naming the key, for what is none."""
    found = {}
    for name, written in {**OWN, **given}.items():
        if name not in OWN:
            raise ValueError(f"limits.{name}：应为 {'、'.join(OWN)} 之一；其他期限请在 policy_overrides 中写明理由")
        match = _WRITTEN.fullmatch(written)
        if match is None:
            raise ValueError(f"limits.{name}：应为数量和单位 WD、d 或 h，如 5 WD，实为 {written!r:.40}")
        found[name] = (int(match[1]), match[2])
    return found


@dataclass(frozen=True)
class Limits:
    """How long each timer of the loop takes under one policy. Raises ValueError, naming every hole."""

    policy: Policy
    rules: LoopRules
    own: Mapping[str, tuple[int, str]] = field(default_factory=lambda: read_own({}))

    def __post_init__(self) -> None:
        holes = list(self._holes())
        if holes:
            raise ValueError("；".join(holes))

    def term(self, timer: LoopTimer) -> Term:
        """The term of one of the loop's timers."""
        said = self._said(timer)
        found = term(self.policy, said) if said else None
        if found is not None:
            return found
        if said is None:
            amount, unit = self.own[timer.name]
            return Term(amount, unit, STARTS[timer.start], f"{OWN_RULE}，文中未规定")  # type: ignore[arg-type]
        amount, unit = self.own["at_once"]
        where = f"{cited(self.policy, said)}规定为立即；{OWN_RULE}"
        return Term(amount, unit, STARTS[timer.start], where)  # type: ignore[arg-type]

    def deadline(self, timer: LoopTimer, start_ms: int, calendar: Calendar, counting: Counting) -> Deadline:
        """When it ends if it began at ``start_ms``, with all it was counted from."""
        start = datetime.fromtimestamp(start_ms / 1000, ZONE)
        return deadlines.count(self.term(timer), start, calendar, counting)

    def _said(self, timer: LoopTimer) -> Timer | None:
        of_class, _, name = timer.name.rpartition(".")
        return self.policy.timer(TimerName(name), of_class or None) if name in set(TimerName) else None

    def _holes(self) -> Iterator[str]:
        for timer in self.rules.timers:
            if self._said(timer) is None and timer.name not in self.own:
                key = ".timers.".join(timer.name.split(".")) if "." in timer.name else f"timers.{timer.name}"
                key = f"classes.{key}" if "." in timer.name else key
                yield f"{self.rules.title}没有规定“{key}”的期限：请在 policy_overrides 中写明期限和理由"
