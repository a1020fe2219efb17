"""POST /api/v1/events over HTTP: what a gateway meets."""

import json
import logging

import pytest
from sqlalchemy import text

from central.app import create_app
from central.routes.events import MAX_BYTES, MAX_EVENTS
from tests.central.conftest import AUDITOR, HALL_KEY, SENDER, Client, Place, settings_for


def check_problem(answer, status: int, slug: str) -> dict:
    """An RFC 9457 document in Chinese and English that says what to do and shows no key."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    assert (found["type"], found["status"]) == (f"urn:hcp:problem:{slug}", status)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in found["title"]) and found["title"].split(" · ")[1].isascii()
    assert len(found["detail"]) > 10
    assert HALL_KEY not in answer.text
    return found


def test_results_come_in_order_with_their_ids(client, gateway):
    device = gateway.device()
    batch = [
        gateway.enrolled(device),
        gateway.record(device.rating(1)),
        {},
        gateway.record(gateway.device("w2").rating()),
    ]
    answer = client.post(*batch)
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [result["status"] for result in results] == ["accepted", "accepted", "rejected", "retry"]
    assert [result["id"] for result in results] == [batch[0]["id"], batch[1]["id"], "", batch[3]["id"]]
    assert all(set(result) == {"id", "status", "code", "detail"} for result in results)
    assert [result["status"] for result in client.post(*batch).json()["results"]] == [
        "duplicate",
        "duplicate",
        "rejected",
        "retry",
    ]


def test_an_empty_batch_has_no_results(client):
    assert client.post(content=b"[]").json() == {"results": []}


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[NaN]", b"[" * 100_000, b"[1" + b"0" * 5000 + b"]"])
def test_what_is_not_json_is_refused(client, body):
    check_problem(client.post(content=body or b" "), 400, "bad-json")


def test_one_event_without_an_array_is_refused(client, gateway):
    check_problem(client.post(content=json.dumps(gateway.case("C1"))), 400, "bad-json")


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {HALL_KEY}", f"Bearer {HALL_KEY}x", AUDITOR["Authorization"]],
)
def test_another_key_is_refused_before_the_body_is_looked_at(client, authorization):
    answer = client.post(content=b"{", headers={**SENDER, "Authorization": authorization})
    check_problem(answer, 401, "unauthorized")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_key_with_odd_characters_is_refused(client):
    answer = client.post(content=b"[]", headers={**SENDER, "Authorization": "Bearer \xe9\xff".encode("latin-1")})
    check_problem(answer, 401, "unauthorized")


@pytest.mark.parametrize("given", ["", "application/json", "text/plain", "application/cloudevents+json"])
def test_another_content_type_is_refused(client, given):
    check_problem(client.post(content=b"[]", headers={**SENDER, "Content-Type": given}), 415, "unsupported-media-type")


def test_a_charset_may_be_named_and_a_compressed_body_may_not_come(client):
    named = {**SENDER, "Content-Type": SENDER["Content-Type"] + "; charset=UTF-8"}
    assert client.post(content=b"[]", headers=named).status_code == 200
    check_problem(
        client.post(content=b"[]", headers={**SENDER, "Content-Encoding": "gzip"}), 415, "unsupported-media-type"
    )


def test_a_body_that_announces_too_much_is_refused(client):
    check_problem(client.post(content=b"[" + b" " * MAX_BYTES + b"]"), 413, "too-large")


def test_a_chunked_body_is_cut_off_at_the_limit(client):
    sent = 0

    async def chunks():
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b" " * (MAX_BYTES // 10)

    check_problem(client.post(content=chunks()), 413, "too-large")
    assert sent < 15


def test_just_enough_is_not_too_much(client):
    body = b"[" + b" " * (MAX_BYTES - 2) + b"]"
    assert client.post(content=body).status_code == 200
    assert client.post(*[1] * MAX_EVENTS).status_code == 200
    check_problem(client.post(*[1] * (MAX_EVENTS + 1)), 413, "too-many-events")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_another_method_is_refused(client, method):
    answer = client(method, "/api/v1/events")
    check_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("url", ["/nowhere", "/api/v1/", "/docs", "/openapi.json", "/page.html", "/../central.db"])
def test_another_address_is_refused(client, url):
    check_problem(client.get(url), 404, "not-found")


def test_a_database_that_fails_is_a_503_that_keeps_nothing(client, gateway, caplog):
    store = client.app.state.store
    device = gateway.device()
    with store._writer.begin() as connection:
        connection.execute(text("ALTER TABLE cases RENAME TO elsewhere"))
    batch = [gateway.enrolled(device), gateway.record(device.rating(1)), gateway.case("C1")]
    with caplog.at_level(logging.DEBUG):
        answer = client.post(*batch)
    check_problem(answer, 503, "storage")
    assert answer.headers["retry-after"] == "5"
    assert "户口迁移" not in caplog.text
    with store._writer.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO cases"))
    assert [result["status"] for result in client.post(*batch).json()["results"]] == ["accepted"] * 3


def test_a_value_that_fits_no_column_is_blamed_on_the_content_so_that_the_gateway_looks_for_it(
    postgres, tmp_path, gateway
):
    """503 would say: the same again later, for ever."""
    with postgres.lent() as url:
        app = create_app(settings_for(Place(tmp_path, url), gateway))
        with app.state.store._writer.begin() as connection:
            connection.execute(text("ALTER TABLE cases ALTER item_name TYPE varchar(2)"))
        client = Client(app)
        check_problem(client.post(gateway.service("C1"), gateway.case("C1")), 422, "refused")
        assert [result["status"] for result in client.post(gateway.service("C1")).json()["results"]] == ["accepted"]
        app.state.reader.close()
        app.state.store.close()


def test_our_own_mistake_is_a_500_in_the_same_form(client):
    store, client.app.state.store = client.app.state.store, None
    check_problem(client.post(content=b"[]"), 500, "internal")
    client.app.state.store = store
