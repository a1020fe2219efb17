"""From a policy as data to the rules that the loop's table asks (`central/core/loop_rules.py`).

What the regulation does not say has no article and no limit here either: the loop shows such a timer as unstated, and a
deployment gives its length by an override.
"""

from collections.abc import Iterator, Mapping

from central.core import loop_rules, policy_words
from central.core.classes import HandlingClass
from central.core.grounds import Ground, GroundName, Kind
from central.core.handling import OPEN, Action, Start, State
from central.core.limits import cited
from central.core.loop_rules import AppealRule, Basis, Clause, ExtensionRule, InvalidRule, LoopRules
from central.core.parties import Party
from central.core.policy import Policy
from central.core.terms import FieldName, Timer, TimerName
from central.core.terms import Ground as SaidGround

_CALLED = frozenset({State.PUSHED, State.VERIFYING})
_DISPUTABLE = frozenset({State.PUSHED, State.VERIFYING, State.RECTIFYING, State.FEEDBACK})
_NONE: frozenset[State] = frozenset()
#: 情况复杂 (MOT 第十五条) is a class of the loop, chosen by hand.
_COMPLEX = (HandlingClass("ordinary", "一般", ""), HandlingClass("complex", "情况复杂", ""))


def rules(policy: Policy) -> LoopRules:
    """The loop under this policy. Raises ValueError, naming every hole, if it could not run."""
    classes = _classes(policy)
    return LoopRules(
        policy=policy.policy,
        title=f"《{policy.source.title}》",
        timers=tuple(_timers(policy)),
        basis=_basis(policy),
        offices=_offices(policy),
        classes=classes,
        unclassified=_unclassified(policy) if classes else None,
        appeal=_appeal(policy),
        invalid=_invalid(policy),
        call_back_fields=tuple(map(str, policy.call_back.fields or ())),
        attempts=policy.call_back.least_attempts.value if policy.call_back.least_attempts else 2,
        reply_fields=tuple(map(str, policy.rectify.fields or ())) or ("result",),
        reply_review=bool(policy.review.rectifications and policy.review.rectifications.value),
        clauses=tuple(Clause(one.article[0], one.title) for one in (policy.rectify.failings or {}).values()),
        extension=_extension(policy),
        third_party=bool(policy.review.third_party and policy.review.third_party.value),
    )


def _timers(policy: Policy) -> Iterator[loop_rules.Timer]:
    said = policy.timers
    by_handler = _by_institution(policy)
    yield loop_rules.Timer("push", Start.RATED, frozenset({State.ARRIVED}))
    called = frozenset({State.PUSHED}) if by_handler else _CALLED
    for name, timer, of in _each(policy, TimerName.CALL_BACK):
        yield _timer(policy, name, timer, Start.PUSHED, called, classes=of)
    if policy.appeal.by and by_handler:
        lapse = Action.LAPSE if policy.appeal.late else Action.EXPIRE
        yield _timer(policy, "appeal", said.appeal, Start.RATED, _CALLED - called, called, lapse)
    elif policy.appeal.by:
        yield _timer(policy, "appeal", said.appeal, Start.TOLD, _NONE, _DISPUTABLE, Action.EXPIRE)
    if policy.appeal.by:
        yield _timer(policy, "review", said.review, Start.APPEAL_RECEIVED, frozenset({State.APPEALED}))
    yield from _rectify(policy)
    if policy.invalid.by:
        start = Start.VERIFIED
        if said.invalid_report:
            yield _timer(policy, "invalid_report", said.invalid_report, start, frozenset({State.INVALID}))
            start = Start.FILED
        yield loop_rules.Timer("invalid_review", start, frozenset({State.INVALID_REVIEW}))
    if policy.review.rectifications:
        reviewing = frozenset({State.REPLY_REVIEW})
        yield _timer(policy, "rectification_review", said.rectification_review, Start.RECTIFIED, reviewing)
    if policy.appeal.by or policy.invalid.by:
        yield loop_rules.Timer("objection", Start.REOPENED, frozenset({State.OBJECTION}))
    yield loop_rules.Timer("escalate", Start.OVERDUE, _NONE, OPEN, Action.ESCALATE)


def _rectify(policy: Policy) -> Iterator[loop_rules.Timer]:
    """Rectification, and feedback: where nothing is said of it, it lies within a limit that is counted."""
    open_classes: set[str] = set()
    told = False
    for name, timer, of in _each(policy, TimerName.RECTIFY):
        within = policy.timers.feedback is None and timer is not None and not timer.at_once
        told |= within
        open_classes |= set() if within else set(of or ())
        states = frozenset({State.RECTIFYING, State.FEEDBACK} if within else {State.RECTIFYING})
        yield _timer(policy, name, timer, Start.PUSHED, states, classes=of)
    if open_classes or not told:
        left = frozenset(open_classes) or None
        fed = frozenset({State.FEEDBACK})
        yield _timer(policy, "feedback", policy.timers.feedback, Start.RECTIFIED, fed, classes=left)


def _each(policy: Policy, name: TimerName) -> Iterator[tuple[str, Timer | None, frozenset[str] | None]]:
    """A timer for each class that has limits of its own, or one for all."""
    if policy.classes:
        for of in policy.classes:
            yield f"{of}.{name}", policy.timer(name, of), frozenset({of})
    elif name is TimerName.RECTIFY and policy.timers.rectify_complex:
        yield "rectify", policy.timers.rectify, frozenset({"ordinary"})
        yield "rectify_complex", policy.timers.rectify_complex, frozenset({"complex"})
    else:
        yield name, policy.timer(name), None


def _timer(
    policy: Policy,
    name: str,
    said: Timer | None,
    start: Start,
    due_in: frozenset[State],
    also_in: frozenset[State] = _NONE,
    fires: Action = Action.OVERDUE,
    classes: frozenset[str] | None = None,
) -> loop_rules.Timer:
    """``start``: where the policy does not say it."""
    limit = policy_words.text(policy, f"timers.{name}", said) if said else None
    begin = Start(said.start) if said else start
    return loop_rules.Timer(name, begin, due_in, also_in, fires, limit, cited(policy, said), classes)


def _by_institution(policy: Policy) -> bool:
    return policy.appeal.by is not None and policy.appeal.by.value == "institution"


def _classes(policy: Policy) -> tuple[HandlingClass, ...]:
    if policy.classes:
        return tuple(
            HandlingClass(name, one.title, cited(policy, one) or "", frozenset(map(str, one.codes)))
            for name, one in policy.classes.items()
        )
    return _COMPLEX if policy.timers.rectify_complex else ()


def _unclassified(policy: Policy) -> str:
    """The first class with a limit that is counted: no reason was given, and nothing may wait without end."""
    for name, one in (policy.classes or {}).items():
        if one.timers.rectify and not one.timers.rectify.at_once:
            return name
    return next(iter(policy.classes or {}), "ordinary")


def _appeal(policy: Policy) -> AppealRule | None:
    if policy.appeal.by is None:
        return None
    by, states = (
        (Party.HANDLER, frozenset({State.VERIFYING})) if _by_institution(policy) else (Party.STAFF, _DISPUTABLE)
    )
    every = tuple(map(str, policy.appeal.fields or ())) or ("appeal_reason",)
    found = [_ground(policy, name, one, every) for name, one in (policy.appeal.grounds or {}).items()]
    return AppealRule(by, tuple(found), "appeal", states)


def _invalid(policy: Policy) -> InvalidRule | None:
    if policy.invalid.by is None:
        return None
    found = [_ground(policy, name, one, ("specifics",)) for name, one in (policy.invalid.grounds or {}).items()]
    return InvalidRule(tuple(found), files=policy.timers.invalid_report is not None)


def _ground(policy: Policy, name: str, said: SaidGround, every: tuple[str, ...]) -> Ground:
    """``every``: what is required whatever the ground. A foreign system is a kind of 其他 (一(五)3)."""
    attempts = said.fields.get(FieldName.ATTEMPTS)
    own = [str(field) for field, one in said.fields.items() if one.only is None and one is not attempts]
    kinds = [
        Kind(kind, one.title, tuple(str(field) for field, of in said.fields.items() if of.only == kind))
        for kind, one in said.kinds.items()
    ]
    foreign = policy.appeal.own_system_not
    if name == "other" and foreign:
        kinds.append(Kind("foreign_system", foreign.title, tuple(map(str, foreign.fields))))
    model = said.example.value if said.example else ""
    least = (attempts.least or 1) if attempts else 0
    return Ground(GroundName(name), cited(policy, said) or "", (*every, *own), tuple(kinds), least, model)


def _extension(policy: Policy) -> ExtensionRule | None:
    """For the classes whose own articles speak of it; for 情况复杂; or for all."""
    if not policy.extension.fields:
        return None
    before = policy.extension.when is not None
    if policy.timers.rectify_complex:
        return ExtensionRule(frozenset({"rectify_complex"}), before, frozenset({"complex"}))
    if policy.classes:
        speaking = {article for one in policy.extension.fields.values() for article in one.article}
        of = frozenset(name for name, one in policy.classes.items() if speaking & set(one.article))
        return ExtensionRule(frozenset(f"{name}.rectify" for name in of), before, of)
    return ExtensionRule(frozenset({"rectify"}), before)


def _offices(policy: Policy) -> Mapping[Party, str]:
    roles = policy.roles or {}
    named = {
        Party.HANDLER: roles.get("handler"),
        Party.REVIEWER: policy.review.by,
        Party.SUPERVISOR: roles.get("supervisor"),
    }
    return {party: one.title for party, one in named.items() if one}


def _basis(policy: Policy) -> Mapping[Basis, str]:
    classes = (policy.classes or {}).values()
    said = {
        Basis.CALL_BACK: (policy.timers.call_back, *(one.timers.call_back for one in classes)),
        Basis.APPEAL: (policy.appeal.by, policy.timers.appeal),
        Basis.INVALID: (policy.invalid.by,),
        Basis.REVIEW: (policy.review.by, policy.review.rectifications),
        Basis.NOT_ADOPTED: (policy.review.upheld,),
        Basis.RECUSE: (policy.review.third_party,),
        Basis.RECTIFY: (policy.timers.rectify, *(one.timers.rectify for one in classes)),
        Basis.REPLY: tuple((policy.rectify.fields or {}).values()),
        Basis.FEEDBACK: (policy.rectify.feedback,),
        Basis.CLASS: (*classes, policy.timers.rectify_complex),
        Basis.EXTEND: tuple((policy.extension.fields or {}).values()),
        Basis.SUPERVISE: ((policy.roles or {}).get("supervisor"),),
    }
    return {basis: where for basis, ones in said.items() if (where := cited(policy, *ones))}
