"""Circuit and placement put together: which pad of which net lies where."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from hardware import library
from hardware.board import copper
from hardware.board.copper import Pad
from hardware.board.geometry import Place, Point, Polygon
from hardware.part import HardwareError, Part


@dataclass(frozen=True)
class Laid:
    """One part on the board. ``nets`` is pad number → net."""

    part: Part
    place: Place
    nets: Mapping[str, str]

    @cached_property
    def pads(self) -> tuple[Pad, ...]:
        return tuple(copper.pads(self.part.ref, library.footprint(self.part.footprint), self.place, self.nets))

    @cached_property
    def keepouts(self) -> tuple[Polygon, ...]:
        return tuple(copper.keepouts(library.footprint(self.part.footprint), self.place))

    @cached_property
    def courtyard(self) -> tuple[Point, ...]:
        return tuple(copper.courtyard(library.footprint(self.part.footprint), self.place))


@dataclass(frozen=True)
class Layout:
    """All parts, sorted by reference."""

    parts: tuple[Laid, ...]

    @cached_property
    def pads(self) -> tuple[Pad, ...]:
        return tuple(pad for laid in self.parts for pad in laid.pads)

    @cached_property
    def nets(self) -> tuple[str, ...]:
        return tuple(sorted({pad.net for pad in self.pads if pad.net}))

    @cached_property
    def _by_ref(self) -> dict[str, Laid]:
        return {laid.part.ref: laid for laid in self.parts}

    def part(self, ref: str) -> Laid:
        """Raises HardwareError."""
        if ref not in self._by_ref:
            raise HardwareError(f"{ref}: the circuit has no such part")
        return self._by_ref[ref]

    def pad(self, name: str) -> Pad:
        """By ``ref.number``. Raises HardwareError."""
        ref, _, number = name.partition(".")
        for pad in self.part(ref).pads:
            if pad.number == number:
                return pad
        raise HardwareError(f"{name}: {ref} has no such pad")


def lay(parts: Iterable[Part], nets: Mapping[str, Mapping[str, str]], places: Mapping[str, Place]) -> Layout:
    """``nets`` is reference → pad number → net. Raises HardwareError, naming each part without a place and each place
    without a part."""
    found = sorted(parts, key=lambda part: part.ref)
    refs = {part.ref for part in found}
    wrong = [
        f"{part.ref} ({part.value}) has no place; add it to placement.py" for part in found if part.ref not in places
    ]
    wrong += [f"{ref} has a place, but the circuit has no such part" for ref in places if ref not in refs]
    if wrong:
        raise HardwareError("placement: " + "; ".join(wrong))
    return Layout(tuple(Laid(part, places[part.ref], nets.get(part.ref, {})) for part in found))
