"""The programs that the hardware is built with: found, run, and their complaints turned into ours."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from hardware.part import HardwareError

#: Program → the Debian package that brings it; `hardware/install.sh` installs them all.
PACKAGES = {
    "kicad-cli": "kicad (9, bookworm-backports)",
    "g++": "g++",
    "rsvg-convert": "librsvg2-bin",
    "pdftoppm": "poppler-utils",
    "dot": "graphviz",
    "faketime": "faketime",
}


class ToolMissing(HardwareError):
    """A program is not installed; steps that need it are skipped by name where nobody may install it."""


def find(program: str) -> str:
    """The program's path. Raises ToolMissing."""
    path = shutil.which(program)
    if path is None:
        raise ToolMissing(
            f"{program} is not installed (Debian: {PACKAGES.get(program, program)}); try hardware/install.sh"
        )
    return path


def run(
    command: Sequence[str | Path], cwd: Path | None = None, ok: Sequence[int] = (0,), timeout_s: float = 240
) -> str:
    """A program's standard output. Raises HardwareError with its last words if it does not end ``ok``."""
    name = find(str(command[0]))
    done = subprocess.run(  # noqa: S603 (our own commands, no shell)
        [name, *map(str, command[1:])], cwd=cwd, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    if done.returncode not in ok:
        words = "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
        raise HardwareError(f"{Path(name).name} ended with {done.returncode}: {words}")
    return done.stdout
