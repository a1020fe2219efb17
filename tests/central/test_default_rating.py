"""From when silence is counted, and for what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central import policies
from central.core.default_rating import CaseFacts, ServiceFacts, awaited
from central.core.rating import Level
from central.core.rating_rules import rules

DONE = CaseFacts("finished", 1000)
STATUSES = ["called", "paused", "served", "finished", "cancelled", "transferred"]
SERVICES = st.lists(
    st.builds(
        ServiceFacts,
        st.integers(1, 9),
        st.sampled_from(STATUSES),
        st.none() | st.integers(0, 3000),
        st.booleans(),
    ),
    unique_by=lambda service: service.number,
    max_size=5,
)


def service(number: int = 1, status: str = "finished", finished_ms: int | None = 900, rated: bool = False):
    return ServiceFacts(number, status, finished_ms, rated)


@pytest.mark.requirement("MOT-9d", "SP-7.3")
def test_which_regulations_know_a_default():
    found = {name: rules(policies.load(name)).default for name in policies.names()}
    assert {name for name, rule in found.items() if rule} == {"mot", "siping"}
    mot, siping = found["mot"], found["siping"]
    assert (mot.term.amount, mot.term.unit, mot.level, mot.whole) == (5, "WD", Level.FAIRLY_SATISFIED, True)
    assert (siping.term.amount, siping.term.unit, siping.level, siping.whole) == (7, "d", Level.FAIRLY_SATISFIED, False)
    assert mot.article == "第九条" and siping.article == "7.3"


@pytest.mark.parametrize("status", ["accepted", "cancelled"])
@pytest.mark.parametrize("whole", [True, False])
def test_only_a_finished_case_starts_the_time(status, whole):
    assert awaited(whole, CaseFacts(status, 1000), [service()]) == {}
    assert awaited(whole, DONE, [service()]) == {1: 1000}


@pytest.mark.requirement("MOT-9d")
def test_all_of_it_finished_means_the_last_service_too():
    two = [service(1, finished_ms=900), service(2, finished_ms=2000)]
    assert awaited(True, DONE, two) == {1: 2000, 2: 2000}
    assert awaited(True, DONE, [service(1), service(2, "served")]) == {}
    assert awaited(True, DONE, [service(1), service(2, "cancelled", None)]) == {1: 1000}


@pytest.mark.requirement("SP-7.3")
def test_elsewhere_each_service_has_its_own_time():
    assert awaited(False, DONE, [service(1), service(2, finished_ms=2000), service(3, "served")]) == {1: 1000, 2: 2000}


@given(st.booleans(), SERVICES)
def test_silence_is_never_found_where_somebody_spoke_or_nothing_was_finished(whole, services):
    for number, start_ms in awaited(whole, DONE, services).items():
        (found,) = [one for one in services if one.number == number]
        assert found.status == "finished" and not found.rated
        assert start_ms >= max(1000, found.finished_ms or 0)
