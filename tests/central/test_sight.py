"""What the database answers is what `who_sees` says, one by one and in lists."""

import pytest
from sqlalchemy import select

from central import accounts, directory, granting, handlings, registration, sight
from central.core.handling import DAY_MS
from central.core.roles import Grant, Role, Scope, Viewer
from central.core.who_sees import MATES_MS, Sight
from central.tables import handlings as table
from tests.central.office_world import OfficeWorld
from tests.central.people import found_city


@pytest.fixture
def world(place, gateway):
    made = OfficeWorld(place, gateway, "siping")
    made.city = found_city(made.store, made.clock.now_ms())
    yield made
    made.close()


def serve(world: OfficeWorld, case_no: str, staff: str, window: str, number: int = 1, status: str = "accepted") -> None:
    case = world.gateway.case(case_no, status=status)
    service = world.gateway.service(case_no, number, status="served")
    service["data"] |= {"staff": staff, "window": window}
    world.take(case, service)


def rate(world: OfficeWorld, case_no: str, staff: str, window: str) -> int:
    body = world.device.rating(1, wall_ms=world.clock.now_ms(), error_ms=50)
    bound = {**world.gateway.bound(world.device, case_no), "staff": staff, "window": window}
    assert world.take(world.record(body, bound)) == ["accepted"]
    return max(held.id for held in world.office.queue(limit=500))


def viewer(world: OfficeWorld, account: str) -> Viewer:
    with world.store.read() as connection:
        found = accounts.viewer_of(connection, account, world.clock.now_ms())
    assert found is not None
    return found


def sights(world: OfficeWorld, account: str) -> dict[int, Sight]:
    """One by one; and it is checked that lists say the same."""
    who = viewer(world, account)
    with world.store.read() as connection:
        every = [
            handlings.load(connection, number) for number in connection.execute(select(table.c.id)).scalars().all()
        ]
        single = {held.id: sight.sight(connection, who, held) for held in every}
        listed = set(connection.execute(select(table.c.id).where(sight.seen(who))).scalars())
        told = {held.id for held in sight.told(connection, who)}
    assert listed == {number for number, found in single.items() if found is Sight.FILE}
    assert told == {number for number, found in single.items() if found is Sight.TOLD}
    return single


ALL = ("handler", "taxman", "centre", "reviewer", "admin", "other-admin", "reform", "auditor", "rated", "mate")


@pytest.mark.requirement("LZ-2.1.4a")
def test_files_are_seen_where_the_grants_reach(world):
    serve(world, "C1", "S01", "1")
    one = rate(world, "C1", "S01", "1")
    serve(world, "C2", "S09", "2")
    two = rate(world, "C2", "S09", "2")
    files = {name: {n for n, found in sights(world, name).items() if found is Sight.FILE} for name in ALL}
    assert files == {
        "handler": {one},
        "taxman": {two},
        "centre": set(),
        "reviewer": {one, two},
        "admin": {one, two},
        "other-admin": set(),
        "reform": {one, two},
        "auditor": {one, two},
        "rated": set(),
        "mate": set(),
    }


@pytest.mark.requirement("MOT-5b")
def test_a_handler_who_is_rated_or_served_the_case_or_the_window_finds_nothing(world):
    for name in ("rated", "mate", "auditor"):
        world.city.do(granting.give, name, Grant(Role.HANDLER, Scope.ORG, "police"))
        world.city.do(granting.give, name, Grant(Role.AUDITOR, Scope.ALL))
    serve(world, "C1", "S02", "7", number=1)
    serve(world, "C1", "S01", "1", number=2)
    one = rate(world, "C1", "S01", "1")
    assert [sights(world, name)[one] for name in ("rated", "mate", "auditor")] == ["nothing", "nothing", "file"]
    # at the window, in another case, before or after: a colleague
    serve(world, "C5", "S01", "5")
    two = rate(world, "C5", "S01", "5")
    assert sights(world, "mate")[two] == "file"
    serve(world, "C6", "S02", "5")
    assert sights(world, "mate")[two] == "nothing"


def test_who_served_at_the_window_long_ago_is_no_colleague(world):
    serve(world, "C6", "S02", "5")
    world.city.do(granting.give, "mate", Grant(Role.HANDLER, Scope.ORG, "lc-centre"))
    world.clock.turn(MATES_MS + DAY_MS)
    serve(world, "C5", "S01", "5")
    one = rate(world, "C5", "S01", "5")
    assert sights(world, "mate")[one] == "file"


def test_who_was_thought_to_be_rated_stays_kept_out(world):
    world.city.do(granting.give, "mate", Grant(Role.REVIEWER, Scope.ALL))
    serve(world, "C1", "S02", "1")
    serve(world, "C2", "S01", "2")
    one = rate(world, "C1", "S02", "1")
    moved = {**world.gateway.bound(world.device, "C2", number=2), "staff": "S01", "window": "2"}
    assert world.take(world.gateway.binding(moved)) == ["accepted"]
    world.city.do(registration.name_staff, "test-hall", "S02", "李某", None)
    assert sights(world, "mate")[one] == "nothing"
    with world.store.read() as connection:
        assert directory.person_of(connection, "test-hall", "S02") == "test-hall/S02"


@pytest.mark.requirement("MOT-5b")
def test_the_rated_person_is_told_when_the_case_is_finished_and_not_while_it_is_open_again(world):
    serve(world, "C1", "S01", "1")
    one = rate(world, "C1", "S01", "1")
    world.turn_to("2026-10-01 09:00")
    assert sights(world, "rated")[one] == "nothing"
    world.take(world.gateway.case("C1", revision=2, status="finished"))
    world.office.run_due()
    assert sights(world, "rated")[one] == "nothing"
    world.turn_to("2026-10-02 00:00")
    assert sights(world, "rated")[one] == "told" and sights(world, "mate")[one] == "nothing"
    world.take(world.gateway.case("C1", revision=3, status="accepted"))
    assert sights(world, "rated")[one] == "nothing"
