"""Who and where."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import literal, select, union_all

from central import directory, registration
from central.core.roles import SCOPES, Grant, Right, Role, Scope, Viewer
from central.store import Store
from tests.central.conftest import Gateway, Place, settings_for
from tests.central.people import City, found_city


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def city(request, tmp_path_factory) -> Iterator[City]:
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("city")
        if request.param == "sqlite":
            place = Place(folder)
        else:
            place = Place(folder, stack.enter_context(request.getfixturevalue("postgres").lent()))
        made = found_city(Store(settings_for(place, Gateway())))
        made.do(registration.place_hall, "village-hall", "dongshui", "police")
        yield made
        made.store.close()


def ask(city: City, question, *given):
    with city.store.read() as connection:
        return question(connection, *given)


@pytest.mark.requirement("LZ-2.1.4a")
def test_a_window_belongs_to_its_institution_else_to_the_hall(city):
    assert ask(city, directory.org_of, "test-hall", "1") == "police"
    assert ask(city, directory.org_of, "test-hall", "9") == "lc-centre"
    assert ask(city, directory.org_of, "test-hall", None) == "lc-centre"
    assert ask(city, directory.org_of, "unheard-of", "1") == "unheard-of"


def test_a_window_that_was_closed_is_the_halls_own(city):
    city.do(registration.assign_window, "test-hall", "5", "tax")
    assert ask(city, directory.org_of, "test-hall", "5") == "tax"
    city.do(registration.close_window, "test-hall", "5")
    assert ask(city, directory.org_of, "test-hall", "5") == "lc-centre"


def test_a_number_is_an_account_or_itself(city):
    assert ask(city, directory.person_of, "test-hall", "S01") == "rated"
    assert ask(city, directory.person_of, "other-hall", "S01") == "other-hall/S01"
    assert ask(city, directory.person_name, "test-hall/S01") == "王某"
    assert ask(city, directory.person_name, "rated") == "rated的姓名"
    assert ask(city, directory.person_name, "nobody") == "nobody"
    assert ask(city, directory.org_name, "police") == "鹿城公安分局" and ask(city, directory.org_name, "x") == "x"


@pytest.mark.requirement("WZ-3b")
def test_a_village_lies_in_its_town_county_and_city(city):
    assert ask(city, directory.region_of, "village-hall") == "wenzhou/lucheng/nanjiao/dongshui"
    assert ask(city, directory.region_of, "unheard-of", "letters") == "wenzhou"
    assert ask(city, directory.region_of, "unheard-of") == ""


_GRANTS = st.builds(
    lambda role, pick, ids: Grant(
        role, scope := sorted(SCOPES[role])[pick % len(SCOPES[role])], "" if scope in (Scope.ALL, Scope.OWN) else ids
    ),
    st.sampled_from(Role),
    st.integers(0, 3),
    st.sampled_from(["wenzhou", "lucheng", "ouhai", "nanjiao", "dongshui", "police", "tax", "test-hall", "nowhere"]),
)
_PLACES = [
    (org, hall)
    for org in ("police", "tax", "letters", "unheard-of")
    for hall in ("test-hall", "village-hall", "unheard-of")
]


@given(st.lists(_GRANTS, max_size=3), st.sampled_from(Right))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@pytest.mark.requirement("WZ-5b")
def test_a_list_shows_what_a_single_one_would(city, grants, right):
    viewer = Viewer("x", "某", "police", tuple(grants))
    rows = union_all(*(select(literal(org).label("org"), literal(hall).label("hall")) for org, hall in _PLACES)).cte()
    wanted = select(rows.c.org, rows.c.hall).where(directory.visible(viewer, right, rows.c.org, rows.c.hall))
    with city.store.read() as connection:
        listed = {tuple(row) for row in connection.execute(wanted)}
        single = {
            (org, hall)
            for org, hall in _PLACES
            if viewer.sees(org, directory.region_of(connection, hall, org), hall, right)
        }
    assert listed == single
