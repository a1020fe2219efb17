"""The gateway's words as central hears them: every kind of event, over real HTTP, into the real central."""

import json
import socket
import sqlite3
import threading

import pytest
import uvicorn
from pydantic import SecretStr

from central import keyring
from central.app import create_app
from central.core.roles import Grant, Role, Scope, Viewer
from central.settings import Hall
from central.settings import Settings as CentralsSettings
from gateway.clock import Clock
from gateway.store import outbox
from gateway.upstream.central import Central, CentralSettings
from protocol import identity, record
from protocol.identity import About, Callee, Contact
from tests.gateway.desk import HALL, Desk, poll

KEY = "hall-key-for-tests-only-01"


@pytest.fixture
def desk(tmp_path):
    """A desk that knows the key of the central below."""
    ring = keyring.add(tmp_path / "central" / keyring.FILE)
    desk = Desk(tmp_path, identity_key=identity.read_key(str(ring.public)))
    yield desk
    desk.close()


@pytest.fixture
def central(tmp_path, desk: Desk):
    authority = (desk.data / "pki" / "ca.pem").read_text()
    hall = Hall(id=HALL, name="一号大厅", authority=authority, key=SecretStr(KEY))
    data = tmp_path / "central"
    app = create_app(CentralsSettings(data_dir=data, auditor_key=SecretStr("a" * 30), halls=(hall,), policy="wenzhou"))
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    poll(lambda: server.started)
    upstream = Central(
        CentralSettings(HALL, f"http://127.0.0.1:{listener.getsockname()[1]}", SecretStr(KEY)), desk.store, Clock()
    )
    upstream.data, upstream.app = data, app
    yield upstream
    upstream.stop()
    server.should_exit = True
    thread.join(10)


@pytest.mark.requirement("WZ-5g")
def test_central_takes_every_kind_of_event(desk, central):
    twin = desk.enrol("w1")
    desk.tell("sign_in", window="A1", staff="1001")
    desk.tell("called", window="A1", case_no="C1", service_no=1, item_code="I1", item_name="社保卡办理",
              applicant={"name": "欧阳思齐", "id_no": "330302199001011232", "phone": "13800002222"})  # fmt: skip
    desk.tell("served", window="A1", case_no="C1", service_no=1)
    token = desk.token(twin)
    now_ms = desk.clock.turn(1000)
    desk.send("w1", twin.event("boot"))
    desk.send("w1", twin.rating(1, token, wall_ms=now_ms))
    desk.send("w1", twin.rating(5, wall_ms=now_ms))
    desk.send("w1", twin.rating(5, wall_ms=None))
    desk.send("w1", twin.rating(4, wall_ms=now_ms, kind=record.SELFTEST))
    late_ms = desk.clock.turn(3_600_000)
    desk.send("w1", twin.rating(2, wall_ms=late_ms))
    desk.send("w1", b"\x00" * 600)
    desk.tell("called", late_ms - 1000, window="A1", case_no="C2", service_no=1)
    desk.tell("finished", late_ms, window="A1", case_no="C1", service_no=1)
    desk.tell("cancelled", late_ms, case_no="C2", service_no=1)
    desk.tell("called", late_ms + 100, window="A1", case_no="C3", service_no=1)
    desk.send("w1", twin.rating(3, wall_ms=late_ms + 100, error_ms=500))
    kinds = {kind for (kind,) in desk.rows("SELECT DISTINCT type FROM outbox")}
    assert len(kinds) == 7

    central.start()
    poll(lambda: outbox.counts(desk.store.reader())["pending"] == 0, lambda: desk.rows("SELECT * FROM outbox"))
    assert desk.rows("SELECT event_id, answer FROM outbox WHERE state = 'dead'") == []
    (database,) = central.data.glob("*.db")
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as held:
        assert held.execute("SELECT count(*) FROM records").fetchone() == (7,)
        key, blob = held.execute("SELECT key, blob FROM identities").fetchone()
    ring = keyring.load(central.data / keyring.FILE)
    assert ring.unseal(key, About(HALL, "C1", 1, 1), blob) == Callee(Contact("欧阳思齐", "13800002222"))


@pytest.mark.requirement("WZ-10b")
@pytest.mark.requirement("JX-4.2b")
def test_whom_to_call_goes_from_the_desk_to_the_handler_of_a_bad_rating_and_is_clear_nowhere_between(desk, central):
    twin = desk.enrol("w1")
    people = {"C1": ("欧阳思齐", "13800002222", 1), "C2": ("司徒无双", "13900003333", 5)}
    for case_no, (name, phone, level) in people.items():
        service = {"window": "A1", "case_no": case_no, "service_no": 1}
        desk.tell("called", **service, staff="1001", applicant={"name": name, "id_no": "330302199001011232",
                                                                 "phone": phone})  # fmt: skip
        desk.tell("served", **service)
        now_ms = desk.clock.turn(1000)
        desk.send("w1", twin.rating(level, wall_ms=now_ms))
        desk.tell("finished", **service)
        desk.clock.turn(60_000)
    central.start()
    poll(lambda: outbox.counts(desk.store.reader())["pending"] == 0, lambda: desk.rows("SELECT * FROM outbox"))
    (held,) = central.app.state.office.queue()
    assert held.case_no == "C1" and held.handling.contact
    handler = Viewer("han", "han", held.org, (Grant(Role.HANDLER, Scope.ORG, held.org),))
    assert central.app.state.reveals.reveal(handler, held.id, "差评回访") == Callee(Contact("欧阳思齐", "13800002222"))
    (database,) = central.data.glob("*.db")
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as rows:
        told = rows.execute("SELECT case_no, has_phone, length(blob) FROM identities ORDER BY case_no").fetchall()
    assert told == [("C1", 1, identity.SEALED_BYTES), ("C2", 1, identity.SEALED_BYTES)]
    for folder in (desk.data, central.data):
        for file in folder.glob("*.db*"):
            held_bytes = file.read_bytes()
            assert not any(
                name.encode() in held_bytes or phone.encode() in held_bytes for name, phone, _ in people.values()
            )


@pytest.mark.requirement("JX-3.1a")
def test_a_rating_moves_with_a_correction_and_central_keeps_both_decisions(desk, central):
    twin = desk.enrol("w1")
    wrong = desk.event("called", window="A1", case_no="C1", service_no=1, staff="1001", applicant_kind="agent")
    assert desk.tell_all([wrong]) == ["accepted"]
    now_ms = desk.clock.turn(1000)
    desk.send("w1", twin.rating(1, wall_ms=now_ms))
    central.start()
    poll(lambda: outbox.counts(desk.store.reader())["pending"] == 0)
    (database,) = central.data.glob("*.db")
    held = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    counted = "SELECT case_no, service_no, status FROM ratings"
    assert held.execute(counted).fetchall() == [("C1", 1, "counted")]

    desk.tell("called", now_ms - 1000, window="A1", case_no="C2", service_no=1, staff="1002", corrects=wrong["id"])
    central.wake()
    poll(lambda: held.execute(counted).fetchall() == [("C2", 1, "counted")], lambda: held.execute(counted).fetchall())
    decisions = held.execute("SELECT number, case_no, staff, evidence FROM bindings ORDER BY number").fetchall()
    assert [row[:3] for row in decisions] == [(1, "C1", "1001"), (2, "C2", "1002")]
    begun = [json.loads(evidence)["servings"][0]["begun_by"] for *_, evidence in decisions]
    assert begun == [["queue", wrong["id"]], ["queue", "e2"]]
    services = held.execute(
        "SELECT case_no, status, applicant_kind FROM services ORDER BY case_no, revision"
    ).fetchall()
    assert services == [("C1", "called", "agent"), ("C1", "cancelled", "agent"), ("C2", "called", None)]
    held.close()
