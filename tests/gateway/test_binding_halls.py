"""Ten thousand days in a hall: no rating is bound to a service that was not being served, and none is left behind."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.binding import Rule, Status, bind
from gateway.core.business import standing
from gateway.core.timeline import fold
from tests.gateway.halls import RULES, Hall, Right, right

HALLS = 10_000
PRESSES = 3


@pytest.mark.requirement("JX-3.1a")
def test_ten_thousand_halls():
    outcomes: Counter[str] = Counter()
    halls: set[tuple[int, int]] = set()

    @settings(max_examples=HALLS, database=None)
    @given(st.integers(1, 16), st.integers(0, 2**63))
    def every_hall(actions, seed):
        hall = Hall(random.Random(seed))
        hall.play(actions)
        servings = fold(standing(event for _, event in hall.told), RULES)
        halls.add((actions, seed))
        for _ in range(PRESSES):
            pressed = hall.press()
            decision = bind(pressed.press, pressed.window, pressed.token, servings, hall.business_error)
            check(hall, pressed, decision)
            outcomes[decision.rule] += 1

    every_hall()
    assert len(halls) >= HALLS
    # the halls are no deserts: every rule decides often
    assert {rule: outcomes[rule] > 300 for rule in Rule} == dict.fromkeys(Rule, True), outcomes


def check(hall, pressed, decision):
    key = (decision.case_no, decision.service_no)
    there = possible(hall, pressed)
    if decision.status is Status.BOUND:
        # never to what was not being served there within the bound
        assert key in {one.key for one in there}, (decision, there)
    elif pressed.token is None and len({one.key for one in there if not one.alone}) == 1:
        # always if exactly one was
        assert pressed.window is None or pressed.press.wall_ms is None, (decision, there)
    expected = right(hall, pressed)
    found = Right(
        decision.status,
        decision.rule,
        key if decision.case_no else None,
        decision.staff,
        decision.candidates,
    )
    assert found == expected, (pressed, hall.told)


def possible(hall, pressed):
    """All that was seen at the window when the press can have happened."""
    seen = hall.seen.get(pressed.window or "", {})
    if pressed.press.wall_ms is None:
        return list(seen.values())
    first, last = pressed.press.span(hall.business_error)
    return [one for tick, one in seen.items() if first <= tick <= last]
