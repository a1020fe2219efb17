"""What an official reads: only what the grants reach, and nothing at all of what one has a part in."""

from dataclasses import replace

import pytest
from sqlalchemy import insert, update

from central.core.handling import Action, Outcome, State
from central.core.moments import Urgency
from central.core.parties import Party
from central.core.roles import Grant, Role, Scope
from central.core.worklist import View, case_words, window_words
from central.tables import ratings, supplements
from central.worklist import PAGE, Wanted
from tests.central.desk import POLICE, REVIEWER, World

ALL = Wanted(View.OPEN)


@pytest.fixture
def world(place):
    made = World(place)
    yield made
    made.close()


def cases(world, account, wanted=ALL) -> list[str]:
    return [row.case for row in world.worklist.rows(world.viewer(account), wanted)[0]]


@pytest.mark.requirement("WZ-5h")
def test_everybody_sees_their_own_part(world):
    world.rate(case_no="P1")
    world.rate(case_no="T1", window="2", staff="S09")
    seen = {account: cases(world, account) for account in ("handler", "taxman", "centre", "reviewer", "admin")}
    assert seen == {
        "handler": ["P1"],
        "taxman": ["T1"],
        "centre": [],
        "reviewer": ["P1", "T1"],
        "admin": ["P1", "T1"],
    }
    assert cases(world, "other-admin") == [] and cases(world, "rated") == []
    for account, found in seen.items():
        assert world.worklist.counts(world.viewer(account))[View.OPEN] == len(found)


@pytest.mark.requirement("MOT-5b")
@pytest.mark.parametrize("staff", [("S01", "S02"), ("S02", "S01")], ids=["rated", "served-the-case"])
def test_whoever_is_rated_or_served_the_case_finds_nothing_of_it(world, staff):
    """The person is handler and supervisor of everything besides, and still sees neither a line nor a number."""
    number = world.rate(case_no="P1", staff=staff[0])
    world.serve("P1", 2, staff=staff[1])
    clerk = world.viewer("rated")  # S01
    grants = (
        Grant(Role.HANDLER, Scope.ORG, "police"),
        Grant(Role.REVIEWER, Scope.ALL),
        Grant(Role.SUPERVISOR, Scope.ALL),
        Grant(Role.AUDITOR, Scope.ALL),
    )
    clerk = replace(clerk, grants=clerk.grants + grants)
    worklist = world.worklist
    for view in View:
        assert worklist.rows(clerk, Wanted(view)) == ([], None)
    assert set(worklist.counts(clerk).values()) == {0}
    assert worklist.units(clerk) == []
    assert worklist.open(clerk, number) is None and worklist.open(clerk, 999) is None
    world.rate(case_no="P2", window="2", staff="S09")
    assert [row.case for row in worklist.rows(clerk, ALL)[0]] == ["P2"]


def test_the_queue_is_in_the_order_of_due_times_with_what_is_overdue_first(world):
    world.rate(case_no="A")
    world.turn_to("2026-10-08 09:00")
    confirmed = world.rate(case_no="B")
    world.must(confirmed, Action.CALL_BACK)
    world.must(confirmed, Action.CONFIRM)
    world.rate(case_no="C")
    world.turn_to("2026-10-09 00:00")
    rows, _ = world.worklist.rows(world.viewer("handler"), ALL)
    assert [(row.case, row.left.urgency) for row in rows] == [
        ("A", Urgency.OVERDUE),
        ("C", Urgency.TODAY),
        ("B", Urgency.LATER),
    ]
    assert world.worklist.counts(world.viewer("handler")) == {
        View.MINE: 3,
        View.TODAY: 2,
        View.OVERDUE: 1,
        View.OPEN: 3,
    }
    assert cases(world, "handler", Wanted(View.OVERDUE)) == ["A"]
    assert cases(world, "handler", Wanted(View.TODAY)) == ["A", "C"]
    assert cases(world, "handler", Wanted(View.OPEN, State.RECTIFYING)) == ["B"]
    assert cases(world, "handler", Wanted(View.OPEN, search="C")) == ["C"]
    assert cases(world, "admin", Wanted(View.OPEN, org="tax")) == []


def test_my_turn_is_the_turn_of_my_hat(world):
    number = world.rate(case_no="P1")
    assert cases(world, "handler", Wanted()) == ["P1"] and cases(world, "reviewer", Wanted()) == []
    world.must(number, Action.CALL_BACK)
    world.must(number, Action.APPEAL, ground="malicious")
    assert cases(world, "handler", Wanted()) == [] and cases(world, "reviewer", Wanted()) == ["P1"]
    (row,), _ = world.worklist.rows(world.viewer("reviewer"), ALL)
    assert (row.yours, row.turn, row.supervise) == (True, "市信访局", False)
    (row,), _ = world.worklist.rows(world.viewer("admin"), ALL)
    assert (row.yours, row.supervise) == (False, True)


def test_a_long_queue_comes_in_pages_that_neither_repeat_nor_leave_out(world):
    names = [f"P{number}" for number in range(2 * PAGE + 3)]
    for name in names:
        world.rate(case_no=name)
    seen, after = [], None
    while True:
        rows, after = world.worklist.rows(world.viewer("handler"), replace(ALL, after=after))
        seen += [row.case for row in rows]
        if after is None:
            break
        assert len(rows) == PAGE
    assert seen == names


def test_what_is_over_comes_newest_first(world):
    for name in ("P1", "P2"):
        number = world.rate(case_no=name)
        world.must(number, Action.CALL_BACK)
        world.must(number, Action.APPEAL, ground="malicious")
        world.clock.turn(1000)
        world.must(number, Action.UPHOLD, REVIEWER)
    assert cases(world, "handler", Wanted(View.CLOSED)) == ["P2", "P1"]
    (row, _), _ = world.worklist.rows(world.viewer("handler"), Wanted(View.CLOSED))
    assert (row.turn, row.due, row.left.urgency, row.marks) == (None, "", Urgency.NONE, ("不计入统计",))


def test_no_line_of_a_list_tells_a_level(world):
    one = world.rate(1, (114,), case_no="P1")
    two = world.rate(2, (214,), case_no="P2")
    first, second = world.worklist.rows(world.viewer("handler"), ALL)[0]
    assert replace(first, id=0, case="") == replace(second, id=0, case="")
    admin = world.viewer("admin")
    facts = [dict(world.worklist.open(admin, number).facts) for number in (one, two)]
    assert all({"level", "reasons"}.isdisjoint(each) for each in facts)  # a reason belongs to a level
    assert dict(world.worklist.open(world.viewer("handler"), one).facts)["level"] == "非常不满意"


def test_what_the_citizen_wrote_is_for_those_who_answer_it(world):
    number = world.rate(case_no="P1", staff="S05")
    with world.store.write() as connection:
        held = world.office.file(number).held
        connection.execute(update(ratings).where(ratings.c.id == held.rating).values(text="材料要了三遍"))
        row = {"rating": held.rating, "hall": held.hall, "key": "k", "reasons": [], "given_ms": world.clock.now_ms()}
        connection.execute(insert(supplements), {**row, "text": "等了两个小时"})
    for account in ("handler", "reviewer"):
        opened = world.worklist.open(world.viewer(account), number)
        assert dict(opened.facts)["text"] == opened.rated_text == "材料要了三遍\n等了两个小时"
    supervised = world.worklist.open(world.viewer("admin"), number)
    assert "text" not in dict(supervised.facts) and supervised.rated_text == ""


def test_units_are_in_the_order_of_what_is_overdue(world):
    world.rate(case_no="P1")
    world.rate(case_no="P2")
    world.turn_to("2026-10-08 09:00")
    late = world.rate(case_no="T1", window="2", staff="S09")
    world.turn_to("2026-10-10 09:00")
    world.must(late, Action.ATTEMPT, replace(POLICE, org="tax"), outcome=Outcome.NO_ANSWER)
    police, tax = world.worklist.units(world.viewer("admin"))
    assert (police.name, police.open, police.today, police.late) == ("鹿城公安分局", 2, 0, 2)
    assert (tax.name, tax.open, tax.late) == ("鹿城税务局", 1, 1)
    assert police.oldest.number == 1 and tax.oldest.number == 9


def test_window_staff_have_no_hat_here(world):
    number = world.rate(case_no="P1", staff="S05")
    viewer = world.viewer("handler")
    assert Party.STAFF not in {actor.party for actor in world.worklist.open(viewer, number).actors}


def test_cases_and_windows_are_called_as_people_call_them():
    assert [case_words("C1", number) for number in (1, 2, None)] == ["C1", "C1（第2次服务）", "C1"]
    assert case_words(None, None) == "未关联办件"
    assert [window_words(name) for name in ("3", "B12", "综合窗口")] == ["3号窗口", "B12号窗口", "综合窗口"]
