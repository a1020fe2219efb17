"""A policy in Chinese, as an official would read it: what a key is called, what stands there, and on what it rests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from central.core import policy as policies
from central.core.conflicts import DECISIONS
from central.core.deadline_words import UNIT_WORDS
from central.core.policy import Policy
from central.core.rating import Level
from central.core.sections import Class, ClassTimers, Labels, Lists
from central.core.terms import Event, FormField, Ground, Model, Named, Said, Timer, Value
from protocol import levels

UNSAID = "（未规定）"
BY_CLASS = "（按整改类别，见 classes）"

#: Every key of the schema that a regulation may leave empty.
KEYS = {
    "levels.names": "等级名称",
    "levels.alternative": "另一套等级名称",
    "levels.bad": "差评",
    "levels.good": "好评",
    "levels.stars": "以星级表示",
    "scope.targets": "评价对象",
    "scope.items": "事项范围",
    "scope.tiers": "层级",
    "scope.raters": "评价人",
    "scope.voluntary": "自愿评价",
    "indicators.dimensions": "评价内容",
    "indicators.options": "二级选项数量",
    "indicators.lists": "二级选项",
    "indicators.questions": "网上问询项目",
    "channels": "评价渠道",
    "identity.rule": "实名要求",
    "identity.confidential": "评价人信息保密",
    "identity.consent": "未经同意不提供给第三方",
    "frequency.hall": "现场评价次数",
    "frequency.online": "网上评价次数",
    "frequency.consultation": "咨询评价次数",
    "frequency.centre": "大厅总体评价次数",
    "reasons.on_bad": "差评理由",
    "reasons.ways": "差评理由的形式",
    "default.after": "默认评价时限",
    "default.whole": "默认评价须全部办结",
    "default.level": "默认等级",
    "default.marked": "默认评价单独标记",
    "default.late": "默认之后又作评价",
    "supplement.within": "追评时限",
    "prompts.window": "窗口提示",
    "prompts.reminder": "事后提醒",
    "prompts.finished": "办结提示",
    "roles": "职责",
    "call_back.recorded": "回访须有记录",
    "call_back.rate_percent": "实名差评回访率",
    "call_back.least_attempts": "无法联系前的回访次数",
    "call_back.fields": "回访记录的内容",
    "timers.call_back": "回访时限",
    "timers.appeal": "申诉时限",
    "timers.review": "申诉复核时限",
    "timers.rectify": "整改时限",
    "timers.rectify_complex": "情况复杂的整改时限",
    "timers.invalid_report": "无效差评填报时限",
    "timers.rectification_review": "整改复核时限",
    "timers.feedback": "反馈时限",
    "timers.supervise": "督办时限",
    "timers.text_moderation": "文本审核时限",
    "classes": "整改类别",
    "extension.when": "延期须在何时提出",
    "extension.fields": "延期须写明",
    "appeal.by": "申诉人",
    "appeal.to": "受理申诉",
    "appeal.written": "书面申诉",
    "appeal.grounds": "申诉理由",
    "appeal.fields": "申诉文本",
    "appeal.excluded": "不得申诉",
    "appeal.own_system_not": "非自建系统",
    "appeal.several_departments": "涉及多个部门",
    "appeal.failings": "申诉不合格",
    "appeal.late": "逾期未申诉",
    "appeal.suspends_rectify": "申诉期间整改停计",
    "invalid.by": "无效差评由谁认定",
    "invalid.grounds": "无效差评",
    "invalid.reviewed_by": "无效差评由谁复核",
    "review.by": "复核人",
    "review.third_party": "由第三方复核",
    "review.rectifications": "整改也须复核",
    "review.failed": "复核未通过",
    "review.upheld": "申诉成立",
    "review.told": "复核结果告知",
    "rectify.fields": "整改答复",
    "rectify.words": "整改答复不得使用",
    "rectify.failings": "整改不合格",
    "rectify.feedback": "反馈评价人",
    "malicious.scope": "恶意评价的认定范围",
    "malicious.people": "恶意评价人员名单",
    "malicious.handling": "恶意评价的处理",
    "malicious.safeguards": "名单的约束",
    "publication.metrics": "公开内容",
    "publication.outlets": "公开渠道",
    "publication.period": "公开周期",
    "publication.text_approved": "文本经审核后公开",
    "accountability.bad_ratings": "问责的差评次数",
    "accountability.within": "问责的期间",
    "accountability.window": "期间的算法",
    "accountability.assessed": "考核",
    "accountability.repeated": "反复差评",
    "accountability.transferred": "移交",
}

EVENTS = {
    Event.RATED: "差评产生",
    Event.PUSHED: "收到推送",
    Event.TOLD: "工作人员收到差评",
    Event.FINISHED: "全部办结",
    Event.VERIFIED: "核实属实",
    Event.CALLED_BACK: "回访结束",
    Event.RECTIFIED: "整改完成",
    Event.APPEAL_RECEIVED: "收到申诉",
    Event.TEXT_RECEIVED: "收到文本",
}

#: What a value is called. A word that means two things stands under its key.
VALUES = {
    True: "是",
    False: "否",
    "real_name": "实名",
    "encouraged": "鼓励实名",
    "per_service": "接受一次服务评价一次",
    "per_case": "一事一评",
    "per_finished_case": "办结一项评价一次",
    "per_day": "一日评价一次",
    "required": "必须勾选或填写",
    "offered": "给出选项",
    "tick": "勾选",
    "text": "填写",
    "supersede": "以群众评价为准，两条都保存",
    "institution": "承办单位",
    "staff": "工作人员",
    "stands": "视为差评",
    "before_due": "到期之前",
    "back_to_rectify": "退回整改",
    "not_adopted": "不予采纳",
    "rating": "逐条评价认定",
    "rater": "对评价人认定",
    "quarantine": "照常记录，暂不计入，由人决定",
    "year": "一年内",
    "rolling": "滚动十二个月",
    "calendar": "自然年",
    "monthly": "每月",
    "quarterly": "每季度",
    "yearly": "每年",
}
_COUNTED = {
    "indicators.options": "{} 个",
    "call_back.rate_percent": "{}%",
    "call_back.least_attempts": "至少 {} 次，不同日期",
    "accountability.bad_ratings": "{} 次及以上（经核实）",
}
_PARTS = {"kinds": "情形", "fields": "须写明", "example": "范例", "timers": "", "levels": ""}


@dataclass(frozen=True)
class Override:
    """A single value that a deployment changed, and why."""

    key: str
    value: Any
    reason: str
    by: str | None = None


@dataclass(frozen=True)
class InForce:
    """A policy as a deployment runs it: ``policy`` has the overrides in it, ``base`` has not."""

    policy: Policy
    base: Policy
    overrides: tuple[Override, ...] = ()

    def changed(self, key: str) -> list[Override]:
        """The overrides at this key, below it, or of a table that it is part of."""
        return [one for one in self.overrides if _within(one.key, key) or _within(key, one.key)]


@dataclass(frozen=True)
class Difference:
    """One key of two policies."""

    key: str
    name: str
    left: str
    right: str


def name(policy: Policy, key: str) -> str:
    """What a key is called, with the names of the tables that it stands in: 申诉理由·误评·须写明."""
    slot, parts, words = _slot_of(key), key.split("."), []
    found: Any = policy
    for number, part in enumerate(parts):
        found = found.get(part) if isinstance(found, Mapping) else getattr(found, part, None)
        inner = number >= len(slot.split("."))
        if inner and number < len(parts) - 1:
            words.append(found.title if isinstance(found, Named) else _PARTS.get(part, ""))
        elif inner:
            words.append(KEYS.get(f"timers.{part}", "") if parts[-2] == "timers" else _PARTS.get(part, ""))
    return "·".join([KEYS[slot], *filter(None, words)])


def text(policy: Policy, key: str, value: Any) -> str:
    """What stands at a key, in one line."""
    if not value:
        return UNSAID
    if isinstance(value, Timer):
        return _timer(value)
    if isinstance(value, Labels):
        return "、".join(value.by_level().values())
    if isinstance(value, Lists):
        return f"{sum(map(len, value.levels.values()))} 个选项"
    if isinstance(value, Value):
        return _value(policy, key, value.value)
    if isinstance(value, FormField):
        return value.title + (f"（至少 {value.least} 次）" if value.least else "") + (_only(policy, key, value))
    if isinstance(value, Class):
        return f"{value.title}（{'、'.join(map(str, value.codes))}）" if value.codes else value.title
    if isinstance(value, Named):
        return value.title
    return "、".join(text(policy, f"{key}.{part}", item) for part, item in value.items())


def explain(found: InForce, key: str) -> list[str]:
    """What is said at a key and below it, each with its articles and their sentences; or why it is empty.

    Raises PolicyError for a key that is none.
    """
    policy = found.policy
    lines: list[str] = []
    for place, said in policies.statements(policy):
        if _within(place, key) or _is_part_of(key, place, said):
            lines += _paragraph(found, place, said)
    for hole in policies.holes(policy):
        if _within(hole.key, key):
            lines += [f"{name(policy, hole.key)}  {hole.key}", f"  {UNSAID} {hole.why}"]
    for timer in _by_class(policy):
        if _within(timer, key):
            lines += [f"{name(policy, timer)}  {timer}", f"  {BY_CLASS}"]
    if not lines:
        raise policies.PolicyError(policy.policy, key, "规定中的项目（hcp policy show 列出全部）", "其他")
    return lines


def diff(left: Policy, right: Policy) -> list[Difference]:
    """Every key where two policies say different things, in the order of the schema."""
    first, second = _lines(left), _lines(right)
    order = {key: number for number, key in enumerate(KEYS)}
    rows = []
    for key in sorted({*first, *second}, key=lambda key: (order[_slot_of(key)], key)):
        said = first.get(key, UNSAID), second.get(key, UNSAID)
        if said[0] != said[1]:
            rows.append(Difference(key, name(left if key in first else right, key), *said))
    return rows


def _lines(policy: Policy) -> dict[str, str]:
    """What stands at each key that may be empty."""
    lines = {key: text(policy, key, value) for key, value in policies.slots(policy).items()}
    return {**lines, **dict.fromkeys(_by_class(policy), BY_CLASS)}


def _paragraph(found: InForce, key: str, said: Said) -> list[str]:
    policy = found.policy
    lines = [f"{name(policy, key)}  {key}", f"  {text(policy, key, said)}"]
    for article in said.article:
        if article in policy.articles:
            quoted = policy.articles[article]
            lines.append(f"  依据 {quoted.at}（{article}）：{quoted.text}")
    lines += [f"  处理原则 {number}：{DECISIONS[number]}" for number in said.conflict]
    if said.note:
        lines.append(f"  说明 {said.note}")
    for one in found.changed(key):
        by = f"（{one.by}）" if one.by else ""
        lines.append(f"  本部署调整 {one.key}：{_before(found, one)}，理由：{one.reason}{by}")
    return lines


def _before(found: InForce, one: Override) -> str:
    value: Any = found.base
    for part in one.key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else getattr(value, part, None)
    if value is None:
        return "原为空"
    return f"原为{text(found.base, one.key, value) if isinstance(value, Said) else value}"


def _timer(timer: Timer) -> str:
    start = EVENTS[timer.start]
    said = f"{timer.amount} {UNIT_WORDS[timer.unit]}，自{start}起" if timer.unit else f"{start}后立即"
    return said + ("；原则上，逾期只作提醒" if timer.in_principle else "")


def _value(policy: Policy, key: str, value: Any) -> str:
    if isinstance(value, Level):
        return policy.levels.names.by_level()[value] if policy.levels.names else levels.label(value)
    if isinstance(value, tuple):
        return "、".join(_value(policy, key, item) for item in value)
    if isinstance(value, int) and not isinstance(value, bool):
        return _COUNTED[key].format(value)
    return VALUES.get(value, str(value))


def _only(policy: Policy, key: str, field: FormField) -> str:
    if field.only is None:
        return ""
    ground: Any = policy
    for part in key.split(".")[:-2]:
        ground = ground.get(part) if isinstance(ground, Mapping) else getattr(ground, part)
    kind = ground.kinds.get(field.only) if isinstance(ground, Ground) else None
    return f"（{kind.title if kind else field.only}的）"


def _by_class(policy: Policy) -> list[str]:
    """The limits that every class gives for itself."""
    named = {hole.key for hole in policies.holes(policy)}
    keys = [f"timers.{name}" for name in ClassTimers.model_fields] if policy.classes else []
    return [key for key in keys if key not in named and getattr(policy.timers, key.removeprefix("timers.")) is None]


def _slot_of(key: str) -> str:
    if key.startswith("classes."):
        return "classes"
    while key not in KEYS and "." in key:
        key = key.rpartition(".")[0]
    return key


def _within(key: str, of: str) -> bool:
    return key == of or key.startswith(f"{of}.")


def _is_part_of(key: str, place: str, said: Said) -> bool:
    """A key inside of one statement: timers.call_back.amount."""
    part = key.removeprefix(f"{place}.")
    return key == f"{place}.{part}" and part in type(said).model_fields and not _is_table(getattr(said, part))


def _is_table(value: Any) -> bool:
    return isinstance(value, Model | Mapping)
