"""What a form asks before something is done in the loop, and the deed that comes of what was filled in.

Which fields an action has follows from the policy: its own titles, its kinds of grounds, its reasons of failure, its
model texts. Nothing here decides whether a deed may be done; that is `central.core.loop.act`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from central.core import moments
from central.core.grounds import FIELDS, TITLES, Ground
from central.core.handling import ACTION_TITLES, Action, Deed, Handling, Outcome
from central.core.loop_checks import OUTCOMES
from central.core.loop_rules import BASIS, Basis, LoopRules
from central.core.parties import Actor, Party
from central.core.policy import Policy
from central.core.terms import FormField
from central.core.text_fold import MAX_CHARS

#: Longer than any office name or date.
MAX_LINE = 200


class Shape(StrEnum):
    LINE = "line"
    TEXT = "text"
    DATE = "date"
    ONE = "one"
    SEVERAL = "several"


@dataclass(frozen=True)
class Option:
    value: str
    title: str
    article: str = ""


@dataclass(frozen=True)
class Field:
    """``name``: of `grounds.FIELDS`, or what a deed has besides: outcome, clauses, handling_class, until."""

    name: str
    title: str
    shape: Shape = Shape.TEXT
    required: bool = True
    hint: str = ""
    options: tuple[Option, ...] = ()

    @property
    def most(self) -> int:
        return MAX_CHARS if self.shape is Shape.TEXT else MAX_LINE


class Coach(StrEnum):
    """Which coach reads along."""

    REPLY = "reply"
    APPEAL = "appeal"


@dataclass(frozen=True)
class Form:
    """``cite``: the rule that the action rests on. ``model``: the regulation's own example. ``choose``: a ground has to
    be chosen before the rest is known. ``bars``: what is no ground, in the policy's words."""

    action: Action
    title: str
    cite: str
    fields: tuple[Field, ...] = ()
    effect: str = ""
    coach: Coach | None = None
    model: str = ""
    choose: bool = False
    bars: tuple[str, ...] = ()
    fixed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def titles(self) -> dict[str, str]:
        return {each.name: each.title for each in self.fields}


_HINTS = {
    "result": "写明何时、由谁、做了什么、结果如何；只写已经完成的事。",
    "next_measures": "尚未完成的工作写在这一栏。",
    "cause": "写明核实后的原因。",
    "appeal_reason": "写明为什么认为这条评价不应采纳，以及如何核实。",
    "response_to_text": "针对评价人写下的内容逐项回应。",
    "basis": "如政策规定、解释的次数和日期、录音录像等。",
    "policy_basis": "写明文件名称和条款。",
    "related": "写明两个事项是否有关联。",
    "contact": "写明何时联系、评价人说了什么。不要写评价人的姓名和电话。",
    "channel": "如电话、短信、当面。",
    "content": "写明告知了什么、评价人的意见。",
    "handling": "写明如何核实、处理结果。",
}

#: What follows from it, for whoever is about to press the button.
_EFFECTS = {
    Action.ATTEMPT: "记入回访记录；不同日期的未果记录可以证明无法回访。",
    Action.CALL_BACK: "回访完成，进入核实。",
    Action.GIVE_UP: "记为无法回访，进入核实。",
    Action.CONFIRM: "认定后进入整改，不能再申诉。",
    Action.APPEAL: "提交后由{reviewer}复核，期间整改时限照常计算。",
    Action.INVALIDATE: "须经复核；复核通过前照常计入统计。",
    Action.FILE: "提交后由{reviewer}复核。",
    Action.UPHOLD: "评价保留并标记“不予采纳”，不计入统计；评价人可以提出异议。",
    Action.REJECT: "评价成立，退回承办单位整改。",
    Action.CLASSIFY: "整改期限按新类别重新计算。",
    Action.EXTEND: "须先与评价人沟通；新期限会告知评价人和{supervisor}。",
    Action.ASSIST: "请{supervisor}协助推动，期限照常计算。",
    Action.REPLY: "提交后告知评价人。",
    Action.ACCEPT: "复核通过，进入反馈。",
    Action.RETURN: "退回承办单位重新整改，期限不重新计算。",
    Action.FEED_BACK: "整改复核通过后即办结。",
    Action.SUPERVISE: "通知处置员和复核员，记入督办次数。",
    Action.SUGGEST: "建议主管部门追责，记入案卷。",
}


def form(action: Action, rules: LoopRules, policy: Policy, handling: Handling, choice: str = "") -> Form | None:
    """The form of an action; None for one that no person does by a form. ``choice``: the ground and its kind, as in
    ``mistaken.wrong_item``; one that is not offered counts as none."""
    asked = _FORMS.get(action)
    if asked is None:
        return None
    made = Form(
        action,
        ACTION_TITLES[action],
        rules.cite(BASIS.get(action, Basis.ORDER)),
        tuple(asked(rules, policy, handling)),
        _effect(action, rules),
    )
    if action is Action.REPLY:
        return replace(made, coach=Coach.REPLY if policy.rectify.failings else None)
    offered = _offered(action, rules)
    if offered is None:
        return made
    bars = tuple(one.title for one in (policy.appeal.excluded or {}).values()) if action is Action.APPEAL else ()
    chosen = _chosen(offered, choice)
    if chosen is None:
        options = tuple(_options(offered, rules))
        return replace(made, fields=(Field("choice", "情形", Shape.ONE, options=options),), choose=True, bars=bars)
    ground, kind = chosen
    return replace(
        made,
        fields=tuple(_claim(ground, kind, action, policy, handling)),
        model=ground.model,
        coach=Coach.APPEAL if action is Action.APPEAL and policy.appeal.failings else None,
        cite=f"{rules.title}{ground.article}" if ground.article else made.cite,
        fixed={"choice": choice},
    )


def prefilled(made: Form, rated_ms: int) -> dict[str, str]:
    """What is known before anybody types."""
    when = moments.at(rated_ms)
    words = f"{when.year}年{when.month}月{when.day}日{when:%H:%M}"
    return {"rated_at": words} if any(each.name == "rated_at" for each in made.fields) else {}


def errors(made: Form, values: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What is wrong with a field before anybody asks the loop: a sentence for each."""
    found = {}
    for each in made.fields:
        given = [value for value in values.get(each.name, ()) if value.strip()]
        known = {option.value for option in each.options}
        if any(len(value) > each.most for value in given):
            found[each.name] = f"“{each.title}”最多{each.most}字，请删减"
        elif each.options and (strange := [value for value in given if value not in known]):
            found[each.name] = f"“{each.title}”没有这个选项：{strange[0][:40]}"
        elif each.required and not given:
            found[each.name] = f"请{'选择' if each.options else '填写'}“{each.title}”"
        elif each.shape is Shape.DATE and given and _date(given[0]) is None:
            found[each.name] = f"“{each.title}”应为日期，如 2026-10-13"
    return found


def deed(made: Form, actor: Actor, values: Mapping[str, Sequence[str]]) -> Deed:
    """The deed of a form without errors."""
    said = {name: given[0] for name, given in values.items() if given and given[0].strip()}
    ground, _, kind = made.fixed.get("choice", "").partition(".")
    titles, until = made.titles(), _date(said.get("until", ""))
    return Deed(
        made.action,
        actor,
        MappingProxyType(
            {each.name: said[each.name] for each in made.fields if each.name in FIELDS and each.name in said}
        ),
        ground=ground or None,
        kind=kind or None,
        outcome=Outcome(said["outcome"]) if "outcome" in titles and "outcome" in said else None,
        clauses=tuple(values.get("clauses", ())) if "clauses" in titles else (),
        handling_class=said.get("handling_class") if "handling_class" in titles else None,
        until_ms=moments.end_of_day(until) if until and "until" in titles else None,
    )


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        return None


def _effect(action: Action, rules: LoopRules) -> str:
    words = _EFFECTS.get(action, "")
    if action is Action.REPLY and rules.reply_review:
        words = f"提交后告知评价人，并由{rules.office(Party.REVIEWER)}复核。"
    return words.format(reviewer=rules.office(Party.REVIEWER), supervisor=rules.office(Party.SUPERVISOR))


def _offered(action: Action, rules: LoopRules) -> tuple[Ground, ...] | None:
    if action is Action.APPEAL:
        return rules.appeal.grounds if rules.appeal else ()
    if action is Action.INVALIDATE:
        return rules.invalid.grounds if rules.invalid else ()
    return None


def _options(offered: Sequence[Ground], rules: LoopRules) -> Iterator[Option]:
    for ground in offered:
        title, cite = TITLES[ground.name], ground.article
        if not ground.kinds:
            yield Option(str(ground.name), title, cite)
        for kind in ground.kinds:
            yield Option(f"{ground.name}.{kind.name}", f"{title}：{kind.title}", cite)


def _chosen(offered: Sequence[Ground], choice: str) -> tuple[Ground, str | None] | None:
    name, _, kind = choice.partition(".")
    for ground in offered:
        if ground.name == name and (kind in {each.name for each in ground.kinds} if ground.kinds else not kind):
            return ground, kind or None
    return None


def _claim(ground: Ground, kind: str | None, action: Action, policy: Policy, handling: Handling) -> Iterator[Field]:
    said: dict[str, FormField] = {}
    if action is Action.APPEAL:
        said = {**(policy.appeal.fields or {}), **((policy.appeal.grounds or {})[ground.name].fields)}  # type: ignore[index,dict-item]
        if kind == "foreign_system" and policy.appeal.own_system_not:
            said |= policy.appeal.own_system_not.fields  # type: ignore[arg-type]
    for name in dict.fromkeys(ground.required(kind)):
        if name != "response_to_text" or handling.text:
            yield _field(name, said.get(name))


def _field(name: str, said: FormField | None = None, required: bool = True) -> Field:
    shape = Shape.LINE if name in ("rated_at", "channel", "transfer_to", "intended_item") else Shape.TEXT
    return Field(name, said.title if said else FIELDS[name], shape, required, _HINTS.get(name, ""))


def _spoken(required: bool = False) -> Field:
    return replace(_field("contact", required=required), title="沟通记录")


def _reason(title: str = "理由", required: bool = True) -> Field:
    return Field("reason", title, required=required)


def _outcome(title: str, required: bool = True) -> Field:
    options = tuple(Option(str(outcome), words) for outcome, words in OUTCOMES.items())
    return Field("outcome", title, Shape.ONE, required, options=options)


def _attempt(rules: LoopRules, policy: Policy, handling: Handling) -> Iterator[Field]:
    yield _outcome("结果")
    yield _spoken()


def _call_back(rules: LoopRules, policy: Policy, handling: Handling) -> Iterator[Field]:
    for name in rules.call_back_fields:
        yield _field(name)
    if "contact" not in rules.call_back_fields:
        yield _spoken()


def _reply(rules: LoopRules, policy: Policy, handling: Handling) -> Iterator[Field]:
    said = {str(name): each for name, each in (policy.rectify.fields or {}).items()}
    for name in rules.reply_fields:
        yield _field(name, said.get(name))


def _return(rules: LoopRules, policy: Policy, handling: Handling) -> Iterator[Field]:
    if rules.clauses:
        options = tuple(Option(clause.code, clause.words, _at(policy, clause.code)) for clause in rules.clauses)
        yield Field("clauses", "整改不合格的情形", Shape.SEVERAL, options=options)
    yield _reason()


def _at(policy: Policy, article: str) -> str:
    found = policy.articles.get(article)
    return found.at if found else ""


def _feed_back(rules: LoopRules, policy: Policy, handling: Handling) -> Iterator[Field]:
    yield _field("channel")
    yield _field("content")
    yield _outcome("未能联系上评价人的，选明情形", required=False)


def _classify(rules: LoopRules, policy: Policy, handling: Handling) -> Iterator[Field]:
    others = tuple(
        Option(each.name, each.title, each.article) for each in rules.classes if each.name != handling.handling_class
    )
    yield Field("handling_class", "整改类别", Shape.ONE, options=others)
    yield _reason()


def _extend(rules: LoopRules, policy: Policy, handling: Handling) -> Iterator[Field]:
    said = {str(name): each for name, each in (policy.extension.fields or {}).items()}
    yield Field("until", "新的整改期限", Shape.DATE, hint="到这一天24:00为止，须晚于原期限。")
    yield _field("reason", said.get("reason"))
    yield _field("contact", said.get("contact"))


_FORMS = {
    Action.ATTEMPT: _attempt,
    Action.CALL_BACK: _call_back,
    Action.GIVE_UP: lambda rules, policy, handling: (),
    Action.CONFIRM: lambda rules, policy, handling: (_reason("核实情况", required=False),),
    Action.APPEAL: lambda rules, policy, handling: (),
    Action.INVALIDATE: lambda rules, policy, handling: (),
    Action.FILE: lambda rules, policy, handling: (_field("handling"),),
    Action.UPHOLD: lambda rules, policy, handling: (_reason(),),
    Action.REJECT: lambda rules, policy, handling: (_reason(),),
    Action.CLASSIFY: _classify,
    Action.EXTEND: _extend,
    Action.ASSIST: lambda rules, policy, handling: (_reason("需要协助的事项"),),
    Action.REPLY: _reply,
    Action.ACCEPT: lambda rules, policy, handling: (_reason("复核意见", required=False),),
    Action.RETURN: _return,
    Action.FEED_BACK: _feed_back,
    Action.SUPERVISE: lambda rules, policy, handling: (_reason("督办事由"),),
    Action.SUGGEST: lambda rules, policy, handling: (_reason(),),
}
