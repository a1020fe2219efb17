"""dimensions.toml: what board, case, keys and panel agree on."""

import pytest

from hardware import dimensions
from hardware.part import HardwareError

TEXT = dimensions.SOURCE.read_text(encoding="utf-8")


def test_the_measures_of_this_tree_fit_together():
    d = dimensions.read()
    assert all(right - left >= 26 for left, right in zip(d.keys.x, d.keys.x[1:], strict=False)), (
        "pitch of 26 mm or more"
    )
    assert 2 * 0.951 * d.keys.star_radius >= 20, "a key is 20 mm wide or more"
    assert d.lights.x == d.keys.x
    assert d.keys.y - d.keys.star_radius < d.lights.y < d.keys.y, "each light shines into its own star"
    assert d.panel.x[0] > d.face.x[0] and d.panel.x[1] < d.face.x[1]
    assert all(window >= active for window, active in zip(d.display.window, d.display.active, strict=True))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("[keys] ", "[keyz] ", "[keyz] is unknown"),
        ("travel = 0.6", "travel = 'deep'", "[keys] travel: expected a number in mm"),
        ("travel = 0.6", "", "[keys] travel is missing"),
        ("travel = 0.6", "travel = 0.6\ntravle = 0.6", "[keys] travle is unknown"),
        ("window = [58.0, 44.0]", "window = [58.0]", "[display] window: expected two numbers in mm"),
        ("window = [58.0, 44.0]", "window = ", "not TOML"),
    ],
)
def test_a_wrong_entry_is_named(old, new, complaint):
    assert old in TEXT
    with pytest.raises(HardwareError) as error:
        dimensions.parse(TEXT.replace(old, new))
    assert complaint in str(error.value)
