"""Whether an appeal says what its ground requires (温州附件2 一), as a coach that reads along.

A fact counts as written when its own field is filled in with something, or when the words of the text name it.
The regulation's own model texts (一(四)) pass, except that 范例1 leaves open whether the two items are related, which
一(三)1 demands: there the coach asks to look. 一(三)3 names the step of the error, and ends with 等; 范例4 has none. So
the step is required where the citizen made an error, and not where the conditions were not met.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from central.core import topics
from central.core.text_fold import Folded, fold
from central.core.text_parts import LABELS, Part
from central.core.text_rules import Finding, Report, Weight, found, ordered

#: 具体情况 in fewer characters, dates not counted, is none; from so many on it needs no name, number or occasion.
LEAST_SPECIFICS = 10
ENOUGH_SPECIFICS = 20
#: Days on which the citizen was called before a 拒评 is appealed (一(四)3 names two).
ATTEMPTS = 2


class Ground(StrEnum):
    """The grounds of 一(一) and their kinds."""

    WRONG_ITEM = "wrong_item"
    WRONG_DIGIT = "wrong_digit"
    WRONG_STAR = "wrong_star"
    MALICIOUS = "malicious"
    REFUSED = "refused"
    NOT_ELIGIBLE = "not_eligible"
    WRONG_DATA = "wrong_data"
    UNFAMILIAR = "unfamiliar"
    NOT_BY_PERSON = "not_by_person"
    TEST_RATING = "test_rating"
    OTHER = "other"


GROUND_TITLES = {
    Ground.WRONG_ITEM: "误评：评价错事项",
    Ground.WRONG_DIGIT: "误评：回复错评价数字",
    Ground.WRONG_STAR: "误评：点错评价星级",
    Ground.MALICIOUS: "恶评",
    Ground.REFUSED: "拒评",
    Ground.NOT_ELIGIBLE: "用户不符合办理条件",
    Ground.WRONG_DATA: "用户不符合办理条件：信息填报有误",
    Ground.UNFAMILIAR: "用户不符合办理条件：不熟悉办事流程",
    Ground.NOT_BY_PERSON: "其他：非群众本人评价",
    Ground.TEST_RATING: "其他：测试评价",
    Ground.OTHER: "其他",
}

#: What each ground must say beside 时间 and 原因, with the clause that asks for it.
REQUIRED: dict[Ground, tuple[tuple[str, Part], ...]] = {
    Ground.WRONG_ITEM: (("appeal.wrong_item", Part.INTENDED_ITEM), ("appeal.wrong_item", Part.RELATED)),
    Ground.WRONG_DIGIT: (),
    Ground.WRONG_STAR: (),
    Ground.MALICIOUS: (("appeal.malicious", Part.BASIS),),
    Ground.REFUSED: (("appeal.refused", Part.ATTEMPTS),),
    Ground.NOT_ELIGIBLE: (("appeal.ineligible", Part.POLICY_BASIS), ("appeal.ineligible", Part.WHY_NOT_MATCHING)),
    Ground.WRONG_DATA: (
        ("appeal.ineligible", Part.POLICY_BASIS),
        ("appeal.ineligible", Part.WHY_NOT_MATCHING),
        ("appeal.ineligible", Part.WRONG_STEP),
    ),
    Ground.UNFAMILIAR: (
        ("appeal.ineligible", Part.POLICY_BASIS),
        ("appeal.ineligible", Part.WHY_NOT_MATCHING),
        ("appeal.ineligible", Part.WRONG_STEP),
    ),
    Ground.NOT_BY_PERSON: (("appeal.other", Part.SPECIFICS),),
    Ground.TEST_RATING: (("appeal.other", Part.SPECIFICS),),
    Ground.OTHER: (("appeal.other", Part.SPECIFICS),),
}

_EMPTY = {"无", "略", "不详", "同上", "暂无", "没有", "未知", "不清楚", "待补充", "见附件", "详见附件"}
_DATE = re.compile(r"(\d{1,2})月(\d{1,2})[日号]|\d{4}[-/.](\d{1,2})[-/.](\d{1,2})")
_UNFILLED = re.compile(r"[xy]月[xy]日|x时间|x政策|\+详细|[ab]事项")
_CAUSE = re.compile(
    r"因|由于|原因|误|错|导致|认为|以为|系|坚持差评|手滑|本想|本意|不会|不熟|不符合|不愿|不满|被拒|拒绝|未接|挂断"
)
_OFFICE = "(?:部门|局|委|厅|办|中心|单位|公司|窗口|银行|所|处|站)"
_OWN = "(?:我|本)(?:部门|局|委|办|中心|单位|窗口|所|科|站|公司)"

#: How a text names each fact.
_NAMED: dict[Part, re.Pattern[str]] = {
    Part.INTENDED_ITEM: re.compile(
        r"(?:想评价|想要评价|本想评价|实际评价|意在评价|本意(?:是|为)?评价|欲评价|打算评价)(?:的)?(?:事项|业务)?(?:的?是|为)?[^,。]{2}|"
        r"误(?:把|将)[^,。]{0,24}(?:当成|当作|认作|评价成|评价为|评成)[^,。]{2}|"
        r"(?:差评|评价)(?:应为|应是|实为|实际是|针对的?是)[^,。]{1,24}(?:事项|业务|登记|服务|办理|申请|申领)"
    ),
    Part.RELATED: re.compile(
        r"(?:无|没有|有|不存在|存在|并无)(?:任何|直接)?(?:关联|联系(?!上|到|群众|方式|电话|人))|(?:互不|毫不|不)相关|属(?:于)?同一|不属(?:于)?同一|"
        r"与[^,。]{1,24}(?:无关|有关)|互不(?:影响|关联)"
    ),
    Part.BASIS: re.compile(
        r"(?<!没有)(?<!无)依据(?!不足)|(?:根据|按照)[^,。]{2}|监控|录音|录像|通话记录|聊天记录|(?:多次|反复|耐心)解释|短时间内|连续[^,。]{0,8}[次条]|"
        r"同一(?:手机|账号|用户|人)|辱骂|威胁|\d次"
    ),
    Part.POLICY_BASIS: re.compile(
        r"《[^》]{2,60}》|第[一二三四五六七八九十百\d]{1,6}条|〔\d{4}〕|"
        r"(?:根据|依据|按照|依照)(?!相关|有关|现行|国家有关|国家相关|政策|规定|要求)[^,。]{2,30}?(?:规定|政策|办法|条例|通知|细则|法|指南|意见)"
    ),
    Part.WHY_NOT_MATCHING: re.compile(
        r"(?:未满|未达|不足|超过|超出|逾期|未缴|断缴|欠缴|不具备|缺少|尚未|未取得|未提供|未办理|未上传|未签|未经|填错|误填|填写错误|不一致|"
        r"已过期|不在|非本|不属于|没有|未按|漏填|漏传|误选|错选|选错|错填|传错)[^,。]{1}|"
        r"(?:不符合|不满足|不符)[^,。]{0,12}(?:\d|[一二三四五六七八九十]{1,4}(?:年|周岁|个月|日))|[^,。]{2}(?:不一致|不符(?!合)|已过期|为空)"
    ),
    Part.WRONG_STEP: re.compile(
        r"(?:环节|步骤|页面|栏|界面|选项|一步|时)[^,。]{0,24}(?:错|误|漏|未|选成|填成|没有|不清|不熟悉|不一致)|"
        r"(?:误选|错选|漏填|漏传|填错|误填|选错|误点|点错|传错|漏选|错填|误传)[^,。]{2}|第[一二三四五六七八九\d]步"
    ),
    Part.SPECIFICS: re.compile(
        r"\d|家属|子女|儿子|女儿|父亲|母亲|亲属|同事|他人|代办|号码|手机|账号|冒用|测试|联调|调试|演练|培训|验收"
    ),
    Part.SCENE: re.compile(r"在[^,。]{2,30}时|场景|点击|登录后|打开[^,。]{2}|提交[^,。]{0,10}[时后]"),
    Part.REPRODUCTION: re.compile(r"重现|复现|再现|依次|先[^。]{2,30}[再后]|浏览器|版本"),
    Part.TRANSFER_TO: re.compile(
        rf"(?:转|报|提交|移交|反馈|上报)(?:至|给|送|请|到)?[^,。]{{1,20}}{_OFFICE}|"
        rf"向[^,。]{{2,20}}{_OFFICE}[^,。]{{0,10}}(?:反映|上报|反馈|提交|报告)|由[^,。]{{2,20}}{_OFFICE}[^,。]{{0,6}}(?:处理|修复|负责)"
    ),
}
_CALLED = re.compile(r"联系|致电|拨打|回访|电话|去电")
_REFUSED = re.compile(r"未接|未能接通|无人接听|无法接通|挂断|拒接|拒绝|不愿|关机|不接")
_OTHERS = re.compile(
    rf"(?:评价|反映|投诉|针对|不满|说)的?(?:是|对象是|应是|应为|为)[^,。]{{0,16}}{_OFFICE}[^。]{{0,20}}对{_OWN}[^,。]{{0,12}}(?:满意|没有意见|无意见|认可)|"
    rf"(?:不属于|不属|并非|非){_OWN}[^,。]{{0,6}}(?:职责|职能|管辖|业务|范围|责任)|与{_OWN}无关|"
    rf"责任不在{_OWN}|{_OWN}(?:仅|只)(?:是|负责)?(?:受理|收件|转交|代收)|"
    rf"(?:应由|应当由)[^,。]{{1,16}}{_OFFICE}[^,。]{{0,4}}(?:负责|处理|答复|解释)"
)
_FOREIGN = re.compile(
    r"(?:省|市|国家|部)级?(?:统)?建(?:/|设|的|系统|平台)|非[^,。]{0,4}自建|(?:我|本)(?:部门|局|中心|单位)[^,。]{0,4}(?:无|没有)[^,。]{0,6}权限"
)
_TRUE = re.compile(r"属实")
_NOT_TRUE = re.compile(r"(?:不|是否|并不|非|不完全|未必|真实性|核查是否)$")


@dataclass(frozen=True)
class _Reading:
    """The appeal as it is read: its fields folded, and all of the appellant's text with the field it stands in."""

    texts: Mapping[Part, Folded]

    def own(self) -> Iterator[tuple[Part, Folded]]:
        return ((part, text) for part, text in self.texts.items() if part is not Part.RATED_TEXT)

    def says(self, pattern: re.Pattern[str]) -> bool:
        return any(pattern.search(text.text) for _, text in self.own())

    def filled(self, part: Part) -> bool:
        words = "".join(char for char in self.texts[part].text if char.isalnum()) if part in self.texts else ""
        return bool(words) and words not in _EMPTY

    def days(self) -> int:
        dates = [match.groups() for _, text in self.own() for match in _DATE.finditer(text.text)]
        return len({tuple(int(number) for number in date if number) for date in dates})


def check(ground: Ground, appeal: Mapping[Part, str], attempts: int = ATTEMPTS) -> Report:
    """Every finding about an appeal on this ground. ``RATED_TEXT`` is what the citizen wrote; ``attempts``: on how many
    days a citizen must have been called before 拒评 is a ground. Raises TextTooLong."""
    reading = _Reading({part: fold(text) for part, text in appeal.items()})
    return ordered(
        [
            *_elements(reading, ground),
            *_required(reading, ground, attempts),
            *_answer(reading),
            *_other_department(reading, ground),
            *_foreign_system(reading),
            *_true(reading),
        ]
    )


def _elements(reading: _Reading, ground: Ground) -> Iterator[Finding]:
    if not reading.filled(Part.RATED_AT) and not reading.says(_DATE):
        yield found("appeal.elements", Weight.LOOK, Part.RATED_AT)
    explained = reading.filled(Part.CAUSE) or reading.filled(Part.APPEAL_REASON) or reading.says(_CAUSE)
    explained |= _has(reading, Part.WHY_NOT_MATCHING)  # 范例4 gives no other cause
    explained |= any(part is Part.SPECIFICS and _has(reading, part) for _, part in REQUIRED[ground])
    if not explained and ground is not Ground.REFUSED:
        yield found("appeal.answer", Weight.FAILS, Part.CAUSE)
    for part, text in reading.own():
        for match in _UNFILLED.finditer(text.text):
            yield found("appeal.elements", Weight.LOOK, part, text.span(*match.span()), text.source)


def _required(reading: _Reading, ground: Ground, attempts: int) -> Iterator[Finding]:
    for clause, part in REQUIRED[ground]:
        if part is Part.ATTEMPTS:
            if not (reading.says(_CALLED) and reading.says(_REFUSED) and reading.days() >= attempts):
                yield found(clause, Weight.FAILS, part, attempts=attempts)
        elif not _has(reading, part):
            like_the_model = part is Part.RELATED and reading.days() >= 2 and _has(reading, Part.INTENDED_ITEM)
            yield found(clause, Weight.LOOK if like_the_model else Weight.FAILS, part)


def _has(reading: _Reading, part: Part) -> bool:
    if part is Part.SPECIFICS:
        told = [
            reading.texts[one].text for one in (Part.SPECIFICS, Part.APPEAL_REASON, Part.BODY) if one in reading.texts
        ]
        words = _DATE.sub("", "".join(told))
        length = sum(char.isalnum() for char in words)
        return length >= ENOUGH_SPECIFICS or length >= LEAST_SPECIFICS and bool(_NAMED[part].search(words))
    return reading.filled(part) or reading.says(_NAMED[part])


def _answer(reading: _Reading) -> Iterator[Finding]:
    if Part.RATED_TEXT not in reading.texts:
        return
    raised = reading.texts[Part.RATED_TEXT]
    for topic, span in topics.unanswered(raised, [text for _, text in reading.own()]):
        at = raised.span(*span)
        if topic.name == topics.ATTITUDE:
            yield found("appeal.attitude", Weight.FAILS, Part.RATED_TEXT, at, raised.source)
        else:
            yield found("appeal.answer", Weight.LOOK, Part.RATED_TEXT, at, raised.source)


def _other_department(reading: _Reading, ground: Ground) -> Iterator[Finding]:
    if ground is Ground.WRONG_ITEM and reading.days() >= 2 and _has(reading, Part.INTENDED_ITEM):
        return
    for part, text in reading.own():
        for match in _OTHERS.finditer(text.text):
            yield found("appeal.other_department", Weight.FAILS, part, text.span(*match.span()), text.source)


def _foreign_system(reading: _Reading) -> Iterator[Finding]:
    if reading.says(_FOREIGN):
        for part in (Part.SCENE, Part.REPRODUCTION, Part.TRANSFER_TO):
            if not _has(reading, part):
                yield found("appeal.foreign_system", Weight.FAILS, part)


def _true(reading: _Reading) -> Iterator[Finding]:
    for part, text in reading.own():
        for match in _TRUE.finditer(text.text):
            before = text.text[max(0, match.start() - 8) : match.start()]
            if not _NOT_TRUE.search(before) and not text.quoted(*match.span()):
                yield found("appeal.true", Weight.LOOK, part, text.span(*match.span()), text.source)


def table() -> str:
    """What each ground must say, as Markdown, for docs/text-rules.md."""
    rows = ["| 情形 | `--ground` | 除时间、原因外须写明 |", "|---|---|---|"]
    for ground, title in GROUND_TITLES.items():
        parts = "、".join(LABELS[part][0] for _, part in REQUIRED[ground]) or "—"
        rows.append(f"| {title} | `{ground}` | {parts} |")
    return "\n".join(rows) + "\n"
