"""The programs that the hardware is built with: found, run, and their complaints turned into ours.

KiCad runs with settings of its own and with a clock that stands still, so that two builds are the same to the byte: its
files carry the date they were made, and nobody's library tables or preferences come into them.
"""

import atexit
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from hardware.part import HardwareError

#: Program → the Debian package that brings it; `hardware/install.sh` installs all but g++, which only routing needs.
PACKAGES = {
    "kicad-cli": "kicad, version 9",
    "g++": "g++",
    "rsvg-convert": "librsvg2-bin",
    "pdftoppm": "poppler-utils",
    "dot": "graphviz",
    "faketime": "faketime",
}
#: The Python that KiCad's own module `pcbnew` belongs to: the distribution's, not ours.
KICAD_PYTHON = "/usr/bin/python3"
#: The day that programs with a date in their files are told.
DAY = "2026-01-01 00:00:00"
#: The one whose file formats, variables (KICAD9_...) and rule names ours are.
KICAD = 9


class ToolMissing(HardwareError):
    """A program is not installed; steps that need it are skipped by name where nobody may install it."""


def find(program: str) -> str:
    """The program's path. Raises ToolMissing."""
    path = shutil.which(program)
    if path is None:
        help_ = "apt-get install g++" if program == "g++" else "hardware/install.sh"
        raise ToolMissing(f"{program} is not installed (Debian: {PACKAGES.get(program, program)}); try {help_}")
    if program == "kicad-cli" and kicad_version().split(".")[0] != str(KICAD):
        raise ToolMissing(
            f"{path} is of KiCad {kicad_version()}, and these files are for KiCad {KICAD}: another one has other rules,"
            f" variables and formats. Put KiCad {KICAD} first in PATH"
        )
    return path


def kicad_version() -> str:
    """Of the ``kicad-cli`` in PATH; empty if there is none."""
    path = shutil.which("kicad-cli")
    return _kicad_version(path) if path else ""


@functools.cache
def _kicad_version(path: str) -> str:
    return _run([path, "version"], None, (0,), 60, {}).strip()


def run(
    command: Sequence[str | Path],
    cwd: Path | None = None,
    ok: Sequence[int] = (0,),
    timeout_s: float = 240,
    env: Mapping[str, str] | None = None,
) -> str:
    """A program's standard output; ``env`` is added to ours. Raises HardwareError with its last words if it does not
    end ``ok``."""
    return _run([find(str(command[0])), *map(str, command[1:])], cwd, ok, timeout_s, env or {})


def _run(command: list[str], cwd: Path | None, ok: Sequence[int], timeout_s: float, env: Mapping[str, str]) -> str:
    name = Path(command[0]).name
    try:
        done = subprocess.run(  # noqa: S603 (our own commands, no shell)
            command,
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            env={**_surroundings(), **env},
        )
    except subprocess.TimeoutExpired as error:
        raise HardwareError(f"{name} was stopped: it had not ended after {timeout_s:g} s") from error
    if done.returncode not in ok:
        words = "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
        raise HardwareError(f"{name} ended with {done.returncode}: {words}")
    return done.stdout


def _surroundings() -> dict[str, str]:
    """The environment without what makes one machine's files unlike another's: language, time zone, KiCad's folders."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("KICAD", "LC_", "LANG"))}
    return {**ours, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def kicad(*words: str | Path, cwd: Path | None = None, ok: Sequence[int] = (0,)) -> str:
    """What ``kicad-cli`` says to these words, on a day that does not change."""
    find("kicad-cli")
    return run([*_stopped_clock(), "kicad-cli", *words], cwd=cwd, ok=ok, env=_settings())


def kicad_python(
    script: Path, *words: str | Path, ok: Sequence[int] = (0,), env: Mapping[str, str] | None = None
) -> str:
    """What a script says that imports ``pcbnew``, on a day that does not change."""
    find("kicad-cli")
    return run([*_stopped_clock(), KICAD_PYTHON, script, *words], ok=ok, env={**_settings(), **(env or {})})


def _stopped_clock() -> list[str]:
    return ["faketime", "-f", DAY]


@functools.cache
def _settings() -> dict[str, str]:
    """Settings as KiCad makes them the first time, in a folder that goes when this process does."""
    folder = tempfile.mkdtemp(prefix="kicad-settings-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    # The clock that measures spans goes on: waiting on a clock that stands still never ends.
    spans = {"DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    # No models of parts: some machines have that package and some have not.
    models = {f"KICAD{KICAD}_3DMODEL_DIR": f"{folder}/no-models"}
    return {"KICAD_CONFIG_HOME": folder, "PYTHONHASHSEED": "0", **models, **spans}
