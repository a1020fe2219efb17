"""Figures about ratings, in which what citizens said, silence, and what is left out stand apart (C-2, C-20, C-22).

There are two good-rating rates 好评率: the regulation's own, in which a default counts if there is such a rule, and
beside it the one of active ratings alone. Both say in words how they were made. A rating that was not adopted 不予采纳,
or whose rater is on the list of `core.malicious`, is in neither, and each kind has its number.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from central.core.rating import Level
from central.core.rating_rules import RatingRules

#: What counts as good where a regulation does not say: 基本满意 and better, all that is no 差评.
GOOD = (Level.VERY_SATISFIED, Level.SATISFIED, Level.FAIRLY_SATISFIED)
TITLES = dict(zip(Level, ("非常满意", "满意", "基本满意", "不满意", "非常不满意"), strict=True))


@dataclass(frozen=True)
class Tally:
    """How many of each level: ``active`` by citizens, ``default`` silence that counts. Besides, what is in no rate."""

    active: Mapping[Level, int] = field(default_factory=dict)
    default: Mapping[Level, int] = field(default_factory=dict)
    superseded: int = 0
    not_adopted: int = 0
    set_aside: int = 0
    reason_missing: int = 0


@dataclass(frozen=True)
class Rate:
    """``good`` ÷ ``of``, and in words what both are. ``percent`` has two decimals; None: there is nothing to divide."""

    good: int
    of: int
    formula: str

    @property
    def percent(self) -> str | None:
        # by whole numbers, half up: 99.995 of 100 must not come out differently on another machine
        if not self.of:
            return None
        hundredths = (self.good * 20_000 + self.of) // (2 * self.of)
        return f"{hundredths // 100}.{hundredths % 100:02}"


def rates(rules: RatingRules, tally: Tally) -> tuple[Rate, Rate]:
    """The official rate and that of active ratings."""
    good = rules.good or GOOD
    names = "、".join(TITLES[level] for level in good)
    silence = rules.default is not None
    which = "含默认评价" if silence else "没有默认评价"
    said = rules.good_article or "文中没有规定哪些等级算好评，本系统按基本满意及以上计，C-2、C-22"
    left_out = "不予采纳和暂不计入的除外"
    official = f"好评率＝（{names}，{which}）÷（全部评价，{which}；{left_out}）×100%（{said}）"
    active = f"主动评价好评率＝（{names}）÷（群众主动作出的评价；默认评价、{left_out}）×100%（C-2）"
    spoken = Rate(_sum(tally.active, good), _sum(tally.active, Level), active)
    defaults = (_sum(tally.default, good), _sum(tally.default, Level)) if silence else (0, 0)
    return Rate(spoken.good + defaults[0], spoken.of + defaults[1], official), spoken


def as_json(rules: RatingRules, tally: Tally) -> dict[str, Any]:
    """For a reader who may see the figures of a hall."""
    official, active = rates(rules, tally)
    return {
        "active": {str(level): tally.active.get(level, 0) for level in Level},
        "default": {str(level): tally.default.get(level, 0) for level in Level},
        "superseded": tally.superseded,
        "not_adopted": tally.not_adopted,
        "set_aside": tally.set_aside,
        "reason_missing": tally.reason_missing,
        "good_rate": _rate(official),
        "active_good_rate": _rate(active),
    }


def _rate(rate: Rate) -> dict[str, Any]:
    return {"good": rate.good, "of": rate.of, "percent": rate.percent, "formula": rate.formula}


def _sum(counts: Mapping[Level, int], levels: Any) -> int:
    return sum(counts.get(level, 0) for level in levels)
