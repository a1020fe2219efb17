"""The committed OpenAPI document is the one that the routes give, and says everything in words."""

import json

from gateway.core.business import Type
from gateway.web import document, event_schema, openapi
from gateway.web.problems import PROBLEMS

AGAIN = "write it anew: .venv/bin/python -m gateway.web.openapi, and read what changed"


def test_the_committed_document_is_the_one_of_the_routes():
    committed = json.loads(openapi.COMMITTED.read_text(encoding="utf-8"))
    found = openapi.document()
    differing = [
        f"{part} {name}"
        for part, a, b in (
            ("path", committed["paths"], found["paths"]),
            ("schema", committed["components"]["schemas"], found["components"]["schemas"]),
        )
        for name in sorted(a.keys() | b.keys())
        if a.get(name) != b.get(name)
    ]
    assert openapi.COMMITTED.read_text(encoding="utf-8") == document.text(found), f"{differing}: {AGAIN}"


def test_every_type_and_field_of_an_event_has_its_words():
    kinds = set(map(str, Type))
    assert kinds <= set(event_schema.WORDS), "say in gateway/web/event_schema.py what the new type means"
    assert set(event_schema.NAMES) <= set(event_schema.FIELDS), "describe the new field in gateway/web/event_schema.py"
    schemas = event_schema.components()
    told = {name for schema in schemas.values() for name in schema.get("properties", {})}
    assert set(event_schema.NAMES) <= told, "give the new field a sample in gateway/web/event_schema.py"


def test_each_example_is_an_event_that_its_schema_and_the_reader_take():
    from gateway.core import business

    examples = event_schema.request_body(1)["requestBody"]["content"]["application/json"]["examples"]
    assert set(examples) == set(map(str, Type))
    for kind, example in examples.items():
        value, schema = example["value"], event_schema.event(Type(kind))
        assert business.read(value, 2**41, 0).type == kind
        assert set(schema["required"]) <= set(value) <= set(schema["properties"])


def test_every_operation_is_named_in_chinese_and_refuses_with_problems_alone():
    found = openapi.document()
    for path, operations in found["paths"].items():
        for operation in operations.values():
            assert not operation["summary"].isascii() and not operation["description"].isascii(), path
            for status, answer in operation["responses"].items():
                wanted = not status.startswith("2")
                assert ("application/problem+json" in answer["content"]) is wanted, (path, status)
                for example in answer["content"].get("application/problem+json", {}).get("examples", {}).values():
                    assert PROBLEMS[example["value"]["code"]][0] == int(status)
    refs = set(json.dumps(found).split('"#/components/schemas/')[1:])
    assert {ref.partition('"')[0] for ref in refs} <= set(found["components"]["schemas"])
