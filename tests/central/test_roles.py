"""Roles as data: which rights reach where, and under which hat a person acts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central import policies
from central.core.parties import Actor, Party, People, conflict
from central.core.roles import (
    HATS,
    RIGHTS,
    ROLE_TITLES,
    SCOPE_TITLES,
    SCOPES,
    Grant,
    Right,
    Role,
    Scope,
    Viewer,
    offices,
)

HERE = ("police", "wenzhou/lucheng", "lc-hall")


def viewer(*grants: Grant, org: str = "police", **more) -> Viewer:
    return Viewer("wang", "王", org, grants, **more)


def test_every_role_has_a_title_rights_and_scopes():
    assert set(ROLE_TITLES) == set(RIGHTS) == set(SCOPES) == set(Role)
    assert set(SCOPE_TITLES) == set(Scope) and set(HATS) < set(Role)


@pytest.mark.parametrize(
    ("grant", "sees"),
    [
        (Grant(Role.REGION_ADMIN, Scope.REGION, "lucheng"), True),
        (Grant(Role.REGION_ADMIN, Scope.REGION, "wenzhou"), True),
        (Grant(Role.REGION_ADMIN, Scope.REGION, "ouhai"), False),
        (Grant(Role.REGION_ADMIN, Scope.REGION, "wen"), False),
        (Grant(Role.REGION_ADMIN, Scope.ALL), True),
        (Grant(Role.HANDLER, Scope.ORG, "police"), True),
        (Grant(Role.HANDLER, Scope.ORG, "tax"), False),
        (Grant(Role.SUPERVISOR, Scope.HALL, "lc-hall"), True),
        (Grant(Role.SUPERVISOR, Scope.HALL, "police"), False),
        (Grant(Role.STAFF, Scope.OWN), False),
    ],
)
@pytest.mark.requirement("WZ-5b")
@pytest.mark.requirement("MOT-7c")
def test_a_grant_reaches_its_part_and_what_lies_below_it(grant, sees):
    assert viewer(grant).sees(*HERE) is sees


def test_an_unregistered_region_is_seen_by_the_whole_system_alone():
    assert not viewer(Grant(Role.REGION_ADMIN, Scope.REGION, "wenzhou")).sees("x", "", "x")
    assert viewer(Grant(Role.REGION_ADMIN, Scope.ALL)).sees("x", "", "x")


@pytest.mark.parametrize(
    ("role", "scope", "id"),
    [
        (Role.STAFF, Scope.HALL, "lc-hall"),
        (Role.HANDLER, Scope.REGION, "lucheng"),
        (Role.HANDLER, Scope.ORG, ""),
        (Role.AUDITOR, Scope.REGION, "lucheng"),
        (Role.REVIEWER, Scope.ALL, "lucheng"),
        (Role.REGION_ADMIN, Scope.REGION, "wenzhou/lucheng"),
    ],
)
def test_what_cannot_be_given_is_refused(role, scope, id):
    with pytest.raises(ValueError, match="范围"):
        Grant(role, scope, id)


@pytest.mark.requirement("WZ-5a")
def test_the_coordinator_watches_and_wears_no_hat():
    watching = viewer(Grant(Role.COORDINATOR, Scope.REGION, "wenzhou"))
    assert watching.sees(*HERE) and not watching.may(Right.ACT) and watching.parties() == frozenset()
    assert not watching.may(Right.REVEAL)


@pytest.mark.requirement("WZ-4b", "MOT-12b")
def test_window_staff_have_no_right_to_a_file_a_figure_or_a_name():
    person = viewer(Grant(Role.STAFF, Scope.OWN))
    assert RIGHTS[Role.STAFF] == {Right.ACT} and person.parties() == {Party.STAFF}
    assert not any(person.sees(*HERE, right) for right in Right)


def test_a_hat_is_worn_only_where_it_was_given():
    both = viewer(Grant(Role.HANDLER, Scope.ORG, "police"), Grant(Role.SUPERVISOR, Scope.HALL, "other-hall"))
    assert both.parties() == {Party.HANDLER, Party.SUPERVISOR}
    assert both.hats(*HERE) == {Party.HANDLER}
    assert both.hats("tax", "wenzhou", "other-hall") == {Party.SUPERVISOR}


@pytest.mark.requirement("WZ-5c")
def test_who_holds_both_hats_is_kept_from_reviewing_what_he_handled():
    both = viewer(Grant(Role.HANDLER, Scope.ORG, "police"), Grant(Role.REVIEWER, Scope.ALL), org="letters-bureau")
    people = People("police", "lc-hall/S01")
    handler = both.actor(Party.HANDLER, people)
    assert handler == Actor("wang", Party.HANDLER, "police") and conflict(handler, people, third_party=True) is None
    handled = People("police", "lc-hall/S01", handled=frozenset({"wang"}))
    assert "处置过该差评的人员不得复核" in str(conflict(both.actor(Party.REVIEWER, handled), handled, third_party=True))


def test_a_person_known_by_a_number_is_the_same_person():
    person = viewer(
        Grant(Role.HANDLER, Scope.ORG, "police"),
        Grant(Role.STAFF, Scope.OWN),
        staff=frozenset({"lc-hall/S01", "lc-hall/S02"}),
    )
    for people in (People("police", "lc-hall/S01"), People("police", None, involved=frozenset({"lc-hall/S02"}))):
        assert "须回避" in str(conflict(person.actor(Party.HANDLER, people), people, third_party=False))
        assert person.is_one_of({people.rated or ""} | people.involved)
    rated = People("police", "lc-hall/S01")
    assert conflict(person.actor(Party.STAFF, rated), rated, third_party=False) is None
    other = People("police", "lc-hall/S09")
    assert conflict(person.actor(Party.HANDLER, other), other, third_party=False) is None


@given(st.sampled_from(Role), st.sampled_from(Scope), st.sampled_from(["", "a", "b", "c"]), st.sampled_from(Right))
def test_no_right_reaches_further_than_its_role_and_part(role, scope, id, right):
    try:
        grant = Grant(role, scope, id)
    except ValueError:
        return
    person = viewer(grant)
    if person.sees("a", "b/c", "d", right):
        assert right in RIGHTS[role]
        assert scope is Scope.ALL or (scope, id) in {(Scope.ORG, "a"), (Scope.REGION, "b"), (Scope.REGION, "c")}


@pytest.mark.requirement("MOT-7a", "SP-5.5")
@pytest.mark.parametrize(
    ("policy", "role", "title"),
    [
        ("wenzhou", Role.COORDINATOR, "市委改革办、县（市、区）改革办"),
        ("wenzhou", Role.REVIEWER, "市信访局"),
        ("wenzhou", Role.AUDITOR, "审计"),
        ("mot", Role.COORDINATOR, "部办公厅"),
        ("mot", Role.HANDLER, "承办单位"),
        ("siping", Role.REVIEWER, "政务服务局"),
        ("siping", Role.REGION_ADMIN, "各级政务服务中心"),
        ("lanzhou", Role.HANDLER, "处置员"),
    ],
)
def test_a_policy_names_the_offices(policy, role, title):
    assert offices(policies.load(policy))[role] == title
