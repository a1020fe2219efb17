"""What a policy gives halls and devices: corrections that central publishes and a gateway can read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central import policies
from central.core import corrections, handdown, overrides
from central.core.policy_words import Override
from gateway.core import corrections as at_gateway
from gateway.core import indicators
from protocol import levels


def down(found):
    return handdown.handed_down(found, policies.national())


def changed(name, **values):
    made = tuple(Override(key.replace("__", "."), value, "理由") for key, value in values.items())
    return overrides.apply("mine.toml", policies.load(name), made)


@pytest.mark.parametrize("name", policies.names())
def test_both_bodies_are_corrections_that_central_publishes_and_a_gateway_reads(name):
    found = down(policies.load(name))
    for kind, data in (("indicators", found.indicators), ("policy", found.policy)):
        assert corrections.check(kind, data) == kind
        body = {"corrections": [{"number": 1, "kind": kind, "data": data}], "newest": 1}
        (correction,) = at_gateway.read(body, 0).corrections
        assert correction.problem is None and correction.data == data
    read = indicators.read(found.indicators["content"])
    assert read.version == found.indicators["version"] == found.policy["indicators"]


def test_the_national_indicators_are_those_a_gateway_begins_with():
    assert indicators.read(down(policies.load("mot")).indicators["content"]) == indicators.NATIONAL


def test_labels_are_the_policys_own():
    found = {name: down(policies.load(name)).policy for name in policies.names()}
    assert found["lanzhou"]["labels"]["very_dissatisfied"] == "很差" and found["lanzhou"]["label_set"] == 2
    assert found["siping"]["stars"] and not found["wenzhou"]["stars"]
    for body in found.values():
        assert tuple(body["labels"][level] for level in levels.NAMES) == levels.LABELS[body["label_set"]]


def test_the_reason_rule_never_costs_a_bad_rating():
    rules = {name: down(policies.load(name)).policy["reason_rule"] for name in policies.names()}
    assert {name: rule["rule"] for name, rule in rules.items()} == {
        "wenzhou": None,
        "jiaxiang": "offered",
        "lanzhou": None,
        "mot": "required",
        "siping": None,
    }
    assert all(rule["without"] == "kept" and set(rule["levels"]) == set(levels.BAD) for rule in rules.values())


def test_prompts_ask_and_hint_at_no_level():
    assert set(down(policies.load("siping")).policy["prompts"]) == {"window", "reminder", "finished"}
    assert down(policies.load("mot")).policy["prompts"] == {}
    labels = {word for words in levels.LABELS.values() for word in words if len(word) > 1}
    for words in handdown.PROMPTS.values():
        assert not [label for label in labels if label in words] and "好评" not in words


def test_a_deployments_own_indicators_and_words_go_down_under_a_version_of_their_own():
    ten = {str(code): f"选项{code}" for code in range(101, 111)}
    lists = {"levels": {"dissatisfied": ten, "very_dissatisfied": {str(int(code) + 100): ten[code] for code in ten}}}
    own = changed("jiaxiang", indicators__lists=lists)
    found = down(own)
    assert indicators.read(found.indicators["content"]).version >= handdown.UPPER_HALF
    assert found.policy["indicators_from"] == "policy" and handdown.doubts(own, policies.national()) == []
    doubts = handdown.doubts(policies.load("jiaxiang"), policies.national())
    assert any("10 个选项" in doubt for doubt in doubts)
    spoken = changed("siping", prompts__window__words="请评价")
    assert down(spoken).policy["prompts"]["window"] == "请评价"
    strange = changed("wenzhou", levels__names__satisfied="还行")
    assert any("等级名称" in doubt for doubt in handdown.doubts(strange, policies.national()))


def test_a_version_follows_from_the_content_alone():
    versions = {name: down(policies.load(name)).policy["version"] for name in policies.names()}
    assert len(set(versions.values())) == len(versions)
    assert down(changed("wenzhou", timers__call_back__amount=2)).policy["version"] == versions["wenzhou"]
    assert down(changed("wenzhou", levels__names__satisfied="还行")).policy["version"] != versions["wenzhou"]


@given(st.dictionaries(st.text(max_size=5), st.integers(), max_size=5))
def test_a_version_is_a_number_that_no_person_gave(content):
    number = handdown.version(content)
    assert handdown.UPPER_HALF <= number <= indicators.MAX_VERSION
    assert number == handdown.version(dict(reversed(content.items())))
