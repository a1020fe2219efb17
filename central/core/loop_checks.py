"""What stands in the way of an action besides the table: what must be filled in, what must have happened, what is too
late. A check answers with a refusal, or None."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from central.core import grounds
from central.core.grounds import Ground
from central.core.handling import Action, Deed, Handling, Outcome, Running, Start, State
from central.core.loop_rules import Basis, LoopRules, Timer
from central.core.parties import Party
from central.core.refusal import Refusal


@dataclass(frozen=True)
class Act:
    """An action on its way: ``dues`` holds the due time of every running timer, as computed by the calendar."""

    rules: LoopRules
    handling: Handling
    deed: Deed
    now_ms: int
    dues: Mapping[str, int]

    def refuse(self, code: str, sentence: str, basis: Basis, article: str | None = None) -> Refusal:
        """``article``: of this policy, more exact than that of the rule."""
        return Refusal(code, sentence, f"{self.rules.title}{article}" if article else self.rules.cite(basis))

    def running(self, name: str) -> Running | None:
        return next((each for each in self.handling.running if each.timer == name), None)

    def over(self, timer: Timer) -> bool:
        """Whether this timer's time is up, by the clock: the scheduler may be late."""
        return timer.name in self.handling.lapsed or (
            self.running(timer.name) is not None and self.dues[timer.name] <= self.now_ms
        )

    def rectify_timers(self) -> list[Timer]:
        """The timers of this policy that an extension may move, as far as they are of this class."""
        rule, handling = self.rules.extension, self.handling
        names = rule.timers if rule else frozenset()
        return [each for each in self.rules.timers if each.name in names and each.runs(*_place(handling))]


def _place(handling: Handling) -> tuple[State, str | None]:
    return handling.state, handling.handling_class


def _needs(act: Act, required: tuple[str, ...], basis: Basis, article: str | None = None) -> Refusal | None:
    lacking = grounds.missing(required, act.deed.fields)
    if not lacking:
        return None
    return act.refuse("incomplete", f"缺少{'、'.join(f'“{name}”' for name in lacking)}，请补充后再提交", basis, article)


def _ground(act: Act, offered: tuple[Ground, ...], basis: Basis) -> Ground | Refusal:
    name = act.deed.ground or ""
    if name in grounds.NO_GROUNDS:
        return act.refuse("no_ground", grounds.NO_GROUNDS[name], basis)
    found = next((ground for ground in offered if ground.name == name), None)
    if found is None:
        words = "、".join(grounds.TITLES[ground.name] for ground in offered)
        return act.refuse("no_ground", f"情形应为以下之一：{words}", basis)
    try:
        found.required(act.deed.kind)
    except ValueError as kinds:
        return act.refuse("no_kind", f"“{grounds.TITLES[found.name]}”须选明具体情形：{kinds}", basis, found.article)
    return found


def _claim(act: Act, offered: tuple[Ground, ...], basis: Basis) -> Refusal | None:
    """Ground, its fields, its calls: what 附件2 一(三) calls an appeal that does not qualify."""
    ground = _ground(act, offered, basis)
    if isinstance(ground, Refusal):
        return ground
    if act.handling.days_tried() < ground.attempts:
        sentence = f"以“{grounds.TITLES[ground.name]}”为由，须有在不同日期的{ground.attempts}次回访记录"
        sentence += f"，现有{act.handling.days_tried()}日；请再次联系评价人并记录"
        return act.refuse("attempts", sentence, basis, ground.article)
    required = ground.required(act.deed.kind)
    if not act.handling.text:
        required = tuple(name for name in required if name != "response_to_text")
    return _needs(act, required, basis, ground.article)


def _appeal(act: Act) -> Refusal | None:
    rule, handling = act.rules.appeal, act.handling
    if rule is None:
        sentence = f"{act.rules.title}没有规定申诉程序"
        sentence += "：认为差评不属实的，请列为无效差评报复核" if act.rules.invalid else "：差评一律整改"
        return act.refuse("not_in_policy", sentence, Basis.APPEAL)
    if handling.appealed:
        return act.refuse("again", "该差评已经申诉并复核，或已由评价人要求重新处理，不能再次申诉", Basis.APPEAL)
    timer = act.rules.timer(rule.timer)
    assert timer is not None  # LoopRules refuses a rule without it
    if act.over(timer):
        limit = f"应在{timer.limit}提出" if timer.limit else "规定的期限已过"
        return act.refuse("too_late", f"申诉已逾期：{limit}，逾期不再受理", Basis.APPEAL, timer.article)
    if handling.state not in rule.states:
        sentence = "请先回访核实，再申诉" if handling.state is State.PUSHED else "已认定属实的差评应予以整改，不能申诉"
        return act.refuse("order", sentence, Basis.APPEAL)
    if act.running(rule.timer) is None:
        return act.refuse("order", "系统尚未将该差评告知本人，期限未起算；请在收到告知后申请", Basis.APPEAL)
    if rule.by is Party.HANDLER and handling.confirmed:
        return act.refuse("order", "已认定属实的差评应予以整改，不能申诉", Basis.APPEAL)
    return _claim(act, rule.grounds, Basis.APPEAL)


def _invalidate(act: Act) -> Refusal | None:
    rule = act.rules.invalid
    if rule is None:
        sentence = f"{act.rules.title}没有规定“无效差评”"
        sentence += "：认为是误评或恶意差评的，请按申诉程序提出" if act.rules.appeal else "：差评一律整改"
        return act.refuse("not_in_policy", sentence, Basis.INVALID)
    if act.handling.confirmed:
        return act.refuse("order", "已认定属实的差评不能再列为无效", Basis.INVALID)
    return _claim(act, rule.grounds, Basis.INVALID)


def _attempt(act: Act) -> Refusal | None:
    if act.deed.outcome is None:
        return act.refuse("incomplete", "请选明回访结果：无人接听、被挂断、不愿说明或号码有误", Basis.CALL_BACK)
    return None


def _call_back(act: Act) -> Refusal | None:
    if act.handling.called_back is not None and act.handling.state is not State.PUSHED:
        return act.refuse("again", "已经完成回访", Basis.CALL_BACK)
    return _needs(act, act.rules.call_back_fields, Basis.CALL_BACK)


def _give_up(act: Act) -> Refusal | None:
    handling, needed = act.handling, act.rules.attempts
    if handling.called_back is not None and handling.state is not State.PUSHED:
        return act.refuse("again", "已经完成回访", Basis.CALL_BACK)
    if handling.contact and handling.days_tried() < needed:
        sentence = f"评价人留有联系方式，须在不同日期联系满{needed}次仍未果，才能记为无法回访"
        return act.refuse("attempts", f"{sentence}；现有{handling.days_tried()}日", Basis.CALL_BACK)
    return None


def _classify(act: Act) -> Refusal | None:
    names = {each.name: each.title for each in act.rules.classes}
    if not names:
        return act.refuse("not_in_policy", f"{act.rules.title}没有划分整改类别", Basis.CLASS)
    if act.deed.handling_class not in names:
        return act.refuse("no_class", f"类别应为以下之一：{'、'.join(names.values())}", Basis.CLASS)
    if act.deed.handling_class == act.handling.handling_class:
        return act.refuse("again", f"现在已是“{names[act.handling.handling_class]}”", Basis.CLASS)
    return _needs(act, ("reason",), Basis.CLASS)


def _extend(act: Act) -> Refusal | None:
    rule, until_ms = act.rules.extension, act.deed.until_ms
    if rule is None:
        return act.refuse("not_in_policy", f"{act.rules.title}没有规定延期，应按期完成整改", Basis.EXTEND)
    classes = {each.name: each.title for each in act.rules.classes}
    if rule.classes is not None and act.handling.handling_class not in rule.classes:
        allowed = "、".join(title for name, title in classes.items() if name in rule.classes)
        return act.refuse("no_class", f"只有“{allowed}”可以延期", Basis.EXTEND)
    timers = act.rectify_timers()
    if rule.before_due and any(act.over(timer) for timer in timers):
        return act.refuse("too_late", "延期应在截止之前与评价人沟通并说明理由，期限已过，不能延期", Basis.EXTEND)
    lacking = _needs(act, ("reason", "contact"), Basis.EXTEND)
    if lacking:
        return lacking
    ends = [act.dues[timer.name] for timer in timers if act.running(timer.name)]
    if until_ms is None or until_ms <= max([act.now_ms, *ends]):
        return act.refuse("no_date", "请填写新的整改期限，并须晚于现在和原期限", Basis.EXTEND)
    return None


def _reply(act: Act) -> Refusal | None:
    if act.handling.called_back is None:
        return act.refuse("order", "尚未回访：请先回访评价人并记录，再提交整改答复", Basis.CALL_BACK)
    return _needs(act, act.rules.reply_fields, Basis.REPLY)


def _return(act: Act) -> Refusal | None:
    known = {clause.code for clause in act.rules.clauses}
    strange = [code for code in act.deed.clauses if code not in known]
    if strange or (known and not act.deed.clauses):
        words = "；".join(f"{clause.code} {clause.words}" for clause in act.rules.clauses) or "（无）"
        return act.refuse("no_clause", f"退回须指明整改不合格的情形：{words}", Basis.REVIEW)
    return _needs(act, ("reason",), Basis.REVIEW)


def _feed_back(act: Act) -> Refusal | None:
    handling, rule = act.handling, act.rules.appeal
    lacking = _needs(act, ("channel", "content"), Basis.FEEDBACK)
    if lacking:
        return lacking
    if act.deed.outcome is not None and handling.contact and handling.days_tried() < act.rules.attempts:
        sentence = f"未能联系上评价人：须在不同日期联系满{act.rules.attempts}次，才能以其他方式反馈"
        return act.refuse("attempts", sentence, Basis.FEEDBACK)
    if rule is None or rule.by is not Party.STAFF or handling.people.rated is None or handling.appealed:
        return None
    timer = act.rules.timer(rule.timer)
    if handling.state is State.FEEDBACK and timer is not None and not act.over(timer):
        sentence = "被评价工作人员申请复核的期限未满，暂不能办结；届满或本人申请复核后再反馈"
        return act.refuse("order", sentence, Basis.APPEAL, timer.article)
    return None


def _suggest(act: Act) -> Refusal | None:
    if not act.handling.overdue and not act.handling.returned:
        sentence = "建议追责须以反馈不及时或整改不落实为前提：该差评既未逾期，也未被退回整改"
        return act.refuse("order", sentence, Basis.ACCOUNT)
    return _needs(act, ("reason",), Basis.ACCOUNT)


def _tell(act: Act) -> Refusal | None:
    rule = act.rules.appeal
    if rule is None or rule.by is not Party.STAFF:
        return act.refuse("not_in_policy", "工作人员在本办法中没有申诉权，不向其告知单件差评", Basis.APPEAL)
    if act.handling.people.rated is None:
        return act.refuse("order", "该差评没有关联到工作人员，无人可告知", Basis.APPEAL)
    if Start.TOLD in act.handling.moments:
        return act.refuse("again", "已经告知过本人，申请期限自首次告知起算，不重新起算", Basis.APPEAL)
    return None


def _reopen(act: Act) -> Refusal | None:
    if act.handling.reopened >= act.rules.reopens:
        sentence = f"评价人要求重新处理的次数已满{act.rules.reopens}次；如仍有意见，请拨打监督电话另行反映"
        return act.refuse("again", sentence, Basis.REOPEN)
    return _needs(act, ("reason",), Basis.REOPEN)


def _reason(basis: Basis) -> Callable[[Act], Refusal | None]:
    return lambda act: _needs(act, ("reason",), basis)


CHECKS: Mapping[Action, Callable[[Act], Refusal | None]] = {
    Action.TELL: _tell,
    Action.ATTEMPT: _attempt,
    Action.CALL_BACK: _call_back,
    Action.GIVE_UP: _give_up,
    Action.APPEAL: _appeal,
    Action.INVALIDATE: _invalidate,
    Action.FILE: lambda act: _needs(act, ("handling",), Basis.INVALID),
    Action.UPHOLD: _reason(Basis.REVIEW),
    Action.REJECT: _reason(Basis.REVIEW),
    Action.CLASSIFY: _classify,
    Action.EXTEND: _extend,
    Action.ASSIST: _reason(Basis.RECTIFY),
    Action.REPLY: _reply,
    Action.RETURN: _return,
    Action.FEED_BACK: _feed_back,
    Action.SUPERVISE: _reason(Basis.SUPERVISE),
    Action.SUGGEST: _suggest,
    Action.REOPEN: _reopen,
}

#: A call that reached nobody is one of these; a form offers them.
OUTCOMES = {
    Outcome.NO_ANSWER: "无人接听",
    Outcome.HUNG_UP: "被挂断",
    Outcome.UNWILLING: "不愿说明",
    Outcome.WRONG_NUMBER: "号码有误",
}
