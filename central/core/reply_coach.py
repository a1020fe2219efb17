"""The nine reasons for which a 整改答复 fails (温州附件2 二(三)), as a coach that reads along.

Reason 1 looks for words in 正文, 原因 and 处理结果. 下一步举措 speaks of the future by its nature and is exempt from
the words alone (REQUIREMENTS C-12). No promise can hide there: the reasons after the first read it too, and ask for a
result in the other fields.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from central.core import reply_words, topics
from central.core.handled import has_result, has_result_for_person, may_have_result
from central.core.text_fold import Folded, fold
from central.core.text_parts import Part
from central.core.text_rules import Finding, Report, Weight, found, ordered

#: Words that a deployment adds to the first reason.
MAX_MORE_WORDS = 100

CHECKED = (Part.BODY, Part.CAUSE, Part.RESULT)
_ALL = (*CHECKED, Part.NEXT_MEASURES)
_DATE = re.compile(r"\d{1,2}月\d{1,2}[日号]|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}")
_CAUSE = re.compile(r"因|由于|原因|经核实|经查|经核查|经调查|经了解|导致|系")

_SPAN = r"(?:\d{1,4}|[一二两三四五六七八九十]{1,4}|几|若干)个?(?:工作日|自然日|日|天|周|星期|月|小时)(?:之?内|以内)"
_LATER = (
    r"近期|近日内|"
    r"(?:本周|下周|本月|下月|月底|月末|年底|年内|本季度|\d{1,2}月\d{1,2}日|\d{1,2}日|\d{1,2}月底)(?:之?前|以前|内)|"
    r"近日(?!来)|(?:本|下|下个|这个)?(?:月底|月末|年底|季度末)"
)
_DO = "处理|办好|办妥|解决|完成|整改|办结|办理|答复|修复|落实|反馈|补发|退还"
_BODY = "(?:局|委|办|中心|部门|单位|公司|银行|法院|所|处)"
#: How far back a sentence is read.
_SENTENCE = 60
_TEST = "(?:检测|检验|鉴定|检定|化验|评估|测试)"


@dataclass(frozen=True)
class _Phrase:
    """``unless`` looks at the clause of a hit, ``given`` at the sentence before it.

    ``person``: only something done about the person is a result; ``always``: no result makes up for it.
    """

    clause: str
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None = None
    given: re.Pattern[str] | None = None
    person: bool = False
    always: bool = False


def _phrase(
    clause: str, pattern: str, unless: str = "", given: str = "", person: bool = False, always: bool = False
) -> _Phrase:
    excused = re.compile(unless) if unless else None
    context = re.compile(given) if given else None
    return _Phrase(clause, re.compile(pattern), excused, context, person, always)


_PHRASES = (
    _phrase(
        "reply.talk_notice",
        r"(?:谈话|约谈)(?:提醒|诫勉)?(?:通知书|通知单|提醒函|通知|函)",
        r"(?:未|没有|无需|不)[^,。]{0,4}(?:谈话|约谈)",
        person=True,
    ),
    _phrase(
        "reply.promise",
        rf"(?:{_SPAN}|{_LATER})[^,。]{{0,12}}(?:{_DO})",
        r"已|了|法定|时限|期限|规定|应当|应在|应于|需在|须在|流程|为即办",
    ),
    _phrase(
        "reply.management",
        r"(?:加强|强化|严格|严抓)[^,。]{0,10}(?:管理|监管|监督|教育|队伍建设|作风|意识|责任心|学习|培训)",
    ),
    _phrase(
        "reply.ordered",
        r"(?:责令|督促|要求|责成|敦促)[^,。]{0,16}(?:整改|改正|改进)|"
        r"(?:已|立即|马上|全面|现已)[^,。]{0,6}整改|整改(?:到位|完毕|完成|落实)",
        r"承诺|争取|预计|确保|力争",
    ),
    _phrase(
        "reply.progress",
        r"加快[^,。]{0,8}(?:进度|办理|推进|处理|建设|修复|审批|速度|步伐)|"
        r"积极[^,。]{0,4}(?:协调|沟通|对接|推进|处理|联系|跟进)|"
        r"(?:正在(?!为|给|替|接待)|正[与和同])[^,。]{0,10}(?:处理|办理|协调|整改|核实|调查|研究|推进|修复|排查|沟通|对接|落实|审核|解决|升级|开发)|"
        r"(?:尽快|抓紧)[^,。]{0,8}(?:处理|解决|办理|落实|答复|修复|完成|整改)",
        r"当时正在|时正在|当时[^,。]{0,8}正在",
    ),
    _phrase(
        "reply.joint",
        r"(?:多个?|各|相关|有关|两个|三个|几个|两|三)(?:职能)?部门[^,。]{0,12}(?:共同|联合|协同|配合|共管|会商|协作|齐抓共管)|"
        r"会同[^,。]{1,24}(?:共同|联合|协同)|"
        rf"(?:与|和|同|由|需|会同)[^,。]{{1,20}}{_BODY}[^,。]{{0,6}}(?:共同|联合|协同)[^,。]{{0,4}}(?:管理|监管|治理|处理|处置|解决|整改|推进|负责)",
    ),
    _phrase(
        "reply.testing",
        rf"(?:待|等|等待|等候)[^,。待等]{{0,10}}{_TEST}[^,。]{{0,6}}(?:结果|报告|结论|意见)|"
        rf"{_TEST}(?:结果|报告|结论)[^,。]{{0,6}}后[^已,。]{{0,4}}(?:再|另行|进一步|作进一步|处理|处置|研究|答复)",
        r"已(?:于|出|收到|取得|明确)|结果(?:已|显示)|期间|时长|时间较?长",
        always=True,
    ),
    _phrase(
        "reply.testing",
        r"(?:待|等|等待|等候)[^,。待等检鉴化评测]{0,4}(?:结果|报告|结论)[^,。]{0,6}后|"
        r"(?<![检鉴化评测验定估])结果出(?:来|具)后[^已,。]{0,3}(?:再|另|进一步|处理|答复)",
        r"已(?:于|出|收到|取得|明确)",
        given=_TEST + "|送检",
        always=True,
    ),
)
#: Shared work with measures: who leads and who does what.
_MEASURES = re.compile(
    rf"分工[^,。]{{0,4}}(?:如下|为|明确)|{_BODY}负责[^,。]{{2}}[^。]{{0,60}}负责[^,。]{{2}}|已[^,。]{{0,8}}建立[^,。]{{0,12}}(?:机制|专班)"
)


def check(reply: Mapping[Part, str], more_words: Sequence[str] = ()) -> Report:
    """Every finding about the fields of a reply; ``RATED_TEXT`` is what the citizen wrote. Raises TextTooLong, and
    ValueError for more than ``MAX_MORE_WORDS`` added words or a blank one."""
    if len(more_words) > MAX_MORE_WORDS or not all(fold(word).text for word in more_words):
        raise ValueError(f"补充词语最多 {MAX_MORE_WORDS} 个，且不得为空")
    texts = {part: fold(text) for part, text in reply.items()}
    more = [fold(word).text for word in more_words]
    findings = [*_words(texts, more), *_phrases(texts)]
    if all(one.clause.id == "reply.words" for one in findings):  # 没有任何处理情况: none of reasons 2 to 8 either
        findings += _substance(texts)
    return ordered([*findings, *_off_the_point(texts), *_missing(texts)])


def _words(texts: Mapping[Part, Folded], more: Sequence[str]) -> Iterator[Finding]:
    for part in CHECKED:
        if part in texts:
            for start, end in reply_words.hits(texts[part], more):
                yield _at("reply.words", part, texts[part], start, end)


def _phrases(texts: Mapping[Part, Folded]) -> Iterator[Finding]:
    told = _told(texts)
    result, result_for_person = any(map(has_result, told)), any(map(has_result_for_person, told))
    measures, unclear = _has_measures(texts), _unclear(texts)
    for phrase in _PHRASES:
        enough = result_for_person if phrase.person else result
        if not phrase.always and (enough or phrase.clause == "reply.joint" and measures):
            continue
        weight = Weight.LOOK if unclear and not phrase.always else Weight.FAILS
        for part in _ALL:
            if part in texts:
                for start, end in _said(phrase, texts[part]):
                    yield _at(phrase.clause, part, texts[part], start, end, weight)


def _unclear(texts: Mapping[Part, Folded]) -> bool:
    """Whether something is said to be over of which only a reader can tell if it is a result."""
    return not any(map(has_result, _told(texts))) and any(map(may_have_result, _told(texts)))


def _has_measures(texts: Mapping[Part, Folded]) -> bool:
    return any(_MEASURES.search(texts[part].text) for part in CHECKED if part in texts)


def _told(texts: Mapping[Part, Folded]) -> list[Folded]:
    """Where a result may stand: in its own field, or without one in the whole text. A cause is no result."""
    return [texts[part] for part in ([Part.RESULT] if Part.RESULT in texts else [Part.BODY]) if part in texts]


def _said(phrase: _Phrase, text: Folded) -> Iterator[tuple[int, int]]:
    for match in phrase.pattern.finditer(text.text):
        around = "".join(reply_words.beside(text, match.start(), match.start()))
        before = text.text[max(0, match.start() - _SENTENCE) : match.start()].rpartition("。")[2]
        taken_back = phrase.unless and phrase.unless.search(around)
        given = phrase.given is None or phrase.given.search(before)
        if given and not taken_back and not text.quoted(*match.span()):
            yield match.span()


def _substance(texts: Mapping[Part, Folded]) -> Iterator[Finding]:
    if not any(map(has_result, _told(texts))) and not _has_measures(texts):
        yield found("reply.no_substance", Weight.LOOK if _unclear(texts) else Weight.FAILS, Part.RESULT)


def _off_the_point(texts: Mapping[Part, Folded]) -> Iterator[Finding]:
    if Part.RATED_TEXT in texts:
        raised = texts[Part.RATED_TEXT]
        for _, span in topics.unanswered(raised, [texts[part] for part in CHECKED if part in texts]):
            yield _at("reply.no_substance", Part.RATED_TEXT, raised, *span, weight=Weight.LOOK)


def _missing(texts: Mapping[Part, Folded]) -> Iterator[Finding]:
    told = [texts[part].text for part in CHECKED if part in texts]
    for part, sign in ((Part.RATED_AT, _DATE), (Part.CAUSE, _CAUSE)):
        if not _filled(texts, part) and not any(sign.search(text) for text in told):
            yield found("reply.elements", Weight.LOOK, part)
    if not _filled(texts, Part.NEXT_MEASURES):
        yield found("reply.elements", Weight.LOOK, Part.NEXT_MEASURES)


def _filled(texts: Mapping[Part, Folded], part: Part) -> bool:
    return part in texts and any(char.isalnum() for char in texts[part].text)


def _at(clause: str, part: Part, text: Folded, start: int, end: int, weight: Weight = Weight.FAILS) -> Finding:
    return found(clause, weight, part, text.span(start, end), text.source)
