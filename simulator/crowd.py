"""People without end, for a demo that stays up: each window serves one after the other, and most of them rate."""

import itertools
import random
from collections.abc import Iterable, Iterator

from simulator.scenario import Act, Citizen, Step

ITEMS = (
    "身份证换领",
    "居住证申领",
    "户口迁移",
    "个体工商户登记",
    "食品经营许可",
    "公司变更登记",
    "不动产查询",
    "社保转移",
)
#: How often people press which star, and how often none: made up for the demo, nobody's statistics.
_STARS = (5, 4, 3, 2, 1, None)
_WEIGHTS = (46, 18, 7, 4, 4, 21)


def opening(windows: Iterable[str]) -> Act:
    """Everybody signs in again."""
    return Act(lanes={window: (Step(sign_in=f"20{index:02d}"),) for index, window in enumerate(windows, 1)})


def acts(windows: Iterable[str], seed: int) -> Iterator[Act]:
    """One act after the other, one citizen at each window."""
    dice = random.Random(seed)
    windows = tuple(windows)
    for number in itertools.count(1):
        lanes = {}
        for index, window in enumerate(windows):
            star = dice.choices(_STARS, _WEIGHTS)[0]
            press: tuple[int, ...] = (
                () if star is None else (dice.choice((1, 2, 3, 4, 5)), star) if dice.random() < 0.08 else (star,)
            )
            item = ITEMS[(number * len(windows) + index * 3) % len(ITEMS)]
            lanes[window] = (Step(citizen=Citizen(case=f"LIVE-{number:05d}-{index}", item=item, press=press)),)
        yield Act(lanes=lanes)
