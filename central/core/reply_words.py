"""The words of 附件2 二(三)1 in a reply, and where the same characters are innocent (REQUIREMENTS C-12).

The regulation's reading is literal, so a word is a hit unless what stands beside it shows another meaning: 即将 and
虚拟 are other words, 按要求 is a manner, 感谢您的建议 speaks of the citizen's, 已将材料退还 tells what is done. Each
exception looks at most `_REACH` characters to either side within the clause, which keeps the whole linear.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from central.core.text_fold import Folded

_REACH = 24
_CITIZEN = (
    "(?:您|群众|申请人|评价人|办事人|企业|顾客|乘客|旅客|患者|参保人|参保人员|纳税人|市民|居民|村民|家长|投诉人|业主|"
    "司机|车主|用户|当事群众)(?:本人|们)?"
)
_OURS = (
    "(?:我局|我中心|窗口|工作人员|经办|当班|当事人|涉事|该|其|相关|有关|各|全体|第三方|运维|技术|施工|承建|物业|科室|部门|"
    "单位|公司|中心|责任|干部|职工)"
)


@dataclass(frozen=True)
class _Beside:
    """What stands directly before and after the word; both must be there."""

    before: re.Pattern[str]
    after: re.Pattern[str]

    def holds(self, before: str, after: str) -> bool:
        return bool(self.before.search(before) and self.after.match(after))


def _beside(before: str = "", after: str = "") -> _Beside:
    return _Beside(re.compile(f"(?:{before})$" if before else ""), re.compile(after))


@dataclass(frozen=True)
class _Word:
    """``guilty`` is asked first: what is a hit whatever else is said."""

    innocent: Sequence[_Beside]
    guilty: Sequence[_Beside] = ()


_FUTURE = (
    "会|要|在|于|进一步|继续|尽快|尽早|持续|适时|陆续|尽力|积极|严格|不断|切实|逐步|按|对|加强|加大|加快|组织|安排|开展|"
    "根据|视|认真|深入|全力|及时|努力|争取|全面"
)
#: Shown by a machine: the text of a button or the state of a case.
_SHOWN = _beside('(?:显示|点击|提示|状态|状态为|为|选择|标注|按下|按|停留在|出现)[“"]', '[”"]')
_BUTTON = _beside("", '[”"]?(?:按钮|键|页面|图标|字样|时白屏|时报错|时卡|没有反应|无反应|无法点击)')

_WORDS: dict[str, _Word] = {
    "将": _Word(
        (
            _beside("即|麻|(?<!失)误|(?<!过)错|不慎|未|没有"),
            _beside("现|特|兹", "[^,。]{0,18}如下"),
            _beside("", "近(?!期|日|来)|军|士|就|功补过|心比心|错就错|信将疑"),
            _beside("信将", "疑"),
            _beside(f"(?<!请){_CITIZEN}", "[^,。]{1,8}(?:落在|遗失|遗落|丢失|丢在|忘在|留在|填成|填为|填错)"),
            # An object before what was done: 已将材料退还, 将材料退还了. Not 已于近日开会将….
            _beside("(?:已将?|当场|当日|当天|当即|随即|随后|次日)(?![^将]{0,20}会)[^将]{0,20}", f"(?!{_FUTURE})"),
            _beside("", f"(?!{_FUTURE})[^会]{{0,18}}[^为除不到]了(?!解)"),
        )
    ),
    "办理中": _Word(
        (
            _beside("", "心"),
            _beside(
                "",
                "(?:才|又)?(?:遇|发现|出现|存在|产生|发生|因|由于|需|应|的(?:问题|困难|不便|疑问|堵点|环节|细节|实际))",
            ),
            _SHOWN,
        ),
        (_beside("正|正在|仍|仍在|尚在|还在|目前|目前在|处于", "(?!心)"),),
    ),
    "责令": _Word((_beside("", "(?:停产|停业|停工|关闭|拆除|退出|改正通知)"),)),
    "要求": _Word(
        (
            _beside("按|按照|依|依照|应|不再|未|没有|不得|不应|不该"),
            _beside(
                "(?:按|按照|依照|依据|根据|遵照|符合|不符合|满足|达到|对照|违反|不合|低于|高于)[^要]{1,18}",
                f"(?!{_OURS})",
            ),
            _beside("(?:符合|满足|达到|对照|违反|不合|低于|高于)"),
            _beside(f"{_CITIZEN}(?:多次|一再|当场|强烈|合理|提出|提出了)?(?:的|所)?"),
            _beside(
                "的|材料|政策|条件|格式|规范|文件|规定|标准|硬性|技术|时限|纪律|具体|上述|任何|法定|各项|此项|像素|照片|保密|"
                "强制|特殊|额外|质量|合理|不合理",
                f"(?!{_OURS})",
            ),
            _beside(
                "",
                f"{_CITIZEN}|本人|(?:重新|重复|多次|再次|另行|补充)?(?:提交|提供|出具|携带|填写|复印|排队|预约|打印)",
            ),
            _beside("", "(?:不一致|不符|不明|过高|过多|繁琐|较多|较高)"),
        ),
        (_beside("(?:已|我局|我中心|本局|我科|我单位|已经|提出了?(?:明确|严格|具体)?)", f"(?!{_CITIZEN}|$)|(?=$)"),),
    ),
    "已通知": _Word(
        (
            _beside(
                "", f"(?:到)?{_CITIZEN}[^,。]{{0,8}}?(?:领取|取件|取证|取卡|取回|查收|办结|结果|到账|签收|退费|退款)"
            ),
        )
    ),
    "拟": _Word(
        (_beside("虚|模|草|比"), _beside("", "人化|制|稿|合|声|态|录用|录取|聘|设企业|设立企业|设立公司|用名称")),
    ),
    "计划": _Word(
        (
            _beside("", "生育|免疫|单列|经济|财务|统计"),
            _beside(
                "招生|发车|运行|班次|列车|行车|运营|生产|教学|用水|接种|停水|停电|检修|供水|采购|出行|旅行|生育|用地|按|按照|"
                "依照|原|家庭"
            ),
            _beside(f"{_CITIZEN}(?:本|原)?"),
        )
    ),
    "建议": _Word(
        (
            _beside(
                "的|意见|意见(?:和|与|、|及)|宝贵|合理|合理化|良好|该|此|该条|该项|此项|这条|这项|采纳|听取|收集|吸收|征求"
            ),
            _beside(f"{_CITIZEN}(?:提出|所提|曾|还|也)?(?:的|该|此)?"),
            _beside("检察|司法|监察|卫生监督"),
        )
    ),
    "下一步": _Word((_SHOWN, _BUTTON, _beside("点击|点|按|点选"))),
}
_FAMILY = {"已经通知": "已通知"}
_FIND = re.compile("|".join(sorted([*_WORDS, *_FAMILY], key=len, reverse=True)))


def beside(text: Folded, start: int, end: int) -> tuple[str, str]:
    """What stands before and after within the clause, at most `_REACH` characters each way."""
    before = text.text[max(text.clause_at[start], start - _REACH) : start]
    if before in ("并", "同时", "且") and text.text[start - len(before) - 1 : start - len(before)] == ",":
        before = text.text[max(0, start - _REACH) : start]  # 已…，并将…: what is said before the comma goes on
    after = re.split(r"[,。;:!?\n]", text.text[end : end + _REACH], maxsplit=1)[0]
    return before, after


def _innocent(word: _Word, before: str, after: str) -> bool:
    if any(sign.holds(before, after) for sign in word.guilty):
        return False
    return any(sign.holds(before, after) for sign in word.innocent)


def is_promise(text: Folded, place: int) -> bool:
    """Whether the 将 at this place tells of the future."""
    return not _innocent(_WORDS["将"], *beside(text, place, place + 1))


def hits(text: Folded, more: Sequence[str] = ()) -> Iterator[tuple[int, int]]:
    """Places in the folded text. ``more``: a policy's list; what it adds to ours (等) is read literally."""
    for match in _FIND.finditer(text.text):
        start, end = match.span()
        word = _WORDS[_FAMILY.get(match[0], match[0])]
        if not text.quoted(start, end) and not _innocent(word, *beside(text, start, end)):
            yield start, end
    for extra in sorted(set(more) - _WORDS.keys()):
        for match in re.finditer(re.escape(extra), text.text):
            if not text.quoted(*match.span()):
                yield match.span()
