"""``make firmware``: what is copied to a board, its manifest, its sizes, and a run of the very files in the VM.

    build/firmware/main.py, slots.mpy     the loader, in the root of the file system, never updated over the air
    build/firmware/voice/...              the spoken prompts, also in the root: a hall may put its own in their place
    build/firmware/a/...                  a set, as `hcp firmware sign` and the update over the air take it
    build/firmware.json                   board, version, and path, size and SHA-256 of every file of the set

    build/firmware.names.json             the short names of a traceback (``python -m simulator.shorten``)

The files are those that simulated devices run, byte for byte. Bytecode of modules that a running device holds is RAM
(stock images have no ROMFS): that is what has a limit; ``simulator.resident`` asks which they are.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from firmware.boards import pins
from firmware.screen import SCREENS
from gateway import release
from simulator import bytecode, resident
from simulator.chip_types import STUBS
from simulator.device import vm_command
from simulator.shorten import renamed

ROOT = bytecode.ROOT
BOARD = "esp32s3"
SET = "a"
#: Some names that only the stubs of the port have: without them our own names might take the place of the chip's.
_OF_THE_PORT = {"duty_u16", "readfrom_mem", "PHY_W5500"}
_CHECK_S = 120
_FACTS = ("display", "watchdog", "stars", "modules")
_PATHS = ("simulator/fakes", "simulator/vm")

_WIRED = f"""
import sys, time
import machine, parts
panel = parts.Panel({pins.TFT_CS}, {pins.TFT_DC})
machine.spi[1] = [panel]
clock = machine.i2c[0x68] = parts.Ds3231()
lights = machine.chain[{pins.LED_DATA}] = parts.Chain(5)
time.step_ms = 50
time.turn_asyncio()
def inks():
    return len(set(panel.pixel(x, y) for x in range(0, 320, 4) for y in range(0, 240, 4)) - set((None,)))
"""

#: Everything that ships is imported, every screen drawn, and a record signed and verified. In the names of the sources.
_IMPORT = """
import hcp_board
board = hcp_board.make_board()
for name in MODULES:
    if name != "firmware.main":
        __import__(name)
display = board.display
class Nobody:
    def draw(self, *_):
        pass
display._panel = Nobody()
for name in SCREENS:
    display.show(name)
    for _ in display.steps(0):
        pass
    if display.missing:
        raise OSError("screen %s: a picture is missing or damaged" % name)
from firmware.crypto import es256, slices, verify
from protocol import cbor
message = cbor.encode({1: "a self check", 2: bytes(40)})
key = bytes(range(1, 33))
signature = slices.run(es256.sign_steps(key, message))
public = es256.public_key(key)
print("verified", slices.run(verify.verify_steps(public, message, signature)))
print("refused", not slices.run(verify.verify_steps(public, message + b"x", signature)))
"""

#: The power comes on at a device that left the factory: it says so on its display, and feeds its watchdog.
_START = (
    """
import sys
sys.path[0] = "./a"  # instead of "", for here the image is not the root of the file system
"""
    + _WIRED
    + """
sys.path.pop(0)
class Watcher:
    began_us = time.now_us
    def pass_ms(self, ms):
        if time.now_us - self.began_us > 25_000_000:
            print("display", panel.on, inks() > 2)
            print("watchdog", machine.watchdogs[0].timeout, machine.watchdogs[0].fed)
            print("stars", set(lights.colours))
            print("modules", *sorted(sys.modules))
            sys.exit(0)
time.parts.append(Watcher())
import slots
slots.start()
"""
)


class BuildError(Exception):
    """What was built must not ship; the text says why."""


@dataclass(frozen=True)
class Image:
    """A built image: its set's manifest, the size of each .mpy, and the modules it had loaded when it had started."""

    folder: Path
    manifest: release.Manifest
    sizes: dict[str, int]
    started: frozenset[str]

    @property
    def mpy_bytes(self) -> int:
        return sum(self.sizes.values())

    def resident(self, modules: Collection[str]) -> dict[str, int]:
        """The files that stay in memory, ``modules`` being those of a device at work (``simulator.resident``)."""
        return resident.files(self.started | set(modules), self.sizes)


def version_number(text: str) -> int:
    """0.1.0 is 100: the number that devices compare. Raises BuildError."""
    found = re.fullmatch(r"(\d+)\.(\d{1,2})\.(\d{1,2})", text)
    if not found or not any(map(int, found.groups())):
        raise BuildError(f"a version is major.minor.patch with up to two digits each, got {text!r}")
    major, minor, patch = map(int, found.groups())
    return (major * 100 + minor) * 100 + patch


def project_version() -> str:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def build(out: Path, key: ec.EllipticCurvePublicKey | None = None) -> Image:
    """Compile, check and describe an image in ``out``, which is emptied before. Raises BuildError.

    ``key`` is the release key that it trusts; without one it takes no update over the air.
    """
    if out.exists() and any(out.iterdir()) and not (out / "main.py").is_file():
        raise BuildError(f"{out} holds something else than an image; name another folder")
    if not bytecode.known_names() >= _OF_THE_PORT:
        raise BuildError(f"names of the port are not known; try: pip install {' '.join(STUBS)}")
    shutil.rmtree(out, ignore_errors=True)
    (out / SET).mkdir(parents=True)
    try:
        _compile(out, key)
    except bytecode.BytecodeError as error:
        raise BuildError(str(error)) from None
    manifest = release.describe(out / SET, BOARD, version_number(project_version()), 0)
    sizes = {file.path: file.size for file in manifest.files if file.path.endswith(".mpy")}
    started = _check(out, sorted(sizes))
    return Image(out, manifest, {"slots.mpy": (out / "slots.mpy").stat().st_size, **sizes}, started)


def _compile(out: Path, key: ec.EllipticCurvePublicKey | None) -> None:
    shutil.copyfile(ROOT / "firmware" / "boot.py", out / "main.py")  # the port starts this one as a source only
    shutil.copytree(ROOT / "firmware" / "voice", out / "voice")
    compiled = bytecode.compiled()
    for part in bytecode.SHIPPED:
        shutil.copytree(compiled / part, out / SET / part)
    if sources := list((out / SET).rglob("*.py")):
        raise BuildError(f"mpy-cross does not take {', '.join(str(path.relative_to(out / SET)) for path in sources)}")
    for name in bytecode.LOADER.values():
        (out / SET / f"{name}.mpy").rename(out / f"{Path(name).name}.mpy")
    (out / "boot.mpy").unlink()
    (out / SET / "firmware/boards/entry.mpy").rename(out / SET / "hcp_board.mpy")
    if key is not None:
        name = "firmware/release_key.py"
        bytecode.compile_module(name, release.key_module(key), (out / SET / name).with_suffix(".mpy"))


def _check(out: Path, names: list[str]) -> frozenset[str]:
    """Run what was built; gives the modules that it has imported once it has started. Raises BuildError."""
    modules = [re.sub(r"(/__init__)?\.mpy$", "", name).replace("/", ".") for name in names]
    program = f"MODULES = {modules!r}\nSCREENS = {sorted(SCREENS)!r}\n" + renamed(_IMPORT, bytecode.names())
    said = _run(out, [str(out.resolve()), str(out.resolve() / SET)], _WIRED + program)
    if said[-2:] != ["verified True", "refused True"]:
        raise BuildError(f"the image does not verify what it signed: {said[-2:]}")
    started = _run(out, [str(out.resolve())], _START)
    facts = dict(line.split(" ", 1) for line in started if line.split(" ")[0] in _FACTS)
    fed = int(facts.get("watchdog", "0 0").split()[1])
    if facts.get("display") != "True True" or fed < 3 or facts.get("stars") != "{(0, 0, 0)}":
        raise BuildError("the image does not start as a new device should:\n" + "\n".join(started))
    return frozenset(facts["modules"].split())


def _run(out: Path, own: list[str], program: str) -> list[str]:
    # nothing but the image and the models of the board is in the path: no source can stand in for what ships
    with tempfile.TemporaryDirectory() as work:
        path = os.pathsep.join([*own, *(str(ROOT / folder) for folder in _PATHS), ".frozen"])
        done = subprocess.run(  # noqa: S603 - our own command
            vm_command("-c", program, heap="4M"),
            env={
                **os.environ,
                "MICROPYPATH": path,
                "HCP_SIM_FLASH": f"{work}/flash.bin",
                "HCP_SIM_PARTITIONS": "identity=8192,slots=8192,journal=524288",
            },
            cwd=out, capture_output=True, text=True, timeout=_CHECK_S, check=False,
        )  # fmt: skip
    if done.returncode:
        raise BuildError(f"the image does not run:\n{done.stdout}{done.stderr}")
    return done.stdout.splitlines()


def table(image: Image, held: Mapping[str, int]) -> str:
    """The sizes, largest first: what stays in memory, then what is loaded when needed, then pictures and sounds."""
    sizes = image.sizes | {file.path: file.size for file in image.manifest.files}
    rows = []
    for path in sorted(sizes, key=lambda path: (path not in held, -sizes[path])):
        kind = "resident" if path in held else "on demand" if path in image.sizes else "asset"
        rows.append(f"{sizes[path]:>7}  {kind:<9}  {path}")
    return "\n".join(
        [
            *rows,
            f"{sum(held.values()):>7}  bytes of .mpy stay in memory, of {resident.MOST}",
            f"{image.mpy_bytes:>7}  bytes of .mpy in all",
            f"{sum(sizes.values()):>7}  bytes in {len(sizes)} files",
        ]
    )


def as_json(image: Image, held: Mapping[str, int]) -> str:
    manifest = image.manifest
    return json.dumps(
        {
            "board": manifest.board,
            "version": manifest.version,
            "release": project_version(),
            "mpy_bytes": image.mpy_bytes,
            "resident_bytes": sum(held.values()),
            "resident": sorted(held),
            "files": [[file.path, file.size, file.sha256.hex()] for file in manifest.files],
        },
        indent=1,
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make firmware", description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "firmware")
    parser.add_argument("--key", type=Path, help="release.pem of `hcp firmware key`: whose updates are taken")
    chosen = parser.parse_args(arguments)
    try:
        image = build(chosen.out, _key(chosen.key))
        print("the image is built and starts; asking a device at work what it holds ...", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="hcp-resident-") as root:
            held = image.resident(resident.at_work(Path(root), lambda _: None))
        print(table(image, held))
        chosen.out.with_suffix(".json").write_text(as_json(image, held) + "\n", encoding="utf-8")
        shutil.copyfile(bytecode.compiled() / bytecode.NAMES, chosen.out.with_suffix(".names.json"))
        if sum(held.values()) > resident.MOST:
            raise BuildError(
                f"{sum(held.values())} bytes of .mpy stay in memory, {resident.MOST} may;"
                " see firmware/README.md on keeping within the budget"
            )
    except (BuildError, release.ReleaseError) as error:
        print(f"make firmware: {error}", file=sys.stderr)
        return 1
    return 0


def _key(path: Path | None) -> ec.EllipticCurvePublicKey | None:
    if path is None:
        return None
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BuildError(f"{path}: expected the public release key in PEM: {error}") from None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise BuildError(f"{path}: expected a P-256 key")
    return key


if __name__ == "__main__":
    sys.exit(main())
