"""The list of malicious raters as it is served: two people, an end, an appeal; every rating is kept and handled."""

import pytest

from tests.central.intake_world import DAY_MS, IntakeWorld, utc
from tests.central.test_http_events import check_problem

WHO = "22030219800101123X"
WHY = "三日内连续十余次相同差评，经核实均未到窗口办理业务"


@pytest.fixture
def world(tmp_path):
    made = IntakeWorld(tmp_path, "siping")
    yield made
    made.close()


class Town:
    """People of the city, signed in once each."""

    def __init__(self, world):
        self.world, self.city = world, world.city()
        self.people = {}

    def __getitem__(self, account):
        if account not in self.people:
            self.people[account] = self.world.person(self.city, account)
        return self.people[account]


@pytest.fixture
def town(world):
    return Town(world)


def rated(world, number, level="very_dissatisfied", identity=WHO):
    world.service(f"C{number}")
    token = world.token(f"C{number}", identity=identity) if identity else world.token(f"C{number}")
    assert world.rate(token, level).json()["status"] == "counted"
    return token


def propose(world, person, rating=1, basis=WHY, days=30):
    expires = utc(world.clock.now_ms() + days * DAY_MS)
    return person.post("/api/v1/raters", rating=rating, basis=basis, expires_at=expires)


def listed(world, town):
    number = propose(world, town["admin"]).json()["number"]
    world.clock.turn(1000)
    answer = town["reviewer"].post(f"/api/v1/raters/{number}/decision", agreed=True, reason=WHY)
    assert answer.json() == {"number": number, "agreed": True, "removed": False}
    return number


def active(world):
    return sum(world.summary()["figures"]["active"].values())


@pytest.mark.requirement("SP-8.1c")
def test_ratings_are_taken_and_handled_and_only_set_aside_from_figures(world, town):
    rated(world, 1)
    listed(world, town)
    rated(world, 2)
    rated(world, 3, identity="220302198001011248")
    assert [row["status"] for row in world.ratings()] == ["counted"] * 3 and world.handlings() == 3
    assert [row["set_aside"] for row in world.ratings()] == [False, True, False]
    assert (active(world), world.summary()["figures"]["set_aside"]) == (2, 1)


@pytest.mark.requirement("SP-8.1c")
def test_one_person_alone_sets_nothing_aside(world, town):
    rated(world, 1)
    number = propose(world, town["admin"]).json()["number"]
    refused = town["admin"].post(f"/api/v1/raters/{number}/decision", agreed=True, reason=WHY)
    check_problem(refused, 403, "refused-by-rule")
    assert "两名不同的人员" in refused.json()["detail"]
    rated(world, 2)
    assert active(world) == 2


def test_it_ends_by_itself(world, town):
    rated(world, 1)
    listed(world, town)
    world.clock.turn(31 * DAY_MS)
    town.people.clear()
    rated(world, 2)
    assert active(world) == 2


def test_the_citizen_appeals_and_a_third_person_brings_all_of_it_back(world, town):
    rated(world, 1)
    number = listed(world, town)
    token = rated(world, 2)
    assert active(world) == 1
    said = world.post("/api/v1/raters/appeals", token=token, words="我每次都办了业务")
    assert said.status_code == 200 and "未参与此前决定的人员" in said.json()["said"]
    for account in ("admin", "reviewer"):
        refused = town[account].post(f"/api/v1/raters/{number}/review", remove=True, reason=WHY)
        check_problem(refused, 403, "refused-by-rule")
    town.city.person("third", "letters", *_region())
    assert town["third"].post(f"/api/v1/raters/{number}/review", remove=True, reason=WHY).json()["removed"]
    assert active(world) == 2
    steps = [(one["person"], one["step"]) for one in town["third"].get(f"/api/v1/raters/{number}").json()["steps"]]
    assert steps == [("admin", "proposed"), ("reviewer", "agreed"), ("citizen", "appealed"), ("third", "removed")]


def _region():
    from central.core.roles import Grant, Role, Scope

    return (Grant(Role.REVIEWER, Scope.REGION, "wenzhou"),)


def test_who_is_not_listed_has_nothing_to_appeal_against(world, town):
    token = rated(world, 1)
    other = rated(world, 2, identity=None)
    for shown in (token, other):
        refused = world.post("/api/v1/raters/appeals", token=shown, words="为什么")
        assert refused.status_code == 409 and "无需申诉" in refused.json()["detail"]
    check_problem(world.post("/api/v1/raters/appeals", token="x", words="为什么"), 403, "refused-by-rule")


def test_nobody_is_listed_without_an_identity_or_by_a_name(world, town):
    rated(world, 1, identity=None)
    refused = propose(world, town["admin"])
    assert refused.status_code == 409 and "没有评价人的身份信息" in refused.json()["detail"]
    check_problem(propose(world, town["admin"], rating=99), 404, "refused-by-rule")
    check_problem(town["admin"].post("/api/v1/raters", name="张三", basis=WHY), 422, "bad-parameter")


@pytest.mark.parametrize(("basis", "days"), [("恶意", 30), (WHY, 0), (WHY, 400)])
def test_a_reason_and_an_end_are_wanted(world, town, basis, days):
    rated(world, 1)
    check_problem(propose(world, town["admin"], basis=basis, days=days), 422, "refused-by-rule")


def test_only_people_with_the_right_and_in_their_part(world, town):
    rated(world, 1)
    for account in ("handler", "rated", "auditor"):
        check_problem(propose(world, town[account]), 403, "forbidden")
    check_problem(propose(world, town["other-admin"]), 404, "refused-by-rule")


@pytest.mark.parametrize("policy", ["wenzhou", "mot", None])
def test_where_the_regulation_does_not_know_it_the_refusal_says_so(tmp_path, policy):
    world = IntakeWorld(tmp_path, policy)
    rated(world, 1)
    refused = propose(world, world.person(world.city(), "admin"))
    check_problem(refused, 403, "refused-by-rule")
    assert "没有规定恶意评价人员信息库" in refused.json()["detail"] and refused.json()["article"] == "C-9"
    world.close()
