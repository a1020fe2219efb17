"""The rules of binding, one table of cases for each: the twin of gateway/core/binding.py."""

import inspect
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central.core import events
from gateway.core import binding, evidence
from gateway.core.binding import RULES, Press, Rule, Status, Token, bind
from gateway.core.evidence import Clock, TokenUse, Use
from gateway.core.timeline import Serving
from tests.gateway import binding_table

ONE = Serving("A1", "C1", 1, "1001", 100, 200, 150, None, "queue\ne1", "queue\ne2", "queue\ne3")
TWO = Serving("A1", "C2", 1, "1002", 200, 300, 250, None, "queue\ne3", "queue\ne4")
ELSEWHERE = Serving("B2", "C9", 1, "1009", 0, 1000)
LEFT = Serving("A1", "C3", 1, "1003", 600, 700, 620, 650)
ALL = (ONE, TWO, ELSEWHERE, LEFT)
TOKEN = Token("A1", "C1", 1, 150, "1001")
LATE_TOKEN = Token("A1", "C3", 1, 620, "1003")

C1 = ("bound", "C1", "1001")
C2 = ("bound", "C2", "1002")
C3 = ("bound", "C3", "1003")
NONE = ("unbound", None, None)
BOTH = ("ambiguous", None, None)
UNKNOWN = Press(None, None)

#: rule: (press, window, token, clock error of the business systems) → (status, case, staff)
CASES = {
    Rule.NO_WINDOW: [
        ((Press(120, 10), None, None, 0), NONE),
        ((Press(180, 10), None, TOKEN, 0), NONE),
    ],
    Rule.TOKEN: [
        ((Press(180, 10), "A1", TOKEN, 0), C1),
        ((Press(195, 10), "A1", TOKEN, 0), C1),  # time alone could not tell
        ((Press(145, 10), "A1", TOKEN, 0), C1),  # it can have been after the issue
        ((UNKNOWN, "A1", TOKEN, 0), C1),  # by its token alone until it can be dated
        ((Press(205, 3), "A1", TOKEN, 5), C1),  # the queue system's clock may be ahead
        ((Press(690, 5), "A1", LATE_TOKEN, 0), C3),  # the staff has left, the screen still asks
    ],
    Rule.UNKNOWN_TIME: [
        ((UNKNOWN, "A1", None, 0), NONE),
        ((UNKNOWN, "A1", replace(TOKEN, window="B2"), 0), NONE),
        ((UNKNOWN, "A1", replace(TOKEN, case_no="C7"), 0), NONE),  # what it names never stood here
        ((UNKNOWN, "A1", replace(TOKEN, issued_ms=200), 0), NONE),  # or not any more
    ],
    Rule.NO_SERVICE: [
        ((Press(500, 10), "A1", None, 0), NONE),
        ((Press(500, 10), "A1", TOKEN, 0), NONE),
        ((Press(690, 5), "A1", None, 0), NONE),  # a passer-by, after the staff has left
        ((Press(120, 10), "C7", None, 0), NONE),
    ],
    Rule.INTERVAL: [
        ((Press(120, 10), "A1", None, 0), C1),
        ((Press(120, 5), "A1", TOKEN, 0), C1),  # before its issue a token says nothing, and time does
        ((Press(190, 5), "A1", None, 0), C1),
        ((Press(250, 10), "A1", Token("B2", "C9", 1, 0, None), 0), C2),  # nor does one of another window
    ],
    Rule.SEVERAL_SERVICES: [
        ((Press(195, 10), "A1", None, 0), BOTH),
        ((Press(190, 5), "A1", None, 10), BOTH),
        ((Press(250, 10), "A1", TOKEN, 0), BOTH),  # its service had left: not guessed
    ],
}


@pytest.mark.parametrize("rule", [rule for rule, _ in RULES])
def test_each_rule_decides_its_cases(rule):
    for (press, window, token, error_ms), expected in CASES[rule]:
        found = bind(press, window, token, ALL, error_ms)
        assert found.rule is rule, (press, token)
        assert (found.status, found.case_no, found.staff) == expected
        assert found.error_ms == press.error_ms
        assert found.candidates == ((("C1", 1), ("C2", 1)) if expected is BOTH else ())


def test_no_more_candidates_are_named_than_central_takes():
    many = [Serving("A1", f"C{n:04}", 1, None, n, n + 1) for n in range(500)]
    found = bind(Press(250, 250), "A1", None, many)
    assert found.status is Status.AMBIGUOUS and len(found.candidates) == binding.MAX_CANDIDATES


def test_the_table_has_every_rule_once_and_the_last_always_answers():
    assert [rule for rule, _ in RULES] == list(Rule) and set(CASES) == set(Rule)
    assert all(inspect.getdoc(function) for _, function in RULES)
    assert all(function.__name__ == rule for rule, function in RULES)


@pytest.mark.parametrize("part", [binding_table.rules, binding_table.diagram, binding_table.servings])
def test_the_manual_shows_the_tables_as_they_are(part):
    manual = (Path(__file__).resolve().parents[2] / "docs" / "binding.md").read_text(encoding="utf-8")
    assert part() in manual, "run python -m tests.gateway.binding_table"


def test_two_people_in_one_service_leave_the_staff_open():
    before, after = Serving("A1", "C1", 1, "1", 100, 200), Serving("A1", "C1", 1, "2", 200, 300)
    found = bind(Press(200, 50), "A1", None, (before, after))
    assert (found.rule, found.case_no, found.staff) == (Rule.INTERVAL, "C1", None)
    sure = bind(Press(250, 10), "A1", None, (before, after))
    assert sure.staff == "2"
    assert [s.staff for s in sure.evidence.servings] == ["1", "2"]  # the evidence names both
    alone = bind(UNKNOWN, "A1", replace(TOKEN, issued_ms=250), (before, after))
    assert alone.staff == "2"
    assert bind(UNKNOWN, "A1", TOKEN, (before, after)).staff is None


def test_two_windows_share_a_service_and_the_window_decides():
    here, there = Serving("A1", "C1", 1, "1", 100, 200), Serving("B2", "C1", 1, "2", 150, 250)
    assert [bind(Press(180, 5), window, None, (here, there)).staff for window in ("A1", "B2")] == ["1", "2"]
    assert bind(Press(220, 5), "A1", None, (here, there)).rule is Rule.NO_SERVICE


# evidence


@pytest.mark.parametrize(
    ("press", "token", "carried", "use"),
    [
        (Press(180, 10), TOKEN, True, TokenUse(Use.VALID, 150, "A1", "C1", 1)),
        (Press(120, 5), TOKEN, True, TokenUse(Use.EARLY, 150, "A1", "C1", 1)),
        (Press(250, 10), TOKEN, True, TokenUse(Use.LEFT, 150, "A1", "C1", 1)),
        (Press(250, 10), replace(TOKEN, window="B2"), True, TokenUse(Use.ELSEWHERE, 150, "B2", "C1", 1)),
        (Press(180, 10), None, True, TokenUse(Use.UNKNOWN)),
        (Press(180, 10), None, False, None),
    ],
)
def test_the_evidence_says_what_a_token_was_worth(press, token, carried, use):
    assert bind(press, "A1", token, ALL, carried=carried).evidence.token == use


def test_the_evidence_holds_clock_span_servings_and_version():
    found = bind(Press(195, 10, dated=True), "A1", None, ALL, 2).evidence
    assert (found.rules, found.clock, found.first_ms, found.last_ms) == (binding.VERSION, Clock.DATED, 183, 207)
    assert found.servings == (ONE, TWO) and found.business_error_ms == 2
    assert bind(Press(195, 10), "A1", None, ALL).evidence.clock is Clock.DEVICE
    unknown = bind(UNKNOWN, "A1", TOKEN, ALL).evidence
    assert (unknown.clock, unknown.first_ms, unknown.servings) == (Clock.UNKNOWN, None, (ONE,))


def test_of_many_servings_the_nearest_are_named_and_the_rest_counted():
    many = [Serving("A1", f"C{n}", 1, None, n * 10, n * 10 + 10) for n in range(30)]
    found = bind(Press(155, 100), "A1", None, many)
    assert found.status is Status.AMBIGUOUS and len(found.candidates) == 21
    assert len(found.evidence.servings) == evidence.MAX_SERVINGS and found.evidence.more == 17
    own = [replace(ONE, start_ms=n * 10, end_ms=n * 10 + 10) for n in range(30)]
    near = bind(Press(155, 2), "A1", None, own).evidence
    assert [s.start_ms for s in near.servings] == [140, 150, 160, 170]


def test_evidence_survives_its_journey_as_json():
    for press, token in ((Press(195, 10), TOKEN), (UNKNOWN, None), (Press(690, 5), LATE_TOKEN)):
        found = bind(press, "A1", token, ALL, 1, carried=True).evidence
        assert evidence.read(json.loads(json.dumps(evidence.data(found))), "A1") == found


@pytest.mark.parametrize("letter", ["x", "长", "😀", '"'])
def test_the_longest_evidence_fits(letter):
    name = letter * 64
    event = f"{name}\n{name}"
    long = [
        Serving("A1", letter * 63 + str(n), 9999, name, 100 + n, 300, 150, 160, event, event, event) for n in range(9)
    ]
    found = bind(Press(150, 50), "A1", Token("A1", name, 9999, 0, name), long, 600_000).evidence
    data = evidence.data(found)
    assert len(json.dumps(data, ensure_ascii=False).encode()) <= events.MAX_EVIDENCE
    assert data["servings"] and len(data["servings"]) + data["more"] == 9


def test_decisions_that_say_the_same_are_the_same_whatever_they_rest_on():
    one, other = bind(Press(180, 10), "A1", TOKEN, ALL), bind(Press(180, 10), "A1", TOKEN, (ONE,), 3)
    assert one == other and one.evidence != other.evidence


SERVINGS = st.lists(
    st.builds(
        lambda window, case, start, length: Serving(window, case, 1, f"staff-{case}", start, start + length),
        st.sampled_from(["A1", "B2"]),
        st.sampled_from(["C1", "C2", "C3"]),
        st.integers(0, 60),
        st.integers(1, 30),
    ),
    max_size=6,
)
TOKENS = st.none() | st.builds(
    lambda window, case, issued: Token(window, case, 1, issued, None),
    st.sampled_from(["A1", "B2"]),
    st.sampled_from(["C1", "C2", "C3"]),
    st.integers(0, 90),
)


@given(SERVINGS, TOKENS, st.integers(0, 100), st.integers(0, 20))
@settings(max_examples=600)
def test_a_press_is_never_bound_to_what_was_not_served_there_then(servings, token, wall_ms, error_ms):
    press = Press(wall_ms, error_ms)
    binding = bind(press, "A1", token, servings)
    possible = {s.key for s in servings if s.window == "A1" and s.meets(wall_ms - error_ms, wall_ms + error_ms)}
    if binding.status is Status.BOUND:
        assert (binding.case_no, binding.service_no) in possible
        assert binding.rule is Rule.TOKEN or len(possible) == 1
    elif binding.status is Status.AMBIGUOUS:
        assert len(binding.candidates) > 1 and set(binding.candidates) >= possible
    else:
        assert not possible and not binding.candidates
