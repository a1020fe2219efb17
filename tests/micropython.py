"""Programs run by the real MicroPython VM on the simulator's shims, as a device runs them."""

import os
import subprocess
from pathlib import Path

from tests.firmware.crypto_vm import HEAP, ROOT, micropython

SHIMS = ROOT / "simulator" / "vm"


def start(program: str, *, flash: Path | None = None, heap: str = HEAP, **environment: str) -> subprocess.Popen:
    """A VM that runs ``program`` with the flash file ``flash``; ``environment`` adds variables such as HCP_SIM_CUT."""
    extra = {"HCP_SIM_FLASH": str(flash)} if flash else {}
    return subprocess.Popen(
        [micropython(), "-X", f"heapsize={heap}", "-c", program],
        env={**os.environ, "MICROPYPATH": f"{SHIMS}:{ROOT}:.frozen", **extra, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(program: str, *, feed: str = "", returns: int = 0, timeout_s: float = 60, **options) -> str:
    """What ``program`` prints, with ``feed`` as its input.

    AssertionError with its output unless it ends with ``returns`` (-9: it was killed).
    """
    with start(program, **options) as vm:
        try:
            out, err = vm.communicate(feed, timeout=timeout_s)
        finally:
            vm.kill()
    assert vm.returncode == returns, f"the VM ended with {vm.returncode}, expected {returns}:\n{out}{err}"
    return out
