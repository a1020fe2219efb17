"""The artwork is right, and what would be wrong with it is named."""

import re
from dataclasses import replace

import pytest

from hardware import dimensions
from hardware.panel import back, checks, front, tactile
from hardware.panel.labels import wordings
from hardware.panel.outline import Box, rectangle
from hardware.panel.sheet import Mark, words

D = dimensions.read()
WORDINGS = wordings()
FRONT = front.front(D, WORDINGS[0])


def _with(sheet, *marks):
    return replace(sheet, marks=(*sheet.marks, *marks))


@pytest.mark.parametrize("wording", WORDINGS, ids=lambda wording: wording.name)
@pytest.mark.parametrize("english", [True, False])
def test_every_front_is_right(wording, english):
    sheet = front.front(D, wording, english)
    assert checks.problems(sheet) == []
    assert checks.wording_problems(sheet, wording, D) == []
    assert checks.opening_problems(sheet, D) == []


@pytest.mark.parametrize("wording", WORDINGS, ids=lambda wording: wording.name)
def test_every_tactile_layer_is_right(wording):
    assert checks.raised_problems(tactile.tactile(D, wording), front.front(D, wording)) == []


def test_the_back_label_is_right():
    assert checks.problems(back.back()) == []


def test_contrast_is_that_of_wcag():
    assert checks.contrast("#FFFFFF", "#000000") == pytest.approx(21.0)
    assert checks.contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)
    assert all(row[3] >= 4.5 for sheet in (FRONT, back.back()) for row in checks.contrasts(sheet))


def test_all_five_levels_look_alike():
    for wording in WORDINGS:
        marks = [mark for mark in front.front(D, wording).marks if mark.words in wording.labels]
        assert len({mark.fill for mark in marks}) == 1
        assert len({round(mark.box.middle[1]) for mark in marks}) == 1
        rings = [mark for mark in front.front(D, wording).marks if mark.name.startswith("ring")]
        assert len({(mark.stroke, mark.width, round(mark.box.height, 6)) for mark in rings}) == 1


@pytest.mark.parametrize(
    ("mark", "complaint"),
    [
        (words("评", 75.0, 105.5, 4.0, "#FFFFFF"), "评 reaches nearer than 2.0 mm to the edge"),
        (words("评", 20.0, 30.0, 3.2, "#FFFFFF"), r"评 is [23].\d\d mm high, at least 3.5 mm"),
        (
            words("评", 20.0, 30.0, 5.0, "#3A5A7C"),
            r"评 \(#3A5A7C on #12304F\) has a contrast of 1.88 : 1, at least 4.5",
        ),
        (words("评", 20.0, 2.0, 5.0, "#FFFFFF"), "请对本次服务进行评价 and 评 overlap"),
        (words("评", 29.0, 69.0, 5.0, "#FFFFFF"), "评 is nearer than 0.5 mm to the opening of key 1 or its ring"),
        (words("评", 75.0, 76.0, 5.0, "#FFFFFF"), "评 is nearer than 0.5 mm to the opening of key 3"),
        (words("评", 75.0, 30.0, 5.0, "#FFFFFF"), "评 is printed on the display window, which has to stay free"),
        (words("评", 44.0, 20.0, 5.0, "#FFFFFF"), "评 stands on nothing printed, or on two colours at once"),
        (
            Mark("print", rectangle(Box(0, 10, 5, 15)), "sign", stroke="#1A3A5C", width=0.3),
            r"sign \(#1A3A5C on #12304F\) has a contrast of 1.\d+ : 1, at least 3.0",
        ),
    ],
)
def test_what_is_wrong_is_named(mark, complaint):
    found = checks.problems(_with(FRONT, mark))
    assert any(re.search(complaint, problem) for problem in found), found


def test_a_key_without_its_words_is_named():
    bare = replace(FRONT, marks=tuple(mark for mark in FRONT.marks if mark.words != "满意"))
    (problem,) = checks.wording_problems(bare, WORDINGS[0], D)
    assert "key 4 lacks its words 满意" in problem and "wenzhou" in problem


def test_one_star_that_looks_different_is_named():
    marks = tuple(replace(mark, fill="#D3E1EE") if mark.words == "非常不满意" else mark for mark in FRONT.marks)
    (problem,) = checks.wording_problems(replace(FRONT, marks=marks), WORDINGS[0], D)
    assert "differ in colour" in problem


@pytest.mark.parametrize(
    "keys", [replace(D.keys, x=(19.0, 47.0, 75.2, 103.0, 131.0)), replace(D.keys, opening_gap=0.6)]
)
def test_openings_that_are_not_those_of_the_case_are_named(keys):
    problems = checks.opening_problems(FRONT, replace(D, keys=keys))
    assert problems and all("mm off that of [keys] and its gap" in problem for problem in problems)


def test_raised_dots_on_words_openings_display_or_edge_are_named():
    raised = tactile.tactile(D, WORDINGS[0])
    for x, y, complaint in (
        (75.0, 30.0, "lies on the display window"),
        (75.0, 76.0, "nearer than 0.8 mm to the opening of key 3"),
        (D.panel.x[0], 30.0, "to the edge"),
        (25.0, 2.0, "lies on the words 请对本次服务进行评价"),
    ):
        problems = checks.raised_problems(_with(raised, *tactile.cells("⠿", x, y)), FRONT)
        assert any(complaint in problem for problem in problems), (complaint, problems)
