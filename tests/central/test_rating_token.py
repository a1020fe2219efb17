"""One-use tokens: only central makes them, each is for one thing, and rubbish is refused in a sentence."""

import base64
import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.core import rating_token
from central.core.rating import Channel, Origin
from central.core.rating_token import Purpose, Token, misuse, over, rater, read, seal
from central.core.refusal import Refusal

KEY, OTHER = b"k" * 32, b"o" * 32
TOKEN = Token(b"t" * 16, Purpose.SERVICE, "lucheng", Channel.QR, 1000, "C1", 2, "ab" * 32)
TOKENS = st.builds(
    Token,
    st.binary(min_size=16, max_size=16),
    st.sampled_from(Purpose),
    st.text("abc-1", min_size=1, max_size=20),
    st.sampled_from([Channel.QR, Channel.SMS]),
    st.integers(0, 2**53),
    st.none() | st.text(min_size=1, max_size=64),
    st.none() | st.integers(1, 2**31 - 1),
    st.none() | st.just("0f" * 32),
)


@given(TOKENS)
def test_what_is_sealed_is_read_as_what_it_was(token):
    assert read([OTHER, KEY], seal(KEY, token)) == token


def test_the_channel_says_the_origin():
    assert TOKEN.origin is Origin.CITIZEN_QR
    assert dataclasses.replace(TOKEN, channel=Channel.SMS).origin is Origin.CITIZEN_SMS


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_any_changed_byte_makes_it_invalid(place, change):
    raw = bytearray(base64.urlsafe_b64decode(seal(KEY, TOKEN) + "=="))
    raw[place % len(raw)] ^= change
    refused = read([KEY], base64.urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode())
    assert isinstance(refused, Refusal) and refused.code == "token_invalid"


@given(st.text(max_size=700) | st.text("abcXYZ019-_=", max_size=700))
def test_rubbish_is_refused_in_a_sentence(text):
    refused = read([KEY], text)
    assert isinstance(refused, Refusal) and refused.code == "token_invalid" and "评价凭证无效" in str(refused)


def test_another_key_makes_no_token_here_and_the_older_one_still_does():
    assert isinstance(read([OTHER], seal(KEY, TOKEN)), Refusal)
    assert read([KEY, OTHER], seal(KEY, TOKEN)) == TOKEN
    assert isinstance(read([], seal(KEY, TOKEN)), Refusal)


def test_nothing_is_decoded_that_is_too_long():
    assert isinstance(read([KEY], seal(KEY, TOKEN) + "A" * rating_token.MAX_TEXT), Refusal)


def test_it_is_for_one_thing():
    assert misuse(TOKEN, Purpose.SERVICE) is None and misuse(TOKEN, Purpose.SERVICE, "C1", 2) is None
    for case_no, service_no in (("C2", 2), ("C1", 1), ("C1", "2"), (5, None), ([], {})):
        assert misuse(TOKEN, Purpose.SERVICE, case_no, service_no).code == "token_other_service"
    assert misuse(TOKEN, Purpose.CENTRE).code == "token_purpose"


def test_it_ends():
    assert over(TOKEN, 999) is None and over(TOKEN, 1000).code == "token_expired"


def test_a_rater_is_the_same_however_it_is_typed_and_with_another_key_another():
    found = rater(KEY, "33030219800101123x")
    assert found == rater(KEY, " 3303 0219 8001 0112 3X ") == rater(KEY, "３３０３０２１９８００１０１１２３Ｘ")
    assert found != rater(OTHER, "33030219800101123X") and found != rater(KEY, "330302198001011231")
    assert len(found) == 64 and "3303" not in found[:4]


def test_a_mac_of_one_use_is_none_of_another():
    with pytest.raises(AssertionError):
        assert rater(KEY, "x")[:32] == rating_token._mac(KEY, b"x").hex()
