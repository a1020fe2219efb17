"""docs/threats.md names a test for each attack; each of them must be there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NAMED = sorted(set(re.findall(r"`(test_\w+\.py)(?:::(test_\w+))?`", (ROOT / "docs/threats.md").read_text())))


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_the_test_of_an_attack_exists(file, name):
    files = list((ROOT / "tests").rglob(file))
    assert files, f"docs/threats.md names {file}, which does not exist"
    tests = {
        node.name
        for path in files
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    }
    assert not name or name in tests, f"docs/threats.md names {name}, which is not in {file}"


def test_every_row_of_a_table_names_a_test():
    rows = [line for line in (ROOT / "docs/threats.md").read_text().splitlines() if line.startswith("| ")]
    body = [row for row in rows if not row.startswith(("| attack", "| fault"))]
    assert len(body) > 30
    assert [row for row in body if "`test_" not in row] == []
