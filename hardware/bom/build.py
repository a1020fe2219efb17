"""Writes the bills of materials: a CSV for each variant, one JSON and one page for people."""

from pathlib import Path

from hardware.bom import bom, stock
from hardware.circuit.blocks import BLOCKS


def build(out: Path) -> str:
    """Raises HardwareError if a part cannot be bought as what it is."""
    parts = tuple(part for block in BLOCKS for part in block.parts)
    lines_of = stock.read()
    mechanical = stock.read(stock.MECHANICAL)
    bom.check(parts, lines_of)
    by_variant = {variant: bom.lines(parts, lines_of, variant) for variant in bom.VARIANTS}
    out.mkdir(parents=True, exist_ok=True)
    for variant, made in by_variant.items():
        (out / f"bom-{variant}.csv").write_text(bom.as_csv(made), encoding="utf-8")
    (out / "bom.json").write_text(bom.as_json(by_variant, mechanical), encoding="utf-8")
    (out / "bom.md").write_text(bom.as_markdown(by_variant, mechanical), encoding="utf-8")
    least, most = bom.total(by_variant["wifi"]), bom.total(by_variant["ethernet-secure-element"])
    risky = sum(bool(line.stock.risk) for line in by_variant["ethernet-secure-element"])
    return (
        f"{len(lines_of)} lines in {len(by_variant)} variants, {least:.0f} to {most:.0f} CNY a board (indicative); "
        f"{risky} lines have one source or are to be verified."
    )
