"""Scenario files are read strictly: what cannot be played is refused before anything starts."""

import pytest

from simulator.scenario import SHIPPED, ScenarioError, load

HEAD = "title: t\nhall: h\nwindows: {A01: a01}\nacts:\n"


def test_the_shipped_morning_has_all_that_the_demo_promises():
    scenario = load("one-morning")
    steps = [step for act in scenario.acts for lane in act.lanes.values() for step in lane]
    citizens = scenario.citizens
    assert len(scenario.windows) == 3
    assert len({step.sign_in for step in steps if step.sign_in}) == 4
    assert len({citizen.case for citizen in citizens}) == 30
    assert {citizen.press[-1] for citizen in citizens if citizen.press} == {1, 2, 3, 4, 5}
    assert any(len(citizen.press) > 1 for citizen in citizens), "an undo"
    assert any(not citizen.press for citizen in citizens), "a citizen who presses nothing"
    assert any(step.passer_by for step in steps), "a press with no case armed"
    assert {step.central for step in steps} >= {"stop", "start"}
    assert any(step.gateway == "kill" for step in steps)
    assert any(citizen.power_cut for citizen in citizens)
    assert any(step.attack == "forge" for step in steps)


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_scenario_is_read(path):
    assert load(path.stem).acts


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD + "  - lanes: {B09: [{sign_in: '1'}]}", "neither a window"),
        (HEAD + "  - lanes: {A01: [{gateway: kill}]}", "does not belong"),
        (HEAD + "  - lanes: {A01: [{sign_in: '1', sign_out: true}]}", "says one thing"),
        (HEAD + "  - lanes: {A01: [{}]}", "nothing"),
        (HEAD + "  - lanes: {A01: [{citizen: {case: c, item: i, press: [6]}}]}", "press"),
        (HEAD + "  - lanes: {A01: [{citizen: {case: c, item: i}}, {citizen: {case: c, item: i}}]}", "comes twice"),
        (HEAD + "  - lanes: {A01: [{dance: true}]}", "dance"),
        ("title: [", "cannot be read"),
        ("just text", "the file"),
    ],
)
def test_says_where_a_file_is_wrong(tmp_path, text, words):
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(ScenarioError, match=words):
        load(str(file))


def test_names_the_shipped_ones_when_there_is_no_such_file():
    with pytest.raises(ScenarioError, match="one-morning"):
        load("another-morning")
