"""The technician's part, on a simulated device: take the certificate request out, put the bundle in (SPEC 7.2).

The firmware's own ``firmware.provision`` does it, in the VM, on the flash in the device's folder. The device is off
meanwhile. A bundle is secret: it goes in through standard input, never as an argument.
"""

import base64
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from simulator.device import vm_command, vm_environment

_TIMEOUT_S = 60


class ProvisioningError(Exception):
    """The device refused, or its VM failed; the text is what it said last."""


def request(folder: Path, environment: Mapping[str, str] | None = None, next_key: bool = False) -> bytes:
    """The certificate request of the device in ``folder``, DER. Makes flash and key first if there are none.

    ``next_key``: that of the key it turns to next (SPEC 7.6).
    """
    folder.mkdir(parents=True, exist_ok=True)
    return base64.b64decode(_run(folder, f"csr({next_key})", b"", environment))


def install(folder: Path, bundle: bytes, environment: Mapping[str, str] | None = None) -> None:
    """Store ``bundle.cbor`` in the device. Raises ProvisioningError if it is not for this one."""
    _run(folder, "install()", base64.b64encode(bundle) + b"\n", environment)


def provision(folder: Path, enroll: Callable[[bytes], bytes], environment: Mapping[str, str] | None = None) -> None:
    """Both: ``enroll`` gets the request and gives the bundle."""
    install(folder, enroll(request(folder, environment)), environment)


def _run(folder: Path, what: str, told: bytes, environment: Mapping[str, str] | None) -> str:
    done = subprocess.run(  # noqa: S603 - our own command
        vm_command("-c", f"from firmware import provision; provision.{what}"),
        env=vm_environment(folder, **(environment or {})),
        cwd=folder, input=told, capture_output=True, timeout=_TIMEOUT_S, check=False,
    )  # fmt: skip
    if done.returncode:
        said = (done.stdout + done.stderr).decode(errors="replace").strip().splitlines()
        raise ProvisioningError(f"{folder.name}: {said[-1] if said else 'the VM ended without a word'}")
    return done.stdout.decode()
