"""Who sees what of one bad rating."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.core.roles import SCOPES, Grant, Place, Role, Scope, Viewer
from central.core.who_sees import Seen, Sight, sight

PLACE = Place("police", "wenzhou/lucheng", "hall")
SEEN = Seen(PLACE, "wang", frozenset({"wang", "li"}), frozenset({"hall/S03"}), finished=True, told=True)
#: Every grant that reaches the place, all at once.
EVERY = tuple(
    Grant(role, scope, {Scope.REGION: "lucheng", Scope.ORG: "police", Scope.HALL: "hall"}.get(scope, ""))
    for role in Role
    for scope in sorted(SCOPES[role])
)


def person(id: str, *staff: str, grants=EVERY) -> Viewer:
    return Viewer(id, "某", "police", grants, staff=frozenset(staff))


@pytest.mark.requirement("MOT-5b", "WZ-4b")
@pytest.mark.parametrize(
    "viewer",
    [person("li"), person("x", "hall/S03"), person("wang"), person("x", "hall/S01", "hall/S03")],
    ids=["served the case", "serves at the window", "rated", "two numbers"],
)
def test_whoever_had_a_part_sees_no_file_under_any_hat(viewer):
    assert sight(viewer, SEEN) is not Sight.FILE
    assert sight(viewer, dataclasses.replace(SEEN, finished=False)) is Sight.NOTHING
    assert sight(person("chen", "hall/S77"), SEEN) is Sight.FILE


@pytest.mark.requirement("MOT-5b")
@pytest.mark.parametrize("finished", [False, True])
@pytest.mark.parametrize("told", [False, True])
def test_the_rated_person_alone_is_told_and_not_before_the_case_is_finished(finished, told):
    seen = dataclasses.replace(SEEN, finished=finished, told=told)
    assert sight(person("wang", grants=()), seen) is (Sight.TOLD if finished and told else Sight.NOTHING)
    assert sight(person("li", grants=()), seen) is Sight.NOTHING
    assert sight(person("x", "hall/S03", grants=()), seen) is Sight.NOTHING


def test_without_a_grant_for_the_place_there_is_nothing():
    assert sight(person("chen", grants=()), SEEN) is Sight.NOTHING
    assert sight(person("chen", grants=(Grant(Role.HANDLER, Scope.ORG, "tax"),)), SEEN) is Sight.NOTHING


@pytest.mark.requirement("MOT-5b")
@given(
    st.sampled_from(["wang", "li", "chen"]),
    st.sets(st.sampled_from(["hall/S01", "hall/S02", "hall/S03"])),
    st.sets(st.sampled_from(EVERY)),
    st.builds(
        Seen,
        st.just(PLACE),
        st.sampled_from([None, "wang", "hall/S01"]),
        st.frozensets(st.sampled_from(["wang", "li", "hall/S01", "hall/S02"])),
        st.frozensets(st.sampled_from(["hall/S01", "hall/S02", "hall/S03"])),
        st.booleans(),
        st.booleans(),
    ),
)
def test_no_mixture_of_grants_opens_a_file_to_who_had_a_part(id, staff, grants, seen):
    viewer = person(id, *staff, grants=tuple(grants))
    part = ({id} | staff) & (seen.kept_out | seen.mates | ({seen.rated} if seen.rated else set()))
    found = sight(viewer, seen)
    if part:
        assert found is not Sight.FILE
    if found is Sight.TOLD:
        assert seen.finished and seen.told and seen.rated in {id} | staff
