"""Rules for what runs on the device that its sources show."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for path in (ROOT / "firmware").rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_imports_ssl_whose_wrapper_verifies_nobody(path):
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
    assert "ssl" not in imported


def test_the_client_verifies_its_server():
    source = (ROOT / "firmware" / "mqtt_client.py").read_text()
    assert "CERT_NONE" not in source and "CERT_REQUIRED" in source
