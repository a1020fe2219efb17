"""Rubbish gives a value or one ProtocolError with a code of SPEC.md §10, nothing else: ``frames.outcome`` asserts it.

Whatever is read is, built again, the same bytes; and cbor2 reads every accepted item as we do.
"""

from collections import Counter

import cbor2
import pytest

from protocol import cbor
from protocol.errors import CODES, ProtocolError
from tests.protocol import frames, mutations

#: How many mutants of each kind.
COUNTS = {
    "cbor": 30_000,
    "record": 30_000,
    "downlink": 20_000,
    "state": 5_000,
    "telemetry": 5_000,
    "log": 4_000,
    "result": 4_000,
    "topic": 8_000,
}
#: Codes that this many mutants must have met, or the fuzz looks in the wrong place.
MEETS = {
    "cbor": "truncated trailing not_canonical unsupported too_deep bad_utf8",
    "record": "bad_envelope bad_algorithm bad_length bad_version bad_kind bad_field bad_device",
    "downlink": "bad_envelope bad_algorithm bad_mac bad_version bad_kind bad_field bad_device",
    "state": "bad_version bad_field",
    "telemetry": "bad_version bad_field",
    "log": "bad_version bad_field",
    "result": "bad_version bad_field",
    "topic": "bad_topic bad_utf8",
}


def test_it_is_a_hundred_thousand():
    assert sum(COUNTS.values()) >= 100_000


@pytest.mark.parametrize("kind", COUNTS)
def test_a_value_or_a_code(kind):
    outcomes: Counter[str] = Counter()
    for frame in mutations.mutants(kind, COUNTS[kind], seed=1):
        try:
            outcomes[frames.outcome(kind, frame)] += 1
        except Exception as error:
            pytest.fail(f"{kind} {frame.hex()}: {error!r}")
    assert set(outcomes) <= {"ok", *CODES}
    assert set(MEETS[kind].split()) <= set(outcomes)
    assert outcomes["ok"] > COUNTS[kind] // 100, outcomes  # enough is still good for the round trip to mean something


# cbor2 turns the tags it knows into dates, numbers, sets or references: those are not compared
KNOWN_TAGS = {*range(0, 6), *range(21, 40), 100, 256, 258, 260, 261, 1004, 43000, 55799}


def theirs(value):
    """cbor2's value in our types."""
    if isinstance(value, cbor2.CBORTag):
        return cbor.Tag(value.tag, theirs(value.value))
    if isinstance(value, (list, tuple)):
        return [theirs(item) for item in value]
    if isinstance(value, (dict, cbor2.frozendict)):
        return {key: theirs(item) for key, item in value.items()}
    return value


def test_cbor2_reads_the_same():
    compared = tagged = 0
    for kind in ("cbor", "record", "downlink"):
        for frame in mutations.mutants(kind, 20_000, seed=2):
            try:
                value = cbor.decode(frame)
            except ProtocolError:
                continue
            text = repr(value)
            if "Tag(" in text and any(f"Tag(number={number}," in text for number in KNOWN_TAGS):
                continue
            read = theirs(cbor2.loads(frame, allow_indefinite=False, allow_duplicate_keys=False))
            assert read == value, frame.hex()
            assert cbor.encode(read) == frame
            compared += 1
            tagged += "Tag(" in text
    assert compared > 15_000
    assert tagged > 10_000
