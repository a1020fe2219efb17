"""Writes the power budget: figures, a page and a picture. Fails if the firmware draws too much."""

from pathlib import Path

from hardware.circuit.blocks import BLOCKS
from hardware.power import balance, budget, facts, firmware, page, picture


def build(out: Path) -> str:
    """Raises HardwareError if the port, the fuse, the switch or the converter bears less than the firmware allows."""
    figures = budget.read()
    parts = tuple(part for block in BLOCKS for part in block.parts)
    made = balance.report(figures, firmware.read(), facts.of(parts, figures))
    out.mkdir(parents=True, exist_ok=True)
    (out / "power-budget.json").write_text(page.as_json(made), encoding="utf-8")
    (out / "power-budget.md").write_text(page.as_markdown(made), encoding="utf-8")
    (out / "power-budget.svg").write_text(picture.svg(made), encoding="utf-8")
    balance.check(made)
    worst = max(made.sums, key=lambda one: one.total_ma[balance.WORST])
    return (
        f"{len(made.sums)} states, at most {worst.total_ma[balance.WORST]:.0f} of {figures.supply.limit_ma:g} mA "
        f"({worst.state.key}); brightness cap {made.caps.least_brightness} of 255, and the firmware has "
        f"{made.allowed.brightest}; the voice needs {made.caps.most_quieter} halvings, and the firmware makes "
        f"{made.allowed.quieter}."
    )
