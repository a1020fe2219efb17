"""The kinds of faults as one list: what each is called, how much of it makes the whole, how to run it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Protocol

from simulator.crash import amnesia, cuts, kills, replies, space
from simulator.crash.oracle import Violation

Progress = Callable[[int], None]


class Tally(Protocol):
    """What every kind comes to."""

    violations: list[Violation]

    @property
    def ok(self) -> bool: ...


@dataclass(frozen=True)
class Kind:
    """``whole``: the amount that DESIGN §8 asks for; ``run(amount, seed, progress)`` tells how far it is."""

    title: str
    whole: int
    run: Callable[[int, int, Progress], Tally]


KINDS: Mapping[str, Kind] = {
    "kills": Kind("kill -9", 1000, kills.gateway),
    "cuts": Kind("断电", 500, cuts.gateway),
    "space": Kind("磁盘写满与读写错误", space.EPISODES, space.gateway),
    "amnesia": Kind("消息代理失忆", amnesia.EPISODES, amnesia.gateway),
    "replies": Kind("中心的应答丢失、重复、迟到", replies.RATINGS, replies.gateway),
}


def figures(tally: Tally) -> dict[str, Any]:
    """A tally as JSON values."""
    found: dict[str, Any] = {field.name: getattr(tally, field.name) for field in fields(tally)}  # type: ignore[arg-type]
    found["violations"] = [str(violation) for violation in tally.violations]
    found["ok"] = tally.ok
    if isinstance(tally, kills.Tally):
        found["acked_per_s"] = round(tally.rate)
        found["birth_max_s"] = round(max(found.pop("births_s"), default=0.0), 2)
    return found
