"""STEP files with the same bytes each time: a fixed date, our name, and none of the writer's counters."""

import re
from itertools import count
from pathlib import Path
from typing import Any

from build123d import Compound, export_step

DATE = "2000-01-01T00:00:00"
_NAME = re.compile(r"FILE_NAME\(.*?\);", re.DOTALL)
_DESCRIPTION = re.compile(r"FILE_DESCRIPTION\(.*?\);", re.DOTALL)
_USE = re.compile(r"NEXT_ASSEMBLY_USAGE_OCCURRENCE\('\d+'")
_PRODUCT = re.compile(r"Open CASCADE STEP translator [\d.]+")


def write(solids: dict[str, Any], path: Path, title: str) -> None:
    """One STEP file of solids by name."""
    named = []
    for name, solid in solids.items():
        copy = solid.moved(solid.location.__class__())
        copy.label = name
        named.append(copy)
    body = named[0] if len(named) == 1 else Compound(label=title, children=named)
    export_step(body, path, timestamp=DATE)
    path.write_text(_settled(path.read_text(encoding="utf-8"), title), encoding="utf-8")


def _settled(text: str, title: str) -> str:
    name = f"FILE_NAME('{title}','{DATE}',('haochaping'),('haochaping'),'build123d','build123d','');"
    text = _NAME.sub(name, text, count=1)
    text = _DESCRIPTION.sub("FILE_DESCRIPTION(('case of the haochaping device'),'2;1');", text, count=1)
    text = _PRODUCT.sub("Open CASCADE", text)
    uses = count(1)  # the writer counts on through all files of a process
    return _USE.sub(lambda _: f"NEXT_ASSEMBLY_USAGE_OCCURRENCE('{next(uses)}'", text)
