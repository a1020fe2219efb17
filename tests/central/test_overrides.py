"""A deployment's own values: each with a reason, each where the schema has a place, and shown wherever the value is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central import policies, settings
from central.core import overrides, policy, policy_words
from central.core.policy import PolicyError
from tests.central.conftest import AUDITOR_KEY, Gateway, settings_for


def file(*entries, name="wenzhou"):
    return "\n".join([f'policy = "{name}"', *(f"[[override]]\n{entry}" for entry in entries)]).encode()


def entry(key, value, reason='"会议纪要"'):
    return f'key = "{key}"\nvalue = {value}\nreason = {reason}'


def read(*entries, name="wenzhou"):
    return overrides.read("mine.toml", file(*entries, name=name), policies.load(name))


def test_a_value_is_changed_and_the_reason_stands_beside_it():
    found = read(entry("timers.call_back.amount", 2) + '\nby = "市政务服务局"')
    assert found.policy.timers.call_back.amount == 2 and found.base.timers.call_back.amount == 1
    lines = policy_words.explain(found, "timers.call_back")
    assert lines[1].startswith("  2 个工作日") and "WZ-12b" in lines[2]
    assert lines[-1] == "  本部署调整 timers.call_back.amount：原为1，理由：会议纪要（市政务服务局）"
    assert "本部署" not in "\n".join(policy_words.explain(found, "timers.appeal"))


def test_a_hole_is_filled_by_the_deployment_and_by_no_article():
    found = read(
        entry("timers.supervise", '{ amount = 3, unit = "WD", start = "pushed" }'),
        entry("accountability.window", '"rolling"'),
    )
    assert found.policy.timers.supervise.article == ("override",)
    assert found.policy.accountability.window.value == "rolling"
    lines = policy_words.explain(found, "timers.supervise")
    assert not [line for line in lines if "依据" in line] and "原为空" in lines[-1]
    empty = {hole.key for hole in policy.holes(found.policy)}
    assert {hole.key for hole in policy.holes(found.base)} - empty == {"timers.supervise", "accountability.window"}


def test_one_value_of_a_missing_chapter_leaves_the_others_empty():
    found = read(entry("timers.call_back", '{ amount = 1, unit = "WD", start = "pushed" }'), name="lanzhou")
    holes = {hole.key: hole.why for hole in policy.holes(found.policy)}
    assert "timers.call_back" not in holes and "截断" in holes["timers.rectify"]


def test_a_limit_of_one_class_leaves_its_other_limit_empty():
    key = "classes.coordinated.timers.rectify"
    found = read(entry(key, '{ amount = 10, unit = "WD", start = "pushed" }'), name="jiaxiang").policy
    assert found.timer("rectify", "coordinated").amount == 10
    holes = {hole.key for hole in policy.holes(found)}
    assert key not in holes and "classes.coordinated.timers.call_back" in holes


def test_what_is_inside_a_new_table_has_the_deployment_as_its_article_too():
    value = '{ mistaken = { title = "误评", fields = { cause = { title = "原因" } } } }'
    grounds = read(entry("appeal.grounds", value), name="lanzhou").policy.appeal.grounds
    assert grounds["mistaken"].article == grounds["mistaken"].fields["cause"].article == ("override",)


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        (entry("timers.call_back.amount", '"2"'), "timers.call_back.amount", "整数"),
        (entry("timers.call_back.amount", 0), "timers.call_back.amount", "不小于 1"),
        (entry("timers.called.amount", 2), "timers.called.amount", "可以调整的项目"),
        (entry("timers.supervise.amount", 2), "timers.supervise.amount", "先有 timers.supervise 整项"),
        (entry("channels.paper", '{ title = "表" }'), "channels.paper", "可以调整的项目"),
        (entry("timers.call_back.article", '"WZ-1"'), "timers.call_back.article", "可以调整的项目"),
        (entry("articles.WZ-12b.text", '"x"'), "override.0.key", "符合"),
        (entry("unsaid.default", '"x"'), "unsaid.default", "可以调整的项目"),
        (entry("policy", '"mot"'), "policy", "可以调整的项目"),
        (entry("timers.call_back.amount", 2, '""'), "override.0.reason", "非空"),
        (entry("timers.call_back.amount", 2, '"  "'), "override.0.reason", "写明的理由"),
        ('key = "timers.call_back.amount"\nvalue = 2', "override.0.reason", "一个值"),
        (entry("timers.call_back.amount", 2) + '\nsince = "now"', "override.0.since", "规定中有的项目"),
        ("[", "-", "TOML"),
    ],
)
def test_what_cannot_be_changed_so_is_refused(text, key, expected):
    with pytest.raises(PolicyError) as caught:
        read(text)
    assert caught.value.file == "mine.toml" and caught.value.key == key and expected in caught.value.expected


def test_a_default_is_never_mixed_with_what_citizens_said():
    with pytest.raises(PolicyError) as caught:
        read(entry("default.marked", "false"), name="mot")
    assert caught.value.key == "default.marked.value"


def test_a_key_twice_and_overrides_of_another_policy_are_refused():
    twice = entry("timers.call_back.amount", 2)
    assert "一次" in str(pytest.raises(PolicyError, read, twice, twice).value)
    with pytest.raises(PolicyError) as caught:
        overrides.read("mine.toml", file(twice, name="mot"), policies.load("wenzhou"))
    assert caught.value.key == "policy"
    with pytest.raises(PolicyError):
        overrides.read("mine.toml", b"#" * (overrides.MAX_BYTES + 1), policies.load("wenzhou"))


KEYS = [
    f"{key}.{name}" for key, said in policy.statements(policies.load("wenzhou")) for name in type(said).model_fields
]


@given(
    st.one_of(st.sampled_from(KEYS), st.from_regex(r"[a-z_.]{1,30}", fullmatch=True)),
    st.integers() | st.text(max_size=9),
)
def test_any_key_and_value_give_a_policy_or_a_policy_error(key, value):
    one = policy_words.Override(key, value, "理由")
    try:
        changed = overrides.apply("mine.toml", policies.load("wenzhou"), (one,))
    except PolicyError as error:
        assert error.file == "mine.toml"
    else:
        assert changed.policy == "wenzhou"


def test_central_is_told_its_policy_and_refuses_one_that_cannot_be_used(tmp_path):
    changes = tmp_path / "changes.toml"
    changes.write_bytes(file(entry("timers.call_back.amount", 2)))
    halls = settings_for(tmp_path, Gateway()).halls
    given_ = {"data_dir": tmp_path, "auditor_key": AUDITOR_KEY, "halls": halls}
    found = settings.load(policy="wenzhou", policy_overrides=changes, **given_)
    assert policies.in_force(found.policy, found.policy_overrides).policy.timers.call_back.amount == 2
    for wrong in ({"policy": "温州"}, {"policy_overrides": changes}, {"policy": "mot", "policy_overrides": changes}):
        with pytest.raises(settings.SettingsError, match="policy"):
            settings.load(**wrong, **given_)
