"""Chinese Braille from pinyin, against words that can be looked up."""

import pytest

from hardware.panel import braille
from hardware.part import HardwareError


@pytest.mark.parametrize(
    ("written", "pinyin", "cells"),
    [
        # the article 国家通用盲文 of the Chinese Wikipedia writes its own title so, in three words
        ("国家", "guo2 jia1", "⠛⠕⠂⠛⠫⠁"),
        ("通用", "tong1 yong4", "⠞⠲⠁⠹"),
        ("盲文", "mang2 wen2", "⠍⠦⠒⠂"),
        # liblouis 3.24, table zhcn-cbs
        ("中国", "zhong1 guo2", "⠌⠲⠁⠛⠕⠂"),
        ("北京", "bei3 jing1", "⠃⠮⠄⠛⠡⠁"),
        ("服务", "fu2 wu4", "⠋⠥⠂⠥"),
        ("评价", "ping2 jia4", "⠏⠡⠛⠫"),
        ("星", "xing1", "⠓⠡⠁"),
        ("非常", "fei1 chang2", "⠋⠮⠟⠦"),
        ("满意", "man3 yi4", "⠍⠧⠄⠊⠆"),
        ("基本", "ji1 ben3", "⠛⠊⠁⠃⠴⠄"),
        ("不满意", "bu4 man3 yi4", "⠃⠥⠍⠧⠄⠊⠆"),
        ("很好", "hen3 hao3", "⠓⠴⠄⠓⠖⠄"),
        ("一般", "yi1 ban1", "⠊⠃⠧⠁"),
        ("很差", "hen3 cha4", "⠓⠴⠄⠟⠔⠆"),
        ("不好", "bu4 hao3", "⠃⠥⠓⠖⠄"),
    ],
)
def test_words_that_others_have_written(written, pinyin, cells):
    assert braille.word(pinyin) == cells, written


@pytest.mark.parametrize(
    ("pinyin", "cells"),
    [
        ("zhi1", "⠌⠁"),  # an initial alone
        ("shi4", "⠱"),
        ("xue2", "⠓⠾⠂"),  # ü without its dots
        ("lv4", "⠇⠬"),
        ("yuan4", "⠯"),  # no initial
        ("yi4", "⠊⠆"),  # an exception of the fourth tone
        ("yi1", "⠊"),
        ("er4", "⠗⠆"),
        ("zi4", "⠵⠆"),  # an exception of its initial
        ("tou2", "⠞⠷⠂"),
        ("ma0", "⠍⠔"),
    ],
)
def test_syllables_of_every_kind(pinyin, cells):
    assert braille.syllable(pinyin) == cells


def test_the_tables_are_those_of_the_scheme():
    assert len(braille.FINALS) == 35 and len(set(braille.FINALS.values())) == 34, "e and o share a cell"
    assert len(braille.INITIALS) == 21 and len(set(braille.INITIALS.values())) == 18, "g j, k q and h x share cells"
    assert set(braille.UNWRITTEN) == set(braille.INITIALS)


def test_numbers_and_dots():
    assert [braille.number(one) for one in (1, 2, 3, 4, 5)] == ["⠼⠁", "⠼⠃", "⠼⠉", "⠼⠙", "⠼⠑"]
    assert braille.dots("⠼") == (3, 4, 5, 6)
    assert braille.dots("⠟") == (1, 2, 3, 4, 5)
    assert braille.dots(braille.BLANK) == ()


def test_lines_break_between_words_only():
    assert braille.lines(["⠼⠑", *braille.words("非常满意")], 7) == ["⠼⠑⠀⠋⠮⠟⠦", "⠍⠧⠄⠊⠆"]
    with pytest.raises(HardwareError, match="⠃⠥⠍⠧⠄⠊⠆ has 7 cells and a line 6"):
        braille.lines(braille.words("不满意"), 6)


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: braille.syllable("man"), "'man' has no tone"),
        (lambda: braille.syllable("bxq1"), "'bxq1' is no syllable"),
        (lambda: braille.words("超级满意"), "no pinyin for 超级满意; add it to WORDS"),
    ],
)
def test_what_it_cannot_write_is_named(make, complaint):
    with pytest.raises(HardwareError, match=complaint):
        make()
