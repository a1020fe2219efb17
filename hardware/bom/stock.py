"""``parts.toml``: what each stock key is bought as. Read once and checked; a part of the circuit only names its key."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardware.part import HardwareError

SOURCE = Path(__file__).resolve().parent / "parts.toml"
MECHANICAL = Path(__file__).resolve().parent / "mechanical.toml"

#: Standard parts: ``any``, or ``any, ISO 7380-1``.
_ANY = re.compile(r"any\b")
_WORDS = ("manufacturer", "mpn", "description", "package", "note", "alone")


@dataclass(frozen=True)
class Maker:
    """A number to order by: who makes it, and what they call it."""

    manufacturer: str
    mpn: str

    def __str__(self) -> str:
        return f"{self.manufacturer} {self.mpn}"


@dataclass(frozen=True)
class Stock:
    """One thing to buy. ``cost_cny`` is indicative, for one of a hundred sets; ``height_mm`` above the board.

    ``verified`` is False while nobody has held the number against a data sheet or a distributor's page; ``note`` then
    says what to look for. ``alone`` is why there is no alternate. ``quantity`` is per device and only for
    mechanical lines.
    """

    key: str
    first: Maker
    alternates: tuple[Maker, ...]
    description: str
    package: str
    cost_cny: float
    height_mm: float
    note: str
    alone: str = ""
    verified: bool = True
    quantity: float = 1

    @property
    def risk(self) -> str:
        """What may go wrong when buying: ``single source``, ``to be verified``, both, or nothing."""
        makers = {maker.manufacturer for maker in (self.first, *self.alternates)}
        risks = ["single source"] if len(makers) == 1 and not _ANY.match(self.first.manufacturer) else []
        return ", ".join(risks + ([] if self.verified else ["to be verified"]))


def parse(text: str, file: str = SOURCE.name) -> dict[str, Stock]:
    """Every line of a file of parts, by its key. Raises HardwareError, naming each line that is not complete."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise HardwareError(f"{file}: not TOML: {error}") from error
    wrong: list[str] = []
    found = {key: _stock(key, table, wrong) for key, table in tables.items()}
    wrong += _doubled(found.values())
    if wrong:
        raise HardwareError(f"{file}: " + "; ".join(wrong))
    return found


def read(path: Path = SOURCE) -> dict[str, Stock]:
    """The lines of this tree."""
    return parse(path.read_text(encoding="utf-8"), path.name)


def _stock(key: str, table: Any, wrong: list[str]) -> Stock:
    table = dict(table) if isinstance(table, dict) else {}
    words = {name: table.pop(name, "") for name in _WORDS}
    for name in ("manufacturer", "mpn", "description", "package"):
        if not isinstance(words[name], str) or not words[name].strip():
            wrong.append(f"{key} has no {_SPOKEN.get(name, name)}")
    alternates = _alternates(key, table.pop("alternates", []), wrong)
    first = Maker(str(words["manufacturer"]), str(words["mpn"]))
    if not alternates and not words["alone"]:
        wrong.append(f"{key} ({first.mpn}) has no alternate; name one, or say in 'alone' why there is none")
    if alternates and words["alone"]:
        wrong.append(f"{key} ({first.mpn}) has an alternate, and 'alone' says why it has none")
    seen = {_bare(first.mpn)}
    for other in alternates:
        if first == other or (_bare(other.mpn) in seen and other.manufacturer == first.manufacturer):
            wrong.append(f"{key}: the alternate {other.mpn} is the first choice again")
    if not words["note"] and table.get("verified") is False:
        wrong.append(f"{key} is not verified, and its note does not say what to check")
    stock = Stock(
        key=key,
        first=first,
        alternates=alternates,
        description=str(words["description"]),
        package=str(words["package"]),
        note=str(words["note"]),
        alone=str(words["alone"]),
        cost_cny=_number(key, "cost_cny", table, wrong, above=0),
        height_mm=_number(key, "height_mm", table, wrong),
        verified=table.pop("verified", True) is True,
        quantity=_number(key, "quantity", table, wrong, above=0) if "quantity" in table else 1,
    )
    wrong += [f"{key}: {unknown} is unknown" for unknown in table]
    return stock


_SPOKEN = {"mpn": "part number", "cost_cny": "cost", "height_mm": "height"}


def _alternates(key: str, entries: Any, wrong: list[str]) -> tuple[Maker, ...]:
    makers = []
    for entry in entries if isinstance(entries, list) else []:
        if not (isinstance(entry, list) and len(entry) == 2 and all(isinstance(w, str) and w.strip() for w in entry)):
            wrong.append(f"{key}: an alternate is [manufacturer, part number], and this is {entry!r}")
            continue
        makers.append(Maker(*entry))
    return tuple(makers)


def _number(key: str, name: str, table: dict[str, Any], wrong: list[str], above: float | None = None) -> float:
    value = table.pop(name, None)
    if isinstance(value, bool) or not isinstance(value, int | float):
        wrong.append(f"{key} has no {_SPOKEN.get(name, name)}")
        return 0.0
    if value < 0 or (above is not None and value <= above):
        wrong.append(f"{key}: {name} is {value}")
    return float(value)


def _doubled(lines: Iterable[Stock]) -> list[str]:
    keys: dict[str, str] = {}
    wrong = []
    for stock in lines:
        number = _bare(stock.first.mpn)
        if number and number in keys:
            wrong.append(f"{keys[number]} and {stock.key} are both {stock.first.mpn}: one part, one line")
        keys.setdefault(number, stock.key)
    return wrong


def _bare(mpn: str) -> str:
    return "".join(mpn.upper().split())
