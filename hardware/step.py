"""The steps of the build: which rooms there are, what each waits for, and what it cannot do without."""

import importlib
import importlib.util
import shutil
import time
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from hardware import tool
from hardware.part import HardwareError


class Outcome(StrEnum):
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True)
class Step:
    """A room with a ``build(out)``. ``after`` are steps whose artefacts it reads; ``programs`` and ``modules`` what is
    asked for before it begins."""

    name: str
    says: str
    after: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """``sentence`` is the room's own, or why it failed or was skipped; ``detail`` a traceback, if the fault is in the
    program and not in the hardware."""

    name: str
    outcome: Outcome
    seconds: float
    sentence: str
    detail: str = ""


_KICAD = ("kicad-cli", "faketime")

#: In the order of the table. The long way round (schematic, board, then everything drawn from it) starts first.
STEPS = (
    Step("checks", "pins and measures agree"),
    Step("circuit", "every pad has its net, nothing is lonely", ("checks",)),
    Step("schematic", "drawn, ERC, netlist", ("circuit",), (*_KICAD, "pdftoppm")),
    Step("board", "placed, routed, DRC with parity", ("schematic",), _KICAD),
    Step("bom", "every line has its numbers", ("checks",)),
    Step("power", "the budget holds", ("checks",)),
    Step("fabrication", "exported, read back", ("board", "bom"), (*_KICAD, "rsvg-convert"), ("gerbonara",)),
    Step("enclosure", "closed, fits the board", ("board",), _KICAD, ("build123d",)),
    Step("panel", "labels, contrast, print", ("checks",), (), ("fontTools",)),
    Step("wiring", "from modules, on a breadboard", ("checks",), ("dot",), ("wireviz",)),
)


def chosen(names: Iterable[str]) -> tuple[Step, ...]:
    """The steps of these names with all that they wait for, in order; every step if there are no names."""
    known = {step.name: step for step in STEPS}
    wanted = list(names) or list(known)
    if unknown := [name for name in wanted if name not in known]:
        raise HardwareError(f"no step is called {', '.join(unknown)}; there are {', '.join(known)}")
    found: set[str] = set()
    while wanted:
        name = wanted.pop()
        found.add(name)
        wanted += known[name].after
    return tuple(step for step in STEPS if step.name in found)


def absent(step: Step) -> str:
    """Why a step cannot begin on this machine, and how to help it; empty if it can."""
    for program in step.programs:
        try:
            tool.find(program)
        except tool.ToolMissing as error:
            return str(error)
    for module in step.modules:
        if importlib.util.find_spec(module) is None:
            return f"the Python package {module} is not installed; try: make hardware, or pip install -e '.[hardware]'"
    return ""


def carry_out(name: str, out: Path) -> Result:
    """Build one room into ``out/name``, from an empty folder."""
    started = time.monotonic()
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)

    def result(outcome: Outcome, sentence: str, detail: str = "") -> Result:
        return Result(name, outcome, round(time.monotonic() - started, 1), sentence, detail)

    try:
        return result(Outcome.DONE, importlib.import_module(f"hardware.{name}.build").build(folder))
    except tool.ToolMissing as error:
        return result(Outcome.SKIPPED, str(error))
    except HardwareError as error:
        return result(Outcome.FAILED, str(error))
    except Exception as error:  # told in the table, with its traceback below
        return result(Outcome.FAILED, f"{type(error).__name__}: {error}", traceback.format_exc())
