"""power/budget.toml: what each part draws, complete and without contradictions."""

import pytest

from hardware.part import HardwareError
from hardware.power import budget
from hcp import pinout

TEXT = budget.SOURCE.read_text(encoding="utf-8")
LIMITS = pinout.read().limits


def test_the_budget_of_this_tree_is_complete():
    made = budget.read()
    assert made.supply.limit_ma == LIMITS.usb_ma
    assert made.supply.least_v == LIMITS.usb_min_v
    assert made.lights.full_ma[1] == LIMITS.star_full_ma
    assert made.voice.ohm == LIMITS.speaker_ohm
    assert {state.variant for state in made.states.values()} == {"wifi", "ethernet"}


def test_every_figure_says_where_it_is_from():
    assert all(mode.source for one in budget.read().consumers.values() for mode in one.modes.values())


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("[fuse]", "[fuze]", "[fuze] is unknown"),
        ("hold_ma = 1100", "", "[fuse] hold_ma is missing"),
        ("hold_ma = 1100", "hold_ma = 'much'", "[fuse] hold_ma is not what is expected there"),
        ("hold_ma = 1100", "hold_ma = 1100\nholds = 1", "[fuse] holds is unknown"),
        ("[supply]", "[supply]\nlimit_ma = 900", "[supply] limit_ma stands in pinout.toml"),
        ("typical = 65, worst = 110", "typical = 65, worst = 11", "modes.run: typical 65.0 mA is more than the worst"),
        ('source = "W5500 data sheet 5.4: un-link 65 mA; WIZnet', 'source = "", x = "', "modes.unlinked x is unknown"),
        ("mcu.receive = [0.8, 0.5]", "mcu.receive = [0.8, 0.9]", "mcu: its modes take 1.4 of a second (worst)"),
        ("mcu.receive = [0.8, 0.5]", "mcu.sleep = [0.8, 0.5]", "mcu.sleep is no mode of it"),
        ("buzzer.click = [0.03, 0.1]", "siren.on = [1, 1]", "siren is no consumer"),
        ('rail = "+3V3"', 'rail = "+1V8"', "+1V8 is none of +5V, +3V3"),
        ("[cell]", "[cell", "budget.toml: not TOML"),
    ],
)
def test_a_wrong_entry_is_named(old, new, complaint):
    assert old in TEXT
    with pytest.raises(HardwareError) as error:
        budget.parse(TEXT.replace(old, new), LIMITS)
    assert complaint in str(error.value)


def test_a_consumer_that_no_state_uses_is_named():
    with pytest.raises(HardwareError, match=r"\[consumers.buzzer\] is in no state"):
        budget.parse(TEXT.replace(", buzzer.click = [0.03, 0.1]", ""), LIMITS)
