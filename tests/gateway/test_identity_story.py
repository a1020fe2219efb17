"""One story with an identity in it: then it is looked for everywhere, and found nowhere in clear."""

import base64
import json
import logging
import threading

import httpx
import pytest

from gateway.applicants import RevealError
from gateway.core import cloudevent, times
from gateway.store import composing
from tests.gateway.desk import HALL, enrol
from tests.gateway.wire import Wire

PEOPLE = ("欧阳思齐", "330302199001011232", "13800002222", "司徒代办", "13900003333")
NAME, NUMBER, PHONE, AGENT, AGENT_PHONE = PEOPLE
APPLICANT = {"name": NAME, "id_no": NUMBER, "phone": PHONE, "agent": {"name": AGENT, "phone": AGENT_PHONE}}


def needles(words=PEOPLE) -> list[bytes]:
    """Each word in every form in which it might lie about."""
    found = []
    for word in words:
        for encoding in ("utf-8", "gb18030", "utf-16-le", "utf-16-be"):
            found.append(word.encode(encoding))
        found.append(json.dumps(word).strip('"').encode())
        # in base64 at each of its three phases, without the ends that depend on the neighbours
        found += [base64.b64encode(b"x" * phase + word.encode())[4:-4] for phase in range(3)]
    return [needle for needle in found if len(needle) > 5]


def look(where: str, data: bytes) -> None:
    found = [needle for needle in needles() if needle in data]
    assert not found, f"{where} holds {found}"


@pytest.mark.requirement("WZ-10b")
@pytest.mark.requirement("JX-4.2b")
def test_an_identity_is_in_no_log_page_metric_answer_or_file(running, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    data, http = running.settings.data, running.http
    wire = Wire(enrol(data, "w1", "A1"), running.mqtt_port, data, tmp_path)
    wire.wait(lambda: wire.connects, "connected")
    answers: list[httpx.Response] = []

    def event(kind: str, event_id: str, **fields) -> dict:
        return {"id": event_id, "type": kind, "at": times.text(running._clock.now_ms()), "window": "A1", **fields}

    service = {"case_no": "C1", "service_no": 1}
    good = event("called", "1", **service, item_name="社保卡办理", applicant=APPLICANT)
    wrong = [
        event("called", "2", **service, applicant={**APPLICANT, "phone": f"call {PHONE}"}),
        event("called", "3", **service, applicant={**APPLICANT, "mobile": PHONE}),
        event("called", "4", **service, applicant_name=NAME, id_no=NUMBER),
        event("called", "5", **service, applicant=[NAME, NUMBER]),
        event("called", "6", **service, applicant=NAME + NUMBER),
        event("called", "7", applicant=APPLICANT),
        event("sign_in", "8", staff="1001", applicant=APPLICANT),
        event("called", "1", **{**service, "case_no": "C2"}, applicant=APPLICANT),
        [APPLICANT],
    ]
    answers.append(http.post("/api/v1/events", json=[good, good, *wrong, event("served", "9", **service)]))
    statuses = [result["status"] for result in answers[0].json()["results"]]
    assert statuses == ["accepted", "duplicate", *["rejected"] * 7, "conflict", "rejected", "accepted"]
    # bodies that are broken in the middle of a person
    broken = json.dumps([good], ensure_ascii=False)
    json_type = {"content-type": "application/json"}
    answers += [
        http.post("/api/v1/events", content=broken[:-9].encode(), headers=json_type),
        http.post("/api/v1/events", content=broken.encode("gb18030"), headers=json_type),
        http.post("/api/v1/events", content=broken.encode(), headers={"content-type": "text/plain"}),
        http.put("/api/v1/windows/A1", json={"name": 1, "applicant": APPLICANT}),
        http.get("/api/v1/feed", params={"after": "x" + PHONE}),
    ]
    heading = "事件类型,时间,窗口,办件编号,服务次数,申请人,证件号码,联系电话"
    rows = [
        f"叫号,2026/3/4 9:01,A1,C3,1,{NAME},{NUMBER},{PHONE}",
        f"叫号,2026/3/4 9:02,Z9,C4,1,{NAME},{NUMBER},{PHONE}",
        f"叫号,昨天,A1,C5,1,{NAME},{NUMBER},{PHONE}",
        f"叫号,2026/3/4 9:03,A1,C6,1,{NAME},{NUMBER},call {PHONE}",
        f"叫号,2026/3/4 9:03,A1,C6,1,{NAME},{NUMBER},{PHONE},{NAME}",
    ]
    table = "\n".join((heading, *rows)).encode("gb18030")
    for accept in ("application/json", "text/csv"):
        headers = {"content-type": "text/csv", "accept": accept}
        answers.append(http.post("/api/v1/events/import", content=table, headers=headers))
    # a rating, so that everything that follows from a service has happened
    scene = wire.until_scene(lambda body: body.token)
    wire.send(wire.twin.rating(1, scene.token, wall_ms=running._clock.now_ms(), error_ms=20))
    wire.until_receipt(1)
    with pytest.raises(RevealError):
        running.applicants.reveal("C1", 1, "2001", "")
    assert running.applicants.reveal("C1", 1, "2001", "差评回访").applicant.name == NAME  # it was there, after all
    for path in ("windows", "devices", "status"):
        answers.append(http.get(f"/api/v1/{path}"))
    for path in ("/metrics", "/healthz", "/readyz", "/openapi.json", "/"):
        answers.append(http.get(path))
    assert b"hcp_" in answers[-5].content
    for answer in answers:
        look(str(answer.request.url), answer.content + str(answer.headers).encode())
    for message in wire.got:
        look("what the device was told", repr(message).encode())
    reader = running.store.reader()
    rows = [row for (row,) in reader.execute("SELECT id FROM outgoing").fetchall()]
    outgoing = composing.compose(reader, HALL, rows)
    assert len(outgoing) > 3 and any(event.type == cloudevent.IDENTITY for event in outgoing)
    look("what goes to central", repr(outgoing).encode())
    # before anything is redacted, and at every level; without the client of this test, which runs in the same process
    records = [
        record for record in caplog.records if not record.name.startswith(("httpx", "httpcore", "uvicorn.access"))
    ]
    assert any(record.name.startswith("gateway.") for record in records)
    look("the log", "\n".join(f"{record.getMessage()} {vars(record)}" for record in records).encode())
    look("the threads' names", repr(threading.enumerate()).encode())
    before = {path for path in data.rglob("*") if path.is_file()}
    assert any(path.name.endswith("-wal") for path in before)
    for path in sorted(before):
        look(str(path), path.read_bytes())
    wire.close()
    running.stop()
    for path in data.rglob("*"):
        if path.is_file():
            look(f"{path} after the end", path.read_bytes())


def test_the_search_finds_what_is_there(tmp_path):
    for needle in (NAME.encode("gb18030"), json.dumps(NAME).encode(), base64.b64encode(b'{"id": "' + NUMBER.encode())):
        with pytest.raises(AssertionError):
            look("x", b"\x00" * 7 + needle + b"\x00")
