"""A handling comes back from the database as it was, whatever has been done to it."""

import json

import pytest
from pydantic import ValidationError

from central import policies
from central.core import handling_json, loop_of
from central.core.handling import Action, Deed, Outcome
from tests.central.loop_world import HANDLER, REVIEWER, SYSTEM, World


@pytest.mark.parametrize("name", policies.names())
def test_every_stage_comes_back_equal(name):
    world = World(loop_of.rules(policies.load(name)), reasons=["214"], text=True)
    stages = [world.handling]
    for action, actor, more in (
        (Action.PUSH, SYSTEM, {}),
        (Action.ATTEMPT, HANDLER, {"outcome": Outcome.HUNG_UP}),
        (Action.CALL_BACK, HANDLER, {}),
        (Action.CONFIRM, HANDLER, {}),
        (Action.REPLY, HANDLER, {}),
        (Action.ACCEPT, REVIEWER, {}),
    ):
        world.do(action, actor, **more)
        stages.append(world.handling)
    for handling in stages:
        text = json.dumps(handling_json.dump(handling))
        assert handling_json.load(json.loads(text)) == handling
        assert json.dumps(handling_json.dump(handling_json.load(json.loads(text)))) == text


def test_what_is_no_handling_is_refused():
    with pytest.raises(ValidationError):
        handling_json.load({"state": "flying"})


def test_a_deed_is_kept_without_what_it_left_empty():
    deed = Deed(Action.RETURN, REVIEWER, {"reason": "未写结果", "note": "  "}, clauses=("WZ-A2-18",))
    assert handling_json.said(deed) == {"fields": {"reason": "未写结果"}, "clauses": ["WZ-A2-18"]}
