"""Folding: one reading for every way of typing, and a way back to the place."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.core.text_fold import MAX_CHARS, TextTooLong, fold


@given(st.text(max_size=300))
def test_every_place_leads_back_to_the_character_it_came_from(source):
    folded = fold(source)
    assert len(folded.at) == len(folded.text) and list(folded.at) == sorted(folded.at)
    for place in range(len(folded.text)):
        start, end = folded.span(place, place + 1)
        assert 0 <= start < end <= len(source)
        assert folded.text[place] in fold(source[start:end]).text


@given(st.text(max_size=300))
def test_what_is_folded_folds_to_itself(source):
    once = fold(source).text
    assert fold(once).text == once


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("将\u3000加 强\u00a0管\u200b理", "将加强管理"),
        ("５个工作日，ＡＰＰ", "5个工作日,app"),
        ("「下一步」", "“下一步”"),
        ("〈条例〉", "《条例》"),
        (unicodedata.normalize("NFD", "Cafétéria"), "cafeteria"),
        ("行\ufa08", "行行"),  # a compatibility ideograph
        ("一行\r\n二行\u2028三行", "一行\n二行\n三行"),
    ],
)
def test_ways_of_typing(typed, read):
    assert fold(unicodedata.normalize("NFC", typed)).text == fold(read).text or fold(typed).text == read


def test_a_quotation_needs_its_end_near():
    assert fold("他说“下一步再来”。").quoted(3, 6)
    assert not fold("“下一步”").quoted(1, 4), "the bare word is no quotation"
    assert not fold("他说“下一步再来").quoted(3, 6)
    assert not fold("“" + "好" * 100 + "下一步再来”").quoted(101, 104)
    assert fold('称"下一步再来"').quoted(2, 5)


def test_a_long_text_is_refused_and_not_cut():
    assert fold("好" * MAX_CHARS).text
    with pytest.raises(TextTooLong, match=str(MAX_CHARS)):
        fold("好" * (MAX_CHARS + 1))
