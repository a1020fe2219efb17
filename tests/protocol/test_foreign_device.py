"""A device that nobody here wrote, built from SPEC.md in ``test_independent``: the library takes what it sends."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given

from protocol import chain, downlink, record, signature
from protocol.errors import ProtocolError
from tests.protocol import strategies
from tests.protocol import test_independent as foreign

KEY = ec.generate_private_key(ec.SECP256R1())


def by_number(head, body, names) -> dict:
    fields = {**head._asdict(), **body._asdict()}
    if "changes" in fields:
        fields["changes"] = [number for pair in body.changes for number in pair]
        fields["reasons"] = list(body.reasons)
    return {key: fields[name] for key, name in names.items()}


@given(strategies.ids(), strategies.heads, strategies.ratings(), strategies.kinds)
def test_its_ratings_are_taken(device, head, rating, kind):
    payload = foreign.payload_of(kind, by_number(head, rating, foreign.HEAD_KEYS | foreign.RATING_KEYS))
    read = record.parse(foreign.seal(payload, device, KEY))
    signature.verify(KEY.public_key(), read.to_be_signed, read.signature)
    assert (read.device, read.kind, read.head, read.body) == (device, kind, head, rating)
    assert record.rating_payload(head, rating, kind) == payload


@given(strategies.heads, strategies.events)
def test_its_events_are_taken(head, event):
    payload = foreign.payload_of(record.EVENT, by_number(head, event, foreign.HEAD_KEYS | foreign.EVENT_KEYS))
    assert record.parse(foreign.seal(payload, "w01", KEY)).body == event
    assert record.event_payload(head, event) == payload


def test_its_chain_is_linked():
    head, prev = chain.START, bytes(16)
    for seq in range(1, 6):
        fields = {3: seq, 4: prev, 5: 1, 6: seq, 7: None, 8: None}
        rating = {9: seq, 10: [], 11: None, 12: 0, 13: [], 14: 1}
        data = foreign.seal(foreign.payload_of(1, fields | rating), "w01", KEY)
        prev = hashlib.sha256(data).digest()[:16]
        read, full_hash = record.parse(data), record.record_hash(data)
        assert chain.judge(head, read.head.seq, read.head.prev, full_hash, None) == chain.LINKED
        head = chain.step(head, seq, full_hash)
    assert head == chain.Head(5, prev)


def test_a_gateway_written_from_the_text_is_believed():
    key = bytes(range(32))
    payload = {1: 1, 2: 1, 3: "w01", 4: 9, 5: 1000, 6: 5, 7: bytes(16), 8: 1, 9: 0}
    message = downlink.unpack(key, foreign.mac(payload, key), "w01")
    assert message == downlink.Downlink("w01", 9, 1000, downlink.RECEIPT, downlink.Receipt(5, bytes(16), 1, 0))
    with pytest.raises(ProtocolError, match="bad_mac"):
        downlink.unpack(key, foreign.mac(payload, bytes(32)), "w01")
