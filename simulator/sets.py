"""Sets of firmware for simulated devices: built from what ships, put on a new device, started by its own loader."""

import os
import shutil
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from gateway.release import key_module
from simulator import bytecode
from simulator.device import vm_command, vm_environment

#: In the root of the file system, beside the sets: name there, source.
LOADER = {"main": "firmware/boot.py", "slots": "firmware/slots.py"}
#: What hosts alone use, and what lies beside the sets.
LEFT_OUT = (
    "firmware/boot",
    "firmware/slots",
    "firmware/crypto/make_table",
    "firmware/release_key",
    "protocol/signature",
)
PARTITIONS = "identity=8192,journal=524288,slots=8192,vfs=2097152"
#: For SimDevice: what runs instead of the sources. The VM keeps TLS on this heap, the chip does not.
PROGRAM = ("-X", "heapsize=288K", "-m", "hcp_slots")
_TIMEOUT_S = 120


class SetError(Exception):
    """The set could not be put on the device; the text is what its VM said last."""


def build(out: Path, key: ec.EllipticCurvePublicKey) -> Path:
    """Compile a set that trusts ``key`` into ``out``."""
    compiled = Path(bytecode.search_path().split(os.pathsep)[1])
    for part in bytecode.SHIPPED:
        shutil.copytree(compiled / part, out / part, ignore=shutil.ignore_patterns("__pycache__", "*.md", "*.cddl"))
    for name in LEFT_OUT:
        (out / f"{name}.mpy").unlink(missing_ok=True)
    put(out, "firmware/release_key.py", key_module(key))
    return out


def put(folder: Path, name: str, text: str) -> None:
    """Compile one module of a set from its text, or replace it."""
    source = folder.parent / f"{folder.name}-{Path(name).name}"
    source.write_text(text)
    bytecode.compile_file(source, (folder / name).with_suffix(".mpy"), name)
    source.unlink()


def environment() -> dict[str, str]:
    """Of a device with two sets: it imports shims from outside and everything else from its own flash."""
    shims = bytecode.search_path().split(os.pathsep)[0]
    return {"HCP_SIM_PARTITIONS": PARTITIONS, "MICROPYPATH": os.pathsep.join([shims, ".frozen"])}


def install(device: Path, firmware: Path, version: int) -> None:
    """Put loader and set on the new device in the folder ``device``. Raises SetError."""
    work = device / "install"
    shutil.copytree(firmware, work / "set")
    for name, source in LOADER.items():
        bytecode.compile_file(bytecode.ROOT / source, work / "loader" / f"{name}.mpy", source)
    done = subprocess.run(  # noqa: S603 - our own command
        vm_command("-c", f"import hcp_slots; hcp_slots.install('install', {int(version)})"),
        env=vm_environment(device, **environment()),
        cwd=device, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False,
    )  # fmt: skip
    shutil.rmtree(work)
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()
        raise SetError(f"{device.name}: {said[-1] if said else 'the VM ended without a word'}")
