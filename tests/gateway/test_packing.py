"""Packed texts come out as they went in, and damage has a name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.store.packing import pack, unpack


@given(st.text(max_size=2000), st.text(max_size=50))
def test_what_goes_in_comes_out(text, beside):
    assert unpack(pack(text, beside), beside) == text


def test_what_lies_beside_it_is_not_said_twice():
    text = '{"case_no":"330302-2026-000001","from":"2026-03-04T04:53:15.000Z"}'
    assert len(pack(text, "330302-2026-000001 2026-03-04T04:53:15.000Z")) < len(pack(text)) - 20


@given(st.binary(max_size=200))
def test_bytes_that_were_not_packed_are_refused_or_are_a_text(data):
    try:
        text = unpack(data)
    except ValueError:
        return
    assert unpack(pack(text)) == text  # a few short streams of deflate can be hit by chance


def test_damage_has_a_name():
    data = pack("x" * 500)
    for wrong in (b"", b"\x09" + data[1:], data[:-2], data[:1] + b"\xff" * 20):
        with pytest.raises(ValueError):
            unpack(wrong)


def test_the_first_dictionary_is_never_edited():
    lies_in_databases = bytes.fromhex("01abc61729487e8dad0500")
    assert unpack(lies_in_databases) == '{"rules":1,"clock":"device","servings":[]}'
