"""The committed OpenAPI document is the one of the routes, holds all that are for programs, and says all in words."""

import json

import pytest
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from central import event_schema, openapi
from central.app import ROUTERS
from central.core import events
from central.problem import TITLES
from gateway.web.document import operations, text

AGAIN = "write it anew: .venv/bin/python -m central.openapi, and read what changed"


@pytest.fixture(scope="module")
def document():
    return openapi.document()


def test_the_committed_document_is_the_one_of_the_routes(document):
    committed = json.loads(openapi.COMMITTED.read_text(encoding="utf-8"))
    differing = [
        f"{part} {name}"
        for part, a, b in (
            ("path", committed["paths"], document["paths"]),
            ("schema", committed["components"]["schemas"], document["components"]["schemas"]),
        )
        for name in sorted(a.keys() | b.keys())
        if a.get(name) != b.get(name)
    ]
    assert openapi.COMMITTED.read_text(encoding="utf-8") == text(document), f"{differing}: {AGAIN}"


def test_every_route_that_answers_programs_is_in_it(document):
    for route in (route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)):
        answers_json = route.endpoint.__annotations__.get("return") is JSONResponse
        for method in route.methods - {"HEAD"}:
            known = method.lower() in document["paths"].get(route.path, {})
            wanted = openapi.is_interface(route.path) or answers_json
            assert known is wanted, f"{method} {route.path}: say what it does with **openapi.told(...)"


def test_every_operation_says_who_may_ask_what_it_takes_and_what_it_answers(document):
    for path, each in document["paths"].items():
        for method, operation in each.items():
            where = f"{method} {path}"
            assert "security" in operation, f"{where}: document it with **openapi.told(...)"
            for words in (operation["summary"], operation["description"], *operation["tags"]):
                assert words and not words.isascii(), where
            for parameter in operation.get("parameters", ()):
                assert not parameter.get("description", "").isascii(), (where, parameter["name"])
            for body in operation.get("requestBody", {}).get("content", {}).values():
                assert body["schema"] and body["examples"], where
            if operation["security"]:
                assert "401" in operation["responses"], where
            for status, answer in operation["responses"].items():
                content = answer.get("content", {})
                if not status.startswith("2"):
                    assert list(content) == ["application/problem+json"], (where, status)
                elif status != "204":
                    assert all(kind["schema"] for kind in content.values()) and content, (where, status)


def test_problems_in_it_are_of_our_kinds_and_those_of_a_rule_name_it(document):
    for operation in operations(document):
        for status, answer in operation["responses"].items():
            for slug, example in (
                answer.get("content", {}).get("application/problem+json", {}).get("examples", {}).items()
            ):
                value = example["value"]
                assert value["status"] == int(status) and value["title"] == TITLES[slug]
                assert ("article" in value) is (slug == "refused-by-rule")


def test_every_word_and_every_schema_has_its_meaning_and_every_reference_its_aim(document):
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        for word in schema.get("enum", ()):
            assert openapi.MEANINGS[name].get(word), f"{name} {word}: say what it means in central/openapi.py"
        assert not (schema.get("description", "") + schema.get("title", "")).isascii() or "oneOf" in schema, name
    refs = {ref.partition('"')[0] for ref in json.dumps(document).split('"#/components/schemas/')[1:]}
    assert refs <= set(schemas)
    named = {scheme for operation in operations(document) for one in operation["security"] for scheme in one}
    assert named == set(document["components"]["securitySchemes"])


def test_every_kind_of_event_and_its_fields_have_words_and_an_example_that_is_taken():
    assert set(event_schema.WORDS) == set(events.TYPES)
    fields = {name for model in events.TYPES.values() for name in model.model_fields} | set(
        events.Candidate.model_fields
    )
    assert fields == set(event_schema.FIELDS)
    body = event_schema.request_body("x", 1)["requestBody"]["content"]["x"]["examples"]
    for example in body.values():
        found = events.read(example["value"][0], "lucheng")
        assert isinstance(found, events.Event), found
