"""No interface makes a citizen's rating without a token or a device: every route of the app is tried."""

import json
import re

import pytest
from starlette.routing import Route

from central.core.rating import VOICES, Channel, Origin
from tests.central.conftest import AUDITOR, HALL_KEY
from tests.central.intake_world import OPERATOR_KEY, IntakeWorld

#: What a body might say about where a rating comes from.
CLAIMS = {
    "origin": "citizen_device",
    "channel": "qr",
    "device": "w1",
    "seq": 1,
    "key": "x",
    "rater": "ab" * 32,
    "status": "counted",
    "policy_version": 1,
    "adopted": True,
}
WORD = {"level": "very_satisfied", "hall": "test-hall", "case_no": "C1", "service_no": 1, "text": "很好"}
#: The doors that make ratings, and what each of them asks for.
MAKERS = {"/api/v1/events", "/api/v1/ratings", "/api/v1/imports", "/api/v1/paper-forms/{number}/check"}


@pytest.fixture
def world(tmp_path):
    made = IntakeWorld(tmp_path, "siping")
    made.service("C1")
    yield made
    made.close()


def doors(app):
    """Every (method, path) of the app that may change something."""
    for route in _routes(app.routes):
        for method in sorted(route.methods - {"GET", "HEAD", "OPTIONS"}):
            yield method, route.path


def _routes(routes):
    for route in routes:
        if isinstance(route, Route):
            yield route
        else:
            inner = getattr(route, "original_router", None) or getattr(route, "app", route)
            yield from _routes(getattr(inner, "routes", []))


def filled(path: str) -> str:
    return re.sub(r"\{hall[^}]*\}", "test-hall", re.sub(r"\{(?!hall)[^}]*\}", "1", path))


def citizens(world):
    return [row for row in world.ratings() if row["origin"] in VOICES]


def test_the_doors_are_found(world):
    assert MAKERS <= {path for _, path in doors(world.app)}


def test_no_door_makes_a_rating_for_whoever_shows_nothing_but_a_key(world):
    keys = [HALL_KEY, OPERATOR_KEY, AUDITOR["Authorization"].removeprefix("Bearer "), "nothing"]
    kinds = ("application/json", "application/cloudevents-batch+json", "application/x-www-form-urlencoded")
    bodies = [{**WORD, **CLAIMS}, {**WORD}, [WORD], [{**WORD, **CLAIMS}], {"ratings": [{**WORD, **CLAIMS}]}]
    tried = 0
    for method, path in doors(world.app):
        for key in keys:
            for kind in kinds:
                for body in bodies:
                    headers = {"Authorization": f"Bearer {key}", "Content-Type": kind}
                    world.client(method, filled(path), content=json.dumps(body), headers=headers)
                    tried += 1
    assert tried > 500 and world.ratings() == []


@pytest.mark.parametrize("claim", sorted(CLAIMS))
def test_no_body_says_where_it_comes_from(world, claim):
    token = world.token()
    answer = world.rate(token, **{claim: CLAIMS[claim]})
    assert answer.status_code == 422 and claim in answer.json()["detail"]
    assert world.ratings() == [] and world.rate(token).status_code == 200


def test_the_origin_follows_from_what_was_shown(world):
    for number in range(2, 5):
        world.service(f"C{number}")
    world.press(5, "C1")
    world.rate(world.token("C2"))
    world.rate(world.sms("C3"))
    assert world.seen("origin") == [("citizen_device",), ("citizen_qr",), ("citizen_sms",)]


def test_no_code_but_the_keeper_of_signed_records_and_the_token_names_a_citizens_origin():
    from pathlib import Path

    import central

    named = {
        path.name
        for path in Path(central.__file__).parent.rglob("*.py")
        if re.search(r"Origin\.CITIZEN|citizen_(device|qr|sms)", path.read_text(encoding="utf-8"))
    }
    assert named == {"rating.py", "rating_token.py", "keep.py", "tables.py", "openapi.py", "0007_ratings.py"}


def test_every_channel_and_origin_has_its_own_name():
    assert len(set(Origin)) == 7 and len(set(Channel)) == 9
