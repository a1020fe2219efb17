"""The build: order, what is skipped and why, failures that name their step, and the comparison of two builds."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from rich.console import Console

from hardware import build, library, step, tool
from hardware.part import HardwareError
from hardware.step import Outcome, Result, Step


@pytest.fixture
def rooms(monkeypatch):
    """Put a room's ``build`` in place: ``rooms(name=function)``."""

    def put(**functions):
        for name, function in functions.items():
            module = types.ModuleType(f"hardware.{name}.build")
            module.build = function  # type: ignore[attr-defined]
            monkeypatch.setitem(sys.modules, f"hardware.{name}", types.ModuleType(f"hardware.{name}"))
            monkeypatch.setitem(sys.modules, f"hardware.{name}.build", module)

    return put


def carry_out(steps: list[Step], out: Path) -> dict[str, Result]:
    with ThreadPoolExecutor(build.JOBS) as pool:
        return {result.name: result for result in build.carry_out_all(steps, out, pool)}


def test_a_step_waits_for_those_it_reads(rooms, tmp_path):
    def writes(out):
        (out / "first.txt").write_text("1")
        return "written"

    rooms(one=writes, two=lambda out: (out.parent / "one" / "first.txt").read_text())
    results = carry_out([Step("two", "", ("one",)), Step("one", "")], tmp_path)
    assert list(results) == ["two", "one"]
    assert results["two"].outcome == Outcome.DONE and results["two"].sentence == "1"


def test_a_failure_says_why_and_leaves_out_what_waits_for_it(rooms, tmp_path):
    def fails(_out):
        raise HardwareError("net LED_DATA: no track")

    rooms(one=fails, two=lambda _: "never", three=lambda _: "still")
    results = carry_out([Step("one", ""), Step("two", "", ("one",)), Step("three", "")], tmp_path)
    assert (results["one"].outcome, results["one"].sentence) == (Outcome.FAILED, "net LED_DATA: no track")
    assert (results["two"].outcome, results["two"].sentence) == (Outcome.SKIPPED, "waits for one, which failed")
    assert results["three"].outcome == Outcome.DONE


def test_a_fault_of_the_program_keeps_its_traceback(rooms, tmp_path):
    rooms(one=lambda _: 1 / 0)
    result = carry_out([Step("one", "")], tmp_path)["one"]
    assert result.sentence == "ZeroDivisionError: division by zero"
    assert "Traceback" in result.detail


def test_a_missing_program_or_package_skips_the_step_and_says_how_to_get_it(rooms, tmp_path, monkeypatch):
    monkeypatch.setitem(tool.PACKAGES, "no-such-program", "nosuch")
    rooms(one=lambda _: "never", two=lambda _: "never", three=lambda _: "never")
    steps = [
        Step("one", "", programs=("no-such-program",)),
        Step("two", "", modules=("no_such_module",)),
        Step("three", "", ("one",)),
    ]
    results = carry_out(steps, tmp_path)
    assert {result.outcome for result in results.values()} == {Outcome.SKIPPED}
    assert results["one"].sentence == ("no-such-program is not installed (Debian: nosuch); try hardware/install.sh")
    assert "no_such_module" in results["two"].sentence and "make hardware" in results["two"].sentence
    assert results["three"].sentence == "waits for one, which was skipped"


def test_a_step_begins_with_an_empty_folder(rooms, tmp_path):
    rooms(one=lambda out: str(sorted(path.name for path in out.iterdir())))
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "old.txt").touch()
    assert carry_out([Step("one", "")], tmp_path)["one"].sentence == "[]"


def test_a_step_brings_those_it_waits_for():
    names = [one.name for one in step.chosen(["checks"])]
    assert names == ["checks"]
    assert {one.name for one in step.chosen([])} == {one.name for one in step.STEPS}
    with pytest.raises(HardwareError, match="no step is called nonsense; there are checks"):
        step.chosen(["nonsense"])


def test_every_step_waits_for_earlier_ones_and_knows_its_packages():
    seen: set[str] = set()
    for one in step.STEPS:
        assert set(one.after) <= seen, one.name
        assert set(one.programs) <= tool.PACKAGES.keys(), one.name
        seen.add(one.name)


def test_a_room_says_which_packages_of_the_extra_it_imports():
    for one in step.STEPS:
        folder = build.ROOT / "hardware" / one.name
        text = "".join(file.read_text(encoding="utf-8") for file in folder.glob("*.py"))
        imports = set(re.findall(r"^(?:from|import) (\w+)", text, re.MULTILINE))
        wanted = imports & {"build123d", "fontTools", "gerbonara", "wireviz"}
        assert wanted <= set(one.modules), one.name


@pytest.fixture
def workshop(tmp_path):
    """Make's ``hardware`` in a tree whose pip brings nothing; what it says and its exit code."""
    shutil.copy(build.ROOT / "Makefile", tmp_path)
    scripts = {
        ".venv/bin/python": 'case "$*" in *pip*) echo no package >&2; exit 1 ;; *) echo "built: $*" ;; esac',
        "hardware/install.sh": "echo not root >&2; exit 1",
        "hardware/fabrication/interactive-bom.txt": "",
        "pyproject.toml": "",
        "constraints.txt": "",
        ".venv/ready": "",
    }
    for name, script in scripts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)

    def make(*words: str, ci: str) -> tuple[int, str]:
        env = {"PATH": os.environ["PATH"], "CI": ci}
        done = subprocess.run(["make", "hardware", *words], cwd=tmp_path, env=env, capture_output=True, text=True)
        return done.returncode, done.stdout

    return make


def test_make_builds_what_it_can_without_the_extra_and_without_root(workshop):
    code, told = workshop("ONLY=bom power", "WITHIN=300", ci="")
    assert code == 0, told
    assert "Going on with the packages that are here" in told and "Going on with the programs" in told
    assert "built: -m hardware.build --only bom power --within 300" in told


def test_make_wants_the_extra_in_ci(workshop):
    code, told = workshop(ci="true")
    assert code and "built:" not in told


@pytest.mark.parametrize(("strict", "code"), [("", 0), ("true", 1)])
def test_what_is_skipped_fails_in_ci_only(monkeypatch, strict, code):
    monkeypatch.setenv("CI", strict)
    console = Console(file=io.StringIO())
    skipped = [Result("board", Outcome.SKIPPED, 0, "no KiCad")]
    assert build.verdict(skipped, console, 1.0) == code
    assert "skipped: board" in said(console)


def test_it_says_how_long_it_took_and_fails_if_that_was_too_long():
    results = [Result("board", Outcome.DONE, 40.0, ""), Result("case", Outcome.DONE, 50.0, "")]
    console = Console(file=io.StringIO())
    assert build.verdict(results, console, 61.2, within=300) == 0
    assert said(console) == "The hardware is built after 61 s (90 s of work).\n"
    assert build.verdict(results, console, 301, within=300) == 1
    assert "too slow: the build took 301 s, and at most 300 s are allowed" in said(console)


def said(console: Console) -> str:
    return console.file.getvalue()  # type: ignore[attr-defined]


class Tree:
    """Two rooms, ``one`` and ``two``, each with an artefact; ``source`` is what they are made from."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.source = "first"
        self.holds = {"one": "1", "two": "2"}

    def room(self, name: str):
        def writes(out):
            (out / "a.txt").write_text(self.holds[name])
            if self.holds[name] == "edited":
                self.source += " and more"
            if self.holds[name] == "half":
                raise HardwareError("half-way")
            return "one file"

        return writes

    def build(self, *names: str) -> list[tuple[str, str, str]]:
        steps = [Step(name, "") for name in names or self.holds]
        results = build.build(steps, self.out, Console(file=io.StringIO()))
        return [(result.name, str(result.outcome), result.sentence) for result in results]

    def differs(self, *names: str) -> str:
        """What is said of two builds of the same sources; empty if nothing is."""
        last = self.build(*names)[-1]
        return last[2].split(";")[0] if last[0] == "same bytes" else ""

    @property
    def summary(self):
        return json.loads((self.out / "summary.json").read_text())

    @property
    def listed(self) -> list[str]:
        return [line.split("  ")[1] for line in (self.out / "SHA256SUMS").read_text().splitlines()]


@pytest.fixture
def tree(rooms, tmp_path, monkeypatch):
    made = Tree(tmp_path)
    monkeypatch.setattr(build, "made_from", lambda: made.source)
    monkeypatch.setattr(build, "ProcessPoolExecutor", lambda jobs, mp_context: ThreadPoolExecutor(jobs))
    rooms(one=made.room("one"), two=made.room("two"))
    return made


def test_the_build_keeps_summary_and_hashes(tree):
    assert tree.build() == [("one", "done", "one file"), ("two", "done", "one file")]
    assert tree.summary["ok"] and tree.summary["artefacts"] == 2 and tree.summary["seconds"] >= 0
    assert tree.summary["steps"][0]["sentence"] == "one file"
    assert tree.listed == ["one/a.txt", "two/a.txt"]
    assert subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=tree.out).returncode == 0


def test_other_bytes_from_the_same_sources_fail_until_they_are_the_same_again(tree):
    tree.build()
    first = (tree.out / "SHA256SUMS").read_text()
    assert tree.differs() == ""
    tree.holds["one"] = "other"
    for _ in range(2):
        assert tree.differs() == "two builds of the same sources differ in one/a.txt"
        assert not tree.summary["ok"]
        assert (tree.out / "SHA256SUMS").read_text() == first
    tree.holds["one"] = "1"
    assert tree.differs() == ""


def test_a_room_is_compared_only_with_itself_made_from_the_same(tree):
    tree.build()
    tree.source, tree.holds = "second", {"one": "new", "two": "new"}
    assert tree.differs("two") == ""
    assert tree.listed == ["two/a.txt"]  # the other one lies there still, and is of the first
    assert tree.differs() == ""
    assert tree.listed == ["one/a.txt", "two/a.txt"]
    tree.holds["one"] = "other"
    assert tree.differs("two") == ""
    assert tree.differs("one") == "two builds of the same sources differ in one/a.txt"


def test_a_room_that_failed_half_way_is_compared_with_nothing(tree):
    tree.holds["one"] = "half"
    assert tree.build()[0] == ("one", "failed", "half-way")
    assert tree.listed == ["two/a.txt"]
    tree.holds["one"] = "1"
    assert tree.differs() == ""
    assert tree.listed == ["one/a.txt", "two/a.txt"]


def test_sources_that_change_meanwhile_are_told_and_nothing_is_compared(tree):
    tree.build()
    tree.holds["one"] = "edited"
    last = tree.build()[-1]
    assert last[:2] == ("one source", "failed") and "build again" in last[2]
    tree.source, tree.holds["one"] = "first", "1"
    assert tree.build() == [("one", "done", "one file"), ("two", "done", "one file")]


def test_an_artefact_that_came_or_went_is_a_difference():
    assert build.differences({"one/a": "1", "one/b": "1"}, {"one/a": "1", "one/c": "1"}) == ["one/b", "one/c"]


def test_another_tool_is_another_source(tmp_path, monkeypatch):
    before = build.made_from()
    assert build.made_from() == before
    rsvg = tmp_path / "rsvg-convert"
    rsvg.write_text("#!/bin/sh\n")
    rsvg.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert build.made_from() != before


def test_a_path_of_this_machine_in_an_artefact_is_named(tmp_path):
    (tmp_path / "board").mkdir()
    (tmp_path / "board" / "a.net").write_text(f'(source "{build.ROOT}/build/a.kicad_sch")')
    (tmp_path / "board" / "b.net").write_text('(source "a.kicad_sch")')
    assert {line.split(" ")[0] for line in build.leaks(tmp_path)} == {"board/a.net"}


def test_a_build_whose_artefact_holds_a_path_of_this_machine_fails(tree):
    tree.holds["one"] = f"made in {build.ROOT}/build"
    name, outcome, sentence = tree.build()[-1]
    assert (name, outcome) == ("no traces", "failed") and "one/a.txt" in sentence


def test_the_pure_checks_hold(tmp_path):
    assert step.carry_out("checks", tmp_path).outcome == Outcome.DONE


def test_a_circuit_that_nobody_could_check_is_named_as_skipped(tmp_path, monkeypatch):
    monkeypatch.setenv("KICAD_SHARE", str(tmp_path / "nothing"))
    monkeypatch.setattr("hardware.circuit.build.check", lambda: library.symbol_file("Device"))
    result = step.carry_out("circuit", tmp_path)
    assert result.outcome == Outcome.SKIPPED and "symbols are not installed" in result.sentence
