"""The hood hides keys and lights from staff, and nothing from the citizen."""

from dataclasses import replace

import pytest

from hardware.enclosure import measures, privacy, visor
from hardware.part import HardwareError

DESIGN = measures.read()


def lower(height: float) -> measures.Design:
    case = replace(DESIGN.shared.case, hood_height=height)
    return replace(DESIGN, shared=replace(DESIGN.shared, case=case))


def test_no_staff_see_a_key_and_every_citizen_sees_all():
    verdict = privacy.require(DESIGN)
    assert verdict.tried > 100_000
    assert not verdict.seen and not verdict.hidden
    assert verdict.margin > 1.0, "mm of height are left for a print that came out low"


def test_a_hood_that_suits_seated_staff_betrays_keys_to_who_stands():
    with pytest.raises(HardwareError) as error:
        privacy.require(lower(55.0))
    said = str(error.value)
    assert "the hood does not hide the key of " in said and "mm above the floor" in said
    assert "raise hood_height in dimensions.toml" in said
    seen = privacy.check(lower(55.0)).seen
    assert {sight.eye[2] for sight in seen} <= {1664.0 + privacy.SHOES, 1705.0 + privacy.SHOES}


def test_without_cheeks_the_side_would_be_open():
    hood = replace(DESIGN.own.hood, end_y=5.0)
    seen = privacy.check(replace(DESIGN, own=replace(DESIGN.own, hood=hood))).seen
    assert {abs(sight.eye[0]) for sight in seen} and all(abs(sight.eye[0]) > 100 for sight in seen)


def test_cheeks_that_rise_to_the_front_would_hide_the_display_from_citizens():
    hood = replace(DESIGN.own.hood, end_height=170.0, end_y=140.0)
    with pytest.raises(HardwareError, match="the hood hides .* from a citizen .* lower its cheeks in case.toml"):
        privacy.require(replace(lower(170.0), own=replace(DESIGN.own, hood=hood)))


def test_the_edge_goes_through_its_three_points_and_falls_to_the_front():
    edge = visor.of(DESIGN)
    for y, height in (edge.start, edge.middle, edge.end):
        assert edge.height(y) == pytest.approx(height)
    heights = [edge.height(y) for y in range(-12, 94)]
    assert heights == sorted(heights, reverse=True)
    assert edge.height(-50.0) == edge.start[1] and edge.height(94.0) == float("-inf")
