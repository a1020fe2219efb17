"""The power budget's sums and what they forbid."""

import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from hardware.circuit.blocks import BLOCKS
from hardware.part import HardwareError
from hardware.power import balance, budget, build, facts, firmware, page, picture
from hardware.power.balance import PEAK, TYPICAL, WORST

PARTS = tuple(part for block in BLOCKS for part in block.parts)
BUDGET = budget.read()
ALLOWED = firmware.read()
FACTS = facts.of(PARTS, BUDGET)
MADE = balance.report(BUDGET, ALLOWED, FACTS)


def complaints(figures=BUDGET, allowed=ALLOWED, found=FACTS):
    with pytest.raises(HardwareError) as error:
        balance.check(balance.report(figures, allowed, found))
    return str(error.value)


def test_this_board_bears_what_this_firmware_allows():
    balance.check(MADE)
    assert all(one.total_ma[WORST] <= BUDGET.supply.limit_ma for one in MADE.sums)
    assert MADE.caps.least_brightness >= ALLOWED.brightest
    assert MADE.caps.most_quieter <= ALLOWED.quieter


def test_idle_is_what_bring_up_expects():
    page = (firmware.ROOT / "firmware" / "BOARD.md").read_text(encoding="utf-8")
    expected = re.search(r"\| idle, display on, Wi-Fi \| ≤ (\d+) mA mean, ≤ (\d+) mA peak at 5 V \|", page)
    assert expected
    mean, peak = map(int, expected.groups())
    (idle,) = (one for one in MADE.sums if one.state.key == "idle-wifi")
    assert idle.total_ma[TYPICAL] <= mean
    assert idle.total_ma[PEAK] <= peak


@pytest.mark.parametrize("one", MADE.sums, ids=lambda one: one.state.key)
def test_a_sum_is_the_sum_of_its_shares(one):
    for kind in (TYPICAL, WORST, PEAK):
        assert one.total_ma[kind] == pytest.approx(sum(share.ma[kind] for share in one.shares), abs=0.5)
    assert one.total_ma[TYPICAL] <= one.total_ma[WORST] <= one.total_ma[PEAK]
    assert one.five_v[TYPICAL] > one.five_v[WORST] > one.five_v[PEAK] > BUDGET.buck.volts


def test_power_is_conserved():
    """3.3 V costs the port what the buck gives and loses, at what cable, fuse and switch leave of the voltage."""
    (idle,) = (one for one in MADE.sums if one.state.key == "idle-ethernet")
    through = sum(share.ma[WORST] for share in idle.shares if share.key not in ("lights", "voice"))
    given = BUDGET.buck.volts * idle.three_ma[WORST] / BUDGET.buck.efficiency[1]
    assert through * idle.five_v[WORST] == pytest.approx(given, rel=0.01)
    lost = idle.total_ma[WORST] / 1000 * (BUDGET.fuse.ohm + BUDGET.switch.ohm)
    assert idle.five_v[WORST] == pytest.approx(BUDGET.supply.least_v - lost, abs=0.01)


def test_lights_follow_brightness():
    dark = balance.lights_ma(BUDGET, ALLOWED, 0, WORST)
    assert dark == ALLOWED.stars * BUDGET.lights.dark_ma[1]
    full = balance.lights_ma(BUDGET, replace(ALLOWED, brightest=255), 5, WORST)
    assert full == pytest.approx(5 * BUDGET.lights.full_ma[1])


def test_the_cap_is_the_last_brightness_that_fits():
    cap = MADE.caps.least_brightness
    balance.check(balance.report(BUDGET, replace(ALLOWED, brightest=cap), FACTS))
    words = complaints(allowed=replace(ALLOWED, brightest=cap + 1))
    assert f"the firmware lets a star shine at {cap + 1} of 255, and in the state 'all-ethernet' 500 mA leave" in words
    assert f"room for {cap}: lower brightest in pinout.toml" in words


def test_a_halved_voice_has_a_quarter_of_the_power():
    loud, soft = (balance.speaker_w(BUDGET, FACTS, quieter) for quieter in (0, 1))
    assert loud == pytest.approx(10 ** ((2.1 + 3) / 10) / 8)
    assert soft == pytest.approx(loud / 4)


@pytest.mark.parametrize(("gain", "watt"), [(3.0, 0.40), (6.0, 0.81), (9.0, 1.61), (15.0, 1.72)])
def test_the_supply_clips_the_voice(gain, watt):
    assert balance.speaker_w(BUDGET, replace(FACTS, gain_db=gain), 0) == pytest.approx(watt, abs=0.01)


def test_an_amplifier_strapped_too_loud_is_named():
    words = complaints(found=replace(FACTS, gain_db=9.0))
    assert "firmware/drivers/voice.py plays with quieter = 0, and in the state" in words
    assert "strap the amplifier (U11) to less than 9 dB" in words
    assert "a voice at full scale gives the loudspeaker 1.61 W at 9 dB, and it bears 1 W" in words
    balance.check(balance.report(BUDGET, replace(ALLOWED, quieter=2), replace(FACTS, gain_db=9.0)))


@pytest.mark.parametrize(
    ("part", "values", "complaint"),
    [
        ("supply", {"limit_ma": 400.0}, "takes 496 mA, and a port gives 400 mA"),
        ("supply", {"works_v": 4.3}, "V on +5V, and 4.3 V are needed there"),
        ("supply", {"free_uf": 1.0}, "4.7 uF hang on VBUS before U2, and USB allows 1 uF"),
        ("fuse", {"hold_hot_ma": 450.0}, "the warm fuse F1 holds 450 mA"),
        ("switch", {"limit_ma": 700.0}, "the load switch U2 limits at 700 mA"),
        ("switch", {"rise_ms": 0.5}, "plugging in takes 678 mA for 67.8 uF on +5V, and a port gives 500 mA"),
        ("buck", {"rated_ma": 400.0}, "+3V3 takes 461 mA, and U3 gives 400 mA"),
        ("buck", {"saturation_ma": 600.0}, "L1 carries 630 mA at its crest, and saturates at 600 mA"),
        ("buck", {"theta_c_w": 500.0}, "U3 gets 154 °C warm, and bears 125 °C"),
    ],
)
def test_what_bears_too_little_is_named(part, values, complaint):
    assert complaint in complaints(replace(BUDGET, **{part: replace(getattr(BUDGET, part), **values)}))


def test_a_smaller_inductor_ripples_more():
    less = balance.report(BUDGET, ALLOWED, replace(FACTS, inductance_h=FACTS.inductance_h / 2)).converter
    assert less.ripple_ma == pytest.approx(2 * MADE.converter.ripple_ma, rel=0.01)


def test_a_cell_in_a_cupboard_lasts_less():
    assert 3 < MADE.cell.cupboard_years < MADE.cell.hall_years < 20


def test_the_page_has_every_state_and_source():
    text = page.as_markdown(MADE)
    assert all(one.state.en in text for one in MADE.sums)
    assert all(mode.source in text for one in BUDGET.consumers.values() for mode in one.modes.values())
    document = json.loads(page.as_json(MADE))
    assert document["brightness_cap"] == MADE.caps.least_brightness
    assert document["states"]["all-wifi"]["total_ma"]["worst"] == pytest.approx(493, abs=1)


def test_the_picture_shows_every_state_in_both_languages():
    root = ElementTree.fromstring(picture.svg(MADE))
    words = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert all(one.state.zh in words for one in MADE.sums)
    assert any("USB 500 mA" in word for word in words)
    width = float(root.attrib["width"])
    for bar in root.iter("{http://www.w3.org/2000/svg}rect"):
        assert float(bar.attrib.get("x", 0)) + float(bar.attrib["width"]) <= width


def test_what_is_built(tmp_path):
    assert "496 of 500 mA (all-ethernet)" in build.build(tmp_path)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(first) == {"power-budget.json", "power-budget.md", "power-budget.svg"}
    build.build(tmp_path)
    assert first == {path.name: path.read_bytes() for path in tmp_path.iterdir()}


def test_the_picture_in_the_docs_is_this_one():
    kept = (firmware.ROOT / "hardware/images/power-budget.svg").read_text(encoding="utf-8")
    assert kept == picture.svg(MADE), "cp build/hardware/power/power-budget.svg hardware/images/"


def test_the_readme_says_what_the_budget_says():
    text = (firmware.ROOT / "hardware/power/README.md").read_text(encoding="utf-8")
    assert f"light all five stars at {ALLOWED.brightest} of 255" in text
    assert f"leave room for {MADE.caps.least_brightness} while" in text
    assert f"strapped to {FACTS.gain_db:g} dB (R701): {MADE.speaker_w:.1f} W" in text
    louder = balance.report(BUDGET, ALLOWED, replace(FACTS, gain_db=6.0))
    over = max(one.total_ma[WORST] for one in louder.sums) - BUDGET.supply.limit_ma
    assert over == pytest.approx(100, abs=20)
