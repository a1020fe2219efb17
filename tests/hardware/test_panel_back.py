"""The back label says what the firmware does."""

import re
from pathlib import Path

import pytest

from firmware import flow, screen
from hardware import dimensions
from hardware.circuit.blocks import BLOCKS
from hardware.panel import back

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
SAID = " ".join(mark.words for mark in back.back().marks if mark.words)


def _in_order(short, long):
    """Whether the characters of ``short`` stand in ``long`` in their order."""
    rest = iter(long)
    return all(character in rest for character in short)


def test_its_codes_are_those_that_stop_a_start():
    text = (FIRMWARE / "main.py").read_text(encoding="utf-8")
    assert [code for code, _ in back.CODES] == re.findall(r"^ {4}(E\d\d)  ", text, re.MULTILINE)
    assert "E01 to E03 stand until somebody comes; E04 to E06 restart after a while" in text
    assert back.CODES_END.startswith("E01 至 E03 请技术员处理；E04 至 E06")


def test_each_code_is_called_as_on_the_screen():
    for code, meaning in back.CODES:
        shown = screen.SCREENS["not_enrolled" if code == "E01" else code][0]
        assert _in_order(meaning, shown), (code, meaning, shown)


def test_its_lights_are_those_of_the_flow():
    effects = (FIRMWARE / "flow.py").read_text(encoding="utf-8")
    assert "identify both outer keys were held for 5 s" in effects and "For 20 s, and it tests itself" in effects
    assert "only while its scene says out of service" in effects
    assert {state for state, kind in flow.TABLE if kind == flow.HOLD} >= {"idle", "armed", "paused", "full"}
    for words in ("灯灭前可改按", "1、5 键同按 5 秒", "1、5 键同按 20 秒", "窗口须已在后台停用"):
        assert words in SAID


def test_it_says_what_a_label_has_to_say():
    for words in ("窗口评价器", "直流 5 V，500 mA", "型号", "版本", "RESET", "BOOT", "CR2032", "回收", "生产", "PoE"):
        assert words in SAID


def test_its_buttons_and_its_cell_are_on_the_board():
    values = {part.value for block in BLOCKS for part in block.parts}
    assert {"RESET", "BOOT"} <= values
    assert any("CR2032" in value for value in values)


def test_it_fits_on_the_rear_of_the_hood():
    d = dimensions.read()
    wide, high = back.SIZE
    assert high + 4 <= d.case.hood_height
    assert wide + 20 <= d.face.x[1] - d.face.x[0], "clear of the rounded corners"


def test_the_place_of_the_enrolment_label_is_free_and_as_large_as_it_says():
    ((name, place),) = back.back().free
    assert (place.width, place.height) == pytest.approx(back.ENROLMENT)
    assert not [mark for mark in back.back().marks if mark.words and mark.box.meets(place)]
