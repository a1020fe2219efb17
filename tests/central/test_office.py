"""Bad ratings go through the loop in a real database: once each, at their times, whatever happens to the process."""

import threading
from dataclasses import replace

import pytest
from sqlalchemy import select

from central import audit, calendars, handlings, keyring, tables
from central.core import audit_chain
from central.core.handling import Action, Deed, Outcome, State
from central.core.refusal import Refusal
from central.office import Office, UnknownHandling
from central.settings import SettingsError
from protocol.identity import Callee, Contact
from tests.central.office_world import CITIZEN, FULL, HANDLER, REVIEWER, SUPERVISOR, OfficeWorld, beijing


@pytest.fixture
def open_world(places, gateway):
    worlds = []

    def make(policy="wenzhou", **given) -> OfficeWorld:
        worlds.append(OfficeWorld(places(), gateway, policy, **given))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()


@pytest.fixture
def world(open_world) -> OfficeWorld:
    return open_world()


# --- coming in ---


@pytest.mark.requirement("WZ-7b")
@pytest.mark.requirement("SP-9.1")
@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_a_bad_rating_comes_into_the_loop_in_the_transaction_that_counts_it_and_no_other_does(world, level):
    number = world.rate(level)
    assert (number is not None) == (level <= 2)
    if number is not None:
        file = world.office.file(number)
        assert (world.state(number), file.held.org, file.held.staff) == ("pushed", "test-hall", "S01")
        assert [done.action for done in file.deeds] == ["begun", "push"]
        assert {(notice.party, notice.about) for notice in file.notices} == {("handler", "new"), ("supervisor", "new")}


def test_each_comes_in_once_whatever_is_sent_again(world):
    case_no = world.case()
    body = world.device.rating(1, wall_ms=world.clock.now_ms(), error_ms=50)
    event = world.record(body, world.gateway.bound(world.device, case_no))
    assert world.take(event, event) == ["accepted", "duplicate"] and world.take(event) == ["duplicate"]
    world.take(world.gateway.service(case_no, revision=2, status="finished"))
    world.restart()
    world.office.sweep()
    assert len(world.office.queue()) == 1


def test_a_rating_that_is_bound_later_comes_in_then_and_counts_from_the_press(world):
    body = world.device.rating(1, wall_ms=world.clock.now_ms(), error_ms=50)
    seq = world.device.seq
    world.take(world.record(body, world.gateway.loose(world.device)))
    assert world.office.queue() == []
    world.turn_to("2026-10-09 10:00")
    world.take(world.gateway.binding(world.gateway.bound(world.device, world.case(), number=2, seq=seq)))
    (held,) = world.office.queue()
    assert world.dues(held.id) == {
        "call_back": "2026-10-11 00:00",  # from the push on the 9th: Saturday the 10th is worked
        "appeal": "2026-10-14 00:00",  # from the press of 30 September: 8, 9, 10, 12, 13 October
    }
    assert beijing(held.opened_ms) == "2026-10-09 10:00"


def test_without_a_policy_nothing_comes_in_and_with_one_nothing_old_does(open_world):
    world = open_world(None)
    assert world.rate(1) is None
    world.settings = world.settings.model_copy(update={"policy": "wenzhou"})
    world.clock.turn(1000)
    world.restart()
    assert world.office.sweep() == 0
    assert world.rate(1) is not None


def test_a_failure_in_the_loop_keeps_no_rating_from_being_taken_and_is_made_good(world, monkeypatch):
    def broken(*_):
        raise RuntimeError("broken")

    monkeypatch.setattr("central.office.loop.begin", broken)
    assert world.rate(1) is None  # and world.rate saw it accepted
    monkeypatch.undo()
    assert world.office.sweep() == 1
    assert [world.state(held.id) for held in world.office.queue()] == ["pushed"]


def test_one_that_fails_stands_in_no_other_ones_way(world, monkeypatch):
    begin, case_no = Office._begin, world.case()

    def broken(self, connection, regime, rated, now_ms):
        begin(self, connection, regime, rated, now_ms)
        if rated.case_no == case_no:
            raise RuntimeError("broken")

    monkeypatch.setattr(Office, "_begin", broken)
    bodies = [world.device.rating(1, wall_ms=world.clock.now_ms(), error_ms=50) for _ in range(3)]
    cases = [world.case(), case_no, world.case()]
    bound = [world.gateway.bound(world.device, each, seq=seq) for seq, each in enumerate(cases, 1)]
    assert world.take(*map(world.record, bodies, bound)) == ["accepted"] * 3
    assert [held.case_no for held in world.office.queue()] == [cases[0], cases[2]]
    assert world.office.sweep() == 0
    monkeypatch.undo()
    assert world.office.sweep() == 1


def test_a_device_that_does_not_know_the_time_is_taken_at_the_gateways_word(world):
    case_no = world.case()
    body = world.device.rating(1, wall_ms=None, error_ms=None)
    world.take(world.record(body, world.gateway.bound(world.device, case_no)))
    (held,) = world.office.queue()
    moments = held.handling.moments
    assert beijing(moments["rated"]) == "2026-09-30 15:00"  # when the gateway received it


def test_a_policy_with_a_hole_is_refused_at_the_start_and_the_hole_named(open_world):
    with pytest.raises(SettingsError, match="timers.call_back.*timers.rectify"):
        open_world("lanzhou")


# --- deeds ---


def test_from_the_press_to_the_end(world):
    number = world.rate(1)
    assert world.state(number) == "pushed"
    world.must(number, Action.CALL_BACK)
    world.must(number, Action.CONFIRM)
    world.must(number, Action.REPLY)
    assert world.must(number, Action.ACCEPT, REVIEWER).state is State.FEEDBACK
    assert world.must(number, Action.FEED_BACK).state is State.CLOSED
    file = world.office.file(number)
    assert [done.action for done in file.deeds][2:] == ["call_back", "confirm", "reply", "accept", "feed_back"]
    assert all("温州" in done.words for done in file.deeds[2:])
    assert file.held.closed_ms and file.held.confirmed_ms and file.held.due_ms is None
    assert file.deeds[2].said["fields"] == FULL
    assert world.dues(number) == {}


def test_a_refusal_changes_nothing_and_names_the_rule(world):
    number = world.rate(1)
    before = world.office.file(number)
    refusal = world.do(number, Action.REPLY)
    assert isinstance(refusal, Refusal) and refusal.code == "order" and refusal.sentence and refusal.article
    assert world.office.file(number) == before


def test_the_same_request_again_gets_the_same_answer_and_is_done_once(world):
    number = world.rate(1)
    first = world.do(number, Action.CALL_BACK, request="r-1")
    again = world.do(number, Action.CALL_BACK, request="r-1")
    assert (again.number, again.state, again.repeated) == (first.number, first.state, True)
    other = world.do(number, Action.CONFIRM, request="r-1")
    assert isinstance(other, Refusal) and other.code == "request_reused"
    assert [done.action for done in world.office.file(number).deeds].count("call_back") == 1


def test_two_who_act_at_once_are_one_after_the_other(world):
    number = world.rate(1)
    answers = []
    gate = threading.Barrier(6)

    def confirm(name):
        gate.wait()
        answers.append(world.do(number, Action.CALL_BACK, request=name))

    threads = [threading.Thread(target=confirm, args=(f"r{n % 2}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # two requests, three attempts each: one was done, the other refused
    done = [answer for answer in answers if not isinstance(answer, Refusal)]
    assert len(done) == 3 and [answer.repeated for answer in done].count(False) == 1


def test_who_looked_at_an_older_state_is_told_so(world):
    number = world.rate(1)
    seen = world.office.file(number).held.revision
    world.must(number, Action.CALL_BACK)
    refusal = world.office.act(number, Deed(Action.CONFIRM, HANDLER, FULL), "r", seen)
    assert isinstance(refusal, Refusal) and refusal.code == "changed"
    assert world.state(number) == "verifying"


def test_an_unknown_number_is_said_to_be_one(world):
    with pytest.raises(UnknownHandling):
        world.do(99, Action.CALL_BACK)
    with pytest.raises(UnknownHandling):
        world.office.file(99)


@pytest.mark.requirement("WZ-12e")
@pytest.mark.requirement("SP-9.3b")
def test_what_is_not_adopted_is_kept_leaves_the_figures_and_the_hall_is_told(world):
    number = world.rate(1)
    world.must(number, Action.CALL_BACK)
    world.must(number, Action.APPEAL, ground="malicious")
    assert world.must(number, Action.UPHOLD, REVIEWER).state is State.NOT_ADOPTED
    with world.store.read() as connection:
        rating = connection.execute(select(tables.ratings)).one()
        sent = connection.execute(select(tables.corrections)).one()
    assert (rating.status, rating.level, rating.adopted) == ("counted", "very_dissatisfied", False)
    assert (sent.kind, sent.hall, sent.data) == ("not_adopted", "test-hall", {"device": "w1", "seq": 1})
    world.must(number, Action.REOPEN, CITIZEN)
    world.must(number, Action.REJECT, replace(REVIEWER, id="rong"))
    with world.store.read() as connection:
        assert connection.execute(select(tables.ratings.c.adopted)).scalar_one()
        kinds = connection.execute(select(tables.corrections.c.kind)).scalars().all()
    assert kinds == ["not_adopted", "adopted"]


def test_a_rating_that_belongs_to_another_case_keeps_both_sides_out(world):
    number = world.rate(1)
    other = world.case()
    bound = {**world.gateway.bound(world.device, other, number=2), "staff": "S02"}
    world.take(world.gateway.binding(bound))
    file = world.office.file(number)
    assert (file.held.case_no, file.held.staff) == (other, "S02")
    assert file.held.handling.people.rated == "test-hall/S02"
    assert "test-hall/S01" in file.held.handling.people.involved
    assert file.deeds[-1].action == "rebound"


def test_every_deed_is_in_the_audit_and_one_that_was_changed_or_removed_is_found_out(world):
    number = world.rate(1)
    world.must(number, Action.CALL_BACK)
    world.must(number, Action.CONFIRM)
    with world.store.read() as connection:
        assert handlings.astray(connection) == []
        assert list(audit_chain.check(audit.entries(connection))) == []
        assert all(FULL["reason"] not in entry.words for entry in audit.entries(connection))
    deeds = tables.deeds
    with world.store.write() as connection:
        connection.execute(deeds.update().where(deeds.c.number == 3).values(said={"fields": {"cause": "另写"}}))
        connection.execute(deeds.delete().where(deeds.c.number == 4))
        assert handlings.astray(connection) == [(number, 3), (number, 4)]


# --- time ---


@pytest.mark.requirement("WZ-12d")
def test_silence_confirms_the_rating_at_its_hour_and_not_before(world):
    number = world.rate(1)
    world.must(number, Action.CALL_BACK)
    world.turn_to("2026-10-13 23:59")
    assert world.state(number) == "verifying"
    world.turn_to("2026-10-14 00:00")
    assert world.state(number) == "rectifying"
    file = world.office.file(number)
    assert file.held.handling.confirmed == "lapse" and beijing(file.held.confirmed_ms) == "2026-10-14 00:00"


def test_a_scheduler_that_slept_ran_twice_or_was_killed_does_each_thing_once(world):
    numbers = [world.rate(1) for _ in range(3)]
    world.turn_to("2026-12-31 12:00")  # three months asleep
    once = {number: [done.action for done in world.office.file(number).deeds] for number in numbers}
    assert world.office.run_due() == 0
    world.clock.turn(-90 * 86_400_000)
    assert world.office.run_due() == 0  # a clock that goes back finds it done
    world.restart()
    assert world.office.run_due() == 0
    again = {number: [done.action for done in world.office.file(number).deeds] for number in numbers}
    assert again == once
    assert once[numbers[0]].count("lapse") == 1 and once[numbers[0]].count("overdue") >= 1


def test_a_process_killed_between_mark_and_deed_has_done_neither(world, monkeypatch):
    number = world.rate(1)
    monkeypatch.setattr(handlings, "note", lambda *_: (_ for _ in ()).throw(RuntimeError("killed")))
    with pytest.raises(RuntimeError):
        world.turn_to("2026-10-09 00:00")
    monkeypatch.undo()
    assert all(limit.row.fired_ms is None for limit in world.office.file(number).limits)
    assert world.office.run_due() == 1


@pytest.mark.requirement("WZ-11b")
def test_the_due_time_of_a_list_is_that_of_the_state(world):
    number = world.rate(1)
    held = world.office.file(number).held
    assert (held.due_timer, beijing(held.due_ms)) == ("call_back", "2026-10-09 00:00")
    world.must(number, Action.CALL_BACK)
    held = world.office.file(number).held
    assert (held.due_timer, beijing(held.due_ms)) == ("appeal", "2026-10-14 00:00")
    world.must(number, Action.CONFIRM)
    assert beijing(world.office.file(number).held.due_ms) == "2026-10-28 00:00"


def test_what_is_overdue_keeps_its_place_in_a_list(world):
    late, number = world.rate(1), world.rate(1)
    world.must(number, Action.CALL_BACK)
    world.turn_to("2026-10-09 09:00")
    held = world.office.file(late).held
    assert (held.due_timer, beijing(held.due_ms)) == ("call_back", "2026-10-09 00:00")
    assert [each.id for each in world.office.queue()] == [late, number]
    assert [row.late for row in world.office.counts() if row.state == "pushed"] == [1]
    world.must(late, Action.CALL_BACK)
    assert beijing(world.office.file(late).held.due_ms) == "2026-10-14 00:00"


def test_a_limit_over_an_unknown_year_follows_its_table_and_says_so(open_world, tmp_path):
    world = open_world(now="2026-12-28 10:00")
    number = world.rate(1)
    world.must(number, Action.CALL_BACK)
    world.must(number, Action.CONFIRM)
    before = world.dues(number)["rectify"]
    assert any(limit.provisional for limit in world.office.file(number).limits)
    table = tmp_path / "2027.toml"
    holiday = '[[holiday]]\nname = "元旦"\nfirst = 2027-01-01\nlast = 2027-01-08\nmake_up = []\n'
    table.write_text(f'year = 2027\nsource = "试"\n{holiday}', encoding="utf-8")
    calendars.install(world.settings.data_dir, table)
    assert world.office.recompute() >= 1
    assert world.dues(number)["rectify"] > before
    file = world.office.file(number)
    assert file.deeds[-1].action == "recounted" and "改算" in file.deeds[-1].words
    assert beijing(file.held.due_ms) == world.dues(number)["rectify"]
    assert world.office.recompute() == 0


@pytest.mark.requirement("SP-9.2b")
def test_the_rated_person_is_told_once_the_case_is_finished_and_the_two_days_run_from_then(open_world):
    world = open_world("siping")
    case_no = world.case(status="accepted")
    number = world.rate(1, case_no)
    assert "appeal" not in world.dues(number)
    world.turn_to("2026-10-08 09:00")
    assert world.office.file(number).held.told_ms is None
    world.take(world.gateway.case(case_no, revision=2, status="finished"))
    world.turn_to("2026-10-08 10:00")
    world.turn_to("2026-10-08 23:59")
    assert world.office.file(number).held.told_ms is None  # the moment would say which case it was
    world.turn_to("2026-10-09 00:00")
    assert beijing(world.office.file(number).held.told_ms) == "2026-10-09 00:00"
    assert world.dues(number)["appeal"] == "2026-10-13 00:00"  # Saturday the 10th is worked, and Monday the 12th


def test_those_who_are_never_told_stand_in_nobodys_way(open_world, monkeypatch):
    monkeypatch.setattr(handlings, "MOST", 2)
    world = open_world("siping")
    waiting = [world.rate(1, world.case(status="accepted")) for _ in range(5)]
    told = world.rate(1)
    world.turn_to("2026-10-08 10:00")
    assert [bool(world.office.file(number).held.told_ms) for number in (*waiting, told)] == [False] * 5 + [True]


def test_one_who_tried_on_two_days_may_give_up(world):
    number = world.rate(1)
    world.must(number, Action.ATTEMPT, outcome=Outcome.NO_ANSWER)
    assert world.must(number, Action.GIVE_UP).state is State.VERIFYING  # nobody left a number: nothing to call


def test_a_supervisor_urges_and_is_seen_in_the_timeline(world):
    number = world.rate(1)
    world.must(number, Action.SUPERVISE, SUPERVISOR)
    assert world.office.file(number).deeds[-1].party == "supervisor"


# --- lists ---


def test_a_queue_is_sorted_by_due_time_filtered_and_paged(world):
    numbers = [world.rate(1) for _ in range(3)]
    world.must(numbers[0], Action.CALL_BACK)
    every = world.office.queue()
    assert [held.id for held in every] == [numbers[1], numbers[2], numbers[0]]
    assert [held.id for held in world.office.queue(states=[State.VERIFYING])] == [numbers[0]]
    assert world.office.queue(orgs=["elsewhere"]) == []
    last = every[0]
    rest = world.office.queue(after=(last.due_ms, last.id), limit=1)
    assert [held.id for held in rest] == [numbers[2]]
    assert [held.id for held in world.office.queue(search=str(numbers[2]))] == [numbers[2]]
    assert [(row.state, row.count) for row in world.office.counts()] == [("pushed", 2), ("verifying", 1)]


# --- the citizen ---


def test_who_left_a_number_is_called_on_two_days_before_it_is_given_up(world):
    keys = keyring.add(keyring.path_of(world.settings))
    world.restart()
    number = world.rate(1)
    (held,) = world.office.queue()
    assert not held.handling.contact
    key = next(iter(keys.keys.values())).public_key()
    callee = Callee(Contact("欧阳思齐", "13800002222"), None)
    assert world.take(world.gateway.identity(held.case_no, callee, key)) == ["accepted"]  # after the rating
    refusal = world.do(number, Action.GIVE_UP)
    assert isinstance(refusal, Refusal) and refusal.code == "attempts"
    world.must(number, Action.ATTEMPT, outcome=Outcome.NO_ANSWER)
    world.must(number, Action.ATTEMPT, outcome=Outcome.NO_ANSWER)
    assert isinstance(world.do(number, Action.GIVE_UP), Refusal)  # twice on one day is once
    world.turn_to("2026-10-01 10:00")
    world.must(number, Action.ATTEMPT, outcome=Outcome.HUNG_UP)
    world.must(number, Action.GIVE_UP)
