import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.business import SHIFT, Event, Type
from gateway.core.cases import case_of, service_of
from gateway.core.timeline import BEGIN, Rules, Serving, fold

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
    assert spans([called, served, event("called", 2000, "C2")])[0] == ("C1", 100, 1100, None)


def test_cancel_transfer_and_a_call_elsewhere_end_it():
    called = event("called", 100, "C1")
    for kind in ("cancelled", "transferred"):
        assert spans([called, event(kind, 300, "C1", window=None)]) == [("C1", 100, 300, None)]
    events = [called, event("called", 400, "C1", window="B2")]
    assert spans(events) == [("C1", 100, 400, None)]
    assert spans(events, "B2") == [("C1", 400, 10_400, None)]


@pytest.mark.parametrize("leave", [("sign_out", None), ("sign_out", "1"), ("sign_in", "2"), ("paused", None)])
def test_who_leaves_at_once_is_rated_all_the_same_but_only_with_the_token(leave):
    kind, staff = leave
    events = [event("called", 100, "C1", staff="1"), event("served", 200, "C1"), event(kind, 400, staff=staff)]
    (serving,) = fold(events, RULES)
    assert (serving.end_ms, serving.left_ms, serving.staff) == (1100, 400, "1")
    assert serving.meets(500, 500, with_token=True) and not serving.meets(400, 500) and serving.meets(399, 500)
    (serving, _) = fold([*events, event("called", 600, "C2", staff="2")], RULES)
    assert (serving.end_ms, serving.left_ms) == (600, 400)


def test_a_sign_out_before_anything_was_served_leaves_nothing():
    events = [event("called", 100, "C1", staff="1"), event("sign_out", 300), event("served", 400, "C1", staff="2")]
    assert spans(events) == [("C1", 100, 300, "1"), ("C1", 400, 1300, "2")]


def test_a_sign_out_of_somebody_else_ends_nothing():
    events = [event("sign_in", 50, staff="1"), event("called", 100, "C1"), event("sign_out", 300, staff="2")]
    assert spans(events) == [("C1", 100, 10_100, "1")]


def test_who_takes_the_counter_over_takes_the_service_over():
    events = [event("sign_in", 50, staff="1"), event("called", 100, "C1"), event("sign_in", 300, staff="2")]
    assert spans(events) == [("C1", 100, 300, "1"), ("C1", 300, 10_100, "2")]
    events += [event("sign_out", 310, staff="1"), event("served", 350, "C1")]
    assert spans(events) == [("C1", 100, 300, "1"), ("C1", 300, 1250, "2")]
    assert service_of(("C1", 1), events, RULES).staff == "2"


def test_a_paused_service_stands_nowhere_until_it_is_resumed():
    called, paused = event("called", 100, "C1", staff="1"), event("paused", 200, "C1", window=None)
    assert spans([called, paused]) == [("C1", 100, 200, "1")]
    resumed = event("resumed", 500, "C1", window=None, staff="2")
    assert spans([called, paused, resumed]) == [("C1", 100, 200, "1"), ("C1", 500, 10_500, "2")]
    elsewhere = event("resumed", 500, "C1", window="B2")
    assert spans([called, paused, elsewhere], "B2") == [("C1", 500, 10_500, None)]
    assert service_of(("C1", 1), [called, paused], RULES).status == "paused"
    assert service_of(("C1", 1), [called, paused, resumed], RULES).status == "called"


def test_a_paused_window_takes_up_what_it_interrupted():
    called, paused = event("called", 100, "C1", staff="1"), event("paused", 200)
    resumed = event("resumed", 500)
    assert spans([called, paused, resumed]) == [("C1", 100, 200, "1"), ("C1", 500, 10_100, "1")]
    # unless something else has happened to the window or to the service
    for other in (
        event("called", 300, "C2"),
        event("sign_out", 300),
        event("called", 300, "C1", window="B2"),
        event("cancelled", 300, "C1", window=None),
        event("paused", 300, "C1"),
    ):
        assert "C1" not in [case for case, start_ms, *_ in spans([called, paused, other, resumed]) if start_ms >= 500]
    assert spans([called, paused, event("resumed", 10_200)]) == [("C1", 100, 200, "1")]


def test_a_recall_begins_only_where_the_service_does_not_stand():
    called, recalled = event("called", 100, "C1"), event("recalled", 300, "C1", window=None)
    assert spans([called, recalled]) == [("C1", 100, 10_100, None)]
    missed = event("called", 200, "C2")
    assert spans([called, missed, recalled]) == [
        ("C1", 100, 200, None),
        ("C2", 200, 300, None),
        ("C1", 300, 10_300, None),
    ]
    assert spans([recalled]) == []  # nobody has said where


def test_what_is_called_again_can_be_served_again():
    events = [event("called", 100, "C1"), event("served", 200, "C1"), event("cancelled", 250, "C1")]
    events += [event("recalled", 300, "C1"), event("served", 400, "C1")]
    assert [(s.start_ms, s.served_ms, s.end_ms) for s in fold(events, RULES)] == [(100, 200, 250), (300, 400, 1300)]


def test_two_windows_share_a_service_only_if_the_call_says_so():
    here = event("called", 100, "C1", staff="1")
    there = event("called", 200, "C1", window="B2", staff="2", shared=True)
    assert spans([here, there]) == [("C1", 100, 10_100, "1")]
    assert spans([here, there], "B2") == [("C1", 200, 10_200, "2")]
    only_here = event("transferred", 300, "C1")
    assert spans([here, there, only_here]) == [("C1", 100, 300, "1")]
    assert spans([here, there, only_here], "B2") == [("C1", 200, 10_200, "2")]
    served = event("finished", 400, "C1", window=None)
    assert [(s.window, s.served_ms) for s in fold([here, there, served], RULES)] == [("A1", 400), ("B2", 400)]
    one = [here, there, event("served", 400, "C1", window="B2"), event("served", 500, "C1")]
    assert [(s.window, s.served_ms) for s in fold(one, RULES)] == [("A1", 500), ("B2", 400)]


def test_a_serving_names_the_events_that_made_it():
    called, served, later = event("called", 100, "C1"), event("served", 200, "C1"), event("called", 300, "C2")
    one, two = fold([called, served, later], RULES)
    assert (one.begun_by, one.served_by, one.ended_by) == (called.id, served.id, later.id)
    assert (two.begun_by, two.served_by, two.ended_by) == (later.id, None, None)
    (one,) = fold([called, served], RULES)
    assert one.ended_by is None  # its time was up


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


def made(n, kind, at_ms, window, staff, case, shared):
    of_window = kind in SHIFT or case is None
    if of_window and kind not in SHIFT:
        kind = Type.PAUSED if n % 2 else Type.RESUMED
    staff = staff or ("s" if kind is Type.SIGN_IN else None)
    shared = shared and kind in BEGIN and not of_window
    return Event(
        f"e{n}", kind, at_ms, window, staff, None if of_window else case, None if of_window else 1, shared=shared
    )


EVENTS = st.lists(
    st.builds(
        made,
        st.integers(0, 10**6),
        st.sampled_from([kind for kind in Type if kind is not Type.WITHDRAWN]),
        st.integers(0, 40),
        st.sampled_from(["A1", "B2"]),
        st.sampled_from(["1", "2", None]),
        st.sampled_from(["C1", "C2", "C3", None]),
        st.booleans(),
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
            if one.window == other.window or (one.key == other.key and not any(event.shared for event in events)):
                assert not one.meets(other.start_ms, other.end_ms - 1, with_token=True), (one, other)


def test_meets_is_closed_at_the_start_and_open_at_the_end():
    serving = Serving("A1", "C1", 1, None, 100, 200)
    assert [serving.meets(at, at) for at in (99, 100, 199, 200)] == [False, True, True, False]
    assert serving.meets(0, 100) and serving.meets(199, 500) and serving.meets(0, 500)
