"""The build: order, what is skipped and why, failures that name their step, and the comparison of two builds."""

import io
import json
import sys
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from rich.console import Console

from hardware import build, step, tool
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


@pytest.mark.parametrize(("strict", "code"), [("", 0), ("true", 1)])
def test_what_is_skipped_fails_in_ci_only(monkeypatch, strict, code):
    monkeypatch.setenv("CI", strict)
    console = Console(file=io.StringIO())
    skipped = [Result("board", Outcome.SKIPPED, 0, "no KiCad")]
    assert build.verdict(skipped, console) == code
    assert "skipped: board" in console.file.getvalue()  # type: ignore[attr-defined]


def test_the_build_keeps_summary_and_hashes(rooms, tmp_path, monkeypatch):
    monkeypatch.setattr(build, "made_from", lambda: "these sources")
    monkeypatch.setattr(build, "ProcessPoolExecutor", lambda jobs, mp_context: ThreadPoolExecutor(jobs))
    content = ["same"]

    def writes(out):
        (out / "a.txt").write_text(content[0])
        return "one file"

    rooms(one=writes)
    console = Console(file=io.StringIO())
    first = build.build([Step("one", "writes")], tmp_path, console)
    assert [result.outcome for result in first] == [Outcome.DONE]
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["ok"] and summary["artefacts"] == 1 and summary["steps"][0]["sentence"] == "one file"
    assert (tmp_path / "SHA256SUMS").read_text().endswith("  one/a.txt\n")

    assert len(build.build([Step("one", "writes")], tmp_path, console)) == 1  # the same bytes: nothing to say
    content[0] = "other"
    last = build.build([Step("one", "writes")], tmp_path, console)[-1]
    assert last.outcome == Outcome.FAILED
    assert last.sentence == "two builds of the same sources differ in one/a.txt"


def test_a_room_is_compared_with_an_earlier_build_of_itself_only():
    line = "{}  {}/a\n".format
    before = line("1" * 64, "one") + line("1" * 64, "two")
    assert build.differences(before, line("1" * 64, "one") + line("2" * 64, "two")) == ["two/a"]
    assert build.differences(line("1" * 64, "one"), before) == []  # that one was of one step
    assert build.differences(before, before + line("1" * 64, "two/b")) == ["two/b/a"]


def test_a_path_of_this_machine_in_an_artefact_is_named(tmp_path):
    (tmp_path / "board").mkdir()
    (tmp_path / "board" / "a.net").write_text(f'(source "{build.ROOT}/build/a.kicad_sch")')
    (tmp_path / "board" / "b.net").write_text('(source "a.kicad_sch")')
    assert {line.split(" ")[0] for line in build.leaks(tmp_path)} == {"board/a.net"}


def test_the_pure_checks_hold(tmp_path):
    assert step.carry_out("checks", tmp_path).outcome == Outcome.DONE
