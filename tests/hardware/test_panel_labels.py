"""Which fronts there are, from the policies."""

import pytest

from central import policies
from central.core import sections
from hardware.panel import labels
from hardware.part import HardwareError
from protocol import levels


def test_every_policy_has_its_front_and_equal_ones_are_one():
    found = {wording.name: wording for wording in labels.wordings()}
    assert set(found) == {"labels-1", "labels-2"}
    assert found["labels-1"].labels == ("非常不满意", "不满意", "基本满意", "满意", "非常满意")
    assert found["labels-2"].labels == ("很差", "差", "一般", "好", "很好")
    assert {name for wording in found.values() for name in wording.policies} >= set(policies.names())
    assert "lanzhou（可选）" in found["labels-1"].policies


def test_the_words_are_those_that_the_device_itself_shows():
    for wording in labels.wordings():
        assert levels.LABELS[int(wording.name.removeprefix("labels-"))] == wording.labels


def test_a_policy_with_a_prompt_of_its_own_gets_a_front_of_its_own(monkeypatch):
    prompt = sections.Prompt(title="提示", words="请评价本次服务", article="SP-6.1.1b")
    policy = policies.load("siping")
    own = policy.model_copy(update={"prompts": policy.prompts.model_copy(update={"window": prompt})})
    load = policies.load
    monkeypatch.setattr(policies, "load", lambda name: own if name == "siping" else load(name))
    found = {wording.name: wording for wording in labels.wordings()}
    assert found["labels-siping"].title == "请评价本次服务"
    assert "siping" not in found["labels-1"].policies


def test_a_policy_without_levels_is_named(monkeypatch):
    policy = policies.load("mot")
    bare = policy.model_copy(update={"levels": policy.levels.model_copy(update={"names": None})})
    load = policies.load
    monkeypatch.setattr(policies, "load", lambda name: bare if name == "mot" else load(name))
    with pytest.raises(HardwareError, match="mot.toml names no levels"):
        labels.wordings()
