"""Retention: only what central has and whose time has passed, in small steps, and never a key or a decision."""

import dataclasses

import pytest

from gateway.core.outbox import Fate
from gateway.store import outbox, retention
from gateway.store.outbox import Settled
from gateway.store.settings import StoreSettings
from tests.gateway.desk import Desk, poll
from tests.gateway.test_salvage import pour

DAY = 86_400_000
SETTINGS = StoreSettings(keep_records_days=40, keep_business_days=40)


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path, store=SETTINGS)
    yield desk
    desk.close()


def deliver(desk, condition: str) -> None:
    """Central takes these rows of the outbox."""
    rows = desk.rows(f"SELECT id FROM outgoing WHERE {condition}")
    done = [Settled(row_id, Fate.DONE, "", "accepted") for (row_id,) in rows]
    desk.store.run(lambda c: outbox.settle(c, done, desk.clock.now_ms()))


def bodies(desk) -> dict:
    return dict(desk.rows("SELECT seq, length(body) FROM records WHERE device = 'w1' ORDER BY seq"))


def settled(desk) -> None:
    """Wait until retention has nothing more to do at this time."""
    desk.store.retention._next_ms = 0
    poll(lambda: desk.store.retention._next_ms > desk.clock.now_ms(), timeout_s=20)
    desk.store.run(lambda connection: None)  # after the commit of that last step


def test_only_what_central_has_and_whose_time_has_passed(desk):
    twin = desk.enrol("w1")
    desk.tell("sign_in", window="A1", staff="1001")
    desk.tell("called", window="A1", case_no="C1", service_no=1, item_code="I1", item_name="社保卡办理")
    for _ in range(4):
        desk.send("w1", twin.rating(1, wall_ms=desk.clock.now_ms()))
    deliver(desk, "kind = 3 AND seq <> 3")
    desk.clock.turn(39 * DAY)
    settled(desk)
    assert all(bodies(desk).values())
    desk.send("w1", twin.rating(2, wall_ms=desk.clock.now_ms()))
    deliver(desk, "kind = 3 AND seq = 5")
    desk.clock.turn(2 * DAY)
    settled(desk)
    # 3 waits for central: it stays, and so does what came after it, until central has it
    assert [seq for seq, size in bodies(desk).items() if not size] == [1, 2]
    deliver(desk, "kind = 3")
    settled(desk)
    assert [seq for seq, size in bodies(desk).items() if not size] == [1, 2, 3, 4]
    keys = desk.rows("SELECT count(*) FROM records WHERE hash IS NOT NULL AND prev IS NOT NULL")
    assert keys == [(5,)] and desk.rows("SELECT count(*) FROM bindings")[0][0] >= 5
    # a repeat of one that is gone is still a repeat
    desk.send("w1", twin.sent[0])
    assert desk.rows("SELECT count(*) FROM records") == [(5,)] and desk.receipt(twin, 5)
    # and late business events leave alone what can no longer be decided anew
    desk.tell("sign_out", window="A1", staff="1001")
    assert desk.service.healthy


def test_business_events_lose_who_and_what_but_are_known_again(desk):
    event = desk.event("called", window="A1", case_no="C1", service_no=1, item_code="I1", item_name="社保卡办理")
    desk.enrol("w1")
    desk.tell("sign_in", window="A1", staff="1001")
    assert desk.tell_all([event]) == ["accepted"]
    desk.clock.turn(41 * DAY)
    desk.tell("sign_in", window="A1", staff="1002")
    settled(desk)
    rows = desk.rows("SELECT window, staff, case_no, item_name FROM business_events ORDER BY id")
    assert rows == [(None,) * 4, (None,) * 4, ("A1", "1002", None, None)]
    assert desk.rows("SELECT count(*) FROM servings") == [(0,)]
    assert desk.tell_all([event]) == ["duplicate"]


def test_it_goes_in_small_steps_between_other_jobs(desk, monkeypatch):
    monkeypatch.setattr(retention, "STEP", 50)
    twin = desk.enrol("w1")
    pour(desk, [twin])
    deliver(desk, "1")
    commits = desk.store.commits
    desk.clock.turn(41 * DAY)
    settled(desk)
    assert not any(bodies(desk).values())
    assert desk.store.commits == commits + 1  # steps of the writer's own, none of them a batch of somebody's jobs
    assert desk.store.retention.removed == len(twin.sent)


def test_the_settings_keep_longer_than_decisions_are_made_anew():
    from gateway.settings import SettingsError, load
    from gateway.store import business

    assert dataclasses.fields(StoreSettings)
    least_days = business.RECHECK_MS // DAY + 1
    with pytest.raises(SettingsError, match="keep_records_days"):
        load(data="x", keep_records_days=least_days - 1)
    load(data="x", keep_records_days=least_days)
