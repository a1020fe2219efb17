"""hcp.cddl accepts what the library makes and refuses what it refuses, as far as CDDL can say it.

The validator (pycddl) applies ``.cbor`` inside an array to every element of it, so an envelope is taken apart by cbor2
here and its parts are validated one by one.
"""

from pathlib import Path

import cbor2
import pycddl
import pytest
from hypothesis import given

from protocol import cose, downlink, record
from tests.protocol import strategies, vectors

TEXT = (Path(__file__).resolve().parents[2] / "protocol" / "hcp.cddl").read_text(encoding="utf-8")
RULES = ("record-header rating event selftest receipt scene asset command state telemetry log result").split()
SCHEMAS = {rule: pycddl.Schema(f"start = {rule}\n{TEXT}") for rule in RULES}

#: What is refused for reasons that CDDL cannot say.
BEYOND_CDDL = {
    "rating: reasons that fall",
    "rating: a reason twice",
    "rating: a null token without flag 1",
    "rating: flag 1 beside a token",
    "a pad of ones",
    "a pad whose last byte is one",
    "receipt: for another device",
    "event: a detail with 13 bytes of name",
    "event: a detail with 13 bytes of name in five letters",
    "command: an argument of 17 bytes of name",
}
#: What the schema forbids and this validator lets pass: a sized string may be bytes or text, a literal
#: may stand in an array, and a map whose keys are all optional may have others.
LENIENT = {
    "rating: prev as text",
    "rating: a token as text",
    "rating: changes in pairs of arrays",
    "event: a detail of bytes",
    "a pad of text",
    "scene: reasons for level 0",
    "scene: reasons for level 6",
    "scene: reasons for a named level",
    "scene: a line of bytes",
    "scene: a QR of bytes",
    "asset: text",
    "command: a name of bytes",
    "a word of an array",
    "bytes",
    "a request of text",
    "a text of bytes",
}


def valid(rule: str, data: bytes) -> bool:
    try:
        SCHEMAS[rule].validate_cbor(data)
    except pycddl.ValidationError:
        return False
    return True


def parts(frame: bytes, tag: int) -> list:
    envelope = cbor2.loads(frame)
    assert envelope.tag == tag
    assert len(envelope.value) == 4 and envelope.value[1] == {}
    return list(envelope.value)


@pytest.mark.parametrize("row", vectors.load("records")["records"], ids=lambda row: row["name"])
def test_records(row):
    protected, _, payload, proof = parts(bytes.fromhex(row["record"]), 18)
    assert valid("record-header", protected) and len(proof) == 64
    assert [rule for rule in ("rating", "event", "selftest") if valid(rule, payload)] == [
        {1: "rating", 2: "event", 3: "selftest"}[row["kind"]]
    ]


@pytest.mark.parametrize("row", vectors.load("downlink")["messages"], ids=lambda row: row["name"])
def test_downlinks(row):
    protected, _, payload, mac = parts(bytes.fromhex(row["frame"]), 17)
    assert protected == bytes.fromhex("a10105") and len(mac) == 32
    assert [rule for rule in ("receipt", "scene", "asset", "command") if valid(rule, payload)] == [
        {1: "receipt", 2: "scene", 3: "asset", 4: "command"}[row["message"]["kind"]]
    ]


@pytest.mark.parametrize("row", vectors.load("plain")["messages"], ids=lambda row: row["kind"])
def test_plain(row):
    frame = bytes.fromhex(row["frame"])
    assert [rule for rule in ("state", "telemetry", "log", "result") if valid(rule, frame)] == [row["kind"]]


REFUSED = [
    row
    for row in vectors.load("refused")["frames"]
    if row["kind"] not in ("cbor", "topic")
    and row["code"] in ("bad_field", "bad_version", "bad_kind")
    and row["name"] != "a word of bytes"  # it makes this validator panic
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: f"{row['kind']}: {row['name']}")
def test_refused(row):
    frame, kind = bytes.fromhex(row["frame"]), row["kind"]
    if kind == "record":
        header, _, payload, _ = parts(frame, 18)
        accepted = valid("record-header", header) and any(
            valid(rule, payload) for rule in ("rating", "event", "selftest")
        )
    elif kind == "downlink":
        payload = parts(frame, 17)[2]
        accepted = any(valid(rule, payload) for rule in ("receipt", "scene", "asset", "command"))
    else:
        accepted = valid(kind, frame)
    assert accepted == (row["name"] in BEYOND_CDDL | LENIENT), row["name"]


@given(strategies.heads, strategies.ratings(), strategies.kinds)
def test_every_rating(head, rating, kind):
    assert valid({1: "rating", 3: "selftest"}[kind], record.rating_payload(head, rating, kind))


@given(strategies.heads, strategies.events)
def test_every_event(head, event):
    assert valid("event", record.event_payload(head, event))


@given(strategies.messages)
def test_every_downlink_message(message):
    key, rule = bytes(32), {1: "receipt", 2: "scene", 3: "asset", 4: "command"}[message.kind]
    assert valid(rule, cose.mac0_open(key, downlink.pack(key, message)))


def test_the_whole_text_is_one_schema():
    # its first rule is the root, and names every rule that a frame can be
    pycddl.Schema(TEXT)
    root = TEXT.split("message = ")[1].splitlines()[0].split(" / ")
    assert root == ["record", "downlink", "state", "telemetry", "log", "result"]
