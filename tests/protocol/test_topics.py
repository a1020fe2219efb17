import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import topics
from protocol.errors import ProtocolError
from tests.protocol import strategies


def code(call, *arguments) -> str:
    with pytest.raises(ProtocolError) as caught:
        call(*arguments)
    return caught.value.code


@given(strategies.ids(), strategies.ids(), st.sampled_from(sorted(topics.MAX_SIZE)))
def test_what_is_joined_is_split(hall, device, leaf):
    text = topics.topic(hall, device, leaf)
    assert len(text) <= topics.MAX_TOPIC
    assert topics.split(text) == (hall, device, leaf)


def test_the_leaves():
    assert set(topics.FROM_DEVICE) | set(topics.TO_DEVICE) == set(topics.MAX_SIZE)
    assert not set(topics.FROM_DEVICE) & set(topics.TO_DEVICE)


@given(st.text(max_size=90))
def test_any_text_is_a_topic_or_bad(text):
    try:
        parts = topics.split(text)
    except ProtocolError as error:
        assert error.code == "bad_topic"
    else:
        assert topics.topic(*parts) == text


@pytest.mark.parametrize("good", ["a", "0", "a-b", "a--b", "w" * 20])
def test_ids(good):
    assert topics.check_id(good) == good


@pytest.mark.parametrize(
    "bad", ["", "-", "a-", "-a", "A", "a b", "a_b", "a/b", "é", "１", "w" * 21, "a\n", None, 5, b"a", [], {}, True]
)
def test_no_other_ids(bad):
    assert code(topics.check_id, bad) == "bad_device"


def test_a_refused_id_is_quoted_briefly():
    with pytest.raises(ProtocolError) as caught:
        topics.check_id("x" * 5000)
    assert len(str(caught.value)) < 150


def test_a_leaf_that_does_not_exist_is_our_own_mistake():
    with pytest.raises(ValueError, match="no such leaf"):
        topics.topic("h", "w01", "records")


@pytest.mark.parametrize("leaf", sorted(topics.MAX_SIZE))
def test_sizes(leaf):
    topics.check_size(leaf, topics.MAX_SIZE[leaf])
    assert code(topics.check_size, leaf, topics.MAX_SIZE[leaf] + 1) == "too_large"
