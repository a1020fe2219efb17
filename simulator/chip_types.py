"""Types of the board and its drivers against what the ESP32-S3 port really offers (`micropython-esp32-*-stubs`).

    python -m simulator.chip_types

A run of mypy of its own: the port has another standard library. The stubs are copied out of the environment, because
mypy takes none from there that are not packages. Faults inside the stubs and in other files are not reported.
"""

import importlib.metadata
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STUBS = ("micropython-esp32-esp32_generic_s3-stubs", "micropython-stdlib-stubs")
FOLDERS = ("firmware/boards", "firmware/drivers")
_CONFIG = """[mypy]
python_version = 3.11
check_untyped_defs = True
explicit_package_bases = True
follow_imports = silent
follow_imports_for_stubs = True
warn_unused_ignores = True
"""


def typings(folder: Path) -> None:
    """Copy the stubs into ``folder``. Raises PackageNotFoundError if one is not installed."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in STUBS:
        for file in importlib.metadata.files(name) or ():
            if file.suffix == ".pyi" or file.name == "VERSIONS":
                target = folder / str(file)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(file.locate()), target)
    (folder / "mypy.ini").write_text(_CONFIG)


def check(files: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run mypy on these files with the stubs in ``folder``."""
    return subprocess.run(  # noqa: S603 - our own command
        [
            sys.executable, "-m", "mypy", "--config-file", str(folder / "mypy.ini"),
            "--custom-typeshed-dir", str(folder), "--cache-dir", str(folder / "cache"), *files,
        ],
        cwd=ROOT, env={**os.environ, "MYPYPATH": os.pathsep.join([str(folder), str(ROOT)])},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def main() -> int:
    folder = ROOT / "build" / "typings"
    try:
        typings(folder)
    except importlib.metadata.PackageNotFoundError as error:
        print(f"{error}; try: pip install {' '.join(STUBS)}", file=sys.stderr)
        return 2
    files = [str(path.relative_to(ROOT)) for name in FOLDERS for path in sorted((ROOT / name).glob("*.py"))]
    done = check(files, folder)
    print(done.stdout.strip(), done.stderr.strip(), sep="\n" if done.stderr else "")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
