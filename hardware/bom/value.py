"""The value that a part number says: resistors, capacitors and inductors whose makers write it into the number.

A line with 4.7 kΩ in the schematic and 47 kΩ in its part number is built wrong without any program noticing; so both
are read and compared. A number of another maker says nothing here, and is not judged.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Said:
    """``value`` in Ω, F or H; ``size`` as in a footprint's name (``0603``), ``""`` where the number does not say."""

    value: float
    size: str = ""


_PREFIX = {"p": 1e-12, "n": 1e-9, "u": 1e-6, "µ": 1e-6, "m": 1e-3, "": 1.0, "r": 1.0, "k": 1e3, "meg": 1e6}
_SAMSUNG = {"05": "0402", "10": "0603", "21": "0805", "31": "1206", "32": "1210"}
_MURATA = {"15": "0402", "18": "0603", "21": "0805", "31": "1206", "32": "1210"}


def written(text: str) -> float | None:
    """``5.1k``, ``330R``, ``4.7uH``, ``10uF/25V``, ``0R`` in Ω, F or H; None for anything else."""
    found = re.match(r"\s*(\d+(?:\.\d+)?)\s*(meg|[pnuµmkrM]?)\s*(?:[FHΩ]|ohm)?(?![A-Za-z0-9])", text, re.IGNORECASE)
    if not found:
        return None
    number, prefix = found.groups()
    return float(number) * (1e6 if prefix == "M" else _PREFIX[prefix.lower()])


def said(mpn: str) -> Said | None:
    """What a part number says of itself, or None where its maker's way of writing is not known here."""
    for pattern, read in _READERS:
        found = re.fullmatch(pattern, mpn)
        if found:
            return read(*found.groups())
    return None


def same(one: float, other: float) -> bool:
    """Equal within what a code of three figures can say."""
    return abs(one - other) <= 0.006 * max(abs(one), abs(other))


def _coded(code: str, unit: float) -> float:
    """``104`` → 10·10⁴, ``1R5`` → 1.5, ``4R7`` → 4.7, in the maker's unit."""
    if "R" in code:
        return float(code.replace("R", ".")) * unit
    return int(code[:-1]) * 10 ** int(code[-1]) * unit


def _yageo_resistor(size: str, code: str) -> Said:
    for letter, factor in (("R", 1.0), ("K", 1e3), ("M", 1e6)):
        if letter in code:
            return Said(float(code.replace(letter, ".").rstrip(".")) * factor, size)
    return Said(float(code), size)


def _uniroyal_resistor(size: str, digits: str, last: str) -> Said:
    return Said(int(digits) * ({"J": 0.1, "K": 0.01}.get(last) or 10.0 ** int(last)), size)


_READERS = (
    (r"RC(0402|0603|0805|1206)[FJ]R-\d{2}([\dRKM]+)L", _yageo_resistor),
    (r"(0402|0603|0805|1206)W[A-Z\d][FJ](\d{3})([\dJK])T5E", _uniroyal_resistor),
    (
        r"CC(0402|0603|0805|1206|1210)[A-Z]{2}(?:X7R|X5R|NPO)[\dA-Z]B[BN](\w{3})",
        lambda size, code: Said(_coded(code, 1e-12), size),
    ),
    (
        r"CL(05|10|21|31|32)[A-Z](\w{3})[A-Z]{2}\w[A-Z]{3,4}",
        lambda size, code: Said(_coded(code, 1e-12), _SAMSUNG[size]),
    ),
    (r"GRM(15|18|21|31|32)\w{5}(\w{3})[A-Z]\w{3}[A-Z]", lambda size, code: Said(_coded(code, 1e-12), _MURATA[size])),
    (r"NR\d{4}T([\dR]{3})[MN]", lambda code: Said(_coded(code, 1e-6))),
    (r"SW[PR]A\w{4}S([\dR]{3})[MN]T", lambda c: Said(_coded(c, 1e-6))),
)
