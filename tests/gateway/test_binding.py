from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.binding import Press, Rule, Status, Token, bind
from gateway.core.timeline import Serving

ONE = Serving("A1", "C1", 1, "1001", 100, 200, 150)
TWO = Serving("A1", "C2", 1, "1002", 200, 300, 250)
ELSEWHERE = Serving("B2", "C9", 1, "1009", 0, 1000)
ALL = (ONE, TWO, ELSEWHERE)
TOKEN = Token("A1", "C1", 1, 150, "1001")


def decided(press, token=None, window="A1", servings=ALL, error=0):
    binding = bind(press, window, token, servings, error)
    return str(binding.status), str(binding.rule), binding.case_no, binding.staff


def test_each_rule_has_its_place():
    assert decided(Press(120, 10), None) == ("bound", "interval", "C1", "1001")
    assert decided(Press(195, 10), None) == ("ambiguous", "several_services", None, None)
    assert decided(Press(500, 10), None) == ("unbound", "no_service", None, None)
    assert decided(Press(None, None), None) == ("unbound", "unknown_time", None, None)
    assert decided(Press(120, 10), None, window=None) == ("unbound", "no_window", None, None)


def test_a_token_decides_where_time_alone_could_not():
    assert decided(Press(195, 10), TOKEN) == ("bound", "token", "C1", "1001")
    assert decided(Press(None, None), TOKEN) == ("bound", "token", "C1", "1001")


def test_a_token_before_its_issue_is_no_token_but_time_may_still_tell():
    assert decided(Press(120, 5), TOKEN) == ("bound", "interval", "C1", "1001")


def test_a_token_after_its_service_left_is_not_guessed():
    assert decided(Press(250, 10), TOKEN) == ("ambiguous", "several_services", None, None)
    assert decided(Press(500, 10), TOKEN) == ("unbound", "no_service", None, None)


def test_a_token_of_another_window_counts_for_nothing():
    assert decided(Press(250, 10), Token("B2", "C9", 1, 0, None)) == ("bound", "interval", "C2", "1002")


def test_the_clock_error_of_business_systems_widens_the_press():
    assert decided(Press(190, 5))[0] == "bound"
    assert decided(Press(190, 5), error=10)[0] == "ambiguous"


def test_two_people_in_one_service_leave_the_staff_open():
    before, after = Serving("A1", "C1", 1, "1", 100, 200), Serving("A1", "C1", 1, "2", 200, 300)
    assert decided(Press(200, 50), servings=(before, after)) == ("bound", "interval", "C1", None)
    assert decided(Press(250, 10), servings=(before, after)) == ("bound", "interval", "C1", "2")


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
