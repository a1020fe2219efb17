"""Decisions on a real database while a day goes by: events come late and mended, scenes are shown, records arrive."""

import random
import re
import sqlite3
from collections import Counter
from itertools import count

import pytest

from gateway import schema
from gateway.core import explain
from gateway.core.binding import Rule, Token
from gateway.core.intake import Genuine
from gateway.core.scene import Look
from gateway.store import bindings, business, records, scenes
from protocol import record
from tests.builders import DeviceTwin
from tests.gateway.halls import RULES, Hall, Moment, Pressed, Right, right

HALLS = 80


def database() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(connection)
    return connection


class Stage:
    """One hall on a database that many halls share, each with windows, cases and devices of its own."""

    def __init__(self, connection: sqlite3.Connection, number: int):
        self.connection = connection
        self.hall = Hall(random.Random(number), prefix=f"h{number}-")
        self.hall.play(self.hall.dice.randint(2, 14))
        for window in self.hall.counters:
            connection.execute("INSERT INTO windows VALUES (?, ?, 1, 0)", (window, window))
        self.devices = count(1)
        self.tokens: dict[str, bytes | None] = {}

    def run(self) -> list[tuple[str, Moment]]:
        """Everything in the order in which the gateway gets to know of it. Gives each device with its press."""
        steps: list[tuple[int, float, tuple]] = []
        pressed = []
        dice = self.hall.dice
        for arrival, event in self.hall.told:
            steps.append((arrival, dice.random(), (self.tell, event)))
        for _ in range(4):
            moment = self.hall.moment()
            device = f"{self.hall.prefix}d{next(self.devices)}"
            steps.append((moment.looked, dice.random(), (self.look, device, moment)))
            delivered = moment.tick + dice.choice((0, 1, 20, 120))
            steps.append((delivered, 1 + dice.random(), (self.deliver, device, moment)))
            pressed.append((device, moment))
        for now_ms, _, (act, *given) in sorted(steps, key=lambda step: step[:2]):
            act(now_ms, *given)
        return pressed

    def tell(self, now_ms, event):
        answer = business.take(self.connection, "queue", event, "h", now_ms, RULES, self.hall.business_error)
        assert answer.status == "accepted", answer

    def look(self, now_ms, device, moment):
        token = self.hall.dice.randbytes(8)
        scene = scenes.showing(self.connection, "h", device, moment.window, now_ms, 0, Look(), token).scene
        self.tokens[device] = scene.token if scene.token and moment.tick < scene.until_ms else None

    def deliver(self, now_ms, device, moment):
        press = moment.press
        twin = DeviceTwin(device)
        body = twin.rating(1, self.tokens[device], wall_ms=press.wall_ms, error_ms=press.error_ms)
        genuine = Genuine(record.parse(body), body, record.record_hash(body), moment.window)
        records.take(self.connection, genuine, "h", now_ms, self.hall.business_error)

    def pressed(self, device, moment) -> Pressed:
        row = self.connection.execute(
            "SELECT window, case_no, service_no, issued_ms, staff FROM tokens WHERE token = ?", (self.tokens[device],)
        ).fetchone()
        return Pressed(moment.window, moment.press, Token(*row) if row else None)


@pytest.mark.requirement("JX-3.1a")
def test_whatever_comes_late_or_mended_the_decision_that_stands_is_right():
    connection = database()
    outcomes: Counter[str] = Counter()
    for number in range(HALLS):
        stage = Stage(connection, number)
        for device, moment in stage.run():
            history = bindings.history(connection, device, 1)
            stands = history[-1].binding
            key = (stands.case_no, stands.service_no) if stands.case_no else None
            found = Right(stands.status, stands.rule, key, stands.staff, stands.candidates)
            assert found == right(stage.hall, stage.pressed(device, moment)), (number, device)
            assert [decided.number for decided in history] == list(range(1, len(history) + 1))
            assert all(one.binding != next.binding for one, next in zip(history, history[1:], strict=False))
            assert all(decided.binding.evidence for decided in history)
            # central hears of the first with the record, and of each later one by itself
            sent = connection.execute(
                "SELECT event_id FROM outbox WHERE type = 'cn.hcp.binding.v1' AND event_id LIKE ?", (f"%/{device}/%",)
            ).fetchall()
            assert sent == [(f"binding/{device}/1/{decided.number}",) for decided in history[1:]]
            outcomes[stands.rule] += 1
            outcomes["again"] += len(history) - 1
    wanted = set(Rule) - {Rule.NO_WINDOW}
    assert outcomes["again"] > HALLS / 2 and all(outcomes[rule] > 3 for rule in wanted), outcomes


# stories

SLACK_MS = 60_000


def test_a_finish_that_comes_after_the_rating_changes_nothing(desk):
    twin = desk.enrol("w1")
    desk.tell("called", window="A1", case_no="C1", service_no=1, staff="1001")
    desk.clock.turn(SLACK_MS)
    desk.send("w1", twin.rating(1, wall_ms=desk.clock.now_ms()))
    desk.clock.turn(SLACK_MS)
    desk.tell("finished", window="A1", case_no="C1", service_no=1)
    desk.tell("finished", desk.clock.now_ms() - SLACK_MS - 1, window="A1", case_no="C1", service_no=1)
    assert desk.bindings("w1", 1) == [("bound", "interval", "C1", 1, "1001")]


def test_a_sign_out_right_after_serving_is_no_way_out_of_a_rating(desk):
    twin = desk.enrol("w1")
    desk.tell("called", window="A1", case_no="C1", service_no=1, staff="1001")
    desk.tell("served", window="A1", case_no="C1", service_no=1)
    token = desk.token(twin)
    desk.clock.turn(SLACK_MS)
    desk.tell("sign_out", window="A1", staff="1001")
    desk.tell("sign_in", window="A1", staff="1002")
    assert desk.service.windows()[0]["service"] is None  # the counter is free, and its screen still asks
    desk.send("w1", twin.rating(1, token, wall_ms=desk.clock.turn(SLACK_MS)))
    assert desk.bindings("w1", 1) == [("bound", "token", "C1", 1, "1001")]
    # and whoever passes by afterwards rates nobody
    desk.wait(twin, "scene", lambda body: desk.last_scene(twin).token is None and not desk.last_scene(twin).lines)
    desk.send("w1", twin.rating(5, wall_ms=desk.clock.now_ms()))
    assert desk.bindings("w1", 2) == [("unbound", "no_service", None, None, None)]


def test_evidence_is_the_same_for_every_star_and_names_no_applicant(desk):
    twins = [desk.enrol(f"w{level}") for level in range(1, 6)]
    desk.tell("called", window="A1", case_no="C1", service_no=1, staff="1001", applicant_kind="agent")
    desk.clock.turn(1000)
    told = []
    for level, twin in enumerate(twins, 1):
        desk.send(twin.device, twin.rating(level, wall_ms=desk.clock.now_ms()))
        (decided,) = bindings.history(desk.store.reader(), twin.device, 1)
        told.append((explain.sentences(1, decided.binding, 0), decided.binding.evidence))
    assert told == [told[0]] * 5
    assert not re.search("agent|代办|满意|星", repr(told))


def test_at_a_shift_change_an_uncertain_clock_leaves_the_person_open(desk):
    twin = desk.enrol("w1")
    start_ms = desk.clock.now_ms()
    desk.tell("sign_in", window="A1", staff="1001")
    desk.tell("called", window="A1", case_no="C1", service_no=1)
    desk.clock.turn(SLACK_MS)
    desk.tell("sign_in", window="A1", staff="1002")
    desk.clock.turn(SLACK_MS)
    for at_ms, error_ms in ((SLACK_MS - 500, 100), (SLACK_MS, 100), (SLACK_MS + 500, 100)):
        desk.send("w1", twin.rating(2, wall_ms=start_ms + at_ms, error_ms=error_ms))
    assert [desk.bindings("w1", seq)[-1][2:] for seq in (1, 2, 3)] == [
        ("C1", 1, "1001"),
        ("C1", 1, None),
        ("C1", 1, "1002"),
    ]
    for seq in (1, 2, 3):
        (decided,) = bindings.history(desk.store.reader(), "w1", seq)
        assert [serving.staff for serving in decided.binding.evidence.servings] == ["1001", "1002"]


def test_a_token_of_unknown_time_binds_alone_until_the_press_is_dated(desk):
    twin = desk.enrol("w1")
    desk.tell("called", window="A1", case_no="C1", service_no=1, staff="1001")
    desk.tell("served", window="A1", case_no="C1", service_no=1)
    token = desk.token(twin)
    now_ms = desk.clock.turn(1000)
    desk.send("w1", twin.rating(1, token, wall_ms=None, uptime_ms=10_000))
    desk.send("w1", twin.event("boot", wall_ms=now_ms + 10_000, error_ms=20, uptime_ms=20_000))
    first, second = bindings.history(desk.store.reader(), "w1", 1)
    assert [str(one.binding.rule) for one in (first, second)] == ["token", "token"]
    assert [str(one.binding.evidence.clock) for one in (first, second)] == ["unknown", "dated"]
    assert [one.binding.error_ms is None for one in (first, second)] == [True, False]
    # and if what was armed turns out to have left before, not even the token holds it
    twin.boot = 2
    desk.send("w1", twin.rating(1, token, wall_ms=None, uptime_ms=5))
    desk.tell("cancelled", now_ms - 1000, window="A1", case_no="C1", service_no=1)
    assert desk.bindings("w1", 3) == [
        ("bound", "token", "C1", 1, "1001"),
        ("unbound", "unknown_time", None, None, None),
    ]
