"""A TOML file of measures, read into frozen dataclasses: one dataclass per table, one field per entry."""

import tomllib
from dataclasses import fields
from typing import Any, TypeVar, get_args, get_origin

from hardware.part import HardwareError

Kind = TypeVar("Kind")


def parse(text: str, kind: type[Kind], file: str) -> Kind:
    """``kind`` has a dataclass per table. Raises HardwareError, naming each entry that is missing, unknown or not a
    measure."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise HardwareError(f"{file}: not TOML: {error}") from error
    wrong: list[str] = []
    found: dict[str, Any] = {}
    kinds = {field.name: field.type for field in fields(kind)}  # type: ignore[arg-type]
    wrong += [f"[{name}] is unknown" for name in tables.keys() - kinds.keys()]
    for name, table_kind in kinds.items():
        table = dict(tables.get(name, {}))
        values = {}
        for field in fields(table_kind):  # type: ignore[arg-type]
            if field.name not in table:
                wrong.append(f"[{name}] {field.name} is missing")
                continue
            try:
                values[field.name] = _measure(table.pop(field.name), field.type)
            except (TypeError, ValueError):
                wrong.append(f"[{name}] {field.name}: expected {_words(field.type)} in mm")
        wrong += [f"[{name}] {unknown} is unknown" for unknown in table]
        if len(values) == len(fields(table_kind)):  # type: ignore[arg-type]
            found[name] = table_kind(**values)  # type: ignore[operator]
    if wrong:
        raise HardwareError(f"{file}: " + "; ".join(sorted(wrong)))
    return kind(**found)


def _measure(value: Any, kind: Any) -> Any:
    if get_origin(kind) is not tuple:
        if isinstance(value, bool):
            raise TypeError
        return float(value)
    inner = get_args(kind)
    if inner[-1] is Ellipsis:
        return tuple(_measure(item, inner[0]) for item in value)
    if len(value) != len(inner):
        raise ValueError
    return tuple(_measure(item, one) for item, one in zip(value, inner, strict=True))


def _words(kind: Any) -> str:
    if get_origin(kind) is not tuple:
        return "a number"
    numbers = {2: "two", 3: "three"}
    return "a list" if get_args(kind)[-1] is Ellipsis else f"{numbers[len(get_args(kind))]} numbers"
