"""Sets of firmware for simulated devices: built from what ships, put on a new device, started by its own loader."""

import os
import shutil
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from gateway.release import key_module
from simulator import bytecode
from simulator.device import vm_command, vm_environment

PARTITIONS = "identity=8192,journal=524288,slots=8192,vfs=2097152"
#: For SimDevice: what runs instead of the sources. The VM keeps TLS on this heap, the chip does not.
PROGRAM = ("-X", "heapsize=224K", "-m", "hcp_slots")
_TIMEOUT_S = 120


class SetError(Exception):
    """The set could not be put on the device; the text is what its VM said last."""


def build(out: Path, key: ec.EllipticCurvePublicKey) -> Path:
    """Compile a set that trusts ``key`` into ``out``."""
    compiled = bytecode.compiled()
    for part in bytecode.SHIPPED:
        shutil.copytree(compiled / part, out / part)
    for name in (*bytecode.LOADER.values(), "firmware/boards/entry"):
        (out / f"{name}.mpy").unlink()
    put(out, "firmware/release_key.py", key_module(key))
    return out


def put(folder: Path, name: str, text: str) -> None:
    """Compile one module of a set from its text, or replace it."""
    bytecode.compile_module(name, text, (folder / name).with_suffix(".mpy"))


def environment() -> dict[str, str]:
    """Of a device with two sets: it imports shims from outside and everything else from its own flash."""
    shims = bytecode.search_path().split(os.pathsep)[0]
    return {"HCP_SIM_PARTITIONS": PARTITIONS, "MICROPYPATH": os.pathsep.join([shims, ".frozen"])}


def install(device: Path, firmware: Path, version: int) -> None:
    """Put loader and set on the new device in the folder ``device``. Raises SetError."""
    work = device / "install"
    shutil.copytree(firmware, work / "set")
    (work / "loader").mkdir()
    for name, source in bytecode.LOADER.items():
        shutil.copyfile(bytecode.compiled() / f"{source}.mpy", work / "loader" / f"{name}.mpy")
    done = subprocess.run(  # noqa: S603 - our own command
        vm_command("-c", f"import hcp_slots; hcp_slots.install('install', {int(version)})"),
        env=vm_environment(device, **environment()),
        cwd=device, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False,
    )  # fmt: skip
    shutil.rmtree(work)
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()
        raise SetError(f"{device.name}: {said[-1] if said else 'the VM ended without a word'}")
