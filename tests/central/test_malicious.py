"""The list of malicious raters: two people, a reason, an end, an appeal; and never a machine."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.core import malicious
from central.core.malicious import LONGEST_MS, Entry, appeal, decide, propose, review, sets_aside
from central.core.refusal import Refusal

WHY = "三日内对同一窗口连续给出十余次相同差评，经核实未办理业务"
DAY = 86_400_000
NOW = 1_800_000_000_000


def entry(**changes) -> Entry:
    made = propose("ab" * 32, "zhang", WHY, NOW + 30 * DAY, NOW)
    assert isinstance(made, Entry)
    return dataclasses.replace(made, **changes)


def listed() -> Entry:
    done = decide(entry(), "li", True, WHY, NOW + 1)
    assert isinstance(done, Entry)
    return done


@pytest.mark.requirement("SP-8.1c")
def test_nothing_is_set_aside_before_a_second_person_agreed():
    assert not sets_aside(entry(), NOW + 2)
    refused = decide(entry(), "zhang", True, WHY, NOW + 1)
    assert isinstance(refused, Refusal) and "两名不同的人员" in refused.sentence
    turned_down = decide(entry(), "li", False, WHY, NOW + 1)
    assert isinstance(turned_down, Entry) and not sets_aside(turned_down, NOW + 2)
    assert sets_aside(listed(), NOW + 2)


@pytest.mark.parametrize("basis", ["", "   ", "态度恶劣", "一二三四五六七八九"])
def test_a_reason_is_written(basis):
    assert propose("ab", "zhang", basis, NOW + DAY, NOW).code == "basis_missing"
    assert decide(entry(), "li", True, basis, NOW + 1).code == "reason_missing"
    waiting = appeal(listed(), "我没有", NOW + 2)
    assert isinstance(waiting, Entry) and review(waiting, "wang", True, basis, NOW + 3).code == "reason_missing"


@pytest.mark.parametrize("expires_ms", [NOW - 1, NOW, NOW + LONGEST_MS + 1])
def test_it_has_an_end_within_a_year(expires_ms):
    assert propose("ab", "zhang", WHY, expires_ms, NOW).code == "expiry_missing"


def test_only_what_is_given_between_decision_and_end_is_set_aside():
    found = listed()
    assert [sets_aside(found, at) for at in (NOW, NOW + 1, NOW + 30 * DAY - 1, NOW + 30 * DAY)] == [
        *(False, True, True, False)
    ]


def test_an_appeal_is_looked_at_by_a_third_person_and_brings_everything_back():
    waiting = appeal(listed(), "我每次都办了业务", NOW + 2)
    assert isinstance(waiting, Entry)
    for person in ("zhang", "li"):
        assert review(waiting, person, True, WHY, NOW + 3).code == "same_person"
    kept = review(waiting, "wang", False, WHY, NOW + 3)
    assert isinstance(kept, Entry) and sets_aside(kept, NOW + 2)
    again = appeal(kept, "请再看一次", NOW + 4)
    assert isinstance(again, Entry)
    removed = review(again, "zhao", True, WHY, NOW + 5)
    assert isinstance(removed, Entry) and not any(sets_aside(removed, at) for at in (NOW + 1, NOW + 2, NOW + 6))


def test_each_step_in_its_order_only():
    assert appeal(entry(), "x", NOW + 1).code == "not_listed"
    assert review(listed(), "wang", True, WHY, NOW + 2).code == "no_appeal"
    assert decide(listed(), "wang", True, WHY, NOW + 2).code == "decided"
    assert decide(entry(), "li", True, WHY, NOW + 30 * DAY).code == "expired"
    waiting = appeal(listed(), "x", NOW + 2)
    assert isinstance(waiting, Entry) and appeal(waiting, "y", NOW + 3).code == "appealed"


PEOPLE = st.sampled_from(["zhang", "li", "wang"])
STEPS = st.lists(st.tuples(st.sampled_from(["decide", "appeal", "review"]), PEOPLE, st.booleans()), max_size=8)


@given(STEPS)
def test_whatever_is_tried_whoever_is_listed_was_listed_by_two(steps):
    found = entry()
    for number, (step, person, yes) in enumerate(steps, 1):
        now = NOW + number
        if step == "decide":
            after = decide(found, person, yes, WHY, now)
        else:
            after = appeal(found, WHY, now) if step == "appeal" else review(found, person, yes, WHY, now)
        found = after if isinstance(after, Entry) else found
        if sets_aside(found, now):
            assert found.decided_by not in (None, found.proposed_by)
        if found.removed_ms is not None:
            assert found.reviewed_by not in (None, found.proposed_by, found.decided_by)


def test_no_rule_here_makes_an_entry_from_ratings():
    made = {name for name in vars(malicious) if not name.startswith("_") and callable(vars(malicious)[name])}
    assert made == {"Entry", "Refusal", "propose", "decide", "appeal", "review", "sets_aside", "dataclass", "replace"}
