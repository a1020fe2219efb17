"""``make hardware``: everything that is made of the hardware's text, in build/hardware, checked.

    build/hardware/ROOM/...       the artefacts of a step: hardware/ROOM/build.py makes them
    build/hardware/summary.json   what each step said, how long it took, and what it was made from
    build/hardware/SHA256SUMS     the hashes of all artefacts made from that; sha256sum -c reads it

A step whose tools are missing is skipped by name, and so is what waits for it; with CI=true that is a failure. The
same sources and tools have to give the same bytes: a build compares its hashes with those of earlier ones from the
same. Where they differ SHA256SUMS keeps the earlier hashes, so that the next build does not forget it. No artefact may
hold a path of the machine it was made on.
"""

import argparse
import hashlib
import importlib.metadata
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table

from hardware import tool
from hardware.fabrication.export import INTERACTIVE
from hardware.part import HardwareError
from hardware.step import Outcome, Result, Step, absent, carry_out, chosen

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "build" / "hardware"
#: What the steps read, with some to spare: pins are compared with the firmware, labels come from the policies.
SOURCES = ("hardware", "hcp", "firmware", "protocol", "gateway", "central", "constraints.txt")
SUMS = "SHA256SUMS"
SUMMARY = "summary.json"
#: Steps that run side by side: CI has two cores, and enclosure and fabrication are the long ones.
JOBS = 2

_INK = {Outcome.DONE: "green", Outcome.SKIPPED: "yellow", Outcome.FAILED: "red"}


def carry_out_all(
    steps: Sequence[Step],
    out: Path,
    pool: Executor,
    started: Callable[[str], None] = lambda _: None,
    ended: Callable[[Result], None] = lambda _: None,
) -> list[Result]:
    """Every step once those it waits for are done. One that fails or is skipped leaves out those that wait for it."""
    waiting = list(steps)
    done: dict[str, Result] = {}
    running: dict[Future[Result], str] = {}

    def end(result: Result) -> None:
        done[result.name] = result
        ended(result)

    while waiting or running:
        for step in list(waiting):
            if why := _hindered(step, done):
                end(Result(step.name, Outcome.SKIPPED, 0.0, why))
            elif len(running) < JOBS and all(name in done for name in step.after):
                running[pool.submit(carry_out, step.name, out)] = step.name
                started(step.name)
            else:
                continue
            waiting.remove(step)
        finished, _ = wait(running, return_when=FIRST_COMPLETED) if running else (set(), None)
        for future in finished:
            del running[future]
            end(future.result())
    return [done[step.name] for step in steps]


def _hindered(step: Step, done: dict[str, Result]) -> str:
    """Why a step is left out; empty if nothing speaks against it."""
    if lacks := absent(step):
        return lacks
    for name in step.after:
        if name in done and done[name].outcome is not Outcome.DONE:
            return f"waits for {name}, which {'failed' if done[name].outcome is Outcome.FAILED else 'was skipped'}"
    return ""


@dataclass(frozen=True)
class Earlier:
    """What earlier builds from the same left behind: the rooms that were done, and the hashes of their artefacts."""

    rooms: frozenset[str] = frozenset()
    sums: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, source: str, out: Path) -> "Earlier":
        """Nothing if the last build was made from something else: a build of some steps leaves other rooms as they are,
        and what those were made from is not known any more."""
        try:
            summary = json.loads((out / SUMMARY).read_text(encoding="utf-8"))
            if summary["made_from"] != source:
                return cls()
            lines = (out / SUMS).read_text(encoding="utf-8").splitlines()
            return cls(frozenset(summary["rooms"]), {line[66:]: line[:64] for line in lines})
        except (OSError, ValueError, KeyError):
            return cls()

    def of(self, rooms: frozenset[str]) -> dict[str, str]:
        return {name: value for name, value in self.sums.items() if name.split("/")[0] in rooms & self.rooms}


def sums(out: Path, rooms: Iterable[str]) -> dict[str, str]:
    """Artefact → hash, of these rooms."""
    files = (path for room in rooms for path in (out / room).rglob("*") if path.is_file())
    return {path.relative_to(out).as_posix(): _sha256(path) for path in files}


def made_from() -> str:
    """One hash for all that a build reads: sources, and the tools that stand here."""
    total = hashlib.sha256()
    for path in sorted(file for name in SOURCES for file in (ROOT / name, *(ROOT / name).rglob("*"))):
        if path.is_file() and "__pycache__" not in path.parts:
            total.update(f"{path.relative_to(ROOT).as_posix()} {_sha256(path)}\n".encode())
    total.update(tools().encode())
    return total.hexdigest()


def tools() -> str:
    """Everything installed that has a hand in the artefacts. What Debian has is told whole: a library or a font that
    came since draws another picture."""
    told = [f"Python {sys.version}"]
    for folder in (*sys.path, str(INTERACTIVE)):
        packages = importlib.metadata.distributions(path=[folder])
        told += sorted({f"{package.name} {package.version}" for package in packages})
    for program in tool.PACKAGES:
        path = shutil.which(program)
        told.append(f"{program} {_sha256(Path(path)) if path else 'is not here'}")
    told.append(f"KiCad {tool.kicad_version()}")
    if shutil.which("dpkg-query"):
        told.append(tool.run(["dpkg-query", "--show"]))
    return "\n".join(told)


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Artefacts that have not the same hash, by name."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def leaks(out: Path) -> list[str]:
    """Artefacts that hold a path of this machine: they would differ elsewhere, and it is nobody's business."""
    folders = {str(path) for path in (out, ROOT, Path.home(), Path(tempfile.gettempdir())) if path.name}
    paths = [f"{folder}/".encode() for folder in sorted(folders, key=len, reverse=True)]
    found = []
    for file in sorted(path for path in out.rglob("*") if path.is_file() and path.name not in (SUMS, SUMMARY)):
        data = file.read_bytes()
        if path := next((path for path in paths if path in data), b""):
            found.append(f"{file.relative_to(out).as_posix()} ({path.decode()})")
    return found


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class _Board:
    """What the steps are doing, kept up to date in a terminal; elsewhere a line for each step that ended."""

    def __init__(self, steps: Sequence[Step], console: Console) -> None:
        self.console = console
        self._steps = steps
        self._running: dict[str, Spinner] = {}
        self._ended: dict[str, Result] = {}
        self._live = Live(get_renderable=self.table, console=console, refresh_per_second=8)

    def __enter__(self) -> "_Board":
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def started(self, name: str) -> None:
        self._running[name] = Spinner("dots")

    def ended(self, result: Result) -> None:
        self._ended[result.name] = result
        if not self.console.is_terminal:
            self.console.print(f"{result.name}: {result.outcome}, {result.seconds:g} s", highlight=False)

    def table(self) -> Table:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for title in ("step", "", "s"):
            table.add_column(title, justify="right" if title == "s" else "left", no_wrap=True)
        table.add_column("")
        for step in self._steps:
            result = self._ended.get(step.name)
            if result:
                ink = _INK[result.outcome]
                table.add_row(
                    step.name, f"[{ink}]{result.outcome}[/]", f"{result.seconds:.1f}", escape(result.sentence)
                )
            else:
                table.add_row(step.name, self._running.get(step.name, ""), "", f"[dim]{step.says}[/]")
        return table


def build(steps: Sequence[Step], out: Path, console: Console) -> list[Result]:
    """The steps, told on a console; hashes and summary written. Other bytes than before from the same sources, and
    traces of this machine, are failures of their own, last in the list."""
    started = time.monotonic()
    source = made_from()
    earlier = Earlier.read(source, out)
    spawn = multiprocessing.get_context("spawn")
    with _Board(steps, console) as board, ProcessPoolExecutor(JOBS, mp_context=spawn) as pool:
        results = carry_out_all(steps, out, pool, board.started, board.ended)
    if not console.is_terminal:
        console.print(board.table())
    done = frozenset(result.name for result in results if result.outcome is Outcome.DONE)
    steady = made_from() == source
    if not steady:
        sentence = (
            "sources or tools changed while they were read: artefacts of before and after lie together; build again"
        )
        results.append(Result("one source", Outcome.FAILED, 0.0, sentence))
        earlier = Earlier()
    untouched = earlier.rooms - {step.name for step in steps}
    made, before = sums(out, done), earlier.of(done)
    listed = earlier.of(untouched) | made
    if changed := differences(before, {name: made[name] for name in made if name.split("/")[0] in earlier.rooms}):
        sentence = (
            f"two builds of the same sources differ in {', '.join(changed[:8])}; {SUMS} keeps the hashes of the first,"
            f" without {SUMMARY} the next build starts anew"
        )
        results.append(Result("same bytes", Outcome.FAILED, 0.0, sentence))
        listed |= {name: before[name] for name in changed if name in before}
    if told := leaks(out):
        results.append(
            Result("no traces", Outcome.FAILED, 0.0, f"a path of this machine stands in {', '.join(told[:8])}")
        )
    lines = (f"{listed[name]}  {name}\n" for name in sorted(listed))
    (out / SUMS).write_text("".join(lines), encoding="utf-8")
    summary: dict[str, Any] = {
        "made_from": source,
        "ok": all(result.outcome is Outcome.DONE for result in results),
        "seconds": round(time.monotonic() - started, 1),
        "artefacts": len(listed),
        "rooms": sorted(untouched | done) if steady else [],
        "steps": [{key: value for key, value in asdict(result).items() if key != "detail"} for result in results],
    }
    (out / SUMMARY).write_text(json.dumps(summary, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return results


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m hardware.build", description="Build and check the hardware.")
    parser.add_argument("--out", type=Path, default=OUT, help="folder for the artefacts (build/hardware)")
    parser.add_argument("--only", nargs="+", metavar="STEP", default=[], help="these steps and those they wait for")
    parser.add_argument("--within", type=float, metavar="SECONDS", help="fail if the build takes longer")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    given = parser.parse_args(argv)
    console = Console(stderr=given.json, width=None if sys.stdout.isatty() else 120)
    given.out.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    try:
        results = build(chosen(given.only), given.out.resolve(), console)
    except HardwareError as error:
        parser.error(str(error))
    if given.json:
        print((given.out / SUMMARY).read_text(encoding="utf-8"), end="")
    return verdict(results, console, time.monotonic() - started, given.within)


def verdict(results: list[Result], console: Console, seconds: float, within: float | None = None) -> int:
    """The exit code, after the last words: what failed and why, or what was left out, and how long it all took."""
    strict = os.environ.get("CI") == "true"
    failed = [result for result in results if result.outcome is Outcome.FAILED]
    skipped = [result.name for result in results if result.outcome is Outcome.SKIPPED]
    for result in failed:
        console.print(f"[red]{result.name}[/]: {escape(result.detail or result.sentence)}")
    if skipped:
        console.print(f"[yellow]skipped[/]: {', '.join(skipped)}{' (CI leaves nothing out)' if strict else ''}")
    work = sum(result.seconds for result in results)
    words = "The build ended" if failed or skipped else "[green]The hardware is built[/]"
    console.print(f"{words} after {seconds:.0f} s ({work:.0f} s of work).", highlight=False)
    late = within is not None and seconds > within
    if late:
        console.print(f"[red]too slow[/]: the build took {seconds:.0f} s, and at most {within:g} s are allowed")
    return 1 if failed or late or (strict and skipped) else 0


if __name__ == "__main__":
    sys.exit(main())
