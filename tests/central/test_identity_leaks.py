"""One identity is planted, then looked for in everything that central says, logs and keeps; and found in one answer."""

import json
import logging
import re

import pytest
from fastapi.routing import iter_route_contexts

from tests.central.conftest import AUDITOR, HALL_KEY
from tests.central.people import Browser
from tests.central.reveal_hall import AGENT, AGENT_PHONE, NAME, PHONE, Hall
from tests.gateway.test_identity_story import needles

#: What stands for each parameter of a path: something that is there, where there is such a thing.
PLACES = {"number": "1", "device": "w1", "hall": "test-hall", "consent": "1", "action": "call_back"}
WORDS = (NAME, PHONE, AGENT, AGENT_PHONE)


def look(where: str, data: bytes) -> None:
    found = [needle for needle in needles(WORDS) if needle in data]
    assert not found, f"{where} holds {found}"


def paths(hall: Hall) -> list[str]:
    """Every address that answers GET, with its parameters filled in."""
    found = []
    for route in iter_route_contexts(hall.app.routes):
        if "GET" in (route.methods or ()):
            found.append(re.sub(r"{(\w+)(:\w+)?}", lambda part: PLACES.get(part[1], "1"), route.path))
    return found


@pytest.mark.requirement("WZ-10b")
@pytest.mark.requirement("MOT-10b")
@pytest.mark.requirement("JX-4.2b")
@pytest.mark.requirement("SP-5.4")
@pytest.mark.requirement("LZ-2.1.4b")
def test_an_identity_is_in_one_answer_and_in_no_other_nor_in_a_log_or_file(tmp_path, gateway, capsys, caplog):
    caplog.set_level(logging.DEBUG)
    hall = Hall(tmp_path / "central", gateway)
    assert hall.rate("C2", 5) is None  # a good one is sealed and sent just so
    assert hall.number == 1
    handler = hall.browser("handler")
    path = f"{hall.number}/reveal"
    given = hall.post(handler, path, {"reason": "差评回访"})
    assert all(word in given.text for word in WORDS)  # it was there, after all
    people = {account: hall.browser(account) for account in sorted(hall.city.passwords)}
    answers = {f"reveal by {account}": hall.post(who, path, {"reason": "差评回访"}) for account, who in people.items()}
    assert {answer.status_code for answer in answers.values()} == {403, 404}
    consent = {"recipient": "市统计局", "scope": ["phone"], "evidence": "回访时口头同意", "given_at":
               "2026-09-30T14:00:00+08:00", "until": "2026-12-31T00:00:00+08:00"}  # fmt: skip
    answers["consent"] = hall.post(handler, f"{hall.number}/consents", consent)
    assert answers["consent"].status_code == 201
    # a gateway of somebody else's making that does it wrong
    wrong = gateway.event("identity", "identity/C3/1/1", {"case_no": "C3", "service_no": 1, "revision": 1,
                          "has_phone": True, "name": NAME, "phone": PHONE})  # fmt: skip
    same_id = gateway.event("identity", "identity/C1/1/1", {"case_no": "C1", "service_no": 1, "revision": 1,
                            "has_phone": False, "opaque": "A" * 16, "name": NAME})  # fmt: skip
    sender = {"Authorization": f"Bearer {HALL_KEY}", "Content-Type": "application/cloudevents-batch+json"}
    answers["events"] = hall.client.post(wrong, same_id, headers=sender)
    statuses = [result["status"] for result in answers["events"].json()["results"]]
    assert statuses == ["rejected", "conflict"]
    answers["odd"] = hall.post(handler, path, json.dumps({"reason": "差评回访", "name": NAME}).encode())
    # everybody looks at everything
    asking = {"nobody": Browser(hall.client), "handler": handler, **people}
    assert len(asking) > 10 and len(paths(hall)) > 10
    for url in paths(hall):
        for who, browser in asking.items():
            answers[f"{url} by {who}"] = browser.get(url)
        answers[f"{url} by the auditor's key"] = hall.client.get(url, headers=AUDITOR)
        answers[f"{url} by the hall's key"] = hall.client.get(url, headers=sender)
    assert sum(answer.status_code == 200 for answer in answers.values()) > 20
    for where, answer in answers.items():
        look(where, answer.content + str(answer.headers).encode())
    hall.app.state.reveals.warn_of_lost_keys()
    said = capsys.readouterr()
    records = [r for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))]
    look("the log", (said.out + said.err + "\n".join(f"{r.getMessage()} {vars(r)}" for r in records)).encode())
    files = [file for file in hall.settings.data_dir.rglob("*") if file.is_file()]
    assert any(file.name == "central.db" for file in files) and any(file.name.endswith("-wal") for file in files)
    for file in files:
        look(file.name, file.read_bytes())
    hall.close()
    for file in hall.settings.data_dir.rglob("*"):
        if file.is_file():
            look(f"{file.name} after the end", file.read_bytes())
