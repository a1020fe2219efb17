"""Programs: how they are found, what surrounds them, and what is said when they do not end well."""

import pytest

from hardware import tool
from hardware.part import HardwareError


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Put a program first in PATH: ``program(name, script)``."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    def put(name: str, script: str) -> None:
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)

    return put


@pytest.mark.parametrize("version", ["10.0.1", "8.0.9", "90.0"])
def test_another_kicad_than_ours_is_refused(program, version):
    program("kicad-cli", f"echo {version}")
    with pytest.raises(tool.ToolMissing, match=f"is of KiCad {version}, and these files are for KiCad 9"):
        tool.find("kicad-cli")


def test_any_kicad_9_is_taken(program, tmp_path):
    program("kicad-cli", "echo 9.0.2-1")
    assert tool.find("kicad-cli") == str(tmp_path / "kicad-cli")


def test_a_program_does_not_see_this_machines_language_zone_and_kicad(program, monkeypatch):
    for name, value in {
        "LANG": "zh_CN.UTF-8",
        "LANGUAGE": "zh",
        "LC_NUMERIC": "de_DE.UTF-8",
        "TZ": "Asia/Shanghai",
        "KICAD9_3DMODEL_DIR": "/models",
        "KICAD_CONFIG_HOME": "/mine",
    }.items():
        monkeypatch.setenv(name, value)
    program("show", "env")
    seen = dict(line.split("=", 1) for line in tool.run(["show"], env={"SOURCE_DATE_EPOCH": "1"}).splitlines())
    assert (seen["LC_ALL"], seen["TZ"], seen["SOURCE_DATE_EPOCH"]) == ("C.UTF-8", "UTC", "1")
    assert not {name for name in seen if name.startswith(("LANG", "KICAD"))} and "LC_NUMERIC" not in seen


def test_kicad_finds_no_models_of_parts(program):
    program("kicad-cli", '[ "$1" = version ] && echo 9.0.8 || echo "$KICAD9_3DMODEL_DIR"')
    program("faketime", 'shift 2; exec "$@"')
    models = tool.kicad("where").strip()
    assert models.endswith("/no-models")


def test_a_program_that_does_not_end_is_named(program):
    program("endless", "exec sleep 60")
    with pytest.raises(HardwareError, match=r"endless was stopped: it had not ended after 0\.2 s"):
        tool.run(["endless"], timeout_s=0.2)


def test_a_program_that_fails_has_the_last_word(program):
    program("broken", "echo no such layer >&2; exit 3")
    with pytest.raises(HardwareError, match="broken ended with 3: no such layer"):
        tool.run(["broken"])
