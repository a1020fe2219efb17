"""routes.txt solves this board; what is taken out of it, or changed in the circuit, is missed by name."""

import re

import pytest

from hardware.board import joined, problem, routes
from hardware.board.assemble import assemble
from hardware.board.track import Copper, Track, Via
from hardware.part import HardwareError

from .needs import KICAD_LIBRARIES

pytestmark = KICAD_LIBRARIES

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
    with pytest.raises(HardwareError, match="changed since the board was routed: run python -m hardware.board.route"):
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
    made = assemble()
    again = problem.write(made.size, made.layout, made.by_hand, made.no_copper, {})
    assert again.splitlines()[2:] != []
    assert made.problem == made.problem
    assert f"# problem sha256 {problem.digest(made.problem)}" in TEXT


def test_copper_by_hand_leaves_pads_to_join_and_names_them() -> None:
    made = assemble()
    wrong = joined.complaints(["BTN1"], made.layout.pads, made.by_hand)
    assert len(wrong) == 1
    assert wrong[0].startswith("net BTN1: ")
