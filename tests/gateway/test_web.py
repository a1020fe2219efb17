"""The business API: idempotent events, keys, and errors that say what to do."""

import json
import stat

import pytest

from gateway.core import times
from gateway.web import systems
from gateway.web.body import MAX_BODY
from gateway.web.pace import Pace
from tests.gateway.api import KEYS, as_, is_problem, make_api


def post(api, *events, **kwargs):
    answer = api.post("/api/v1/events", json=list(events), **kwargs)
    assert answer.status_code == 200, answer.text
    return [(result["status"], result["code"]) for result in answer.json()["results"]]


def called(event_id="1", **change):
    at = times.text(1_772_600_000_000)
    return {"id": event_id, "type": "called", "at": at, "window": "A1", "case_no": "C1", "service_no": 1, **change}


def test_an_event_twice_is_a_duplicate_and_another_under_its_id_a_conflict(api):
    assert post(api, called()) == [("accepted", "accepted")]
    assert post(api, called()) == [("duplicate", "duplicate")]
    assert post(api, called(case_no="C2")) == [("conflict", "conflict")]
    # ids belong to a system: the same id of another one is another event
    other = {"Authorization": f"Bearer {KEYS['other']}"}
    assert post(api, called(case_no="C3"), headers=other) == [("accepted", "accepted")]


def test_one_bad_event_does_not_hold_up_the_others(api):
    events = [
        called("1"),
        {"id": "2", "type": "praise"},
        17,
        called("4", window="Z9"),
        called("5", applicant="张三"),
        called("7", citizen="x"),
    ]
    assert post(api, *events, called("6", case_no="C2")) == [
        ("accepted", "accepted"),
        ("rejected", "unknown_type"),
        ("rejected", "bad_event"),
        ("rejected", "unknown_window"),
        ("rejected", "bad_applicant"),
        ("rejected", "unknown_field"),
        ("accepted", "accepted"),
    ]


def test_late_and_out_of_order_events_are_accepted(api):
    early = called("2", at=times.text(1_772_500_000_000), case_no="C0")
    assert post(api, called("1"), early) == [("accepted", "accepted")] * 2


def test_one_event_alone_needs_no_array(api):
    answer = api.post("/api/v1/events", json=called())
    assert answer.json()["results"][0]["id"] == "1"


def test_windows_are_registered_then_known(api):
    assert post(api, called("1", window="B7")) == [("rejected", "unknown_window")]
    assert api.put("/api/v1/windows/B7", json={"name": "7号窗口"}).json() == {"window": "B7", "changed": True}
    assert api.put("/api/v1/windows/B7", json={}).json() == {"window": "B7", "changed": False}
    assert post(api, called("1", window="B7")) == [("accepted", "accepted")]
    found = {window["window"]: window for window in api.get("/api/v1/windows").json()["windows"]}
    assert found["B7"]["name"] == "7号窗口" and found["B7"]["service"]["case_no"] == "C1"
    assert found["A1"]["devices"] == [{"device": "w1", "online": False}]


@pytest.mark.parametrize("body", [{"open": 1}, {"name": ""}, {"x": 1}, [], "x"])
def test_a_bad_window_is_a_problem(api, body):
    is_problem(api.put("/api/v1/windows/B7", json=body), 422, "bad_window")


def test_every_http_error_is_a_problem_document(api):
    for headers in ({"Authorization": "Bearer nope"}, {"Authorization": "Basic x"}, {"Authorization": ""}):
        answer = api.get("/api/v1/windows", headers=headers)
        is_problem(answer, 401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"
    screen = {"Authorization": f"Bearer {KEYS['screen']}"}
    is_problem(api.post("/api/v1/events", json=called(), headers=screen), 403, "forbidden")
    is_problem(api.get("/api/v1/devices"), 403, "forbidden")
    is_problem(api.get("/api/v1/status"), 403, "forbidden")
    is_problem(api.get("/nowhere"), 404, "not_found")
    is_problem(api.delete("/api/v1/events"), 405, "method_not_allowed")
    is_problem(api.post("/api/v1/events", content=b"{"), 400, "bad_json")
    is_problem(api.post("/api/v1/events", content=b"\xff\xfe"), 400, "bad_json")
    is_problem(api.post("/api/v1/events", content=b'{"id": NaN}'), 400, "bad_json")
    is_problem(api.post("/api/v1/events", content=b"[" * 200_000), 400, "bad_json")
    is_problem(api.post("/api/v1/events", content=b"x", headers={"content-type": "text/plain"}), 415, "unsupported")
    is_problem(api.post("/api/v1/events", json=[called()] * 1001), 413, "too_many")


def test_a_body_too_large_is_refused_before_it_is_parsed(api):
    is_problem(api.post("/api/v1/events", content=b" " * (MAX_BODY + 1)), 413, "too_large")

    def endless():
        for _ in range(40):
            yield b" " * 65_536

    is_problem(api.post("/api/v1/events", content=endless()), 413, "too_large")


def test_when_nothing_can_be_stored_it_says_so(api, desk):
    desk.store.close()
    answer = api.post("/api/v1/events", json=called())
    is_problem(answer, 503, "not_stored")
    assert answer.headers["retry-after"]


def test_health_and_readiness(api):
    assert api.get("/healthz", headers={"Authorization": ""}).json() == {"alive": True}
    assert api.get("/readyz").status_code == 200
    api.checks["broker"] = False
    assert is_problem(api.get("/readyz"), 503, "not_ready")["checks"] == {"database": True, "broker": False}


@pytest.mark.requirement("WZ-4b")
@pytest.mark.requirement("MOT-5a")
def test_the_interface_has_no_way_to_enter_change_or_see_a_rating(api):
    paths = api.app.openapi()["paths"]
    assert {(m.upper(), path) for path, methods in paths.items() for m in methods if path.startswith("/api")} == {
        ("POST", "/api/v1/events"),
        ("POST", "/api/v1/events/import"),
        ("GET", "/api/v1/feed"),
        ("PUT", "/api/v1/windows/{window}"),
        ("GET", "/api/v1/windows"),
        ("GET", "/api/v1/devices"),
        ("POST", "/api/v1/devices/{device}/commands"),
        ("GET", "/api/v1/devices/{device}/commands"),
        ("GET", "/api/v1/commands/{number}"),
        ("GET", "/api/v1/status"),
    }
    assert post(api, called(level=5), called("2", type="rating")) == [
        ("rejected", "unknown_field"),
        ("rejected", "unknown_type"),
    ]


def test_no_answer_to_staff_speaks_of_ratings(api):
    post(api, called())
    text = json.dumps(api.get("/api/v1/windows").json())
    assert not any(word in text for word in ("level", "rating", "satisfied", "seq", "token"))


def test_a_missing_register_of_systems_is_made_with_a_secret_key(tmp_path):
    path = tmp_path / "systems.toml"
    systems.load(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    keys = [json.loads(line.partition(" = ")[2]) for line in path.read_text().splitlines() if line.startswith("key")]
    found = [systems.load(path).find(key) for key in keys]
    assert [(system.name, sorted(system.scopes)) for system in found] == [
        ("default", ["events", "feed", "read", "windows"]),
        ("operator", ["operate"]),
    ]
    assert all(key not in repr(found) for key in keys)
    assert systems.load(path).find(keys[0][:-1]) is None
    assert systems.operator_key(path) == keys[1] != keys[0]


@pytest.mark.parametrize(
    "text",
    [
        "[[system]]",
        '[[system]]\nname = "a"\nkey = "short"\nscopes = []',
        f'[[system]]\nname = "a"\nkey = "{"k" * 30}"\nscopes = ["all"]',
        f'[[system]]\nname = "a"\nkey = "{"k" * 30}"\nscopes = []\n' * 2,
        "= broken",
    ],
)
def test_a_bad_register_of_systems_is_refused_with_its_file(tmp_path, text):
    path = tmp_path / "systems.toml"
    path.write_text(text)
    with pytest.raises(systems.SystemsError, match="systems.toml"):
        systems.load(path)


def test_a_key_that_is_limited_to_windows_sees_and_changes_only_these(api, desk):
    mine = as_("window")
    for window in ("A1", "B2"):
        desk.service.put_window(window, None, True)
    assert [w["window"] for w in api.get("/api/v1/windows", headers=mine).json()["windows"]] == ["A1"]
    is_problem(api.put("/api/v1/windows/B2", json={}, headers=mine), 403, "forbidden_window")
    assert api.put("/api/v1/windows/A1", json={}, headers=mine).status_code == 200
    assert post(api, called(), called("2", window="B2"), headers=mine) == [
        ("accepted", "accepted"),
        ("rejected", "forbidden_window"),
    ]
    desk.enrol("w2", "B2")
    assert [d["device"] for d in api.get("/api/v1/devices", headers=mine).json()["devices"]] == ["w1"]
    assert [d["device"] for d in api.get("/api/v1/devices", headers=as_("technician")).json()["devices"]] == [
        "w1",
        "w2",
    ]
    for method, path in (
        ("GET", "/api/v1/status"),
        ("GET", "/api/v1/commands/1"),
        ("GET", "/api/v1/devices/w1/commands"),
        ("POST", "/api/v1/devices/w1/commands"),
    ):
        is_problem(api.request(method, path, headers=mine), 403, "forbidden_window")


def test_an_identity_comes_in_clear_only_where_nobody_can_read_it(desk):
    desk.enrol("w1")
    event = called(applicant={"name": "欧阳思齐"})
    assert post(make_api(desk, ("10.0.0.7", 5000)), event) == [("rejected", "identity_in_clear")]
    far = make_api(desk, ("10.0.0.7", 5000))
    far.base_url = "https://testserver"
    assert post(far, event) == [("accepted", "accepted")]


def test_an_answer_about_parameters_repeats_none_of_them(api):
    body = is_problem(api.get("/api/v1/feed?after=欧阳思齐", headers=as_("screen")), 400, "bad_request")
    assert "欧阳" not in str(body) and "after" in body["detail"]
    is_problem(api.get("/api/v1/feed", headers={**as_("screen"), "Last-Event-ID": "x"}), 400, "bad_request")


def test_a_system_that_asks_too_fast_is_told_how_long_to_wait_and_the_others_are_not(desk):
    now = [0]
    api = make_api(desk, pace=Pace(lambda: now[0]))
    mine = as_("screen")
    assert [api.get("/api/v1/windows", headers=mine).status_code for _ in range(10)] == [200] * 10
    refused = api.get("/api/v1/windows", headers=mine)
    is_problem(refused, 429, "too_fast")
    assert refused.headers["retry-after"] == "1"
    assert api.get("/api/v1/windows").status_code == 200
    now[0] += 1000
    assert [api.get("/api/v1/windows", headers=mine).status_code for _ in range(6)] == [200] * 5 + [429]
