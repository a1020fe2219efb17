"""One text with headings, taken apart into fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.core.text_fold import TextTooLong
from central.core.text_parts import LABELS, MAX_FILE_CHARS, Part, split


def test_headings_divide_a_text():
    text = "情况如下。\n一、处理结果：已补发。\n(2) 下一步举措 : 每周核对。\n\n处理结果：又一次"
    pieces = split(text)
    assert {part: piece.text for part, piece in pieces.items()} == {
        Part.BODY: "情况如下。",
        Part.RESULT: "已补发。",
        Part.NEXT_MEASURES: "每周核对。\n\n处理结果：又一次",
    }


def test_a_label_within_a_line_is_no_heading():
    assert list(split("我局的处理结果：已补发")) == [Part.BODY]


def test_no_label_means_two_fields():
    labels = [label for group in LABELS.values() for label in group]
    assert len(set(labels)) == len(labels) and set(LABELS) == set(Part)


@given(
    st.lists(
        st.sampled_from(["处理结果：", "下一步举措：", "正文：", "已补发", " ", "\n", "\r\n", "一、"]), max_size=30
    )
)
def test_each_piece_stands_where_it_says_and_no_word_is_in_two(words):
    text = "".join(words)
    pieces = sorted(split(text).values(), key=lambda piece: piece.start)
    for piece in pieces:
        assert text[piece.start : piece.start + len(piece.text)] == piece.text
    for one, following in zip(pieces, pieces[1:], strict=False):
        assert one.start + len(one.text) <= following.start


def test_a_huge_file_is_refused():
    with pytest.raises(TextTooLong):
        split("好" * (MAX_FILE_CHARS + 1))
