"""The bill of materials: the circuit's parts as lines to buy, with what each variant leaves out. No files, no clock.

A device has one network and may have a secure element, and these do not touch each other, so there are four variants;
what a variant leaves out stays on the board as an empty footprint (DNP, do not populate).
"""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from hardware.bom import value
from hardware.bom.stock import Maker, Stock
from hardware.part import HardwareError, Part

#: Variant → the options it has (``Part.option``). Every variant has the radio; it is part of the module.
VARIANTS: dict[str, frozenset[str]] = {
    "wifi": frozenset(),
    "ethernet": frozenset({"ethernet"}),
    "wifi-secure-element": frozenset({"secure-element"}),
    "ethernet-secure-element": frozenset({"ethernet", "secure-element"}),
}

#: What KiCad calls the footprints of things that are etched or drilled and not bought.
_NOT_BOUGHT = ("MountingHole", "TestPoint", "Fiducial", "NetTie", "Jumper", "Symbol", "Panelization")
_PASSIVE = re.compile(r"[RCL]\d+$")
_SIZE = re.compile(r"_(\d{4})_\d{4}Metric")

COLUMNS = (
    "Item",
    "Designator",
    "Quantity",
    "Comment",
    "Footprint",
    "Manufacturer",
    "Manufacturer Part Number",
    "Alternate Manufacturer",
    "Alternate Part Number",
    "Description",
    "Fitted",
    "Sourcing Risk",
)


@dataclass(frozen=True)
class Line:
    """Parts that are bought as one. ``refs`` are those that the variant fits; ``left_out`` those that it does not."""

    stock: Stock
    refs: tuple[str, ...]
    left_out: tuple[str, ...]
    value: str
    footprint: str

    @property
    def cost_cny(self) -> float:
        return len(self.refs) * self.stock.cost_cny


def natural(ref: str) -> tuple[str, int, str]:
    """``R2`` before ``R10``."""
    found = re.fullmatch(r"([A-Za-z_]+)(\d+)(.*)", ref)
    return (found[1], int(found[2]), found[3]) if found else (ref, 0, "")


def is_bought(part: Part) -> bool:
    """Holes, test points and fiducials are on the board and on no order."""
    library, _, name = part.footprint.partition(":")
    return not any(word in library or name.startswith(word) for word in _NOT_BOUGHT)


def check(parts: Iterable[Part], stock: dict[str, Stock]) -> None:
    """Whether each part can be bought as what it is drawn as. Raises HardwareError with a sentence each."""
    parts = list(parts)
    wrong = [f"two parts are called {ref}" for ref, times in Counter(part.ref for part in parts).items() if times > 1]
    used: dict[str, Part] = {}
    for part in parts:
        if not part.stock:
            if is_bought(part):
                wrong.append(f"{part.ref} ({part.value}) has no part number: give it a stock key of bom/parts.toml")
            continue
        if part.stock not in stock:
            wrong.append(f"{part.ref} ({part.value}) is bought as {part.stock!r}, which bom/parts.toml does not have")
            continue
        first = used.setdefault(part.stock, part)
        if first.footprint != part.footprint:
            wrong.append(
                f"{first.ref} and {part.ref} are both {part.stock!r} and lie on {first.footprint} and {part.footprint}"
            )
        wrong += _contradictions(part, stock[part.stock])
    options = {part.option for part in parts if part.option}
    known = frozenset().union(*VARIANTS.values())
    wrong += [f"no variant has the option {option!r}" for option in sorted(options - known)]
    wrong += [f"bom/parts.toml: nothing of the circuit is a {key!r}" for key in stock if key not in used]
    if wrong:
        raise HardwareError("; ".join(wrong))


def _contradictions(part: Part, stock: Stock) -> list[str]:
    """What a part number says of value and size, where it says it, against the drawing."""
    if not _PASSIVE.match(part.ref):
        return []
    drawn = value.written(part.value)
    size = _SIZE.search(part.footprint)
    wrong = []
    for maker in (stock.first, *stock.alternates):
        says = value.said(maker.mpn)
        if says is None:
            continue
        if drawn is None or not value.same(drawn, says.value):
            wrong.append(f"{part.ref} is drawn as {part.value}, and {maker.mpn} of {stock.key!r} is something else")
        if says.size and size and says.size != size[1]:
            wrong.append(f"{part.ref} lies on a {size[1]}, and {maker.mpn} of {stock.key!r} is a {says.size}")
    return wrong


def lines(parts: Iterable[Part], stock: dict[str, Stock], variant: str) -> tuple[Line, ...]:
    """The lines of a variant in the order of their first part; those it leaves out wholly come last."""
    options = VARIANTS[variant]
    grouped: dict[str, list[Part]] = {}
    for part in sorted(parts, key=lambda part: natural(part.ref)):
        if part.stock:
            grouped.setdefault(part.stock, []).append(part)
    made = []
    for key, members in grouped.items():
        fitted = [part for part in members if not part.option or part.option in options]
        values = Counter(part.value for part in members)
        made.append(
            Line(
                stock=stock[key],
                refs=tuple(part.ref for part in fitted),
                left_out=tuple(part.ref for part in members if part not in fitted),
                value=members[0].value if len(values) == 1 else stock[key].description,
                footprint=members[0].footprint.partition(":")[2] or members[0].footprint,
            )
        )
    return tuple(sorted(made, key=lambda line: (not line.refs, natural((line.refs or line.left_out)[0]))))


def as_csv(made: Iterable[Line]) -> str:
    """For an assembler: fitted lines first, then what stays empty, marked DNP and with quantity 0."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    rows = [(line, line.refs, True) for line in made if line.refs]
    rows += [(line, line.left_out, False) for line in made if line.left_out]
    for item, (line, refs, fitted) in enumerate(rows, 1):
        writer.writerow(_row(item, line, refs, fitted))
    return out.getvalue()


def _row(item: int, line: Line, refs: tuple[str, ...], fitted: bool) -> tuple[str | int, ...]:
    stock = line.stock
    alternate = stock.alternates[0] if stock.alternates else Maker("none", stock.alone)
    return (
        item,
        ",".join(refs),
        len(refs) if fitted else 0,
        line.value,
        line.footprint,
        stock.first.manufacturer,
        stock.first.mpn,
        alternate.manufacturer,
        alternate.mpn,
        stock.description,
        "yes" if fitted else "DNP",
        stock.risk,
    )


def total(made: Iterable[Line]) -> float:
    """CNY of the fitted parts, indicative."""
    return round(sum(line.cost_cny for line in made), 2)


def as_json(by_variant: dict[str, tuple[Line, ...]], mechanical: dict[str, Stock]) -> str:
    """Everything of every variant, for programs."""
    document = {
        "currency": "CNY",
        "note": "Costs are indicative, for one of a hundred sets, and no quotation.",
        "variants": {
            name: {
                "options": sorted(VARIANTS[name]),
                "parts": sum(len(line.refs) for line in made),
                "lines": [_object(line) for line in made],
                "board_cny": total(made),
                "device_cny": round(total(made) + mechanical_total(mechanical), 2),
            }
            for name, made in by_variant.items()
        },
        "mechanical": [
            {**_bought(stock), "quantity": stock.quantity, "cost_cny": round(stock.quantity * stock.cost_cny, 3)}
            for stock in mechanical.values()
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def mechanical_total(mechanical: dict[str, Stock]) -> float:
    return round(sum(stock.quantity * stock.cost_cny for stock in mechanical.values()), 2)


def _object(line: Line) -> dict[str, object]:
    return {
        **_bought(line.stock),
        "refs": list(line.refs),
        "dnp": list(line.left_out),
        "quantity": len(line.refs),
        "value": line.value,
        "footprint": line.footprint,
        "cost_cny": round(line.cost_cny, 3),
    }


def _bought(stock: Stock) -> dict[str, object]:
    return {
        "key": stock.key,
        "manufacturer": stock.first.manufacturer,
        "mpn": stock.first.mpn,
        "alternates": [[maker.manufacturer, maker.mpn] for maker in stock.alternates],
        "alone": stock.alone,
        "description": stock.description,
        "package": stock.package,
        "unit_cny": stock.cost_cny,
        "height_mm": stock.height_mm,
        "risk": stock.risk,
        "note": stock.note,
    }


def as_markdown(by_variant: dict[str, tuple[Line, ...]], mechanical: dict[str, Stock]) -> str:
    """For people: what each variant costs, the lines with what a variant leaves out, and what has to be looked at."""
    full = by_variant["ethernet-secure-element"]
    extra = mechanical_total(mechanical)
    text = ["# Bill of materials", "", "Costs in CNY, indicative, for one of a hundred sets; no quotation.", ""]
    text += ["| variant | lines | parts | board | with mechanics |", "| --- | ---: | ---: | ---: | ---: |"]
    for name, made in by_variant.items():
        fitted = [line for line in made if line.refs]
        parts = sum(len(line.refs) for line in fitted)
        cost = total(made)
        text.append(f"| `{name}` | {len(fitted)} | {parts} | {cost:.2f} | {cost + extra:.2f} |")
    text += ["", "The printed circuit board itself, assembly, printing and postage are not in it.", "", "## Board", ""]
    text += [
        "| refs | qty | value | footprint | first choice | alternate | CNY | only in | risk |",
        "| --- | ---: | --- | --- | --- | --- | ---: | --- | --- |",
    ]
    for line in full:
        stock = line.stock
        text.append(
            f"| {_ranges(line.refs)} | {len(line.refs)} | {line.value} | {line.footprint} | {stock.first} | "
            f"{_others(stock)} | {line.cost_cny:.2f} | {_only_in(line, by_variant)} | {stock.risk} |"
        )
    text += ["", "## Mechanics", "", "| what | qty | first choice | alternate | CNY | risk |"]
    text += ["| --- | ---: | --- | --- | ---: | --- |"]
    for stock in mechanical.values():
        text.append(
            f"| {stock.description} | {stock.quantity:g} | {stock.first} | {_others(stock)} | "
            f"{stock.quantity * stock.cost_cny:.2f} | {stock.risk} |"
        )
    text += ["", "## To look at before ordering", ""]
    for stock in (*(line.stock for line in full), *mechanical.values()):
        if stock.note:
            text.append(f"- **{stock.first.mpn}** ({stock.description}): {stock.note}")
    return "\n".join(text) + "\n"


def _others(stock: Stock) -> str:
    return "<br>".join(map(str, stock.alternates)) or f"none: {stock.alone}"


def _only_in(line: Line, by_variant: dict[str, tuple[Line, ...]]) -> str:
    """The options that a line's parts wait for; nothing where every variant has them all."""
    names = []
    for option in sorted(frozenset().union(*VARIANTS.values())):
        with_it = next(name for name, options in VARIANTS.items() if options == frozenset({option}))
        here = {ref for other in by_variant[with_it] if other.stock.key == line.stock.key for ref in other.refs}
        plain = {ref for other in by_variant["wifi"] if other.stock.key == line.stock.key for ref in other.refs}
        added = here - plain
        if added:
            names.append(option if not plain else f"{_ranges(tuple(sorted(added, key=natural)))}: {option}")
    return "; ".join(names)


def _ranges(refs: tuple[str, ...]) -> str:
    """``R1–R3 R7``: three and more in a row are written as a range."""
    runs: list[list[str]] = []
    for ref in refs:
        if runs and natural(ref)[0] == natural(runs[-1][-1])[0] and natural(ref)[1] == natural(runs[-1][-1])[1] + 1:
            runs[-1].append(ref)
        else:
            runs.append([ref])
    return " ".join(f"{run[0]}–{run[-1]}" if len(run) > 2 else " ".join(run) for run in runs)
