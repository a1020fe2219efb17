"""Codes of other systems: there and back, and never a bare number between two of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.core import code_tables
from central.core.code_tables import CHANNELS, LEVELS, CodeTable
from central.core.rating import Channel, Level, Origin
from protocol import levels

TABLES = [*LEVELS.values(), *CHANNELS.values()]
NUMBERS = st.one_of(st.integers(), st.integers(-1, 9), st.text(max_size=4), st.sampled_from("0123456789"), st.none())


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.source)
def test_what_is_written_is_read_as_what_it_was(table):
    assert [table.read(table.write(inside)) for inside in table.codes] == list(table.codes)


@pytest.mark.parametrize("table", LEVELS.values(), ids=lambda table: table.name)
def test_every_level_has_a_code_in_every_scale(table):
    assert set(table.codes) == set(Level)


def test_the_two_national_scales_run_opposite():
    interface, national = LEVELS["interface"], LEVELS["gbt39046"]
    assert interface.write(Level.VERY_SATISFIED) == "5" and national.write(Level.VERY_SATISFIED) == "1"
    assert [int(interface.write(level)) + int(national.write(level)) for level in Level] == [6] * 5
    assert national.read("1") is Level.VERY_SATISFIED and interface.read("1") is Level.VERY_DISSATISFIED


@given(st.sampled_from(list(Level)), st.sampled_from(list(LEVELS)), st.sampled_from(list(LEVELS)))
def test_a_level_that_passes_through_two_systems_is_the_level_it_was(level, first, second):
    there = LEVELS[first].read(LEVELS[first].write(level))
    assert LEVELS[second].read(LEVELS[second].write(there)) is level


def test_stars_of_a_record_and_of_the_interface_are_one_scale():
    for number in range(1, 6):
        assert LEVELS["interface"].read(number) == levels.name(number)


@given(st.sampled_from(TABLES), NUMBERS)
def test_whatever_comes_is_a_value_or_a_value_error_that_names_the_table(table, code):
    try:
        assert table.write(table.read(code)) == str(code)
    except ValueError as error:
        assert str(error).startswith(table.name)


def test_true_is_no_one():
    with pytest.raises(ValueError, match="gbt39046"):
        LEVELS["gbt39046"].read(True)


def test_six_and_seven_mean_different_channels_in_different_provinces():
    assert CHANNELS["fujian"].read(6) is Channel.PHONE and CHANNELS["fujian"].read(7) is Channel.SMS
    assert CHANNELS["zhejiang"].read(6) is Channel.SMS and CHANNELS["zhejiang"].read(7) is Channel.NONE
    with pytest.raises(ValueError, match="interface"):
        CHANNELS["interface"].read(6)


def test_paper_has_no_code_and_is_not_passed_off_as_something_else():
    for table in CHANNELS.values():
        with pytest.raises(ValueError, match="paper"):
            table.write(Channel.PAPER)


def test_a_default_says_that_it_is_one():
    assert [code_tables.is_default(origin) for origin in Origin] == ["0", "0", "0", "0", "0", "1", "0"]
    assert (code_tables.assess_number(False), code_tables.assess_number(True)) == ("1", "2")


@pytest.mark.requirement("SP-7.2")
def test_stars_for_people():
    assert [code_tables.stars(level) for level in Level] == ["★★★★★", "★★★★☆", "★★★☆☆", "★★☆☆☆", "★☆☆☆☆"]


def test_a_table_in_which_one_code_means_two_things_is_none():
    with pytest.raises(ValueError, match="one code for two"):
        CodeTable("x", "", {Level.SATISFIED: "1", Level.DISSATISFIED: "1"})
