"""The fields of a reply or an appeal, and how one text with headings is taken apart into them.

下一步举措 is a field of its own (REQUIREMENTS C-12): 附件2 二(三) asks for it, and its first reason forbids the word.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from central.core.text_fold import MAX_CHARS, TextTooLong

#: A whole file: several fields of full length.
MAX_FILE_CHARS = 4 * MAX_CHARS


class Part(StrEnum):
    """A field of the form."""

    BODY = "body"
    RATED_TEXT = "rated_text"
    RATED_AT = "rated_at"
    CAUSE = "cause"
    RESULT = "result"
    NEXT_MEASURES = "next_measures"
    APPEAL_REASON = "appeal_reason"
    RESPONSE_TO_TEXT = "response_to_text"
    INTENDED_ITEM = "intended_item"
    RELATED = "related"
    BASIS = "basis"
    POLICY_BASIS = "policy_basis"
    WHY_NOT_MATCHING = "why_not_matching"
    WRONG_STEP = "wrong_step"
    ATTEMPTS = "attempts"
    SPECIFICS = "specifics"
    SCENE = "scene"
    REPRODUCTION = "reproduction"
    TRANSFER_TO = "transfer_to"


#: What an official calls each field; the first is what a form shows, the others are understood as headings too.
LABELS: dict[Part, tuple[str, ...]] = {
    Part.BODY: ("正文", "答复内容", "申诉内容"),
    Part.RATED_TEXT: ("评价人文字内容", "差评文本", "群众评价文本"),
    Part.RATED_AT: ("差评产生时间", "产生时间"),
    Part.CAUSE: ("差评原因", "差评产生原因", "原因"),
    Part.RESULT: ("处理结果", "差评处理结果"),
    Part.NEXT_MEASURES: ("下一步举措",),
    Part.APPEAL_REASON: ("申诉原因",),
    Part.RESPONSE_TO_TEXT: ("对评价人文字内容的回应", "正面回应"),
    Part.INTENDED_ITEM: ("评价人想评价的事项", "想评价的事项"),
    Part.RELATED: ("与差评事项是否有关联", "是否有关联"),
    Part.BASIS: ("判断恶意评价的依据", "判断依据"),
    Part.POLICY_BASIS: ("政策依据",),
    Part.WHY_NOT_MATCHING: ("不符合政策的原因",),
    Part.WRONG_STEP: ("操作错误的步骤", "在哪一步操作错误"),
    Part.ATTEMPTS: ("联系记录", "回访记录"),
    Part.SPECIFICS: ("具体情况",),
    Part.SCENE: ("问题产生的场景",),
    Part.REPRODUCTION: ("问题的重现方法", "重现方法"),
    Part.TRANSFER_TO: ("需转交处理的部门", "转交部门"),
}

_PART_OF = {label: part for part, labels in LABELS.items() for label in labels}
_HEADING = re.compile(
    r"^[ \t\u3000]{0,8}(?:[（(]?[一二三四五六七八九十\d]{1,2}[)）、.．][ \t\u3000]{0,4})?("
    + "|".join(sorted(_PART_OF, key=len, reverse=True))
    + r")[ \t\u3000]{0,8}[：:]",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Piece:
    """The text of one field, and where it starts in the whole."""

    start: int
    text: str


def split(whole: str) -> Mapping[Part, Piece]:
    """The fields of a text with headings at the starts of lines (“处理结果：…”); the body stands before the first.

    A heading that comes again belongs to the text of its field. Raises TextTooLong.
    """
    if len(whole) > MAX_FILE_CHARS:
        raise TextTooLong(MAX_FILE_CHARS)
    found: dict[Part, Piece] = {}
    part, start = Part.BODY, 0
    for heading in _HEADING.finditer(whole):
        following = _PART_OF[heading[1]]
        if following in found or following is part and start:
            continue
        _add(found, part, start, whole[start : heading.start()])
        part, start = following, heading.end()
    _add(found, part, start, whole[start:])
    return found


def _add(found: dict[Part, Piece], part: Part, start: int, text: str) -> None:
    bare = text.strip()
    if bare and part not in found:
        found[part] = Piece(start + text.index(bare), bare)
