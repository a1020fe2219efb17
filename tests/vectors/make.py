"""Writes our own vectors, ``records.json``, ``downlink.json``, ``plain.json`` and ``refused.json``, beside this file.

They are made with the library and kept in the repository: a change of any byte on the wire shows as a change of a
vector. `tests/protocol/test_independent.py` reads them without the library. Run: ``python -m tests.vectors.make``.

The signing key is the published one of RFC 6979 A.2.5 and signatures are deterministic (RFC 6979), so that every run
writes the same files.
"""

import json
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from protocol import cose, downlink, record

HERE = Path(__file__).parent
DEVICE = "w01"
SECRET = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
KEY = ec.derive_private_key(SECRET, ec.SECP256R1())
DOWNLINK_KEY = bytes(range(32))

U16, U32, U64 = 2**16 - 1, 2**32 - 1, 2**64 - 1
NOON_MS = 1_700_000_000_000
TOKEN = bytes.fromhex("0102030405060708")
PREV = bytes(range(16))

HEAD = record.Head(2, PREV, 1, 61_000, NOON_MS, 50)
LEAST_HEAD = record.Head(1, record.GENESIS, 1, 0, None, None)
MOST_HEAD = record.Head(U64, b"\xff" * 16, U32, U64, U64, U32)
RATING = record.Rating(5, (), TOKEN, 3, (), 0)
LEAST_RATING = record.Rating(1, (), None, 0, (), record.UNARMED)
MOST_RATING = record.Rating(5, (256, 1000, 65534, U16), b"\xff" * 8, U32, ((U16, 5),) * 4, 0xFE)


def sign(to_be_signed: bytes) -> bytes:
    r, s = decode_dss_signature(KEY.sign(to_be_signed, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def seal(payload: bytes, device: str = DEVICE) -> bytes:
    to_be_signed = cose.sign1_to_be_signed(cose.sign1_protected(device), payload)
    return cose.sign1_pack(device, payload, sign(to_be_signed))


def readable(value):
    """Bytes as ``{"hex": …}``, tuples as lists, for JSON."""
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if hasattr(value, "_asdict"):
        return readable(value._asdict())
    if isinstance(value, dict):
        return {str(key): readable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [readable(item) for item in value]
    return value


# --- records ---


def records() -> dict:
    cases = [
        ("rating, usual", record.RATING, HEAD, RATING),
        ("rating, least", record.RATING, LEAST_HEAD, LEAST_RATING),
        ("rating, most", record.RATING, MOST_HEAD, MOST_RATING),
        *(
            (f"rating, level {level}", record.RATING, HEAD, RATING._replace(level=level, reasons=(101, 204)))
            for level in (1, 2, 3, 4, 5)
        ),
        (
            "rating, one change, recovered after a power cut",
            record.RATING,
            HEAD._replace(wall_ms=None, error_ms=None),
            RATING._replace(changes=((3000, 1),), flags=record.RECOVERED),
        ),
        ("selftest, least", record.SELFTEST, LEAST_HEAD, LEAST_RATING),
        ("selftest, most", record.SELFTEST, MOST_HEAD, MOST_RATING),
        ("event, least: a code from the future and no detail", record.EVENT, LEAST_HEAD, record.Event(U32, {})),
        (
            "event, most: 46 bytes of detail leave a pad of 24",
            record.EVENT,
            MOST_HEAD,
            record.Event(9, {"abcdefghijkl": "非" * 8, "seq": U64, "": ""}),
        ),
        ("event 1 boot", record.EVENT, HEAD, record.Event(1, {"cause": "power"})),
        ("event 2 recovered", record.EVENT, HEAD, record.Event(2, {"count": 1})),
        ("event 3 clock_stepped", record.EVENT, HEAD, record.Event(3, {"by": 90_000, "sign": "-"})),
        ("event 4 key_rotated", record.EVENT, HEAD, record.Event(4, {})),
        ("event 5 records_lost", record.EVENT, HEAD._replace(seq=20), record.Event(5, {"from": 2, "to": 19})),
        ("event 6 journal_full", record.EVENT, HEAD, record.Event(6, {"used": 20_000})),
        ("event 7 tamper", record.EVENT, HEAD, record.Event(7, {"what": "case"})),
        ("event 8 firmware", record.EVENT, HEAD, record.Event(8, {"from": "1.0.0", "to": "1.0.1"})),
        ("event 9 fork_seen", record.EVENT, HEAD, record.Event(9, {"seq": 7})),
        ("event 10 clock_set", record.EVENT, HEAD, record.Event(10, {})),
    ]
    rows = []
    for name, kind, head, body in cases:
        made = record.event_payload(head, body) if kind == record.EVENT else record.rating_payload(head, body, kind)
        rows.append(row_of_record(name, kind, head, body, made))
    numbers = KEY.public_key().public_numbers()
    return {
        "source": "tests/vectors/make.py; the key is that of RFC 6979 A.2.5, nonces are deterministic",
        "device": DEVICE,
        "private_key": f"{SECRET:064x}",
        "public_key": {"x": f"{numbers.x:064x}", "y": f"{numbers.y:064x}"},
        "records": rows,
        "chain": chain(),
    }


def row_of_record(name, kind, head, body, payload) -> dict:
    data = seal(payload)
    return {
        "name": name,
        "kind": kind,
        "head": readable(head),
        "body": readable(body),
        "payload": payload.hex(),
        "to_be_signed": cose.sign1_to_be_signed(cose.sign1_protected(DEVICE), payload).hex(),
        "record": data.hex(),
        "hash": record.record_hash(data).hex(),
    }


def chain() -> list[str]:
    """Five records of one device, each naming the hash of the one before."""
    bodies = [
        (record.EVENT, record.Event(1, {"cause": "power"})),
        (record.RATING, RATING),
        (record.RATING, LEAST_RATING),
        (record.SELFTEST, LEAST_RATING._replace(level=3)),
        (record.RATING, RATING._replace(level=2, reasons=(101,), changes=((1500, 5), (700, 1)))),
    ]
    prev, made = record.GENESIS, []
    for seq, (kind, body) in enumerate(bodies, 1):
        head = record.Head(seq, prev, 1, 1000 * seq, NOON_MS + 1000 * seq, 20)
        payload = record.event_payload(head, body) if kind == record.EVENT else record.rating_payload(head, body, kind)
        made.append(seal(payload))
        prev = record.record_hash(made[-1])[: record.HASH_IN_CHAIN]
    return [data.hex() for data in made]


# --- downlink ---

RECEIPT = downlink.Receipt(5, PREV, 1, 0)
SCENE = downlink.Scene(
    TOKEN,
    NOON_MS + 600_000,
    8000,
    1,
    3,
    {1: [101, 102], 2: [201]},
    ("户籍办理", "工号 1024"),
    "https://example.org/r/1",
    b"\xab" * 32,
    0,
    None,
)
ASSET = downlink.Asset(b"\xab" * 32, 2049, 2048, b"\x00")
COMMAND = downlink.Command(7, "log_level", {"level": 10})


def downlinks() -> dict:
    cases = [
        ("receipt", downlink.RECEIPT, RECEIPT),
        ("receipt, nothing yet", downlink.RECEIPT, downlink.Receipt(0, record.GENESIS, 0, 0)),
        ("receipt, most", downlink.RECEIPT, downlink.Receipt(U64, b"\xff" * 16, U32, U32)),
        ("scene, armed", downlink.SCENE, SCENE),
        ("scene, idle", downlink.SCENE, downlink.IDLE),
        (
            "scene, most",
            downlink.SCENE,
            downlink.Scene(
                b"\xff" * 8,
                U64,
                60_000,
                2,
                U32,
                {level: [U16] * 32 for level in range(1, 6)},
                ("非" * 20,) * 4,
                "q" * 200,
                b"\xff" * 32,
                2,
                b"\xff" * 32,
            ),
        ),
        ("asset", downlink.ASSET, ASSET),
        ("asset, most", downlink.ASSET, downlink.Asset(b"\xff" * 32, U32, U32, b"\xff" * 2048)),
        ("asset, least", downlink.ASSET, downlink.Asset(bytes(32), 0, 0, b"")),
        *((f"command {name}", downlink.COMMAND, downlink.Command(1, name, {})) for name in downlink.COMMANDS),
        ("command, with arguments", downlink.COMMAND, COMMAND),
        (
            "command, most; a device answers `unknown command`",
            downlink.COMMAND,
            downlink.Command(U64, "非" * 5 + "x", {f"argument-{n:07}": "v" * 200 for n in range(8)}),
        ),
    ]
    rows = []
    for number, (name, kind, body) in enumerate(cases):
        message = downlink.Downlink(DEVICE, number, NOON_MS + number, kind, body)
        data = downlink.pack(DOWNLINK_KEY, message)
        rows.append({"name": name, "message": readable(message), "frame": data.hex()})
    return {"source": "tests/vectors/make.py", "device": DEVICE, "key": DOWNLINK_KEY.hex(), "messages": rows}


def plain() -> dict:
    states = [downlink.State(word, boot) for boot, word in enumerate(downlink.STATES, 1)]
    telemetry = [
        downlink.Telemetry(1, 2000, 64_000, 3, 12, 7, None, None, 0, 0, None, 0),
        downlink.Telemetry(7, 3_600_000, 64_000, 0, 0, 99, 40, 31_744, 1, 2, -61, 9),
        downlink.Telemetry(U64, U64, U64, U64, 1000, U64, U32, U32, U32, U32, -127, U32),
    ]
    logs = [downlink.Log(10, ""), downlink.Log(40, "时" * 66)]
    results = [downlink.Result(U64, downlink.FAILED, "时" * 66), downlink.Result(0, downlink.DONE, "")]
    results += [downlink.Result(7, downlink.REQUESTS, b"\x30"), downlink.Result(U64, downlink.REQUESTS, bytes(400))]
    groups = [
        ("state", downlink.pack_state, states),
        ("telemetry", downlink.pack_telemetry, telemetry),
        ("log", downlink.pack_log, logs),
        ("result", downlink.pack_result, results),
    ]
    return {
        "source": "tests/vectors/make.py",
        "messages": [
            {"kind": kind, "fields": readable(message), "frame": pack(message).hex()}
            for kind, pack, messages in groups
            for message in messages
        ],
    }


def main() -> None:
    from tests.vectors import refused

    for name, content in (
        ("records", records()),
        ("downlink", downlinks()),
        ("plain", plain()),
        ("refused", refused.refused()),
    ):
        (HERE / f"{name}.json").write_text(as_json(content), encoding="utf-8")


def as_json(content: dict) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=False) + "\n"


if __name__ == "__main__":
    main()
