"""Policies: what a regulation says has its articles, what it does not say is declared empty, no slip passes."""

import copy
import re
import tomllib
from datetime import date
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central import policies
from central.core import policy
from central.core.conflicts import DECISIONS
from central.core.policy import PolicyError
from central.core.rating import Level
from central.core.terms import OVERRIDE, Event, GroundName, Party, TimerName
from protocol import levels
from tests.requirements import load_duties

SEEDS = {"wenzhou": "WZ", "jiaxiang": "JX", "lanzhou": "LZ", "mot": "MOT", "siping": "SP"}
NAMES = sorted(SEEDS)
TABLES = {
    name: tomllib.loads(resources.files(policies).joinpath(f"{name}.toml").read_text(encoding="utf-8"))
    for name in NAMES
}


def changed(name, path, value=None):
    """The error of a policy in which one place was changed, or removed."""
    table = copy.deepcopy(TABLES[name])
    *outer, last = path
    here = table
    for part in outer:
        here = here[part]
    if value is None:
        del here[last]
    else:
        here[last] = value
    with pytest.raises(PolicyError) as caught:
        policy.of("mine.toml", table)
    return caught.value


def limit(name, timer, of_class=None):
    found = policies.load(name).timer(TimerName(timer), of_class)
    return found and ("at once" if found.at_once else (found.amount, found.unit), found.start)


def test_all_five_come_with_the_program():
    assert policies.names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_statement_cites_articles_of_its_own_regulation(name):
    duties, found = load_duties(), policies.load(name)
    cited = {article for _, said in policy.statements(found) for article in said.article}
    assert len(cited) > 10 and OVERRIDE not in cited
    for article in cited:
        assert duties[article].seed == SEEDS[name]
        assert found.articles[article].at.removeprefix("附件2 ") == duties[article].article.removeprefix("附件2 ")
    assert cited == set(found.articles)


@pytest.mark.parametrize("name", NAMES)
def test_every_decision_that_a_policy_or_a_hole_names_is_written_down(name):
    found = policies.load(name)
    named = {number for _, said in policy.statements(found) for number in said.conflict}
    named |= {number for hole in policy.holes(found) for number in re.findall(r"C-\d+", hole.why)}
    assert named and named <= set(DECISIONS)


@pytest.mark.parametrize("name", NAMES)
def test_every_key_is_said_or_reported_as_a_hole(name):
    found = policies.load(name)
    empty = {key for key, value in policy.slots(found).items() if not value}
    holes = {hole.key: hole.why for hole in policy.holes(found)}
    by_class = {"timers.call_back", "timers.rectify"} if found.classes else set()
    assert set(holes) == empty - by_class
    assert all(len(why) > 5 for why in holes.values())


def test_the_fragment_is_not_filled_up():
    found = policies.load("lanzhou")
    assert found.source.state == "fragment" and found.source.missing
    holes = {hole.key: hole.why for hole in policy.holes(found)}
    for timer in TimerName:
        assert found.timer(timer) is None and "截断" in holes[f"timers.{timer}"]
    for key in ("appeal.by", "review.by", "rectify.fields", "accountability.bad_ratings"):
        assert "截断" in holes[key]
    assert "缺失" in holes["default.level"] and "缺失" in holes["reasons.on_bad"]


@pytest.mark.parametrize(
    ("name", "timer", "expected"),
    [
        ("wenzhou", "call_back", ((1, "WD"), Event.PUSHED)),
        ("wenzhou", "appeal", ((5, "WD"), Event.RATED)),
        ("wenzhou", "review", ((5, "WD"), Event.APPEAL_RECEIVED)),
        ("wenzhou", "rectify", ((15, "WD"), Event.RATED)),
        ("wenzhou", "feedback", ("at once", Event.RECTIFIED)),
        ("wenzhou", "text_moderation", ((5, "WD"), Event.TEXT_RECEIVED)),
        ("mot", "call_back", ((2, "WD"), Event.PUSHED)),
        ("mot", "rectify", ((10, "WD"), Event.PUSHED)),
        ("mot", "rectify_complex", ((15, "WD"), Event.PUSHED)),
        ("mot", "invalid_report", ((10, "WD"), Event.PUSHED)),
        ("mot", "appeal", None),
        ("siping", "call_back", ((48, "h"), Event.PUSHED)),
        ("siping", "rectify", ((15, "d"), Event.PUSHED)),
        ("siping", "appeal", ((2, "WD"), Event.TOLD)),
        ("siping", "review", ((5, "WD"), Event.APPEAL_RECEIVED)),
        ("jiaxiang", "appeal", None),
    ],
)
def test_limits_are_the_regulations_own(name, timer, expected):
    assert limit(name, timer) == expected


def test_jiaxiang_has_limits_by_class_and_the_third_has_none():
    assert limit("jiaxiang", "call_back", "at_once") == ((1, "h"), Event.PUSHED)
    assert limit("jiaxiang", "rectify", "at_once") == ("at once", Event.CALLED_BACK)
    assert limit("jiaxiang", "call_back", "limited") == ((1, "WD"), Event.PUSHED)
    assert limit("jiaxiang", "rectify", "limited") == ((3, "WD"), Event.PUSHED)
    assert limit("jiaxiang", "rectify", "coordinated") is None
    assert policies.load("jiaxiang").extension.when.value == "before_due"


def test_each_bad_national_indicator_belongs_to_one_class():
    codes = [code for one in policies.load("jiaxiang").classes.values() for code in one.codes]
    offered = [int(code) for level in levels.BAD for code in policies.national()["levels"][level]]
    assert sorted(codes) == sorted(offered)


def test_silence_is_a_default_only_where_a_regulation_says_so():
    rules = {name: policies.load(name).default for name in NAMES}
    after = {
        name: rule.after and (rule.after.amount, rule.after.unit, rule.after.start) for name, rule in rules.items()
    }
    assert after == {
        "wenzhou": None,
        "jiaxiang": None,
        "lanzhou": None,
        "mot": (5, "WD", "finished"),
        "siping": (7, "d", "finished"),
    }
    for name in ("mot", "siping"):
        assert rules[name].level.value is Level.FAIRLY_SATISFIED
        assert rules[name].marked.value is True and rules[name].late.value == "supersede"
    assert changed("mot", ("default", "marked", "value"), False).key == "default.marked.value"


def test_annex_two_of_wenzhou_in_full():
    appeal = policies.load("wenzhou").appeal
    assert appeal.by.value is Party.INSTITUTION and appeal.late.value == "stands"
    assert set(appeal.fields) == {"rated_at", "cause", "appeal_reason", "response_to_text"}
    required = {name: [str(field) for field in ground.fields] for name, ground in appeal.grounds.items()}
    assert required == {
        "mistaken": ["intended_item", "related"],
        "malicious": ["basis"],
        "refused": ["attempts"],
        "ineligible": ["policy_basis", "why_not_matching", "wrong_step"],
        "other": ["specifics"],
    }
    mistaken = appeal.grounds[GroundName.MISTAKEN]
    assert list(mistaken.kinds) == ["wrong_item", "wrong_digit", "wrong_star"]
    assert {field.only for field in mistaken.fields.values()} == {"wrong_item"}
    assert appeal.grounds[GroundName.REFUSED].fields["attempts"].least == 2
    assert list(appeal.own_system_not.fields) == ["scene", "reproduction", "transfer_to"]
    assert list(appeal.excluded) == ["attitude", "ability", "system"]
    rectify = policies.load("wenzhou").rectify
    assert list(rectify.fields) == ["rated_at", "cause", "result", "next_measures"]
    assert len(rectify.words.value) == 9 and len(rectify.failings) == 9


def test_who_appeals_and_who_decides():
    said = {name: policies.load(name) for name in NAMES}
    assert {name: one.appeal.by and one.appeal.by.value for name, one in said.items()} == {
        "wenzhou": "institution",
        "jiaxiang": None,
        "lanzhou": None,
        "mot": None,
        "siping": "staff",
    }
    assert set(said["mot"].invalid.grounds) == {"untrue", "no_legal_basis", "irrelevant"}
    assert set(said["jiaxiang"].invalid.grounds) == {"untrue", "malicious"}
    assert said["siping"].appeal.written.value is True
    assert [one.review.by and one.review.by.title for one in said.values()] == [
        None,
        None,
        "办公厅",
        "政务服务局",
        "市信访局",
    ]


def test_a_list_of_persons_is_held_back_by_people():
    malicious = policies.load("siping").malicious
    assert malicious.scope.value == "rater" and malicious.handling.value == "quarantine"
    assert set(malicious.safeguards) == {"two_people", "expiry", "appeal", "record_kept"}


@pytest.mark.parametrize("name", NAMES)
def test_labels_are_a_set_that_devices_can_show(name):
    found = policies.load(name).levels
    for labels in filter(None, (found.names, found.alternative)):
        assert tuple(labels.by_level()[level] for level in levels.NAMES) in levels.LABELS.values()
    assert set(found.bad.value) == set(levels.BAD)


@pytest.mark.parametrize(
    ("path", "value", "key", "expected", "got"),
    [
        (("timers", "call_back", "amount"), "1", "timers.call_back.amount", "整数", "'1'"),
        (("timers", "call_back", "amount"), 0, "timers.call_back.amount", "不小于 1", "0"),
        (("timers", "call_back", "unit"), "天", "timers.call_back.unit", "'WD', 'd', 'h'", "'天'"),
        (("timers", "call_back", "amount"), None, "timers.call_back", "amount", "unit"),
        (("timers", "call_back"), None, "timers.call_back", "[unsaid]", "空"),
        (("timers", "called"), {}, "timers.called", "规定中有的项目", "多余"),
        (("timers", "review", "article"), "WZ-99", "timers.review.article", "条款编号", "WZ-99"),
        (("timers", "review", "article"), "override", "timers.review.article", "条款编号", "override"),
        (("timers", "review", "article"), [], "timers.review.article", "至少 1 项", "[]"),
        (("timers", "review", "article"), None, "timers.review.article", "一个值", "空"),
        (("timers", "review", "conflict"), "C-23", "timers.review.conflict.0", "C-", "C-23"),
        (("appeal", "grounds", "bored"), {}, "appeal.grounds.bored", "'mistaken'", "'bored'"),
        (("unsaid", "levels.bad"), "x", "unsaid.levels.bad", "没有内容", "有内容"),
        (("unsaid", "levels.bads"), "x", "unsaid.levels.bads", "可以没有内容", "其他"),
        (("unsaid", "classes"), None, "classes", "[unsaid]", "空"),
        (("unsaid", "classes"), "", "unsaid.classes", "非空", "''"),
        (("channels",), [], "channels", "表", "[]"),
        (("revision",), True, "revision", "整数", "True"),
    ],
)
def test_an_error_names_file_key_expected_and_got(path, value, key, expected, got):
    error = changed("wenzhou", path, value)
    assert (error.file, error.key) == ("mine.toml", key)
    assert expected in error.expected and got in error.got
    assert str(error) == f"mine.toml：{key}：应为{error.expected}，实为{error.got}"


def places(value, path=()):
    """Every place of a table, with what stands there: tables, and values that are no tables."""
    for name, item in value.items():
        yield (*path, name), item
        if isinstance(item, dict):
            yield from places(item, (*path, name))


PLACES = [(name, path, value) for name in NAMES for path, value in places(TABLES[name])]


@given(st.sampled_from(PLACES), st.sampled_from([3.5, date(2026, 1, 1), [[]], object()]))
def test_whatever_stands_in_the_wrong_place_is_named(place, rubbish):
    name, path, _ = place
    error = changed(name, path, rubbish)
    assert f"{error.key}.".startswith(".".join(path)) or ".".join(path).startswith(f"{error.key}.")


@given(st.sampled_from(PLACES))
def test_a_misspelt_key_is_named(place):
    name, path, value = place
    if path[0] == "articles" and len(path) == 2:
        path = ("articles", path[1] + "?")
    else:
        path = (*path[:-1], path[-1] + "?")
    error = changed(name, path, value)
    assert ".".join(path[:-1]) in error.key


@given(
    st.sampled_from(
        [(name, key) for name in NAMES for key, value in policy.slots(policies.load(name)).items() if value]
    )
)
def test_whatever_is_left_out_is_missed(place):
    name, key = place
    assert changed(name, tuple(key.split("."))).key == key


@given(st.binary(max_size=60))
def test_any_bytes_are_a_policy_or_a_policy_error(text):
    with pytest.raises(PolicyError) as caught:
        policy.read("mine.toml", text)
    assert caught.value.file == "mine.toml"


def test_a_file_without_end_is_not_read():
    assert "字节" in str(pytest.raises(PolicyError, policy.read, "mine.toml", b"#" * (policy.MAX_BYTES + 1)).value)
    assert "之一" in str(pytest.raises(PolicyError, policies.load, "../secrets").value)
