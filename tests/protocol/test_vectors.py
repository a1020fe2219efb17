"""Our own vectors: they are what the library makes today, and it reads them as they say."""

import pytest

from protocol import cose, downlink, record, signature
from tests.protocol import frames, vectors
from tests.vectors import make, refused

RECORDS = vectors.load("records")
DOWNLINKS = vectors.load("downlink")
PLAIN = vectors.load("plain")
REFUSED = vectors.load("refused")


@pytest.mark.parametrize(
    ("name", "make_it"),
    [
        ("records", make.records),
        ("downlink", make.downlinks),
        ("plain", make.plain),
        ("refused", refused.refused),
    ],
)
def test_made_again_they_are_the_same_bytes(name, make_it):
    # A difference means that the wire changed: run `python -m tests.vectors.make` only if SPEC.md says so, too.
    assert (vectors.FOLDER / f"{name}.json").read_text(encoding="utf-8") == make.as_json(make_it())


@pytest.mark.parametrize("row", RECORDS["records"], ids=lambda row: row["name"])
def test_record(row):
    data = bytes.fromhex(row["record"])
    read = record.parse(data)
    assert (read.device, read.kind) == (RECORDS["device"], row["kind"])
    assert make.readable(read.head) == row["head"]
    assert make.readable(read.body) == row["body"]
    assert read.to_be_signed.hex() == row["to_be_signed"]
    assert record.record_hash(data).hex() == row["hash"]
    assert frames.payload(read.kind, read.head, read.body).hex() == row["payload"]
    assert cose.sign1_pack(read.device, bytes.fromhex(row["payload"]), read.signature) == data
    signature.verify(vectors.public_key(RECORDS["public_key"]), read.to_be_signed, read.signature)


def test_records_cover_every_kind_event_flag_and_limit():
    rows = RECORDS["records"]
    assert {row["kind"] for row in rows} == {record.RATING, record.EVENT, record.SELFTEST}
    assert {row["body"]["code"] for row in rows if row["kind"] == record.EVENT} >= set(record.EVENTS)
    assert {row["body"]["level"] for row in rows if row["kind"] == record.RATING} == {1, 2, 3, 4, 5}
    assert {len(row["payload"]) for row in rows} == {2 * record.PAYLOAD_SIZE}


@pytest.mark.parametrize("row", DOWNLINKS["messages"], ids=lambda row: row["name"])
def test_downlink(row):
    message = downlink.unpack(bytes.fromhex(DOWNLINKS["key"]), bytes.fromhex(row["frame"]), DOWNLINKS["device"])
    assert make.readable(message) == row["message"]
    assert downlink.pack(bytes.fromhex(DOWNLINKS["key"]), message).hex() == row["frame"]


@pytest.mark.parametrize("row", PLAIN["messages"], ids=lambda row: f"{row['kind']} {row['frame'][:24]}")
def test_plain(row):
    value, again = frames.read(row["kind"], bytes.fromhex(row["frame"]))
    assert make.readable(value) == row["fields"]
    assert again.hex() == row["frame"]


@pytest.mark.parametrize("row", REFUSED["frames"], ids=lambda row: f"{row['kind']}: {row['name']}")
def test_refused(row):
    assert frames.outcome(row["kind"], bytes.fromhex(row["frame"])) == row["code"]
