"""Draw the wiring guide: for each group its harness as text, SVG and PNG; the table of all wires; and what to buy."""

import sys
from pathlib import Path

import yaml

from hardware.part import HardwareError
from hardware.tool import run
from hardware.wiring import drawing, guide, harness
from hcp import pinout

ENDINGS = (".svg", ".png")


def build(out: Path) -> str:
    """Raises HardwareError."""
    found = harness.read(pinout.read())
    out.mkdir(parents=True, exist_ok=True)
    sources = []
    for group in found.groups:
        source = out / f"{group.name}.yml"
        text = yaml.safe_dump(drawing.words(group, found.controller), sort_keys=False, allow_unicode=True, width=120)
        source.write_text(text, encoding="utf-8")
        sources.append(source)
    run([sys.executable, "-m", "wireviz.wv_cli", "-f", "sp", "-o", out, *sources])
    missing = [f"{source.stem}{ending}" for source in sources for ending in ENDINGS
               if not (out / f"{source.stem}{ending}").is_file()]  # fmt: skip
    if missing:
        raise HardwareError(f"WireViz did not write {', '.join(missing)}")
    (out / "connections.md").write_text(guide.connections(found), encoding="utf-8")
    (out / "parts.tsv").write_text(guide.parts(found), encoding="utf-8")
    wires = sum(len(group.wires) for group in found.groups)
    return f"{len(found.groups)} pictures, {wires} wires, {len(found.gpios())} GPIOs as in pinout.toml"
