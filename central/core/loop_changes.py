"""What an action changes in the handling, and who hears of it. State, owner and timers follow from the table; the rest
is here."""

from collections.abc import Callable, Mapping
from typing import Any

from central.core.handling import Action, Attempt, Start, State
from central.core.loop_checks import Act
from central.core.loop_effects import About, Accountability, Adopt, Confirmed, Effect, Notice, Withdrawn
from central.core.parties import Party

Change = tuple[dict[str, Any], list[Effect]]

#: The event that an action is, for the timers that start with it.
MOMENTS = {
    Action.PUSH: Start.PUSHED,
    Action.TELL: Start.TOLD,
    Action.CALL_BACK: Start.CALLED_BACK,
    Action.GIVE_UP: Start.CALLED_BACK,
    Action.CONFIRM: Start.VERIFIED,
    Action.LAPSE: Start.VERIFIED,
    Action.INVALIDATE: Start.VERIFIED,
    Action.APPEAL: Start.APPEAL_RECEIVED,
    Action.FILE: Start.FILED,
    Action.REPLY: Start.RECTIFIED,
    Action.ACCEPT: Start.ACCEPTED,
    Action.REOPEN: Start.REOPENED,
    Action.OVERDUE: Start.OVERDUE,
    Action.ESCALATE: Start.OVERDUE,
}


def _tell_all(*pairs: tuple[Party, About]) -> list[Effect]:
    return [Notice(to, about) for to, about in pairs]


def _appellant(act: Act) -> Party:
    rule = act.rules.appeal
    return rule.by if rule is not None and act.handling.appealed else Party.HANDLER


def _attempt(act: Act) -> Change:
    assert act.deed.outcome is not None  # checked
    return {"attempts": (*act.handling.attempts, Attempt(act.now_ms, act.deed.outcome))}, []


def _give_up(act: Act) -> Change:
    return {"called_back": "unreached" if act.handling.contact else "no_contact"}, []


def _confirm(act: Act) -> Change:
    how = "lapse" if act.deed.action is Action.LAPSE else "verified"
    effects: list[Effect] = [Confirmed(how)]
    if how == "lapse":
        effects += _tell_all((Party.HANDLER, About.CONFIRMED), (Party.SUPERVISOR, About.CONFIRMED))
    return {"confirmed": how}, effects


def _uphold(act: Act) -> Change:
    handling = act.handling
    changes = {"adopted": False, "confirmed": None, "excluded_by": act.deed.actor.id}
    effects: list[Effect] = [Withdrawn()] if handling.confirmed else []
    if handling.adopted:
        effects.append(Adopt(False))
    told = {Party.CITIZEN, Party.HANDLER, _appellant(act)}
    return changes, effects + [Notice(to, About.UPHELD) for to in sorted(told)]


def _reject(act: Act) -> Change:
    """The claim fails and the rating stands. Without a call-back that is still owed, nothing is confirmed yet."""
    handling = act.handling
    effects: list[Effect] = [] if handling.adopted else [Adopt(True)]
    changes: dict[str, Any] = {"adopted": True}
    if handling.called_back is not None:
        changes["confirmed"] = handling.confirmed or "review"
        if not handling.confirmed:
            effects.append(Confirmed("review"))
    told = {Party.HANDLER, Party.SUPERVISOR, _appellant(act)}
    if handling.state is State.OBJECTION:
        told.add(Party.CITIZEN)
    return changes, effects + [Notice(to, About.REJECTED) for to in sorted(told)]


def _extend(act: Act) -> Change:
    names = {timer.name for timer in act.rectify_timers()}
    changes = {"extended_until_ms": act.deed.until_ms, "lapsed": act.handling.lapsed - names}
    return changes, _tell_all((Party.CITIZEN, About.EXTENDED), (Party.SUPERVISOR, About.EXTENDED))


def _reply(act: Act) -> Change:
    """The citizen hears at once, the reviewer as well where there is a review (WZ 第十二条)."""
    told = [(Party.CITIZEN, About.RESULT)]
    if act.rules.reply_review:
        told.append((Party.REVIEWER, About.REPLY))
    return {"fed_back": False}, _tell_all(*told)


def _return(act: Act) -> Change:
    changes = {"returned": act.handling.returned + 1, "fed_back": False}
    return changes, _tell_all((Party.HANDLER, About.RETURNED), (Party.SUPERVISOR, About.RETURNED))


def _reopen(act: Act) -> Change:
    handling = act.handling
    changes: dict[str, Any] = {"reopened": handling.reopened + 1, "appealed": True, "fed_back": False}
    if handling.state is State.NOT_ADOPTED:
        return changes, _tell_all((Party.REVIEWER, About.REOPENED), (Party.SUPERVISOR, About.REOPENED))
    changes |= {"called_back": None, "attempts": (), "lapsed": frozenset(), "extended_until_ms": None}
    return changes, _tell_all((Party.HANDLER, About.REOPENED), (Party.SUPERVISOR, About.REOPENED))


def _overdue(act: Act) -> Change:
    changes = {"overdue": act.handling.overdue | {act.deed.timer}}
    return changes, _tell_all((Party.HANDLER, About.OVERDUE), (Party.SUPERVISOR, About.OVERDUE))


def _escalate(act: Act) -> Change:
    return {"escalated": act.handling.escalated + 1}, _tell_all((Party.SUPERVISOR, About.ESCALATED))


def _only(*pairs: tuple[Party, About], **changes: Any) -> Callable[[Act], Change]:
    return lambda act: (dict(changes), _tell_all(*pairs))


CHANGES: Mapping[Action, Callable[[Act], Change]] = {
    Action.PUSH: _only((Party.HANDLER, About.NEW), (Party.SUPERVISOR, About.NEW)),
    Action.TELL: _only((Party.STAFF, About.RATED)),
    Action.ATTEMPT: _attempt,
    Action.CALL_BACK: _only(called_back="reached"),
    Action.GIVE_UP: _give_up,
    Action.CONFIRM: _confirm,
    Action.APPEAL: _only((Party.REVIEWER, About.APPEAL), appealed=True),
    Action.INVALIDATE: _only(),
    Action.FILE: _only((Party.REVIEWER, About.INVALID)),
    Action.UPHOLD: _uphold,
    Action.REJECT: _reject,
    Action.CLASSIFY: lambda act: (
        {"handling_class": act.deed.handling_class, "extended_until_ms": None},
        _tell_all((Party.HANDLER, About.CLASSIFIED)),
    ),
    Action.EXTEND: _extend,
    Action.ASSIST: _only((Party.SUPERVISOR, About.ASSIST)),
    Action.REPLY: _reply,
    Action.ACCEPT: _only(),
    Action.RETURN: _return,
    Action.FEED_BACK: _only(fed_back=True),
    Action.SUPERVISE: lambda act: (
        {"supervised": act.handling.supervised + 1},
        _tell_all((Party.HANDLER, About.SUPERVISED), (Party.REVIEWER, About.SUPERVISED)),
    ),
    Action.SUGGEST: lambda act: ({}, [Accountability(act.deed.fields["reason"])]),
    Action.REOPEN: _reopen,
    Action.OVERDUE: _overdue,
    Action.LAPSE: _confirm,
    Action.EXPIRE: _only(),
    Action.ESCALATE: _escalate,
}
