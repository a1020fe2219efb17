"""routes.txt solves this board; what is taken out of it, or changed in the circuit, is missed by name."""

import itertools
import math
import re

import pytest

from hardware.board import joined, problem, route, routes
from hardware.board.assemble import assemble
from hardware.board.track import Copper, Track, Via
from hardware.part import HardwareError

from . import needs

pytestmark = needs.KICAD_LIBRARIES

TEXT = routes.FILE.read_text(encoding="utf-8")


def test_the_committed_routes_solve_the_board_as_it_is() -> None:
    copper = assemble().routed(TEXT)
    assert len(copper.tracks) > 500
    assert len(copper.vias) > 300


def test_a_removed_track_is_missed_by_the_name_of_its_net_and_the_pads_it_joined() -> None:
    line = next(line for line in TEXT.splitlines() if line.startswith("track BTN3 "))
    with pytest.raises(HardwareError, match=r"net BTN3: .*(C313|R313|U1|TP14).* is not joined to .*: a track or via"):
        assemble().routed(TEXT.replace(line + "\n", ""))


def test_a_removed_via_of_a_plane_is_missed_as_well() -> None:
    lines = [line for line in TEXT.splitlines() if not line.startswith("via +3V3 ")]
    with pytest.raises(HardwareError, match=r"net \+3V3: .* is not joined"):
        assemble().routed("\n".join(lines))


def test_a_line_that_joins_nothing_new_may_not_be_added_either() -> None:
    line = next(line for line in TEXT.splitlines() if line.startswith("via GND "))
    with pytest.raises(HardwareError, match="changed by hand"):
        assemble().routed(TEXT + line + "\n")


def test_routes_of_another_board_say_what_to_run() -> None:
    other = re.sub(r"problem sha256 \w+", "problem sha256 0", TEXT)
    with pytest.raises(HardwareError, match=r"9\.0\.8\) changed since the board was routed: run python -m hardware"):
        assemble().routed(other)


def test_a_net_that_is_gone_is_named() -> None:
    other = re.sub(r"problem sha256 \w+", "problem sha256 0", TEXT).replace("track BTN3", "track BUTTON3")
    with pytest.raises(HardwareError, match=r"no net is called BUTTON3 any more"):
        assemble().routed(other)


@pytest.mark.parametrize("line", ["track GND F.Cu 1 2 3", "track GND In1.Cu 1 2 3 4 0.2", "hole 1 2", "via GND 1 x"])
def test_a_line_that_says_nothing_is_named_by_its_number(line: str) -> None:
    with pytest.raises(HardwareError, match=r"routes.txt, line 1: .* is neither a track nor a via"):
        routes.read(line + "\n")


def test_what_is_written_is_read_back() -> None:
    lines = ["via GND 1.0 2.0", "track GND F.Cu 1.0 2.0 3.0 2.0 0.40"]
    copper, solves, changed = routes.read(routes.write(lines, "abc"))
    assert copper == Copper((Track("GND", "F.Cu", (1, 2), (3, 2), 0.4),), (Via("GND", (1, 2)),))
    assert (solves, changed) == ("abc", "")


def test_the_problem_is_the_same_text_each_time() -> None:
    made, again = assemble(), assemble.__wrapped__()
    assert made is not again
    assert made.problem == again.problem
    assert f"# problem sha256 {problem.digest(made.problem)}" in TEXT


def _pad(name: str, net: int, group: int, x: float, y: float) -> str:
    return (
        f"pad {name} {net} {group} 1 0 {x - 0.5} {y - 0.5} {x + 0.5} {y - 0.5} {x + 0.5} {y + 0.5} {x - 0.5} {y + 0.5}"
    )


CROSSING = "\n".join(
    [
        "size 12 10",
        "rules 0.18 0.35 0.3 0.27",
        "widths 0.2 0.4",
        *("net ACROSS 0 0", "net DOWN 0 0", "net GND 0 1"),
        *(_pad("R1.1", 1, 0, 2, 5), _pad("R2.1", 1, 1, 10, 5)),
        *(_pad("R3.1", 2, 0, 6, 1.5), _pad("R4.1", 2, 1, 6, 8.5)),
        *(_pad("R5.1", 3, 0, 2, 2), "keep wall 0 0 1 0 5.6 4.5 6.4 4.5 6.4 5.5 5.6 5.5"),
    ]
)
"""Two nets that have to cross on a small board, in the middle of which the front is no way for either; a pad of GND."""


@needs.ROUTER
def test_the_router_joins_what_crosses_by_the_other_side_and_a_plane_by_a_via() -> None:
    found = route.solve(CROSSING)
    copper, _, _ = routes.read(routes.write(found, "0"))
    lanes = {net: [track for track in copper.tracks if track.net == net] for net in ("ACROSS", "DOWN")}
    assert len({track.layer for tracks in lanes.values() for track in tracks}) == 2
    assert len([via for via in copper.vias if via.net in lanes]) >= 2
    assert any(via.net == "GND" and math.dist(via.at, (2, 2)) < 3 for via in copper.vias)
    for net, (start, end) in {"ACROSS": ((2, 5), (10, 5)), "DOWN": ((6, 1.5), (6, 8.5))}.items():
        ends = [point for track in lanes[net] for point in (track.start, track.end)]
        assert all(min(math.dist(pad, point) for point in ends) < 0.7 for pad in (start, end)), f"{net}: {lanes[net]}"
    for one, two in itertools.product(*lanes.values()):
        near = min(math.dist(a, b) for a in _along(one) for b in _along(two))
        assert one.layer != two.layer or near >= 0.18 + 0.2 - 0.03, f"{one} {two}"
    assert route.solve(CROSSING) == found


@needs.ROUTER
def test_a_net_without_a_way_is_refused() -> None:
    wall = "keep wall 0 0 3 0 5 0 7 0 7 10 5 10"
    with pytest.raises(HardwareError, match="the router gave up on the nets named above"):
        route.solve(f"{CROSSING}\n{wall}")


def _along(track: Track) -> list[tuple[float, float]]:
    (ax, ay), (bx, by) = track.start, track.end
    return [(ax + (bx - ax) * part / 100, ay + (by - ay) * part / 100) for part in range(101)]


def test_copper_by_hand_leaves_pads_to_join_and_names_them() -> None:
    made = assemble()
    wrong = joined.complaints(["BTN1"], made.layout.pads, made.by_hand)
    assert len(wrong) == 1
    assert wrong[0].startswith("net BTN1: ")
