"""Indicators: read strictly, frozen under their version, kept for ever."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import look, settings
from gateway.core import indicators
from gateway.core.indicators import MAX_CODES, MAX_WORDS, NATIONAL, IndicatorError
from gateway.settings import SettingsError
from gateway.store import indicators as kept
from gateway.store.writer import Store
from protocol import downlink, levels

OWN = {
    "version": 7,
    "asked": ["very_dissatisfied"],
    "levels": {"very_dissatisfied": {"108": "在办事指南之外增加新的审批条件", "190": "等候时间长"}},
}


def changed(place: str, value: object) -> dict:
    """OWN with another value at a place like ``levels.very_dissatisfied.190``; None removes what is there."""
    made = copy.deepcopy(OWN)
    *path, last = place.split(".")
    part = made
    for name in path:
        part = part[name]
    if value is None:
        part.pop(last)
    else:
        part[last] = value
    return made


def test_the_national_set_has_eight_for_each_level_that_begin_with_its_digit():
    assert list(NATIONAL.words) == list(levels.NAMES)
    for name, codes in NATIONAL.words.items():
        assert len(codes) == 8 and {code // 100 for code in codes} == {levels.number(name)}
    assert NATIONAL.offered() == {1: list(range(108, 116)), 2: list(range(207, 215))}
    assert NATIONAL.asked == levels.BAD


def test_a_set_says_what_it_offers_in_its_own_order():
    found = indicators.read(changed("levels.very_dissatisfied", {"190": "等候时间长", "108": "多头跑"}))
    assert found.offered() == {1: [190, 108]}
    assert found.shown() == {190: "等候时间长", 108: "多头跑"}


@pytest.mark.parametrize(
    ("place", "value", "field"),
    [
        ("version", None, "version"),
        ("version", 0, "version"),
        ("version", True, "version"),
        ("version", 2**32, "version"),
        ("colour", "red", "colour"),
        ("levels", {}, "levels"),
        ("levels", ["108"], "levels"),
        ("levels.awful", {"1": "x"}, "levels.awful"),
        ("levels.very_dissatisfied", {}, "levels.very_dissatisfied"),
        (
            "levels.very_dissatisfied",
            {str(code): "x" for code in range(1, MAX_CODES + 2)},
            "levels.very_dissatisfied",
        ),
        ("levels.very_dissatisfied.0", "x", "levels.very_dissatisfied.0"),
        ("levels.very_dissatisfied.65536", "x", "levels.very_dissatisfied.65536"),
        ("levels.very_dissatisfied.0109", "x", "levels.very_dissatisfied.0109"),
        ("levels.very_dissatisfied.１０９", "x", "levels.very_dissatisfied.１０９"),
        ("levels.very_dissatisfied.-1", "x", "levels.very_dissatisfied.-1"),
        ("levels.very_dissatisfied." + "9" * 5000, "x", "levels.very_dissatisfied.9999999999"),
        ("levels.very_dissatisfied.190", "", "levels.very_dissatisfied.190"),
        ("levels.very_dissatisfied.190", "x" * (MAX_WORDS + 1), "levels.very_dissatisfied.190"),
        ("levels.very_dissatisfied.190", "两\n行", "levels.very_dissatisfied.190"),
        ("levels.very_dissatisfied.190", 5, "levels.very_dissatisfied.190"),
        ("levels.dissatisfied", {"108": "x"}, "levels.dissatisfied.108"),
        ("asked", ["dissatisfied"], "asked"),
        ("asked", ["very_dissatisfied", "very_dissatisfied"], "asked"),
        ("asked", "very_dissatisfied", "asked"),
    ],
)
def test_an_error_names_its_field(place, value, field):
    with pytest.raises(IndicatorError) as caught:
        indicators.read(changed(place, value))
    assert caught.value.field == field
    assert len(str(caught.value)) < 300


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.dictionaries(st.text(), inner)))
def test_rubbish_is_refused_by_name(value):
    with pytest.raises(IndicatorError):
        indicators.read(value)


codes = st.integers(1, 65535)
words = st.text("等候时间长abc ", min_size=1, max_size=MAX_WORDS).filter(lambda text: text == text.strip())


@given(st.integers(1, 2**32 - 1), st.dictionaries(codes, words, min_size=1, max_size=MAX_CODES))
def test_a_set_comes_back_from_its_text_and_fits_into_a_scene(version, own):
    found = indicators.read({"version": version, "asked": ["dissatisfied"], "levels": {"dissatisfied": own}})
    assert indicators.read(json.loads(found.text())) == found
    scene = downlink.IDLE._replace(indicators=found.version, reasons=found.offered())
    sent = downlink.pack(bytes(32), downlink.Downlink("d", 1, 0, downlink.SCENE, scene))
    assert downlink.unpack(bytes(32), sent, "d").body.reasons == {2: list(own)}


def test_a_set_cannot_be_changed():
    with pytest.raises(TypeError):
        NATIONAL.words["very_dissatisfied"][108] = "x"


# --- in the store ---


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "gateway.db")
    yield made
    made.close()


def put(store, value, now_ms=1):
    return store.run(lambda c: kept.put_in_force(c, indicators.read(value), now_ms))


def test_what_a_version_said_is_kept_and_never_changes(store):
    assert put(store, OWN) and not put(store, OWN)
    other = changed("levels.very_dissatisfied.190", "等候时间太长")
    with pytest.raises(IndicatorError) as caught:
        put(store, other)
    assert caught.value.field == "version"
    assert put(store, other | {"version": 8})
    for version, wanted in ((7, OWN), (8, other | {"version": 8})):
        assert kept.of_version(store.reader(), version) == indicators.read(wanted)
    assert kept.in_force(store.reader()).version == 8
    assert put(store, OWN) and kept.in_force(store.reader()).version == 7, "an earlier one may come back"
    assert kept.of_version(store.reader(), 9) is None


def test_nothing_is_in_force_at_first(store):
    assert kept.in_force(store.reader()) is None


# --- from a file ---

TOML = """
version = 7
asked = ["very_dissatisfied"]
[levels.very_dissatisfied]
108 = "在办事指南之外增加新的审批条件"
190 = "等候时间长"
"""


def config(tmp_path, **given):
    return settings.load(data=tmp_path, **given)


def test_the_file_comes_first_then_what_was_in_force_then_the_national_set(tmp_path, store):
    assert look.load(config(tmp_path), store).indicators == NATIONAL
    put(store, OWN | {"version": 3})
    assert look.load(config(tmp_path), store).indicators.version == 3
    file = tmp_path / "own.toml"
    file.write_text(TOML)
    assert look.load(config(tmp_path, indicators=file), store).indicators == indicators.read(OWN)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("version = 0", "version"),
        ("version = 1\n[levels]\nhorrible = 5", "levels.horrible"),
        ("not toml", "own.toml"),
        ("x" * (look.MAX_BYTES + 1), "more than"),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path, store, text, place):
    file = tmp_path / "own.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        look.load(config(tmp_path, indicators=file), store)
    assert str(file) in str(caught.value) and place in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path, store):
    for name in ("indicators", "staff_stars"):
        with pytest.raises(SettingsError, match="absent.toml"):
            look.load(config(tmp_path, **{name: tmp_path / "absent.toml"}), store)


def test_published_stars_are_read_strictly(tmp_path, store):
    file = tmp_path / "stars.toml"
    file.write_text('[stars]\n"1001" = 4\n')
    assert look.load(config(tmp_path, staff_stars=file), store).stars == {"1001": 4}
    assert look.load(config(tmp_path), store).stars == {}, "nothing is public unless a file says so"
    for text in ('[stars]\n"1001" = 6\n', '[stars]\n"1001" = 4.5\n', "stars = 5\n", '[stars]\n"1001" = true\n'):
        file.write_text(text)
        with pytest.raises(SettingsError, match="stars"):
            look.load(config(tmp_path, staff_stars=file), store)
