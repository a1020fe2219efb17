"""Corrections at central: who publishes, who reads, and what is refused."""

import json

import pytest

from central.app import create_app
from tests.central.conftest import AUDITOR, SENDER, Client, settings_for

OPERATOR_KEY = "operator-key-for-tests-only"
OPERATOR = {"Authorization": f"Bearer {OPERATOR_KEY}"}
INDICATORS = {"version": 7, "content": {"levels": {"dissatisfied": {"108": "在办事指南之外增加新的审批条件"}}}}


@pytest.fixture
def client(place, gateway):
    settings = settings_for(place, gateway).model_copy(update={"operator_key": _secret(OPERATOR_KEY)})
    app = create_app(settings)
    yield Client(app)
    app.state.reader.close()
    app.state.store.close()


def _secret(key: str):
    from pydantic import SecretStr

    return SecretStr(key)


def publish(client, kind="indicators", data=INDICATORS, reason="新版指标", headers=OPERATOR, **more):
    body = {"kind": kind, "data": data, "reason": reason, **more}
    return client("POST", "/api/v1/corrections", content=json.dumps(body), headers=headers)


def read(client, after=0, hall="test-hall", headers=SENDER):
    return client.get(f"/api/v1/halls/{hall}/corrections?after={after}", headers=headers)


def test_a_hall_reads_what_was_published_from_where_it_stopped(client):
    assert read(client).json() == {"corrections": [], "newest": 0}
    assert publish(client).json() == {"number": 1}
    assert publish(client, "not_adopted", {"device": "w1", "seq": 5}, "申诉成立", hall="test-hall").status_code == 201
    found = read(client).json()
    assert found["newest"] == 2
    assert [(one["number"], one["kind"], one["data"]) for one in found["corrections"]] == [
        (1, "indicators", INDICATORS),
        (2, "not_adopted", {"device": "w1", "seq": 5}),
    ]
    assert [one["number"] for one in read(client, after=1).json()["corrections"]] == [2]
    assert read(client, after=2).json() == {"corrections": [], "newest": 2}


def test_the_answer_to_events_says_that_there_is_something_to_read(client):
    assert "corrections" not in client.post().json()
    publish(client)
    assert client.post().json() == {"results": [], "corrections": 1}


@pytest.mark.parametrize("headers", [{}, AUDITOR, SENDER, {"Authorization": "Bearer wrong"}])
def test_only_the_operator_publishes(client, headers):
    assert publish(client, headers=headers).status_code == 401
    assert read(client).json()["newest"] == 0


def test_without_an_operators_key_nobody_publishes(place, gateway):
    app = create_app(settings_for(place, gateway))
    client = Client(app)
    for headers in ({"Authorization": "Bearer "}, {}, OPERATOR):
        assert publish(client, headers=headers).status_code == 401
    app.state.reader.close()
    app.state.store.close()


def test_a_hall_reads_its_own_only(client):
    publish(client, hall="test-hall")
    assert read(client, hall="hall-9").status_code == 403
    assert read(client, headers={}).status_code == 401
    assert read(client, headers=OPERATOR).status_code == 401


def test_what_is_for_one_hall_is_not_read_by_another(place):
    from tests.central.conftest import HALL_KEY, Gateway

    settings = settings_for(place, Gateway("hall-a"), Gateway("hall-b"))
    app = create_app(settings.model_copy(update={"operator_key": _secret(OPERATOR_KEY)}))
    client = Client(app)
    publish(client, hall="hall-a")
    publish(client)
    keys = {hall: {"Authorization": f"Bearer {HALL_KEY[:-1]}{n}"} for n, hall in ((1, "hall-a"), (2, "hall-b"))}
    seen = {h: [c["number"] for c in read(client, hall=h, headers=keys[h]).json()["corrections"]] for h in keys}
    assert seen == {"hall-a": [1, 2], "hall-b": [2]}
    app.state.reader.close()
    app.state.store.close()


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "praise"},
        {"data": None},
        {"data": []},
        {"data": {"version": 0, "content": {}}},
        {"data": {"version": 1, "content": "x"}},
        {"kind": "not_adopted", "data": {"device": "W 1", "seq": 1}},
        {"kind": "not_adopted", "data": {"device": "w1", "seq": 0}},
        {"kind": "policy", "data": {"version": 1}},
        {"reason": ""},
        {"reason": "x" * 501},
        {"reason": 5},
        {"reason": "申诉\0成立"},
        {"reason": "申诉\ud800成立"},
        {"data": {"version": 7, "content": {"a": "\ud800"}}},
        {"hall": ["test-hall"]},
        {"hall": "hall-9"},
        {"also": 1},
    ],
)
def test_what_is_no_correction_is_refused_with_the_reason(client, change):
    body = {"kind": "indicators", "data": INDICATORS, "reason": "新版指标", **change}
    answer = client("POST", "/api/v1/corrections", content=json.dumps(body), headers=OPERATOR)
    assert answer.status_code == 422 and len(answer.json()["detail"]) > 20
    assert read(client).json()["newest"] == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 422),
        (b"\xff", 400),
        (b" " * 70_000, 413),
        (b'{"kind": "policy", "data": {"policy": "x", "version": 1, "reason_rule": 1e999}, "reason": "x"}', 400),
    ],
)
def test_a_body_that_is_none_is_refused(client, body, status):
    assert client("POST", "/api/v1/corrections", content=body, headers=OPERATOR).status_code == status
