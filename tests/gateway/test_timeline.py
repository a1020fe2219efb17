from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.business import Event, Type
from gateway.core.timeline import Rules, Serving, case_of, fold, service_of

RULES = Rules(linger_ms=900, limit_ms=10_000)
NUMBERS = iter(range(10**9))


def event(kind, at_ms, case=None, window="A1", staff=None, number=1, **rest):
    service_no = number if case else None
    return Event(f"e{next(NUMBERS)}", Type(kind), at_ms, window, staff, case, service_no, **rest)


def spans(events, window="A1"):
    return [(s.case_no, s.start_ms, s.end_ms, s.staff) for s in fold(events, RULES) if s.window == window]


def test_the_next_call_ends_a_serving():
    assert spans([event("called", 100, "C1"), event("called", 300, "C2")]) == [
        ("C1", 100, 300, None),
        ("C2", 300, 10_300, None),
    ]


def test_served_lets_it_linger_and_the_first_end_counts():
    called, served = event("called", 100, "C1"), event("served", 200, "C1")
    assert spans([called, served]) == [("C1", 100, 1100, None)]
    assert spans([called, served, event("finished", 500, "C1")]) == [("C1", 100, 1100, None)]
    assert spans([called, served, event("sign_out", 400)]) == [("C1", 100, 400, None)]
    assert spans([called, served, event("called", 2000, "C2")])[0] == ("C1", 100, 1100, None)


def test_cancel_transfer_and_a_call_elsewhere_end_it():
    called = event("called", 100, "C1")
    for kind in ("cancelled", "transferred"):
        assert spans([called, event(kind, 300, "C1", window=None)]) == [("C1", 100, 300, None)]
    events = [called, event("called", 400, "C1", window="B2")]
    assert spans(events) == [("C1", 100, 400, None)]
    assert spans(events, "B2") == [("C1", 400, 10_400, None)]


def test_a_sign_out_of_somebody_else_ends_nothing():
    events = [event("sign_in", 50, staff="1"), event("called", 100, "C1"), event("sign_out", 300, staff="2")]
    assert spans(events) == [("C1", 100, 10_100, "1")]


def test_the_next_person_at_the_window_means_the_one_before_has_left():
    events = [event("sign_in", 50, staff="1"), event("called", 100, "C1"), event("sign_in", 300, staff="2")]
    assert spans(events) == [("C1", 100, 300, "1")]
    assert spans([*events, event("served", 350, "C1")]) == [("C1", 100, 300, "1"), ("C1", 350, 1250, "2")]


def test_a_late_sign_in_of_who_serves_anyway_ends_nothing():
    events = [event("called", 100, "C1", staff="1"), event("sign_in", 300, staff="1")]
    assert spans(events) == [("C1", 100, 10_100, "1")]


def test_served_by_somebody_else_splits_the_serving():
    events = [event("called", 100, "C1", staff="1"), event("served", 300, "C1", staff="2")]
    assert spans(events) == [("C1", 100, 300, "1"), ("C1", 300, 1200, "2")]


def test_a_back_office_finish_opens_nothing_at_an_occupied_window():
    events = [
        event("called", 100, "C1"),
        event("served", 200, "C1"),
        event("called", 300, "C2"),
        event("finished", 5000, "C1"),
    ]
    assert spans(events) == [("C1", 100, 300, None), ("C2", 300, 10_300, None)]
    assert spans(events[:2] + events[3:]) == [("C1", 100, 1100, None)]
    assert service_of(("C1", 1), events, RULES).finished_ms == 5000


def test_served_without_a_call_counts_from_then():
    assert spans([event("served", 500, "C1")]) == [("C1", 500, 1400, None)]
    # the call comes late: the same as if it had come in time
    assert spans([event("served", 500, "C1"), event("called", 100, "C1")]) == [("C1", 100, 1400, None)]


def test_a_forgotten_sign_in_does_not_last_for_ever():
    assert spans([event("sign_in", 0, staff="1"), event("called", 20_000, "C1")]) == [("C1", 20_000, 30_000, None)]


def test_services_and_cases_are_summed_up():
    events = [
        event("called", 100, "C1", staff="1", item_code="I", item_name="社保卡办理"),
        event("served", 200, "C1"),
        event("transferred", 250, "C1"),
        event("called", 400, "C1", window="B2", staff="2"),
        event("finished", 500, "C1", window="B2"),
    ]
    service = service_of(("C1", 1), events, RULES)
    assert (service.window, service.staff, service.status, service.closed_ms) == ("B2", "2", "finished", None)
    assert (service.called_ms, service.served_ms, service.finished_ms) == (100, 200, 500)
    case = case_of("C1", events)
    assert (case.item_name, case.status, case.accepted_ms, case.finished_ms) == ("社保卡办理", "finished", 100, 500)


KINDS = st.sampled_from([kind for kind in Type])
EVENTS = st.lists(
    st.builds(
        lambda kind, at, window, staff, case, n: Event(
            f"e{n}",
            kind,
            at,
            window,
            staff or ("s" if kind is Type.SIGN_IN else None),
            None if kind in (Type.SIGN_IN, Type.SIGN_OUT) else case,
            None if kind in (Type.SIGN_IN, Type.SIGN_OUT) else 1,
        ),
        KINDS,
        st.integers(0, 40),
        st.sampled_from(["A1", "B2"]),
        st.sampled_from(["1", "2", None]),
        st.sampled_from(["C1", "C2", "C3"]),
        st.integers(0, 10**6),
    ),
    max_size=14,
    unique_by=lambda e: e.id,
)
SHORT = Rules(linger_ms=7, limit_ms=15)


@given(EVENTS, st.randoms())
@settings(max_examples=300)
def test_the_order_of_arrival_does_not_matter(events, random):
    shuffled = list(events)
    random.shuffle(shuffled)
    assert fold(shuffled, SHORT) == fold(events, SHORT)


@given(EVENTS)
@settings(max_examples=300)
def test_at_every_moment_one_window_has_one_serving_and_one_service_one_window(events):
    servings = fold(events, SHORT)
    for i, one in enumerate(servings):
        assert one.start_ms < one.end_ms <= one.start_ms + SHORT.limit_ms
        for other in servings[i + 1 :]:
            if one.window == other.window or one.key == other.key:
                assert not one.meets(other.start_ms, other.end_ms - 1), (one, other)


def test_meets_is_closed_at_the_start_and_open_at_the_end():
    serving = Serving("A1", "C1", 1, None, 100, 200)
    assert [serving.meets(at, at) for at in (99, 100, 199, 200)] == [False, True, True, False]
    assert serving.meets(0, 100) and serving.meets(199, 500) and serving.meets(0, 500)
