"""Schemathesis reads our OpenAPI document and makes up requests, right ones and wrong ones: what it says holds."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway.core.figures import Snapshot
from gateway.web import openapi, systems
from gateway.web.app import create_app
from tests.gateway.desk import HALL, Desk

KEY = "k" * 30
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    data = tmp_path_factory.mktemp(HALL)
    desk = Desk(data)
    desk.enrol("w1")
    (data / "systems.toml").write_text(
        f'[[system]]\nname = "all"\nkey = "{KEY}"\nrate = 9999\n'
        'scopes = ["events", "windows", "read", "operate", "feed"]\n'
    )
    ready = {"database": True, "broker": True}
    app = create_app(
        desk.service, systems.load(data / "systems.toml"), lambda: ready, desk.feed, lambda: Snapshot({}, {}, {})
    )
    yield schemathesis.openapi.from_asgi("/openapi.json", app)
    desk.close()


#: A stream never ends: test_feed_stream.py listens to it.
OPERATIONS = [
    (path, method, mode)
    for path, operations in openapi.document()["paths"].items()
    for method in operations
    for mode in GenerationMode
    # nothing can be wrong about a request without parameters
    if path != "/api/v1/feed" and (mode is GenerationMode.POSITIVE or path.startswith("/api"))
]


@pytest.mark.parametrize(("path", "method", "mode"), OPERATIONS)
def test_every_answer_is_one_that_the_document_names(schema, path, method, mode):
    operation = schema[path][method.upper()]

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def ask(case):
        case.call_and_validate(headers={"Authorization": f"Bearer {KEY}"}, checks=list(CHECKS))

    ask()
