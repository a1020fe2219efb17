"""The second-level indicators (二级指标) that a device offers after its undo window: one set, frozen, with a version.

Every rating names the version of the set it was made under (spec 3.3, key 12), so what a version means never changes:
other words are another version. A set comes from a file or from central, in one shape:

    {"version": 7, "asked": ["very_dissatisfied", "dissatisfied"],
     "levels": {"very_dissatisfied": {"108": "在办事指南之外增加新的审批条件", …}, …}}
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from protocol import levels

MAX_CODES = 32
"""For one level (spec 5.3, key 15)."""
MAX_CODE = 0xFFFF
MAX_VERSION = 0xFFFFFFFF
MAX_WORDS = 32
"""Characters of one indicator: what two lines of a device's row can hold."""


class IndicatorError(ValueError):
    """This is no set of indicators: ``field`` names the place, ``detail`` says what was expected and what came."""

    def __init__(self, field: str, detail: str):
        super().__init__(f"{field}: {detail}")
        self.field = field
        self.detail = detail


@dataclass(frozen=True)
class IndicatorSet:
    """``words`` are level name → code → words, in the order shown; ``asked``: the levels that are asked for reasons."""

    version: int
    words: Mapping[str, Mapping[int, str]] = field(hash=False)
    asked: tuple[str, ...] = levels.BAD

    def offered(self) -> dict[int, list[int]]:
        """Level → codes, as a scene carries them (spec 5.3, key 15)."""
        return {levels.number(name): list(self.words[name]) for name in self.asked if self.words.get(name)}

    def shown(self) -> dict[int, str]:
        """Code → words of all that a device may have to show."""
        return {code: text for name in self.asked for code, text in self.words.get(name, {}).items()}

    def text(self) -> str:
        """The set as JSON in one spelling: equal sets give equal text."""
        shape = {
            "version": self.version,
            "asked": list(self.asked),
            "levels": {name: {str(code): text for code, text in codes.items()} for name, codes in self.words.items()},
        }
        return json.dumps(shape, ensure_ascii=False, separators=(",", ":"))


def read(value: object) -> IndicatorSet:
    """The set in a JSON or TOML value. Raises IndicatorError."""
    if not isinstance(value, Mapping):
        raise IndicatorError("indicators", f"expected a table, got {type(value).__name__}")
    for name in value:
        if name not in ("version", "asked", "levels"):
            raise IndicatorError(str(name)[:40], "unknown field; expected version, asked, levels")
    version = value.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= MAX_VERSION:
        raise IndicatorError("version", f"expected 1 to {MAX_VERSION}, got {version!r}")
    given = value.get("levels")
    if not isinstance(given, Mapping) or not given:
        raise IndicatorError("levels", "expected a table of level names")
    seen: dict[int, str] = {}
    words = {name: _level(name, codes, seen) for name, codes in given.items()}
    return IndicatorSet(version, MappingProxyType(words), _asked(value.get("asked", list(levels.BAD)), words))


def _level(name: object, codes: object, seen: dict[int, str]) -> Mapping[int, str]:
    place = f"levels.{str(name)[:40]}"
    if name not in levels.NAMES:
        raise IndicatorError(place, f"unknown level; expected {' '.join(levels.NAMES)}")
    if not isinstance(codes, Mapping) or not 1 <= len(codes) <= MAX_CODES:
        raise IndicatorError(place, f"expected 1 to {MAX_CODES} codes with their words")
    found = {}
    for key, text in codes.items():
        here = f"{place}.{str(key)[:10]}"
        try:
            code = int(str(key)) if str(key).isascii() and str(key).isdigit() else -1
        except ValueError:  # more digits than Python reads
            code = -1
        if not 1 <= code <= MAX_CODE or str(code) != str(key):
            raise IndicatorError(here, f"a code is a number from 1 to {MAX_CODE}")
        if code in seen:
            raise IndicatorError(here, f"this code stands at {seen[code]} already")
        good = isinstance(text, str) and 1 <= len(text) <= MAX_WORDS and text.isprintable() and text == text.strip()
        if not good:
            raise IndicatorError(here, f"expected 1 to {MAX_WORDS} printable characters, got {text!r:.80}")
        seen[code] = here
        found[code] = text
    return MappingProxyType(found)


def _asked(value: object, words: Mapping[str, object]) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len(set(map(str, value))) != len(value):
        raise IndicatorError("asked", f"expected a list of different levels, got {value!r:.80}")
    for name in value:
        if name not in words:
            raise IndicatorError("asked", f"{name!r:.40} has no indicators under levels")
    return tuple(value)


#: The national set: eight for each level, the three of the base norm and five of its extension.
NATIONAL = read(
    {
        "version": 1,
        "levels": {
            "very_dissatisfied": {
                108: "在办事指南之外增加新的审批条件",
                109: "需提供办事指南之外的申报材料",
                110: "无理由超过法定办理时间",
                111: "办事指南提供样本有错",
                112: "承诺在线收取申报材料实际无法收取",
                113: "多头跑窗口和部门",
                114: "跑动次数与承诺的不一致",
                115: "服务态度差效率低",
            },
            "dissatisfied": {
                207: "没有提供材料样本",
                208: "没有提供材料清单",
                209: "未在承诺时间内办结",
                210: "同样内容的证明材料被要求多次提交",
                211: "承诺网办但无法在线办理",
                212: "在线预约办理后到实体大厅重复取号排队",
                213: "窗口人员业务不熟练",
                214: "服务态度生硬",
            },
            "fairly_satisfied": {
                307: "一次性告知需要补正的材料",
                308: "提供申报材料样本",
                309: "在承诺的时间内办结",
                310: "办事指南指引准确",
                311: "按办事指南要求的材料即可办理",
                312: "可以快递送达",
                313: "跑动次数与承诺的一致",
                314: "服务态度一般",
            },
            "satisfied": {
                406: "填写一张表单就可完成申报",
                407: "在线提交材料窗口核验",
                408: "一张清单告知全部申报材料",
                409: "用告知承诺减免申报材料",
                410: "可以在线预约办理",
                411: "跑大厅一次办完",
                412: "可以使用自助机办理",
                413: "服务态度较好",
            },
            "very_satisfied": {
                510: "一窗受理一次办结",
                511: "可以先受理后补材料",
                512: "不用提交证明",
                513: "可以全程网上办理",
                514: "可以使用手机办理",
                515: "可以就近办理",
                516: "无需材料直接办理",
                517: "服务热情效率高",
            },
        },
    }
)
