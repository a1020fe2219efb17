"""Frames with something wrong, from good ones: seeded, so that each run looks at the same hundred thousand."""

import random
from collections.abc import Iterator

from protocol import cbor, cose
from tests.protocol import frames, vectors

#: Heads that promise much, are not shortest, or are outside the profile.
HEADS = [
    bytes.fromhex(text)
    for text in (
        "ff 9f bf 5f 7f 80 a0 40 60 f4 f5 f6 f7 e0 f818 f90000 fa00000000 fb0000000000000000 1c 1f 1800 190000 "
        "1affffffff 1bffffffffffffffff 3bffffffffffffffff 5bffffffffffffffff 7bffffffffffffffff "
        "9bffffffffffffffff bbffffffffffffffff "
        "9a00010000 ba00010000 c0 c1 d2 d1 d81c d81d d9d9f7 62eda0 63eda080 61ff 8181818181818181 a101a101a101"
    ).split()
]
ODD = [
    *(None, True, False, 0, 1, 2, 5, 6, -1, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**64 - 1, -(2**64)),
    *(b"", bytes(7), bytes(8), bytes(16), bytes(17), bytes(24), bytes(32), bytes(200), "", "w01", "非" * 9, "ready"),
    *([], [1], [True], [1, 1], [2, 1], [[1, 1]], [None], [""] * 5, {}, {1: [1]}, {6: []}, {"a": 1}, {"a": None}),
    *(cbor.Tag(18, []), cbor.Tag(1, 1), {None: None}, {b"": b""}),
]


def mutate(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """One to three changes of bytes."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(9):
            case 0 if at < len(data):
                data[at] ^= 1 << rng.randrange(8)
            case 1 if at < len(data):
                data[at] = rng.randrange(256)
            case 2:
                data[at:at] = rng.randbytes(rng.randrange(1, 4))
            case 3:
                del data[at : at + rng.randrange(1, 9)]
            case 4:
                del data[at:]
            case 5:
                data[at : at + rng.randrange(9)] = rng.choice(HEADS)
            case 6:
                other = rng.choice(others)
                data[at:] = other[rng.randrange(len(other) + 1) :]
            case 7:
                data[at:at] = data[rng.randrange(at + 1) : at]
            case _:
                data += rng.choice(HEADS)
    return bytes(data)


def refield(payload: bytes, rng: random.Random) -> bytes:
    """One or two fields of a map with another value, another key, or gone; the encoding stays deterministic."""
    fields = cbor.decode(payload)
    for _ in range(rng.choice((1, 1, 2))):
        key = rng.choice([*fields, rng.randrange(-1, 30)])
        match rng.randrange(6):
            case 0:
                fields.pop(key, None)
            case 1:
                fields[rng.choice((-1, 0, 18, 27, 99, "a", b"", None))] = fields.pop(key, rng.choice(ODD))
            case 2 if isinstance(fields.get(key), list) and fields[key]:
                fields[key] = list(fields[key])  # it may be one of ODD, which stay as they are
                fields[key][rng.randrange(len(fields[key]))] = rng.choice(ODD)
            case 3 if isinstance(fields.get(key), int) and not isinstance(fields[key], bool):
                fields[key] = max(-(2**64), min(2**64 - 1, fields[key] + rng.choice((-1, 1, 2**16, 2**32, 2**63))))
            case _:
                fields[key] = rng.choice(ODD)
    return cbor.encode(fields)


def fitted(payload: bytes) -> bytes:
    """A record's payload brought back to 152 bytes by its pad, if it still has one."""
    try:
        fields = cbor.decode(payload)
    except cbor.ProtocolError:
        return (payload + bytes(152))[:152]
    if not isinstance(fields, dict) or not isinstance(fields.get(15), bytes):
        return payload
    missing = 152 - len(payload)
    fields[15] = bytes(max(0, len(fields[15]) + missing))
    return cbor.encode(fields)


def sources() -> dict[str, list[bytes]]:
    """The good frames of the vectors, by kind."""
    records = vectors.load("records")
    found = {"record": [bytes.fromhex(row["record"]) for row in records["records"]]}
    found["record"] += [bytes.fromhex(data) for data in records["chain"]]
    found["downlink"] = [bytes.fromhex(row["frame"]) for row in vectors.load("downlink")["messages"]]
    for row in vectors.load("plain")["messages"]:
        found.setdefault(row["kind"], []).append(bytes.fromhex(row["frame"]))
    found["topic"] = [
        f"hcp/v1/{hall}/{device}/{leaf}".encode()
        for hall in ("h", "hall-1", "h" * 20)
        for device in ("w01", "d" * 20)
        for leaf in ("state", "record", "telemetry", "log", "result", "receipt", "scene", "asset", "command")
    ]
    return found


def mutants(kind: str, count: int, seed: int) -> Iterator[bytes]:
    """``count`` frames of a kind (or ``cbor``: any item). Half of the sealed ones are sealed again after the change."""
    rng = random.Random(f"{kind}/{seed}")
    good = sources()
    every = [frame for frames_of in good.values() for frame in frames_of]
    if kind == "cbor":
        examples = [bytes.fromhex(case["hex"]) for case in vectors.load("rfc8949")["cases"]]
        for _ in range(count):
            yield (
                rng.randbytes(rng.randrange(12))
                if rng.random() < 0.2
                else mutate(rng.choice(examples + every), every, rng)
            )
        return
    own = good[kind]
    for _ in range(count):
        frame = rng.choice(own)
        if kind == "topic" or rng.random() < 0.4:
            yield mutate(frame, own, rng)
        elif kind == "record":
            opened = cose.sign1_unpack(frame)
            payload = refield(opened.payload, rng) if rng.random() < 0.7 else mutate(opened.payload, own, rng)
            if rng.random() < 0.9:
                payload = fitted(payload)
            yield cose.sign1_pack(opened.kid, payload, opened.signature)
        elif kind == "downlink":
            payload = cose.mac0_open(frames.DOWNLINK_KEY, frame)
            payload = refield(payload, rng) if rng.random() < 0.7 else mutate(payload, own, rng)
            yield cose.mac0_pack(frames.DOWNLINK_KEY, payload)
        else:
            yield refield(frame, rng)
