"""What fingers read on the front."""

from math import hypot

import pytest

from hardware import dimensions
from hardware.panel import braille, proof, tactile
from hardware.panel.labels import wordings

D = dimensions.read()
WORDINGS = wordings()


@pytest.mark.parametrize("wording", WORDINGS, ids=lambda wording: wording.name)
def test_each_key_has_its_number_and_each_number_its_words(wording):
    lines = [line for line, _, _ in tactile.placed(D, wording)]
    assert lines[:5] == [braille.number(number) for number in range(1, 6)]
    told = braille.BLANK.join(lines[5:])
    for number in range(1, 6):
        assert braille.BLANK.join([braille.number(number), *braille.words(wording.labels[number - 1])]) in told


@pytest.mark.parametrize("wording", WORDINGS, ids=lambda wording: wording.name)
def test_numbers_stand_in_the_middle_below_their_keys(wording):
    for (line, x, y), key in zip(tactile.placed(D, wording)[:5], D.keys.x, strict=True):
        assert x + tactile.width(len(line)) / 2 == pytest.approx(key)
        assert y > D.keys.y + 0.8 * D.keys.star_radius


def test_cells_have_the_measures_of_marburg_medium():
    first, second = tactile.cells("⠿⠿", 0.0, 0.0)[:6], tactile.cells("⠿⠿", 0.0, 0.0)[6:]
    one, two, four = (first[at].box.middle for at in (0, 1, 3))
    assert hypot(two[0] - one[0], two[1] - one[1]) == pytest.approx(2.5)
    assert hypot(four[0] - one[0], four[1] - one[1]) == pytest.approx(2.5)
    assert second[0].box.middle[0] - one[0] == pytest.approx(6.0)
    assert 1.3 <= first[0].box.width <= 1.6


def test_one_star_has_a_bar_and_five_stars_a_bump_and_no_other_key_has_either():
    marks = {mark.name: mark for mark in tactile.tactile(D, WORDINGS[0]).marks if mark.layer == "raised"}
    marks = {name: mark for name, mark in marks.items() if not name.startswith("dot")}
    assert set(marks) == {"bar of one star", "bump of five stars"}
    assert marks["bar of one star"].box.middle[0] == pytest.approx(D.keys.x[0])
    assert marks["bump of five stars"].box.middle[0] == pytest.approx(D.keys.x[4])


@pytest.mark.parametrize("wording", WORDINGS, ids=lambda wording: wording.name)
def test_the_proof_readers_sheet_holds_every_line_and_says_that_it_comes_first(wording):
    text = proof.sheet(D, wording)
    assert "付印之前，必须由盲人读者摸读样张并签字" in text
    assert all(f"盲文：{line}。" in text for line, _, _ in tactile.placed(D, wording))
    assert "三四五六点，一点" in text
    assert max(map(len, text.splitlines())) < 200
