"""``budget.toml``: what each part draws and in which state it does so, read once and checked. mA, V, W, Ω, µF."""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_args, get_origin

from hardware.part import HardwareError
from hcp import pinout
from hcp.pinout import Limits

SOURCE = Path(__file__).resolve().parent / "budget.toml"
RAILS = ("+5V", "+3V3")

Span = tuple[float, float]  #: typical and worst


@dataclass(frozen=True)
class Supply:
    """``limit_ma``, ``least_v`` and ``highest_v`` are the pin map's limits."""

    limit_ma: float
    least_v: float
    highest_v: float
    typical_v: float
    free_uf: float
    free_uc: float
    works_v: float
    specified_v: float


@dataclass(frozen=True)
class Fuse:
    ref: str
    hold_ma: float
    hold_hot_ma: float
    ohm: float


@dataclass(frozen=True)
class Switch:
    ref: str
    limit_ma: float
    ohm: float
    rise_ms: float


@dataclass(frozen=True)
class Buck:
    ref: str
    inductor: str
    volts: float
    hertz: float
    efficiency: Span
    rated_ma: float
    saturation_ma: float
    inductor_tolerance: float
    ambient_c: float
    theta_c_w: float
    junction_c: float


@dataclass(frozen=True)
class Cell:
    ref: str
    mah: float
    self_discharge: float
    off_ua: Span
    on_ua: float
    hours_on: Span


@dataclass(frozen=True)
class Lights:
    zh: str
    en: str
    rail: str
    refs: tuple[str, ...]
    dark_ma: Span
    full_ma: Span


@dataclass(frozen=True)
class Voice:
    zh: str
    en: str
    rail: str
    refs: tuple[str, ...]
    gain_pin: str
    ohm: float
    rated_w: float
    full_scale_dbv: float
    efficiency: Span
    idle_ma: Span
    sleep_ma: float


@dataclass(frozen=True)
class Mode:
    typical: float
    worst: float
    source: str


@dataclass(frozen=True)
class Consumer:
    """``refs`` are the parts that it stands for; its modes exclude each other."""

    key: str
    zh: str
    en: str
    rail: str
    refs: tuple[str, ...]
    modes: dict[str, Mode]


@dataclass(frozen=True)
class State:
    """``uses``: consumer → mode → the share of a second it is in it. ``lit``: stars alight, typical and worst."""

    key: str
    zh: str
    en: str
    variant: str
    lit: Span
    voice: Span
    uses: dict[str, dict[str, Span]]


@dataclass(frozen=True)
class Budget:
    supply: Supply
    fuse: Fuse
    switch: Switch
    buck: Buck
    cell: Cell
    lights: Lights
    voice: Voice
    uncounted: dict[str, str]
    consumers: dict[str, Consumer]
    states: dict[str, State]


def parse(text: str, limits: Limits) -> Budget:
    """Raises HardwareError, naming each entry that is missing, unknown or does not add up."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise HardwareError(f"budget.toml: not TOML: {error}") from error
    wrong: list[str] = []
    _fill(tables, limits, wrong)
    single = {
        name: _record(kind, tables.pop(name, {}), f"[{name}]", wrong)
        for name, kind in {field.name: field.type for field in fields(Budget)}.items()
        if isinstance(kind, type)
    }
    uncounted = {ref: str(why) for ref, why in tables.pop("uncounted", {}).items()}
    consumers = {key: _consumer(key, table, wrong) for key, table in tables.pop("consumers", {}).items()}
    states = {
        key: _record(State, {"key": key, **table}, f"[states.{key}]", wrong)
        for key, table in tables.pop("states", {}).items()
    }
    wrong += [f"[{name}] is unknown" for name in tables]
    if not wrong:
        wrong += [word for state in states.values() for word in _sums(state, consumers)]
        wrong += [
            f"[consumers.{key}] is in no state" for key in consumers if not any(key in s.uses for s in states.values())
        ]
        rails = {f"[consumers.{key}]": one.rail for key, one in consumers.items()}
        wrong += [
            f"{where}: {rail} is none of {', '.join(RAILS)}" for where, rail in rails.items() if rail not in RAILS
        ]
    if wrong:
        raise HardwareError("budget.toml: " + "; ".join(wrong))
    return Budget(**single, uncounted=uncounted, consumers=consumers, states=states)


def read() -> Budget:
    """The budget of this tree."""
    return parse(SOURCE.read_text(encoding="utf-8"), pinout.read().limits)


def _fill(tables: dict[str, Any], limits: Limits, wrong: list[str]) -> None:
    """What the pin map says already is not said again here."""
    given: dict[str, dict[str, Any]] = {
        "supply": {"limit_ma": limits.usb_ma, "least_v": limits.usb_min_v, "highest_v": limits.usb_max_v},
        "voice": {"ohm": limits.speaker_ohm},
    }
    for name, values in given.items():
        wrong += [f"[{name}] {key} stands in pinout.toml" for key in values if key in tables.get(name, {})]
        tables[name] = {**tables.get(name, {}), **values}
    if isinstance(tables.get("lights", {}).get("full_ma"), int | float):
        tables["lights"]["full_ma"] = [tables["lights"]["full_ma"], limits.star_full_ma]


def _consumer(key: str, table: dict[str, Any], wrong: list[str]) -> Any:
    where = f"[consumers.{key}]"
    modes = {
        name: _record(Mode, mode, f"{where} modes.{name}", wrong) for name, mode in dict(table.get("modes", {})).items()
    }
    for name, mode in modes.items():
        if isinstance(mode, Mode) and not 0 <= mode.typical <= mode.worst:
            wrong.append(f"{where} modes.{name}: typical {mode.typical} mA is more than the worst, {mode.worst} mA")
        if isinstance(mode, Mode) and not mode.source:
            wrong.append(f"{where} modes.{name} says no source; write 'assumed' if there is none")
    return _record(Consumer, {**table, "key": key, "modes": modes}, where, wrong)


def _sums(state: State, consumers: dict[str, Consumer]) -> list[str]:
    wrong = []
    for key, modes in state.uses.items():
        where = f"[states.{state.key}] {key}"
        if key not in consumers:
            wrong.append(f"{where} is no consumer")
            continue
        wrong += [f"{where}.{mode} is no mode of it" for mode in modes if mode not in consumers[key].modes]
        for which, at in (("typical", 0), ("worst", 1)):
            share = sum(span[at] for span in modes.values())
            if not 0 <= share <= 1.0001:
                wrong.append(f"{where}: its modes take {share:g} of a second ({which})")
    return wrong


def _record(kind: Any, table: Any, where: str, wrong: list[str]) -> Any:
    """A dataclass from a table; what does not fit is written down and None returned."""
    table = dict(table) if isinstance(table, dict) else {}
    values = {}
    for field in fields(kind):
        if field.name not in table:
            wrong.append(f"{where} {field.name} is missing")
            continue
        try:
            values[field.name] = _value(table.pop(field.name), field.type)
        except (TypeError, ValueError):
            wrong.append(f"{where} {field.name} is not what is expected there")
    wrong += [f"{where} {name} is unknown" for name in table]
    return kind(**values) if len(values) == len(fields(kind)) else None


def _value(value: Any, kind: Any) -> Any:
    if kind is str:
        if not isinstance(value, str):
            raise TypeError
        return value
    if kind is float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError
        return float(value)
    inner = get_args(kind)
    if get_origin(kind) is tuple and inner[-1] is Ellipsis:
        return tuple(_value(item, inner[0]) for item in value)
    if get_origin(kind) is tuple:
        if len(value) != len(inner):
            raise ValueError
        return tuple(_value(item, one) for item, one in zip(value, inner, strict=True))
    if get_origin(kind) is dict:
        return {key: item if isinstance(item, Mode) else _value(item, inner[1]) for key, item in value.items()}
    raise TypeError
