"""KiCad's rule check of the board against rules, libraries and schematic."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardware import tool
from hardware.part import HardwareError

#: Lists of the report.
KINDS = ("violations", "unconnected_items", "schematic_parity")


@dataclass(frozen=True)
class Report:
    """How many of each kind, and a sentence for each, the worst first."""

    counts: dict[str, int]
    sentences: tuple[str, ...]

    @property
    def clean(self) -> bool:
        return not any(self.counts.values())

    def __str__(self) -> str:
        return f"{self.counts['violations']} violations, {self.counts['unconnected_items']} unconnected, " + (
            f"{self.counts['schematic_parity']} unlike the schematic"
        )


def check(board: Path, to: Path) -> Report:
    """Runs the check, all that it finds in the report, and keeps that as JSON without date and path. What each rule
    weighs stands in the project beside the board (``rules.RULES``)."""
    words = ("--schematic-parity", "--severity-all", "--format", "json", "--units", "mm")
    tool.kicad("pcb", "drc", *words, "-o", to, board, ok=(0, 5))
    found = json.loads(to.read_text(encoding="utf-8"))
    for key in ("date", "source"):
        found.pop(key, None)
    to.write_text(json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return read(found)


def read(found: dict[str, Any]) -> Report:
    counts = {kind: len(found.get(kind, [])) for kind in KINDS}
    sentences = [_sentence(one) for kind in reversed(KINDS) for one in found.get(kind, [])]
    return Report(counts, tuple(sentences))


def refuse(report: Report, keep: Path) -> None:
    """Raises HardwareError, naming what the first violations are about, unless there is none."""
    if not report.clean:
        more = f" (and {len(report.sentences) - 4} more in {keep.name})" if len(report.sentences) > 4 else ""
        raise HardwareError(f"rule check: {report}: {'; '.join(report.sentences[:4])}{more}")


def _sentence(one: dict[str, Any]) -> str:
    items = [f"{item['description']} at {item['pos']['x']:.2f}, {item['pos']['y']:.2f}" for item in one["items"]]
    return f"{one['description']}: {' and '.join(items)}"
