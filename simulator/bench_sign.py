"""What a signature costs the device's processor: instructions of the VM, counted by callgrind (Debian's valgrind).

The VM runs inside a host process whose own start would drown a signature, so the same program runs with few and with
more signatures, and the difference is divided.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from simulator import bytecode
from simulator.bench import Row
from simulator.device import HEAP, vm_command
from simulator.shorten import renamed

TARGET = 16_000_000
SIGNATURES = (2, 12)
_COUNT_S = 300
_COLLECTED = re.compile(r"Collected : (\d+)")

_SIGN = """
from firmware.crypto import es256, slices
key = bytes(range(1, 33))
for number in range({count}):
    slices.run(es256.sign_steps(key, bytes((number,)) * 176))
"""


def rows(root: Path, say: Callable[[str], None]) -> Iterator[Row]:
    """One figure, about half a minute; none, and a note why, where valgrind is not installed."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        say("signing: not counted, valgrind is not installed (apt install valgrind)")
        return
    say("signing: counting instructions")
    few, many = SIGNATURES
    counted = (_instructions(valgrind, root, many) - _instructions(valgrind, root, few)) // (many - few)
    note = (
        f"callgrind on the VM, ({many} signatures − {few}) / {many - few}, collections of -X heapsize={HEAP} included;"
        " integer digits of 32 bits, where the chip has 16"
    )
    yield Row("signing, counted instructions", counted, "", TARGET, counted <= TARGET, note=note)


def _instructions(valgrind: str, root: Path, count: int) -> int:
    done = subprocess.run(  # noqa: S603 - our own command
        [valgrind, "--tool=callgrind", f"--callgrind-out-file={root / 'callgrind'}",
         *vm_command("-c", renamed(_SIGN.format(count=count), bytecode.names()))],
        env={**os.environ, "MICROPYPATH": bytecode.search_path()},
        cwd=root,  # where no sources lie
        capture_output=True, text=True, timeout=_COUNT_S, check=False,
    )  # fmt: skip
    found = _COLLECTED.search(done.stderr)
    if done.returncode or found is None:
        raise RuntimeError(f"callgrind counted nothing: {done.stdout[-500:]}{done.stderr[-500:]}")
    return int(found[1])
