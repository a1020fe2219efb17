"""Five mistakes in a copy of the tree: each stops `make hardware` with a sentence that names the thing."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .needs import KICAD, KICAD_LIBRARIES

ROOT = Path(__file__).resolve().parents[2]
#: What the steps read; the rest of the tree is left at home.
FOLDERS = ("hardware", "hcp", "firmware", "gateway", "central", "protocol", "simulator")


class Tree:
    """A copy of the sources. ``spoil`` changes one place of a file, ``build`` runs a step with those it waits for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in FOLDERS:
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "constraints.txt", folder)

    def spoil(self, name: str, old: str, new: str, times: int = 1) -> None:
        file = self.folder / name
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == times, f"{name} has {old!r} {text.count(old)} times"
        file.write_text(text.replace(old, new), encoding="utf-8")

    def python(self, *words: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "CI": "", "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(
            [sys.executable, *words], cwd=self.folder, env=env, capture_output=True, text=True, timeout=200
        )

    def build(self, step: str) -> dict[str, dict[str, str]]:
        """Each step's outcome and sentence; the exit code has to agree with them."""
        done = self.python("-m", "hardware.build", "--json", "--out", str(self.folder / "out"), "--only", step)
        assert done.stdout, done.stderr
        steps = {one["name"]: one for one in json.loads(done.stdout)["steps"]}
        failed = any(one["outcome"] == "failed" for one in steps.values())
        assert done.returncode == int(failed), done.stderr
        return steps

    def write_board(self) -> None:
        """The board file with all parts, without tracks and zones, where the build would have left it."""
        words = (
            "from pathlib import Path; from hardware.board import assemble, build, track; "
            "file = Path('out/board/haochaping.kicad_pcb'); file.parent.mkdir(parents=True); "
            "file.write_text(build.text(assemble.assemble(), track.Copper((), ())), encoding='utf-8')"
        )
        done = self.python("-c", words)
        assert done.returncode == 0, done.stderr

    def room(self, name: str) -> str:
        """Why one room fails, built alone, beside what is there already."""
        words = (
            f"from pathlib import Path; from hardware.step import carry_out; print(carry_out({name!r}, Path('out')))"
        )
        done = self.python("-c", words)
        assert "Outcome.FAILED" in done.stdout, done.stdout + done.stderr
        return done.stdout

    def failure(self, step: str) -> str:
        """What fails, and why."""
        results = self.build(step).values()
        return "; ".join(f"{one['name']}: {one['sentence']}" for one in results if one["outcome"] == "failed")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def swap_first_two_keys(tree: Tree) -> None:
    tree.spoil("hardware/pinout.toml", "BTN1 = { gpio = 4,", "BTN1 = { gpio = 5,")
    tree.spoil("hardware/pinout.toml", "BTN2 = { gpio = 5,", "BTN2 = { gpio = 4,")


def length(track: str) -> float:
    """Of a line of routes.txt: track NET LAYER X Y X Y WIDTH."""
    x1, y1, x2, y2 = map(float, track.split()[3:7])
    return abs(x2 - x1) + abs(y2 - y1)


def test_the_copy_is_right_before_it_is_spoilt(tree):
    assert tree.build("bom")["bom"]["outcome"] == "done"


@KICAD_LIBRARIES
def test_a_net_renamed_at_one_pin_is_named(tree):
    tree.spoil("hardware/circuit/stars.py", 'resistor("R322", "100k", "LED_DATA"', 'resistor("R322", "100k", "LED_DAT"')
    assert "circuit: net LED_DAT has one pin only, R322 pin 1" in tree.failure("circuit")


def test_a_swapped_pin_is_named(tree):
    swap_first_two_keys(tree)
    assert "checks: pinout.toml and firmware/boards/pins.py disagree about BTN;" in tree.failure("checks")


@KICAD_LIBRARIES
def test_a_swapped_pin_that_the_firmware_follows_is_named_by_the_board(tree):
    swap_first_two_keys(tree)
    assert tree.python("-m", "hcp.pinout").returncode == 0
    assert "net BTN1: U1.5 is not joined to C311.1, R311.2" in tree.room("board")


@KICAD_LIBRARIES
def test_a_net_renamed_everywhere_but_in_the_routes_is_named(tree):
    tree.spoil("hardware/circuit/stars.py", '"LED_5V"', '"LED_FIVE"', times=2)
    told = tree.room("board")
    assert "no net is called LED_5V any more; net LED_FIVE: R321.1 is not joined to U5.4" in told


@KICAD_LIBRARIES
def test_a_removed_track_is_named(tree):
    lines = (ROOT / "hardware" / "board" / "routes.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    longest = max((line for line in lines if line.startswith("track LED_DATA ")), key=length)
    tree.spoil("hardware/board/routes.txt", longest, "")
    told = tree.room("board")
    assert "routes.txt: net LED_DATA: " in told and "a track or via is missing" in told


@KICAD_LIBRARIES
def test_a_part_of_the_circuit_without_a_number_is_named(tree):
    tree.spoil("hardware/circuit/stars.py", 'stock="esda6v1-5sc6", ', "")
    assert "circuit: U6 (ESDA6V1-5SC6) has no stock key" in tree.failure("circuit")


def test_a_line_of_the_bill_without_a_number_is_named(tree):
    tree.spoil("hardware/bom/parts.toml", 'mpn = "USBLC6-2SC6"\n', "")
    assert tree.failure("bom") == "bom: parts.toml: usblc6-2sc6 has no part number"


def test_a_number_given_twice_is_named(tree):
    tree.spoil("hardware/bom/parts.toml", 'mpn = "SMF5V0A-E3-08"', 'mpn = "USBLC6-2SC6"')
    assert "usblc6-2sc6 and smf5v0a are both USBLC6-2SC6" in tree.failure("bom")


@KICAD
@KICAD_LIBRARIES
def test_a_case_shifted_by_two_millimetres_is_named(tree):
    pytest.importorskip("build123d", reason="the hardware extra is not installed; try: make hardware")
    tree.spoil("hardware/enclosure/build.py", "SHIFT: Point = (0.0, 0.0, 0.0)", "SHIFT: Point = (2.0, 0.0, 0.0)")
    tree.write_board()
    told = tree.room("enclosure")
    assert "the case does not fit haochaping.kicad_pcb: " in told
    assert "the star opening 1 lies 2.00 mm off SW1 (allowed 0.5)" in told
