"""The board put together from its sources: what the build writes, the router solves and the checks look at."""

from dataclasses import dataclass
from functools import cache, cached_property

from hardware import dimensions, library
from hardware.board import by_hand, joined, problem, routes, rules
from hardware.board.geometry import Polygon, circle
from hardware.board.layout import Layout, lay
from hardware.board.placement import places
from hardware.board.track import Copper
from hardware.circuit.netlist import circuit, pin_nets
from hardware.part import HardwareError, Part
from hardware.schematic.project import open_name


@dataclass(frozen=True)
class Assembled:
    """The board without its routes."""

    dimensions: dimensions.Dimensions
    layout: Layout

    @property
    def size(self) -> tuple[float, float]:
        return self.dimensions.board.width, self.dimensions.board.height

    @cached_property
    def by_hand(self) -> Copper:
        return by_hand.copper(self.layout, self.size)

    @cached_property
    def no_copper(self) -> tuple[Polygon, ...]:
        """Where the bosses of the face stand on the board."""
        board = self.dimensions.board
        return tuple(circle(hole, board.hole_keep_radius) for hole in board.holes)

    @cached_property
    def problem(self) -> str:
        return problem.write(self.size, self.layout, self.by_hand, self.no_copper, rules.WIDTH_OF)

    def routed(self, text: str) -> Copper:
        """All copper, by hand and from ``routes.txt``. Raises HardwareError if that file solves another problem, leaves
        a net in pieces, or was changed by hand."""
        made, solves, changed = routes.read(text)
        copper = self.by_hand + made
        wrong = joined.complaints(self.layout.nets, self.layout.pads, copper)
        if solves != problem.digest(self.problem):
            news = _first([*self._gone(made), *wrong])
            raise HardwareError(
                f"netlist, placement or KiCad's footprints (routed with those of {routes.KICAD}) changed since the"
                f" board was routed: {news}{routes.AGAIN}"
            )
        if wrong:
            raise HardwareError(f"routes.txt: {_first(wrong)}{routes.AGAIN}")
        if changed:
            raise HardwareError(changed)
        return copper

    def _gone(self, made: Copper) -> list[str]:
        """Which nets the routes know and the circuit does not."""
        known = {track.net for track in made.tracks} | {via.net for via in made.vias}
        return [f"no net is called {net} any more" for net in sorted(known - set(self.layout.nets))]


def _first(wrong: list[str]) -> str:
    """The first complaints, and how many more there are."""
    more = [f"and {len(wrong) - 3} more"] if len(wrong) > 3 else []
    return "".join(f"{one}; " for one in [*wrong[:3], *more])


@cache
def assemble() -> Assembled:
    """From this tree. Raises HardwareError, ToolMissing if KiCad's footprints are not installed."""
    parts = circuit().parts
    nets = {ref: pad_nets(part) for ref, part in parts.items()}
    measures = dimensions.read()
    return Assembled(measures, lay(parts.values(), nets, places(measures)))


def pad_nets(part: Part) -> dict[str, str]:
    """Pad number → net; a pin that stays open has the net that KiCad gives it. Raises HardwareError for a pin on a net
    whose footprint has no such pad."""
    pads = {pad.number for pad in library.pads(part.footprint)}
    out = {}
    for number, net in pin_nets(part).items():
        if number in pads:
            out[number] = net or open_name(part.symbol, part.ref, number)
        elif net:
            raise HardwareError(f"{part.ref}: pin {number} is on {net}, but {part.footprint} has no pad {number}")
    return out
