"""Whom to call back, over HTTP: the right person is answered, everybody else as if there were nothing."""

import pytest

from central import registration
from central.core.handling import DAY_MS
from central.core.roles import Grant, Role, Scope
from tests.central.people import Browser
from tests.central.reveal_hall import AGENT, AGENT_PHONE, NAME, PHONE, Hall


@pytest.fixture
def hall(tmp_path, gateway):
    made = Hall(tmp_path / "central", gateway)
    yield made
    made.close()


def test_the_handler_gets_name_and_phone_and_nobody_may_keep_the_answer(hall):
    answer = hall.reveal("handler")
    assert answer.status_code == 200 and answer.json() == {
        "applicant": {"name": NAME, "phone": PHONE},
        "agent": {"name": AGENT, "phone": AGENT_PHONE},
    }
    assert answer.headers["Cache-Control"] == "no-store"


def test_who_may_read_the_file_is_told_that_it_is_for_handlers_and_others_that_there_is_none(hall):
    nothing = hall.reveal("handler", 99)
    for account in ("reviewer", "admin", "reform", "auditor"):
        answer = hall.reveal(account)
        assert answer.status_code == 403 and "处置员" in answer.json()["detail"]
    for account in ("taxman", "rated", "mate", "other-admin"):
        answer = hall.reveal(account)
        assert (answer.status_code, answer.content) == (404, nothing.content)
    assert hall.client.get("/").status_code == 200
    signed_out = Browser(hall.client)
    assert hall.post(signed_out, f"{hall.number}/reveal", {"reason": "差评回访"}).status_code == 401


def test_a_handler_who_is_the_one_rated_is_answered_as_if_there_were_nothing(hall):
    hall.city.person("both", "police", Grant(Role.HANDLER, Scope.ORG, "police"))
    hall.city.do(registration.name_staff, "test-hall", "S09", "赵某", "both")
    service = hall.gateway.service("C1", service_no=2)
    service["data"]["staff"] = "S09"
    hall.take(service)
    answer, nothing = hall.reveal("both"), hall.reveal("both", 99)
    assert (answer.status_code, answer.content) == (404, nothing.content)


def test_the_form_must_be_ours_and_say_why(hall):
    browser = hall.browser("handler")
    path = f"{hall.number}/reveal"
    assert hall.post(browser, path, {"reason": "差评回访"}, **{"X-CSRF-Token": "other"}).status_code == 403
    for body, status in (
        ({"reason": "回"}, 422),
        ({"reason": 7}, 422),
        ({}, 422),
        ({"reason": "差评回访", "more": 1}, 422),
        ([], 422),
        (b"{", 400),
        (b"\xff", 400),
        ({"reason": "x" * 9000}, 413),
    ):
        answer = hall.post(browser, path, body)
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
        assert PHONE not in answer.text


def test_the_limit_of_a_day_is_429(hall):
    hall.app.state.reveals._most = 1
    browser = hall.browser("handler")
    path, body = f"{hall.number}/reveal", {"reason": "差评回访"}
    assert hall.post(browser, path, body).status_code == 200
    answer = hall.post(browser, path, body)
    assert answer.status_code == 429 and "上限" in answer.json()["detail"]
    hall.clock.turn(DAY_MS)
    assert hall.post(hall.browser("handler"), path, body).status_code == 200


def test_readers_of_the_file_see_who_asked_and_why_and_nobody_else_does(hall):
    hall.reveal("handler")
    hall.reveal("taxman")
    path = f"/api/v1/handlings/{hall.number}/identity"
    for account, code in (("handler", None), ("reviewer", "party"), ("auditor", "party")):
        answer = hall.browser(account).get(path)
        found = answer.json()
        assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
        assert (found["may_reveal"], (found["why_not"] or {}).get("code")) == (code is None, code)
        assert [(one["actor"], one["outcome"], one["reason"]) for one in found["asked"]] == [
            ("handler", "granted", "差评回访"),
            ("taxman", "refused", "差评回访"),
        ]
        assert NAME not in answer.text and PHONE not in answer.text
    nothing = hall.browser("rated").get("/api/v1/handlings/99/identity")
    assert nothing.status_code == 404
    for account in ("rated", "mate", "taxman"):
        assert hall.browser(account).get(path).content == nothing.content


@pytest.mark.parametrize("number", [2**63, 2**200, -1, 0])
def test_a_number_that_nothing_can_have_is_a_wrong_parameter(hall, number):
    handler = hall.browser("handler")
    assert handler.get(f"/api/v1/handlings/{number}/identity").status_code == 422
    assert hall.post(handler, f"{number}/reveal", {"reason": "差评回访"}).status_code == 422
    assert hall.post(handler, f"{hall.number}/consents/{number}", {}, "DELETE").status_code == 422


def test_a_consent_is_recorded_and_taken_back(hall):
    browser = hall.browser("handler")
    said = {
        "recipient": "市统计局",
        "scope": ["phone"],
        "evidence": "回访时口头同意",
        "given_at": "2026-09-30T14:00:00+08:00",
        "until": "2026-12-31T00:00:00+08:00",
    }
    path = f"{hall.number}/consents"
    made = hall.post(browser, path, said)
    assert made.status_code == 201
    for wrong in (
        {"scope": ["id_no"]},
        {"until": "2026-12-31T00:00:00"},
        {"evidence": "是"},
        {"given_at": "昨天"},
        {"given_at": 1700000000},
        {"given_at": "0001-01-01T00:00:00+08:00"},
        {"until": "9999-12-31T23:59:59-08:00"},
    ):
        assert hall.post(browser, path, {**said, **wrong}).status_code == 422
    assert hall.post(hall.browser("reviewer"), path, said).status_code == 403
    gone = f"{path}/{made.json()['consent']}"
    assert hall.post(browser, gone, {}, "DELETE").status_code == 204
    assert hall.post(browser, gone, {}, "DELETE").status_code == 422
    assert hall.post(browser, "99/consents", said).status_code == 404
