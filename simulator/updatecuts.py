"""Power cuts at every flash operation of a device's life with updates, in the real VM, on littlefs and the flash model.

The life (``vm/hcp_updatecuts.py``) takes version 2 and confirms it, takes 3, which crashes and is rolled back, and
takes 4. After each cut the device starts again, perhaps into a second cut; at every start the chosen set must be one
of the good ones, whole and to the byte, no rating may be missing, and every change of version must be told.
"""

import hashlib
import json
import os
import random
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from gateway import release
from simulator import bytecode
from simulator.device import vm_command
from simulator.vm import nor

CUTS = 2500
_TO_END = 2  # one life in so many is lived to its end
_SECOND = 3  # one in so many is cut twice
_COMPLAINTS = 10
_HEAP = "16M"  # the judge's, not the device's


class UpdateCutsError(Exception):
    """The scripted life fails without any cut; the text is what its VM said."""


@dataclass
class Result:
    """``operations`` of the uncut life, of which ``struck`` were cut; ``cuts`` is how often the power went."""

    seed: int
    operations: int = 0
    struck: int = 0
    cuts: int = 0
    second_cuts: int = 0
    lives_to_end: int = 0
    starts: int = 0
    flavours: dict[str, int] = field(default_factory=lambda: dict.fromkeys(nor.FLAVOURS, 0))
    broken: int = 0
    complaints: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.broken and self.cuts > 0


def run(cuts: int = CUTS, seed: int = 1, progress: Callable[[int, int], None] = lambda done, of: None) -> Result:
    """Cut the power ``cuts`` times or more, second cuts not counted. Raises UpdateCutsError."""
    result = Result(seed)
    with tempfile.TemporaryDirectory(prefix="hcp-updatecuts-") as folder:
        _write_life(Path(folder))
        vm = subprocess.Popen(  # noqa: S603 - our own command
            vm_command("-m", "hcp_updatecuts", folder, f"{folder}/flash.bin", heap=_HEAP),
            env={**os.environ, "MICROPYPATH": bytecode.search_path()},
            cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            with vm:
                _drive(vm, result, cuts, progress)
        finally:
            vm.kill()
    return result


def _drive(vm: subprocess.Popen[str], result: Result, cuts: int, progress: Callable[[int, int], None]) -> None:
    assert vm.stdin and vm.stdout and vm.stderr
    counts: list[int] = _answer(vm)["operations"]
    result.operations = sum(counts)
    struck = set()
    for done, (start, operation, flavour, number) in enumerate(_plan(counts, cuts, random.Random(result.seed)), 1):
        second = (number * 7 % 60 + 1, nor.FLAVOURS[number // 5 % 4]) if number % _SECOND == 0 else None
        to_end = number % _TO_END == 0
        vm.stdin.write(json.dumps([start, operation, flavour, number, second, to_end]) + "\n")
        vm.stdin.flush()
        answer = _answer(vm)
        struck.add((start, operation))
        result.flavours[flavour] += 1
        result.lives_to_end += to_end
        if "broken" in answer:
            result.cuts += 1
            result.broken += 1
            if len(result.complaints) < _COMPLAINTS:
                where = f"start {start}, operation {operation}, {flavour}, seed {number}, then {second}"
                result.complaints.append(f"{where}: {answer['broken']}")
        else:
            result.cuts += 1
            result.second_cuts += answer["cuts"] - 1
            result.starts += answer["starts"]
        progress(done, cuts)
    result.struck = len(struck)
    vm.stdin.close()


def _plan(counts: list[int], cuts: int, rng: random.Random) -> Iterator[tuple[int, int, str, int]]:
    """``(start, operation in it, flavour, seed)``: everywhere in one flavour first, then in the next."""
    places = [(start, operation) for start, count in enumerate(counts) for operation in range(1, count + 1)]
    number = 0
    turn = 0
    while number < cuts:
        chosen = places if cuts - number >= len(places) else sorted(rng.sample(places, cuts - number))
        for start, operation in chosen:
            number += 1
            yield start, operation, nor.FLAVOURS[(operation + turn) % 4], number
        turn += 1


def _answer(vm: subprocess.Popen[str]) -> dict:
    assert vm.stdout and vm.stderr
    said = []
    # files that the cut left open complain when they are collected; that is no answer
    while not (line := vm.stdout.readline()).startswith("{"):
        said.append(line)
        if not line:
            raise UpdateCutsError(f"the life failed: {''.join(said[-30:])}{vm.stderr.read()[-2000:]}")
    return json.loads(line)


def _write_life(folder: Path) -> None:
    """Four small sets, signed; every kind of change: a file that stays, one that changes, goes, comes, is empty."""
    key = ec.generate_private_key(ec.SECP256R1())
    rng = random.Random(7)
    same = rng.randbytes(900)
    sets = {
        1: {"firmware/main.mpy": rng.randbytes(9000), "firmware/old.mpy": rng.randbytes(300), "same.mpy": same},
        2: {"firmware/main.mpy": rng.randbytes(17000), "firmware/new/deep.mpy": rng.randbytes(60), "same.mpy": same},
        3: {"firmware/main.mpy": rng.randbytes(8200), "empty.mpy": b"", "same.mpy": same},
        4: {"firmware/main.mpy": rng.randbytes(14000), "a.mpy": rng.randbytes(511), "same.mpy": same},
    }
    manifests = {}
    for version, files in sets.items():
        described = tuple(release.File(path, len(data), hashlib.sha256(data).digest()) for path, data in files.items())
        manifests[version] = release.sign(release.Manifest("sim", version, 0, described), key).hex()
    life = {
        "key": release.public_point(key.public_key()).hex(),
        "manifests": manifests,
        "sets": {
            version: {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}
            for version, files in sets.items()
        },
        "assets": [data.hex() for files in sets.values() for data in files.values()],
    }
    (folder / "life.json").write_text(json.dumps(life))
