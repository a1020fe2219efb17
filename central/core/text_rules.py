"""温州附件2 as a table of clauses, and what a coach says about a text: findings, which a reviewer may override.

The judge is a person. A finding that *fails* rests on words of the text, or on their absence, that a clause names; one
to *look* at says that something may be missing which only a reader can decide. Neither blocks anything (REQUIREMENTS
C-12).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from central.core.text_parts import LABELS, Part

MAX_REASON = 500


class Weight(StrEnum):
    FAILS = "fails"
    LOOK = "look"


WEIGHT_TITLES = {Weight.FAILS: "不合格", Weight.LOOK: "请核对"}


@dataclass(frozen=True)
class Clause:
    """One rule. ``words`` are the regulation's own, ``advice`` is what to do about it; ``requirement`` its id."""

    id: str
    article: str
    words: str
    advice: str
    requirement: str


def _clauses(*rows: tuple[str, str, str, str, str]) -> dict[str, Clause]:
    return {row[0]: Clause(*row) for row in rows}


CLAUSES = _clauses(
    (
        "reply.words", "附件2 二(三)1", "答复内容涉及“将、办理中、责令、要求、已通知、拟、计划、建议、下一步”等词语的",
        "请改写为已经完成的事实：何时、由谁、做了什么、结果如何；尚未完成的工作写入“下一步举措”栏。", "WZ-A2-18",
    ),
    (
        "reply.talk_notice", "附件2 二(三)2", "答复称已发放谈话通知书，但没有处理结果的",
        "请写明谈话之后对当事人作出的处理结果，如批评教育、通报、调岗、扣减绩效或当面道歉，并写明日期。", "WZ-A2-19",
    ),
    (
        "reply.promise", "附件2 二(三)3", "答复承诺在一定期限内处理的，但没有处理结果的",
        "请在处理完成后答复，写明完成日期和结果，不要以承诺代替结果。", "WZ-A2-20",
    ),
    (
        "reply.management", "附件2 二(三)4", "答复称会加强管理，但没有处理结果的",
        "请写明已经采取的具体措施和本次差评的处理结果，不要只写加强管理。", "WZ-A2-21",
    ),
    (
        "reply.ordered", "附件2 二(三)5", "答复称责令当事人整改或已经整改，但没有整改结果的",
        "请写明整改了什么、现在是什么状态，例如已补发、已退还、已更换、已修复。", "WZ-A2-22",
    ),
    (
        "reply.progress", "附件2 二(三)6", "答复称会加快进度、积极协调、正在处理的，但没有处理结果的",
        "请待处理完成后答复，写明协调的结果和完成日期。", "WZ-A2-23",
    ),
    (
        "reply.joint", "附件2 二(三)7", "答复称需多个部门共同管理，但没有共同管理措施的或处理结果的",
        "请写明牵头部门、各部门分工和已采取的共同措施，或写明处理结果；由差评归属部门牵头整改。", "WZ-A2-24",
    ),
    (
        "reply.testing", "附件2 二(三)8", "答复称已交由某部门检测，待检测结果出来后再进一步处理的",
        "请待检测结果出来并处理完毕后答复，写明检测结论和处理结果。", "WZ-A2-25",
    ),
    (
        "reply.no_substance", "附件2 二(三)9",
        "答复内容没有任何处理情况，存在答非所问、未针对反映的内容进行答复、未进行实质性答复等现象的",
        "请针对评价人反映的问题，写明核实情况和处理结果：何时、由谁、做了什么、结果如何。", "WZ-A2-26",
    ),
    (
        "reply.elements", "附件2 二(三)",
        "整改答复应当客观、准确、详细地描述差评产生时间、原因、差评处理结果、下一步举措等",
        "请补充“{part}”。", "WZ-A2-16",
    ),
    (
        "appeal.elements", "附件2 一(三)",
        "申诉文本应当客观、准确、详细地描述差评产生时间、原因、申诉原因等，对群众的差评文本有正面回应和原因解释",
        "请补充“{part}”。", "WZ-A2-3",
    ),
    (
        "appeal.wrong_item", "附件2 一(三)1",
        "申诉原因是群众评价错事项的，没有写明群众想评价的事项，以及群众想评价的事项是否与差评事项有关联的",
        "请写明“{part}”；两个事项分别写明办理日期和名称。", "WZ-A2-4",
    ),
    (
        "appeal.malicious", "附件2 一(三)2", "申诉原因是群众恶意评价的，没有写明判断群众恶意评价的依据",
        "请写明判断依据，如政策规定、解释的次数和日期、录音录像等，并附材料。", "WZ-A2-5",
    ),
    (
        "appeal.ineligible", "附件2 一(三)3",
        "申诉原因是用户不符合办理条件的，没有写明政策依据、用户为什么不符合政策、用户在哪一步操作错误等",
        "请写明“{part}”；引用文件的，写明文件名称和条款。", "WZ-A2-6",
    ),
    (
        "appeal.other", "附件2 一(三)4", "申诉原因是其他的，没有写明具体情况",
        "请写明具体情况：由何人、在何时、因何种情形作出该评价，如何核实。", "WZ-A2-7",
    ),
    (
        "appeal.answer", "附件2 一(三)5", "申诉内容和用户差评文本不对应或没有解释清楚群众差评产生的原因",
        "请针对评价人写下的内容逐项回应，并解释差评产生的原因。", "WZ-A2-8",
    ),
    (
        "appeal.refused", "附件2 一(四)3", "于X月X日、Y月Y日联系群众，均未接听电话（或被挂断），无法核实差评细节",
        "请写明每次联系的日期和结果；至少在 {attempts} 个不同日期联系过。", "WZ-A2-11",
    ),
    (
        "appeal.attitude", "附件2 一(五)1", "没有对群众评价的“态度不好”做出说明",
        "评价人反映的是服务态度，请说明核实情况（如调阅监控录音）；态度问题属实的应予以整改，不能申诉。", "WZ-A2-13",
    ),
    (
        "appeal.other_department", "附件2 一(五)2",
        "如果是一个事项里涉及多个部门的，差评归属部门要牵头整改；如果是两个事项评价错的，要根据申诉范例1来说明",
        "一个事项涉及多个部门的，请由本部门牵头整改；确属两个事项评价错的，请写明两个事项的名称和办理日期。",
        "WZ-A2-14a",
    ),
    (
        "appeal.foreign_system", "附件2 一(五)3",
        "非自建系统产生的问题需向上级部门反映，并在申诉文本中详细说明问题产生的场景、问题的重现方法、需转交处理的部门等",
        "非自建系统的问题，请向上级部门反映，并写明“{part}”。", "WZ-A2-14b",
    ),
    (
        "appeal.true", "附件2 一(一)末", "对于属实差评，特别是工作人员态度、能力问题、办事系统问题的，应予以整改",
        "文中称情况属实：属实的差评应予以整改，不能申诉。请核对。", "WZ-A2-2e",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """What a clause says about a place in a field.

    ``words`` is ``text[start:end]`` of the field as it was typed; all three are None where something is missing.
    """

    clause: Clause
    weight: Weight
    part: Part
    advice: str
    start: int | None = None
    end: int | None = None
    words: str | None = None


def found(
    clause: str, weight: Weight, part: Part, span: tuple[int, int] | None = None, text: str = "", **advice: object
) -> Finding:
    """A finding; ``text`` is the field that the span lies in, ``advice`` fills the clause's advice."""
    rule = CLAUSES[clause]
    said = rule.advice.format(part=LABELS[part][0], **advice)
    if span is None:
        return Finding(rule, weight, part, said)
    start, end = span
    return Finding(rule, weight, part, said, start, end, text[start:end])


@dataclass(frozen=True)
class Report:
    """All findings about one reply or appeal, in the order of the clauses."""

    findings: tuple[Finding, ...]

    @property
    def fails(self) -> bool:
        return any(finding.weight is Weight.FAILS for finding in self.findings)

    def after(self, overrides: Iterable["Override"]) -> "Report":
        """What stands after a reviewer has overridden some; overriding what was not found changes nothing."""
        lifted = {override.finding for override in overrides}
        return Report(tuple(finding for finding in self.findings if finding not in lifted))


@dataclass(frozen=True)
class Override:
    """A reviewer's decision that a finding does not hold: which one, why, who, when. Raises ValueError."""

    finding: Finding
    reason: str
    by: str
    at: datetime

    def __post_init__(self) -> None:
        if not any(char.isalnum() for char in self.reason):
            raise ValueError("不采用提示须写明理由")
        if len(self.reason) > MAX_REASON:
            raise ValueError(f"理由最多 {MAX_REASON} 字，实际 {len(self.reason)} 字")
        if not self.by.strip():
            raise ValueError("须写明由谁决定")
        if self.at.tzinfo is None:
            raise ValueError("时间须带时区")


def ordered(findings: Iterable[Finding]) -> Report:
    """Findings in the order of the regulation, then of the text; what is said twice is said once."""
    places = {clause: place for place, clause in enumerate(CLAUSES)}
    parts = list(Part)
    unique = dict.fromkeys(findings)
    return Report(tuple(sorted(unique, key=lambda one: (places[one.clause.id], parts.index(one.part), one.start or 0))))


def table() -> str:
    """The clauses as Markdown, for docs/text-rules.md."""
    rows = ["| 条款 | 原文 | 提示 | 编号 |", "|---|---|---|---|"]
    for clause in CLAUSES.values():
        advice = clause.advice.replace("{part}", "…").replace("{attempts}", "2")
        rows.append(f"| {clause.article} `{clause.id}` | {clause.words} | {advice} | {clause.requirement} |")
    return "\n".join(rows) + "\n"
