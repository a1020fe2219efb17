"""KiCad's s-expressions, read and written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.part import HardwareError
from hardware.sexp import Text, find, find_all, need, number, parse, write

words = st.from_regex(r"[A-Za-z0-9_.+~/*-]{1,8}", fullmatch=True)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\r\t", exclude_categories=["Cs"])).map(Text)
nodes = st.recursive(
    st.lists(words | texts, min_size=1).map(list),
    lambda inner: st.lists(words | texts | inner, min_size=1),
    max_leaves=20,
)


def _order(node):
    # write() puts what is no list first; KiCad's files are like that already
    flat = [item for item in node if not isinstance(item, list)]
    return [*flat, *(_order(item) for item in node if isinstance(item, list))]


@given(nodes)
def test_what_is_written_is_read(node):
    assert parse(write(node)) == _order(node)


def test_a_word_and_a_text_are_told_apart():
    node = parse('(pad "1" smd (at 1.5 -2) (name "a \\"b\\"\\n"))')
    assert isinstance(node[1], Text) and not isinstance(node[2], Text)
    assert need(node, "at") == ["at", "1.5", "-2"]
    assert need(node, "name")[1] == 'a "b"\n'
    assert find(node, "net") is None
    assert find_all(node, "at") == [["at", "1.5", "-2"]]


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "1"), (-0.0, "0"), (2.54, "2.54"), (1 / 3, "0.333333"), (7, "7"), (-1e-9, "0")]
)
def test_a_number_is_short(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("(a (b)", "1 brackets stay open"),
        ("(a))", "too many"),
        ("a", "expected one list"),
        ('(a "b)', "the quote at character 3 is not closed"),
        ('(a b) "', "the quote at character 6 is not closed"),
        ('(a "b\\")', "the quote at character 3 is not closed"),
    ],
)
def test_what_is_no_list_is_refused(text, complaint):
    with pytest.raises(HardwareError, match=complaint):
        parse(text)


def test_a_missing_list_is_named():
    with pytest.raises(HardwareError, match=r"\(pad \.\.\.\) has no \(size \.\.\.\)"):
        need(["pad"], "size")
