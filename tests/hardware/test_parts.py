"""Short ways to write parts: one stock key for each value, a footprint for each size."""

import pytest

from hardware.circuit import parts

PLACE = (25.4, 25.4, 0)


@pytest.mark.parametrize(
    ("value", "stock"),
    [("10k", "r-0603-10k"), ("49.9R", "r-0603-49r9"), ("5.1k", "r-0603-5k1"), ("1M", "r-0603-1m"), ("0R", "r-0603-0r")],
)
def test_the_stock_of_a_resistor_is_its_value(value, stock):
    assert parts.resistor("R1", value, "A", "B", PLACE).stock == stock


@pytest.mark.parametrize(
    ("value", "size", "stock"),
    [("100nF", "0603", "c-0603-100n"), ("4.7uF", "0805", "c-0805-4u7"), ("6.8nF", "0603", "c-0603-6n8")],
)
def test_the_stock_of_a_ceramic_is_its_value(value, size, stock):
    part = parts.capacitor("C1", value, "A", PLACE, size=size)
    assert part.stock == stock and size in part.footprint
    assert part.nets == {"1": "A", "2": "GND"}


def test_a_test_point_is_not_bought():
    assert parts.test_point("TP1", "VBUS", PLACE).stock == ""
