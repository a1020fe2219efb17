"""The business API of a desk, without a network, with keys of every kind."""

from collections.abc import Callable

from fastapi.testclient import TestClient

from gateway.core.figures import Snapshot
from gateway.web import systems
from gateway.web.app import create_app
from gateway.web.pace import Pace
from tests.gateway.desk import Desk

KEYS = {name: name[0] * 30 for name in ("queue", "other", "screen", "window", "technician", "prometheus")}
_SYSTEMS = {
    "queue": 'scopes = ["events", "windows", "read"]',
    "other": 'scopes = ["events"]',
    "screen": 'scopes = ["read", "feed"]\nrate = 5',
    "window": 'scopes = ["events", "windows", "read", "operate"]\nwindows = ["A1"]',
    "technician": 'scopes = ["operate"]',
    "prometheus": 'scopes = ["metrics"]',
}
LOCAL = ("127.0.0.1", 50000)


def as_(name: str) -> dict[str, str]:
    """The header by which a system shows its key."""
    return {"Authorization": f"Bearer {KEYS[name]}"}


def make_api(
    desk: Desk,
    client: tuple[str, int] = LOCAL,
    snapshot: Callable[[], Snapshot] = lambda: Snapshot({}, {}, {}),
    pace: Pace | None = None,
) -> TestClient:
    """Speaks as ``queue`` unless told otherwise; what ``checks`` says is up to the test."""
    path = desk.data / "systems.toml"
    path.write_text(
        "\n".join(f'[[system]]\nname = "{name}"\nkey = "{KEYS[name]}"\n{lines}' for name, lines in _SYSTEMS.items())
    )
    checks = {"database": True, "broker": True}
    app = create_app(desk.service, systems.load(path), lambda: checks, desk.feed, snapshot, pace)
    api = TestClient(app, raise_server_exceptions=False, client=client, headers=as_("queue"))
    api.checks = checks  # type: ignore[attr-defined]
    return api


def is_problem(answer, status: int, code: str) -> dict:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["title"] and body["action"] and body["type"] == f"urn:hcp:problem:{code}"
    return body
