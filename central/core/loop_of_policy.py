"""The loop's part of a policy: `Policy` in, `LoopRules` out. What the regulation leaves out stays out, or is ours and
says so by having no article.
"""

from collections.abc import Iterable

from central.core import terms
from central.core.classes import HandlingClass
from central.core.grounds import FIELDS, Ground, GroundName, Kind
from central.core.handling import OPEN, Action, Start, State
from central.core.loop_rules import AppealRule, Basis, Clause, ExtensionRule, InvalidRule, LoopRules, Timer
from central.core.parties import Party
from central.core.policy import Policy
from central.core.terms import Said, TimerName

ORDINARY, COMPLEX = "ordinary", "complex"
_UNITS = {"WD": "个工作日", "d": "日", "h": "小时"}
_STARTS = {
    Start.RATED: "差评产生之日起",
    Start.PUSHED: "收到推送之日起",
    Start.TOLD: "收到差评之日起",
    Start.CALLED_BACK: "回访结束起",
    Start.VERIFIED: "核实之日起",
    Start.APPEAL_RECEIVED: "收到申诉之日起",
    Start.RECTIFIED: "作出整改答复起",
}


def rules(policy: Policy, unclassified: str | None = None) -> LoopRules:
    """``unclassified``: the class of a bad rating whose reasons speak for none; the first class if not given.

    Raises ValueError if the loop cannot run on it.
    """
    classes = _classes(policy)
    appeal, invalid = _appeal(policy), _invalid(policy)
    return LoopRules(
        policy=policy.policy,
        title=f"《{policy.source.title.strip('《》')}》",
        timers=tuple(_timers(policy, classes, appeal, invalid)),
        basis=_basis(policy),
        offices=_offices(policy),
        classes=classes,
        unclassified=unclassified or (classes[0].name if classes else None),
        appeal=appeal,
        invalid=invalid,
        attempts=policy.call_back.least_attempts.value if policy.call_back.least_attempts else 2,
        reply_fields=_known(policy.rectify.fields or {}) or ("result",),
        reply_review=bool(policy.review.rectifications and policy.review.rectifications.value),
        clauses=tuple(Clause(code, named.title) for code, named in (policy.rectify.failings or {}).items()),
        extension=_extension(policy, classes),
        third_party=appeal is not None and appeal.by is Party.HANDLER,
    )


def _at(policy: Policy, ids: Iterable[str]) -> str:
    """Where these articles stand, in the regulation's own numbering."""
    places = [policy.articles[each].at if each in policy.articles else "本地调整" for each in ids]
    return "、".join(dict.fromkeys(places))


def _known(fields: Iterable[str]) -> tuple[str, ...]:
    return tuple(str(name) for name in fields if name in FIELDS)


def _classes(policy: Policy) -> tuple[HandlingClass, ...]:
    if policy.classes:
        return tuple(
            HandlingClass(name, each.title, _at(policy, each.article), frozenset(str(code) for code in each.codes))
            for name, each in policy.classes.items()
        )
    slow = policy.timers.rectify_complex
    if slow is None:
        return ()
    article = _at(policy, slow.article)
    return HandlingClass(ORDINARY, "一般", article), HandlingClass(COMPLEX, "情况复杂", article)


def _timer(
    policy: Policy,
    name: str,
    said: terms.Timer | None,
    start: Start,
    due_in: Iterable[State],
    also_in: Iterable[State] = (),
    fires: Action = Action.OVERDUE,
    of_class: str | None = None,
) -> Timer:
    """``start`` is ours, for a limit that the regulation does not give."""
    limit = article = None
    if said is not None:
        start = start if start is Start.TOLD else Start(said.start.value)
        amount = "立即" if said.at_once else f"{said.amount}{_UNITS[str(said.unit)]}内"
        begins = _STARTS[start] if said.unit in ("WD", "d") else _STARTS[start].replace("之日起", "起")
        limit, article = f"{begins}{amount}", _at(policy, said.article)
    whose = None if of_class is None else frozenset({of_class})
    return Timer(name, start, frozenset(due_in), frozenset(also_in), fires, limit, article, whose)


def _timers(
    policy: Policy, classes: tuple[HandlingClass, ...], appeal: AppealRule | None, invalid: InvalidRule | None
) -> Iterable[Timer]:
    said = policy.timers
    institution = appeal is not None and appeal.by is Party.HANDLER
    calling = {State.PUSHED} if institution else {State.PUSHED, State.VERIFYING}
    # a feedback without a limit of its own is part of the rectification (MOT 第十五条(一))
    rectifying = {State.RECTIFYING} if said.feedback else {State.RECTIFYING, State.FEEDBACK}
    yield _timer(policy, "push", None, Start.RATED, {State.ARRIVED})
    for each in [each.name for each in classes] if policy.classes else [None]:
        name = f"{each}." if each else ""
        limit = policy.timer(TimerName.CALL_BACK, each)
        yield _timer(policy, f"{name}call_back", limit, Start.PUSHED, calling, of_class=each)
        ordinary = each or (ORDINARY if classes else None)
        limit = policy.timer(TimerName.RECTIFY, each)
        yield _timer(policy, f"{name}rectify", limit, Start.PUSHED, rectifying, of_class=ordinary)
    if classes and not policy.classes:
        slow = said.rectify_complex
        yield _timer(policy, "rectify_complex", slow, Start.PUSHED, rectifying, of_class=COMPLEX)
    if appeal is not None:
        late = Action.LAPSE if policy.appeal.late else Action.EXPIRE
        if institution:
            yield _timer(policy, appeal.timer, said.appeal, Start.RATED, {State.VERIFYING}, {State.PUSHED}, late)
        else:
            # a staff member receives it when she is told, which may be after the institution
            yield _timer(policy, appeal.timer, said.appeal, Start.TOLD, (), appeal.states, Action.EXPIRE)
        yield _timer(policy, "review", said.review, Start.APPEAL_RECEIVED, {State.APPEALED})
    if invalid is not None:
        yield _timer(policy, "invalid_report", said.invalid_report, Start.VERIFIED, {State.INVALID})
        start = Start.FILED if invalid.files else Start.VERIFIED
        yield _timer(policy, "invalid_review", None, start, {State.INVALID_REVIEW})
    review = said.rectification_review
    yield _timer(policy, "rectification_review", review, Start.RECTIFIED, {State.REPLY_REVIEW})
    if said.feedback:
        yield _timer(policy, "feedback", said.feedback, Start.RECTIFIED, {State.FEEDBACK})
    yield _timer(policy, "objection", None, Start.REOPENED, {State.OBJECTION})
    yield _timer(policy, "escalate", None, Start.OVERDUE, (), OPEN, Action.ESCALATE)


def _ground(
    policy: Policy, name: str, said: terms.Ground, common: tuple[str, ...], kinds: Iterable[Kind] = ()
) -> Ground:
    """``common``: what every ground must say. Where the regulation asks for nothing, at least the specifics."""
    always = tuple(str(field) for field, form in said.fields.items() if field in FIELDS and form.only is None)
    own = [
        Kind(kind, named.title, tuple(str(field) for field, form in said.fields.items() if form.only == kind))
        for kind, named in said.kinds.items()
    ]
    articles = [*said.article, *(each for form in said.fields.values() for each in form.article)]
    attempts = said.fields.get(terms.FieldName.ATTEMPTS)
    return Ground(
        GroundName(name),
        _at(policy, articles),
        common + always or ("specifics",),
        (*own, *kinds),
        (attempts.least or 0) if attempts else 0,
        said.example.value if said.example else "",
    )


def _appeal(policy: Policy) -> AppealRule | None:
    said = policy.appeal
    if said.by is None or not said.grounds:
        return None
    common = _known(said.fields or {})
    if not common and said.written and said.written.value:
        common = ("appeal_reason",)
    foreign = said.own_system_not
    kinds = [Kind("foreign_system", foreign.title, _known(foreign.fields))] if foreign else []
    grounds = tuple(
        _ground(policy, str(name), each, common, kinds if name == GroundName.OTHER else ())
        for name, each in said.grounds.items()
    )
    if said.by.value is terms.Party.STAFF:
        states = {State.PUSHED, State.VERIFYING, State.RECTIFYING, State.FEEDBACK}
        return AppealRule(Party.STAFF, grounds, TimerName.APPEAL.value, frozenset(states))
    return AppealRule(Party.HANDLER, grounds, TimerName.APPEAL.value, frozenset({State.VERIFYING}))


def _invalid(policy: Policy) -> InvalidRule | None:
    said = policy.invalid
    if said.by is None or not said.grounds:
        return None
    grounds = tuple(_ground(policy, str(name), each, ()) for name, each in said.grounds.items())
    return InvalidRule(grounds, files=policy.timers.invalid_report is not None)


def _extension(policy: Policy, classes: tuple[HandlingClass, ...]) -> ExtensionRule | None:
    said = policy.extension
    if said.when is None and not said.fields:
        return None
    before_due = said.when is not None and said.when.value == "before_due"
    if not policy.classes:
        slow = policy.timers.rectify_complex is not None
        timers = frozenset({"rectify_complex" if slow else "rectify"})
        return ExtensionRule(timers, before_due, frozenset({COMPLEX}) if slow else None)
    # the class whose article the extension stands in; all of them if it stands elsewhere
    ids = {each for form in (said.fields or {}).values() for each in form.article}
    ids |= set(said.when.article) if said.when else set()
    names = {name for name, each in policy.classes.items() if ids & set(each.article)} or set(policy.classes)
    return ExtensionRule(frozenset(f"{name}.rectify" for name in names), before_due, frozenset(names))


def _offices(policy: Policy) -> dict[Party, str]:
    roles = policy.roles or {}
    reviewer = policy.review.by or policy.invalid.reviewed_by or policy.appeal.to
    named = {Party.HANDLER: roles.get("handler"), Party.SUPERVISOR: roles.get("supervisor"), Party.REVIEWER: reviewer}
    return {party: office.title for party, office in named.items() if office is not None}


def _basis(policy: Policy) -> dict[Basis, str]:
    said: dict[Basis, Iterable[Said | None]] = {
        Basis.CALL_BACK: (policy.timers.call_back, policy.call_back.recorded),
        Basis.APPEAL: (policy.appeal.by, policy.timers.appeal),
        Basis.INVALID: (policy.invalid.by,),
        Basis.REVIEW: (policy.review.by, policy.invalid.reviewed_by),
        Basis.NOT_ADOPTED: (policy.review.upheld,),
        Basis.RECUSE: (policy.review.by if policy.review.rectifications else None,),
        Basis.RECTIFY: (policy.timers.rectify,),
        Basis.REPLY: tuple((policy.rectify.fields or {}).values()) or (policy.timers.rectify,),
        Basis.FEEDBACK: (policy.rectify.feedback,),
        Basis.CLASS: tuple((policy.classes or {}).values()) or (policy.timers.rectify_complex,),
        Basis.EXTEND: tuple((policy.extension.fields or {}).values()),
        Basis.SUPERVISE: ((policy.roles or {}).get("supervisor"),),
    }
    cited = {
        basis: _at(policy, [article for each in found if each is not None for article in each.article])
        for basis, found in said.items()
    }
    return {basis: where for basis, where in cited.items() if where}
