"""``make firmware``: what is copied to a board, its manifest, its sizes, and a run of the very files in the VM.

    build/firmware/main.py, slots.mpy     the loader, in the root of the file system, never updated over the air
    build/firmware/voice/...              the spoken prompts, also in the root: a hall may put its own in their place
    build/firmware/a/...                  a set, as `hcp firmware sign` and the update over the air take it
    build/firmware.json                   board, version, and path, size and SHA-256 of every file of the set

Bytecode of modules that a running device holds is RAM (stock images have no ROMFS): that is what has a limit. Which
those are is not listed anywhere: the VM is asked what it imported.
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
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway import release
from simulator import bytecode
from simulator.device import vm_command

ROOT = bytecode.ROOT
BOARD = "esp32s3"
SET = "a"
RESIDENT_MAX = 61440  # bytes of .mpy that a running device may hold
#: Parts of the sources that no device has, or that lie beside the sets.
LEFT_OUT = (
    "firmware/boot.py",
    "firmware/slots.py",
    "firmware/boards/entry.py",
    "firmware/crypto/make_table.py",
    "protocol/signature.py",
)
_DROPPED = (".md", ".cddl", ".pyc", ".toml", ".csv", ".wav")
_CHECK_S = 120
_PATHS = ("simulator/fakes", "simulator/vm")

_WIRED = """
import sys, time
import machine, parts
from firmware.boards import pins
panel = parts.Panel(pins.TFT_CS, pins.TFT_DC)
machine.spi[1] = [panel]
clock = machine.i2c[0x68] = parts.Ds3231()
lights = machine.chain[pins.LED_DATA] = parts.Chain(5)
time.step_ms = 50
time.turn_asyncio()
def inks():
    return len({panel.pixel(x, y) for x in range(0, 320, 4) for y in range(0, 240, 4)} - {None})
"""

#: What stays in memory, then everything that ships, and a record that is signed and verified by what ships.
_IMPORT = (
    _WIRED
    + """
import hcp_board
from firmware import identity
from firmware.app import App
from firmware.journal import Journal
board = hcp_board.make_board()
own = lambda: sorted(name for name in sys.modules if name.split(".")[0] in ("firmware", "protocol", "hcp_board"))
for name in own():
    print("resident", name)
for name in NAMES:
    if name != "firmware.main":
        __import__(name)
from firmware.screen import SCREENS
display = board._display
class Nobody:
    def draw(self, *_):
        pass
display._panel = Nobody()
for name in sorted(SCREENS):
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
)

#: The power comes on at a device that left the factory: it says so on its display, and feeds its watchdog.
_START = (
    """
import sys
sys.path[0] = "./a"  # instead of "", for here the image is not the root of the file system
"""
    + _WIRED
    + """
sys.path.pop(0)
for name in [name for name in sys.modules if name.startswith("firmware")]:
    del sys.modules[name]
class Watcher:
    began_us = time.now_us
    def pass_ms(self, ms):
        if time.now_us - self.began_us > 25_000_000:
            print("display", panel.on, inks() > 2)
            print("watchdog", machine.watchdogs[0].timeout, machine.watchdogs[0].fed)
            print("stars", set(lights.colours))
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
    """A built image: its set's manifest, and the .mpy bytes that a running device holds, by module."""

    folder: Path
    manifest: release.Manifest
    resident: dict[str, int]

    @property
    def mpy_bytes(self) -> int:
        return sum(file.size for file in self.manifest.files if file.path.endswith(".mpy"))

    @property
    def resident_bytes(self) -> int:
        return sum(self.resident.values())


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
    shutil.rmtree(out, ignore_errors=True)
    (out / SET).mkdir(parents=True)
    try:
        _compile(out, key)
    except bytecode.BytecodeError as error:
        raise BuildError(str(error)) from None
    manifest = release.describe(out / SET, BOARD, version_number(project_version()), 0)
    sizes = {file.path: file.size for file in manifest.files if file.path.endswith(".mpy")}
    resident = {name: sizes[name] for name in _check(out, sorted(sizes))}
    return Image(out, manifest, resident)


def _compile(out: Path, key: ec.EllipticCurvePublicKey | None) -> None:
    shutil.copyfile(ROOT / "firmware" / "boot.py", out / "main.py")  # the port starts this one as a source only
    shutil.copytree(ROOT / "firmware" / "voice", out / "voice")
    bytecode.compile_file(ROOT / "firmware" / "slots.py", out / "slots.mpy", "slots.py")
    bytecode.compile_file(ROOT / "firmware/boards/entry.py", out / SET / "hcp_board.mpy", "hcp_board.py")
    for part in bytecode.SHIPPED:
        for path in sorted((ROOT / part).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            target = out / SET / name
            if (
                not path.is_file()
                or {"__pycache__", "voice"} & set(path.parts)
                or name in LEFT_OUT
                or path.suffix in _DROPPED
            ):
                continue
            if path.suffix != ".py":
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
            elif name == "firmware/release_key.py" and key is not None:
                with tempfile.NamedTemporaryFile("w", suffix=".py") as source:
                    source.write(release.key_module(key))
                    source.flush()
                    bytecode.compile_file(Path(source.name), target.with_suffix(".mpy"), name)
            else:
                bytecode.compile_file(path, target.with_suffix(".mpy"), name)


def _check(out: Path, names: list[str]) -> list[str]:
    """Run what was built; gives the files that stay in memory. Raises BuildError."""
    modules = [re.sub(r"(/__init__)?\.mpy$", "", name).replace("/", ".") for name in names]
    said = _run(out, [str(out.resolve()), str(out.resolve() / SET)], _IMPORT.replace("NAMES", repr(modules)))
    if said[-2:] != ["verified True", "refused True"]:
        raise BuildError(f"the image does not verify what it signed: {said[-2:]}")
    resident = {line.removeprefix("resident ") for line in said if line.startswith("resident ")}
    started = _run(out, [str(out.resolve())], _START)
    facts = dict(line.split(" ", 1) for line in started if line.split(" ")[0] in ("display", "watchdog", "stars"))
    fed = int(facts.get("watchdog", "0 0").split()[1])
    if facts.get("display") != "True True" or fed < 3 or facts.get("stars") != "{(0, 0, 0)}":
        raise BuildError("the image does not start as a new device should:\n" + "\n".join(started))
    resident.add("firmware.main")  # it started all this
    return [name for name, module in zip(names, modules, strict=True) if module in resident]


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


def table(image: Image) -> str:
    """The sizes, largest first: what stays in memory, then what is loaded when needed, then pictures and sounds."""
    rows = []
    for file in sorted(image.manifest.files, key=lambda file: -file.size):
        kind = "resident" if file.path in image.resident else "on demand" if file.path.endswith(".mpy") else "asset"
        rows.append((kind, file))
    lines = [
        f"{file.size:>7}  {kind:<9}  {file.path}" for kind, file in sorted(rows, key=lambda row: row[0] != "resident")
    ]
    lines.append(f"{image.resident_bytes:>7}  bytes of .mpy stay in memory, of {RESIDENT_MAX}")
    lines.append(f"{image.mpy_bytes:>7}  bytes of .mpy in all")
    lines.append(
        f"{sum(file.size for file in image.manifest.files):>7}  bytes in a set of {len(image.manifest.files)} files"
    )
    return "\n".join(lines)


def as_json(image: Image) -> str:
    manifest = image.manifest
    return json.dumps(
        {
            "board": manifest.board,
            "version": manifest.version,
            "release": project_version(),
            "mpy_bytes": image.mpy_bytes,
            "resident_bytes": image.resident_bytes,
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
        print(table(image))
        chosen.out.with_suffix(".json").write_text(as_json(image) + "\n", encoding="utf-8")
        if image.resident_bytes > RESIDENT_MAX:
            raise BuildError(
                f"{image.resident_bytes} bytes of .mpy stay in memory, {RESIDENT_MAX} may;"
                " import late what is needed seldom, or write it shorter"
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
