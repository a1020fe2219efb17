"""实名制: what a rating is by the name behind it (WZ 第十条, MOT 第十条, SP 5.3, LZ 二(二)1, JX 三(三)).

Nobody has to give a name to a device: it is the name in the 办件 that counts, sealed as it is (spec 9.6).
"""

from enum import StrEnum
from typing import Literal

#: `sections.Identity.rule`; None where a regulation says nothing (嘉祥).
Rule = Literal["real_name", "encouraged"] | None


class Standing(StrEnum):
    """``REAL_NAME`` alone belongs to the 实名差评回访率 (JX-3.3f). ``FEEDBACK`` is kept and answered, and no 好差评."""

    REAL_NAME = "real_name"
    UNNAMED = "unnamed"
    FEEDBACK = "feedback"


TITLES = {
    Standing.REAL_NAME: "实名评价",
    Standing.UNNAMED: "未实名评价",
    Standing.FEEDBACK: "匿名反馈",
}


def standing(rule: Rule, has_identity: bool) -> Standing:
    """What a rating is whose service has an identity, or has none."""
    if has_identity:
        return Standing.REAL_NAME
    return Standing.FEEDBACK if rule == "real_name" else Standing.UNNAMED
