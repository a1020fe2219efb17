"""What a machine may lack: tests that need it are skipped with the sentence that says so."""

import pytest

from hardware import library
from hardware.tool import ToolMissing, find


def _missing_libraries() -> str:
    try:
        library.symbol_file("Device")
        library.footprint_folder("Resistor_SMD")
    except ToolMissing as error:
        return str(error)
    return ""


def _missing(program: str) -> str:
    try:
        find(program)
    except ToolMissing as error:
        return str(error)
    return ""


KICAD_LIBRARIES = pytest.mark.skipif(bool(_missing_libraries()), reason=_missing_libraries())
KICAD = pytest.mark.skipif(bool(_missing("kicad-cli")), reason=_missing("kicad-cli"))
ROUTER = pytest.mark.skipif(bool(_missing("g++")), reason=_missing("g++"))
