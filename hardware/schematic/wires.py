"""Wires of one sheet: a maze router on KiCad's grid that knows what a draughtsman knows.

A wire leaves a pin the way the pin points, turns seldom, crosses others only at a right angle and never where they
turn, end or branch, makes no junction of four, and goes round bodies and texts.
"""

import heapq
from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from hardware.schematic.geometry import DOWN, LEFT, RIGHT, UP, Box, Cell, End

_DIRECTIONS = (RIGHT, UP, LEFT, DOWN)
_TURN, _CROSS, _NEAR = 4, 6, 1  # in steps of the grid

#: From one cell to the next, both ways round the same.
Edge = tuple[Cell, Cell]


@dataclass
class Wires:
    """``blocked``: cells that no wire enters. ``taken``: cells that belong to one net's pin or label. ``edges``: what
    is drawn, and for which net."""

    width: int
    height: int
    blocked: set[Cell] = field(default_factory=set)
    near: set[Cell] = field(default_factory=set)
    taken: dict[Cell, str] = field(default_factory=dict)
    edges: dict[Edge, str] = field(default_factory=dict)

    def block(self, box: Box) -> None:
        self.blocked |= box.cells()
        self.near |= box.grown(1.3).cells()

    def lay(self, net: str, path: Iterable[Cell]) -> None:
        """Draw a path from cell to neighbouring cell."""
        cells = list(path)
        for a, b in zip(cells, cells[1:], strict=False):
            self.edges[_edge(a, b)] = net

    def straight(self, net: str, start: Cell, way: Cell, steps: int) -> Cell:
        """Draw so many steps from a cell; where it ends."""
        cells = [(start[0] + way[0] * step, start[1] + way[1] * step) for step in range(steps + 1)]
        self.lay(net, cells)
        return cells[-1]

    def at(self, here: Cell) -> dict[Cell, str]:
        """The ways that wires leave a cell, and their nets."""
        around = {}
        for way in _DIRECTIONS:
            net = self.edges.get(_edge(here, (here[0] + way[0], here[1] + way[1])))
            if net is not None:
                around[way] = net
        return around

    def free(self, net: str, here: Cell) -> bool:
        """Whether a wire of the net may end or turn at a cell."""
        owner = self.taken.get(here, net)
        return here not in self.blocked and owner == net and all(other == net for other in self.at(here).values())

    def crowds(self, net: str, path: list[Cell], pins: Container[Cell]) -> bool:
        """Whether with this path four wires and pins of the net would meet at a cell, which reads as a crossing."""
        new = {_edge(a, b) for a, b in zip(path, path[1:], strict=False)}
        for here in path:
            around = {_edge(here, (here[0] + way[0], here[1] + way[1])) for way in _DIRECTIONS}
            ways = sum(edge in new or self.edges.get(edge) == net for edge in around)
            if ways + (here in pins) > 3:
                return True
        return False

    def route(self, net: str, start: End, goals: set[Cell], ways: dict[Cell, Cell], longest: int) -> list[Cell] | None:
        """The best path from a pin to one of ``goals``. ``ways``: goals that are pins, and the way they point out.

        None if there is none of at most ``longest`` cost.
        """
        queue: list[tuple[int, int, Cell, Cell]] = [(0, 0, start.cell, start.out)]
        came: dict[tuple[Cell, Cell], tuple[Cell, Cell]] = {}
        best = {(start.cell, start.out): 0}
        while queue:
            _, cost, here, way = heapq.heappop(queue)
            if here in goals and here != start.cell:
                return _back(came, here, way, start)
            if cost > best.get((here, way), longest):
                continue
            for turn in _DIRECTIONS:
                if turn == (-way[0], -way[1]) or (here == start.cell and turn != start.out):
                    continue
                step = self._step(net, here, way, turn, goals, ways)
                if step is None:
                    continue
                there, price = step
                total = cost + price
                if total + _distance(there, goals) <= longest and total < best.get((there, turn), longest + 1):
                    best[there, turn] = total
                    came[there, turn] = (here, way)
                    heapq.heappush(queue, (total + _distance(there, goals), total, there, turn))
        return None

    def _step(
        self, net: str, here: Cell, way: Cell, turn: Cell, goals: set[Cell], ways: dict[Cell, Cell]
    ) -> tuple[Cell, int] | None:
        there = (here[0] + turn[0], here[1] + turn[1])
        if not (0 < there[0] < self.width and 0 < there[1] < self.height):
            return None
        if there in ways and ways[there] != (-turn[0], -turn[1]):
            return None
        if there not in goals and (there in self.blocked or self.taken.get(there, net) != net):
            return None
        if self.edges.get(_edge(here, there), net) != net:
            return None
        price = 1 + (_NEAR if there in self.near else 0)
        if turn != way:
            price += _TURN
            if not self.free(net, here) and here not in ways:
                return None
        ahead = (there[0] + turn[0], there[1] + turn[1])
        if self.crowds(net, [here, there] if there in goals else [here, there, ahead], ways):
            return None
        foreign = {its for its, other in self.at(there).items() if other != net}
        if foreign:
            if foreign != {(turn[1], turn[0]), (-turn[1], -turn[0])} or there in goals:
                return None
            price += _CROSS
        return there, price

    def segments(self, pins: set[Cell]) -> list[tuple[str, Cell, Cell]]:
        """The wires as straight pieces, split where they branch and where a pin is."""
        found = []
        for a, b in sorted(self.edges):
            way, net = (b[0] - a[0], b[1] - a[1]), self.edges[a, b]
            before = (a[0] - way[0], a[1] - way[1])
            if self.edges.get((before, a)) == net and not self._splits(a, net, pins):
                continue
            end = b
            while not self._splits(end, net, pins):
                after = (end[0] + way[0], end[1] + way[1])
                if self.edges.get((end, after)) != net:
                    break
                end = after
            found.append((net, a, end))
        return found

    def junctions(self, pins: set[Cell]) -> list[Cell]:
        """Where three or more wires and pins of one net meet."""
        ends = {end for edge in self.edges for end in edge}
        return sorted(
            here
            for here in ends
            for net in set(self.at(here).values())
            if sum(other == net for other in self.at(here).values()) + (here in pins) > 2
        )

    def _splits(self, here: Cell, net: str, pins: set[Cell]) -> bool:
        return here in pins or sum(other == net for other in self.at(here).values()) > 2

    def cells(self, net: str) -> set[Cell]:
        return {end for edge, its in self.edges.items() if its == net for end in edge}


def _edge(a: Cell, b: Cell) -> Edge:
    return (a, b) if a <= b else (b, a)


def _distance(here: Cell, goals: set[Cell]) -> int:
    return min(abs(here[0] - goal[0]) + abs(here[1] - goal[1]) for goal in goals)


def _back(came: dict[tuple[Cell, Cell], tuple[Cell, Cell]], here: Cell, way: Cell, start: End) -> list[Cell]:
    path = [here]
    while here != start.cell or (here, way) in came:
        here, way = came[here, way]
        path.append(here)
    return path[::-1]
