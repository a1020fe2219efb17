"""The star of key cap and opening."""

from math import hypot

import pytest

from hardware import dimensions, star

KEYS = dimensions.read().keys


def _distance_to_line(point, a, b):
    (px, py), (ax, ay), (bx, by) = point, a, b
    return abs((bx - ax) * (py - ay) - (by - ay) * (px - ax)) / hypot(bx - ax, by - ay)


def test_one_tip_points_up_the_slope_and_all_tips_touch_the_circle():
    corners = star.cap(KEYS, 2)
    assert corners[0] == pytest.approx((KEYS.x[1], KEYS.y - KEYS.star_radius))
    assert all(hypot(x - KEYS.x[1], y - KEYS.y) == pytest.approx(KEYS.star_radius) for x, y in corners[::2])


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_every_edge_of_an_opening_is_the_gap_away_from_its_cap(number):
    cap, opening = star.cap(KEYS, number), star.opening(KEYS, number)
    for at in range(10):
        assert _distance_to_line(cap[at], opening[at], opening[at - 1]) == pytest.approx(KEYS.opening_gap)
        assert _distance_to_line(cap[at - 1], opening[at], opening[at - 1]) == pytest.approx(KEYS.opening_gap)
