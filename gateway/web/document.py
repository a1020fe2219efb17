"""What every OpenAPI document of ours has in common, drawn from the routes of an application."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

COMPONENTS = "#/components/schemas/{model}"
_FOLDER = Path(__file__).resolve().parents[2] / "docs" / "openapi"


def draw(
    routes: Sequence[BaseRoute], title: str, version: str, description: str, schemas: Mapping[str, Any]
) -> dict[str, Any]:
    """The document of these routes, with only the answers that they really give.

    ``schemas`` are those that no route's model brings. What a body's schema defines for itself moves to the others.
    Raises ValueError if two different ones have one name.
    """
    found = get_openapi(title=title, version=version, description=description, routes=routes)
    known = found["components"]["schemas"]
    known |= schemas
    # the framework's own form of a validation error: ours is a problem document
    for name in ("HTTPValidationError", "ValidationError"):
        known.pop(name, None)
    for operation in operations(found):
        for body in operation.get("requestBody", {}).get("content", {}).values():
            for name, schema in body["schema"].pop("$defs", {}).items():
                if known.setdefault(name, schema) != schema:
                    raise ValueError(f"two schemas are called {name}: rename one of the models")
        for status, answer in operation["responses"].items():
            if status.startswith("2"):
                answer["description"] = "成功"
        if "HTTPValidationError" in json.dumps(operation["responses"].get("422", {})):
            del operation["responses"]["422"]
    return found


def operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every operation of every path."""
    for path in document["paths"].values():
        yield from path.values()


def text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def committed(name: str) -> Path:
    """Where the document of this name is kept."""
    return _FOLDER / f"{name}.json"


def write(document: Mapping[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text(document), encoding="utf-8")
    print(path)
