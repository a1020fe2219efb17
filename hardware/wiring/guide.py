"""The wiring guide's tables: every wire, and what to buy.

python -m hardware.wiring.guide          # writes connections.md beside this file
"""

from collections.abc import Iterable
from pathlib import Path

from hardware.wiring.harness import Group, Harness, read
from hcp import pinout

TARGET = Path(__file__).resolve().parent / "connections.md"
_HEAD = """# Every wire

Written by `python -m hardware.wiring.guide` from [pinout.toml](../pinout.toml) and
[modules.toml](modules.toml); change those. How to use it: [README.md](README.md).
"""


def connections(harness: Harness) -> str:
    """The page with a table of wires for each group."""
    return "\n".join([_HEAD, *(line for group in harness.groups for line in _group(group))])


def parts(harness: Harness) -> str:
    """What to buy, tab-separated: how many, what, where it goes."""
    places = {harness.controller.buy: [harness.controller.ref]}
    numbers = {harness.controller.buy: 1}
    for group in harness.groups:
        for module in group.modules:
            places.setdefault(module.buy, []).append(module.ref)
            numbers[module.buy] = numbers.get(module.buy, 0) + module.number
    rows = [("Number", "What", "Where"), *((str(numbers[buy]), buy, " ".join(refs)) for buy, refs in places.items())]
    return "".join("\t".join(row) + "\n" for row in rows)


def _group(group: Group) -> Iterable[str]:
    yield f"## {group.title}\n"
    yield f"{group.words}\n"
    yield f"Wires of {group.length_cm} cm at most, {group.gauge_mm2} mm².\n"
    yield "| net | from | | to | |"
    yield "|---|---|---|---|---|"
    what = {module.ref: module.what for module in group.modules}
    for wire in group.wires:
        source = f"{wire.place} · {wire.source_pin}" if wire.place else wire.source_pin
        yield f"| `{wire.net}` | {wire.source} | {source} | {wire.target} ({what[wire.target]}) | {wire.target_pin} |"
    yield ""


if __name__ == "__main__":
    TARGET.write_text(connections(read(pinout.read())), encoding="utf-8")
