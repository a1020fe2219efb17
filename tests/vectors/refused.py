"""Frames that must be refused, each with its code: one thing is wrong with each, and its name says what."""

from protocol import cbor, cose, downlink, record
from tests.vectors import make

LEAVE_OUT = object()

RATING = cbor.decode(record.rating_payload(make.HEAD, make.RATING))
EVENT = cbor.decode(record.event_payload(make.HEAD, record.Event(1, {"cause": "power"})))


def refused() -> dict:
    rows = []
    for kind, cases in (
        ("cbor", CBOR),
        ("record", [*ENVELOPES, *records()]),
        ("downlink", downlinks()),
        *plain(),
        ("topic", TOPICS),
    ):
        rows += [{"kind": kind, "name": name, "code": code, "frame": data.hex()} for name, code, data in cases]
    return {"source": "tests/vectors/refused.py", "device": make.DEVICE, "key": make.DOWNLINK_KEY.hex(), "frames": rows}


# --- CBOR ---

h = bytes.fromhex
U64_HEADS = "ffffffffffffffff"

CBOR = [
    ("nothing", "truncated", b""),
    ("a head without its byte", "truncated", h("18")),
    ("a head without its second byte", "truncated", h("1901")),
    ("a head without its eighth byte", "truncated", h("1b01000000000000")),
    ("a string that is too short", "truncated", h("4200")),
    ("an array that is too short", "truncated", h("8201")),
    ("a map without its value", "truncated", h("a101")),
    ("a tag without its item", "truncated", h("d2")),
    *((f"a count beyond all memory: {first}", "truncated", h(first + U64_HEADS)) for first in ("5b", "7b", "9b", "bb")),
    ("an array that claims 4 G items", "truncated", h("9affffffff") + bytes(100)),
    ("a second item", "trailing", h("0000")),
    ("a byte after a string", "trailing", h("410000")),
    ("a break after the item", "trailing", h("00ff")),
    *(
        (f"not the shortest head: {text}", "not_canonical", h(text))
        for text in (
            "1817",
            "1900ff",
            "1a0000ffff",
            "1b00000000ffffffff",
            "3817",
            "580100",
            "7800",
            "9800",
            "b800",
            "d81112",
        )
    ),
    *(
        (f"indefinite length: {text}", "not_canonical", h(text))
        for text in ("5f4100ff", "7f6161ff", "9fff", "bfff", "9f01", "8201bf0000ff")
    ),
    ("keys out of order", "not_canonical", h("a202000100")),
    ("keys ordered by length first, as RFC 7049 had it", "not_canonical", h("a2 2000 186400")),
    ("the same key twice", "not_canonical", h("a201000100")),
    ("the same text key twice, inside", "not_canonical", h("81a2616100616101")),
    ("a map key that is true, beside the key 1", "unsupported", h("a20100f500")),
    ("a map key that is false", "unsupported", h("a1f400")),
    ("a map key that is an array", "unsupported", h("a18000")),
    ("a map key that is a map", "unsupported", h("a1a000")),
    ("a map key that is tagged", "unsupported", h("a1c10000")),
    *(
        (f"{what}: {text}", "unsupported", h(text))
        for what, text in (
            ("half float", "f90000"),
            ("single float", "fa47c35000"),
            ("double float", "fb3ff199999999999a"),
            ("undefined", "f7"),
            ("simple value", "e0"),
            ("simple value", "f0"),
            ("simple value", "f818"),
            ("true in two bytes", "f815"),
            ("break alone", "ff"),
            ("reserved head", "1c"),
            ("reserved head", "3d"),
            ("reserved head", "5e"),
            ("reserved head", "fc"),
            ("an integer of indefinite length", "1f"),
            ("a negative integer of indefinite length", "3f"),
            ("a tag of indefinite length", "df00"),
        )
    ),
    ("nine arrays around an integer", "too_deep", h("81" * 9 + "00")),
    ("nine maps around an integer", "too_deep", h("a100" * 9 + "00")),
    ("nine tags around an integer", "too_deep", h("c1" * 9 + "00")),
    ("nine maps inside each other's keys", "too_deep", h("a1" * 9 + "00" * 10)),
    ("4000 arrays inside each other", "too_deep", h("81" * 4000)),
    ("513 items", "too_large", h("990200") + bytes(512)),
    ("4090 empty maps", "too_large", h("990ffa") + h("a0") * 4090),
    ("4090 empty arrays in eight", "too_large", h("88") + (h("9901fe") + h("80") * 510) * 8),
    *(
        (f"text: {what}", "bad_utf8", h(f"6{len(text) // 2}{text}"))
        for what, text in (
            ("a surrogate", "eda080"),
            ("the last surrogate", "edbfbf"),
            ("a pair of surrogates", "eda081edb080"),
            ("an overlong slash", "c0af"),
            ("an overlong null", "c080"),
            ("overlong in three", "e09fbf"),
            ("overlong in four", "f08fbfbf"),
            ("above U+10FFFF", "f4908080"),
            ("a lead byte that never occurs", "f5808080"),
            ("five bytes", "f888808080"),
            ("a continuation alone", "80"),
            ("a cut sequence", "e282"),
            ("a cut sequence before a letter", "c361"),
            ("0xff", "ff"),
        )
    ),
    ("text: a surrogate as a map key", "bad_utf8", h("a163eda08000")),
]

# --- records ---

PAYLOAD = cbor.encode(RATING)
PROTECTED = cose.sign1_protected(make.DEVICE)
SIGNATURE = cose.sign1_unpack(make.seal(PAYLOAD)).signature
PARTS = [PROTECTED, {}, PAYLOAD, SIGNATURE]


def sign1(*parts, tag=18) -> bytes:
    return cbor.encode(cbor.Tag(tag, list(parts)))


def with_header(header) -> bytes:
    return sign1(header if isinstance(header, bytes) else cbor.encode(header), {}, PAYLOAD, SIGNATURE)


ENVELOPES = [
    ("untagged", "bad_envelope", cbor.encode(PARTS)),
    ("tagged twice", "bad_envelope", cbor.encode(cbor.Tag(18, cbor.Tag(18, PARTS)))),
    ("the CBOR mark of RFC 8949 §3.4.6 before it", "bad_envelope", h("d9d9f7") + sign1(*PARTS)),
    ("a COSE_Mac0's tag", "bad_envelope", sign1(*PARTS, tag=17)),
    ("a COSE_Sign's tag", "bad_envelope", sign1(*PARTS, tag=98)),
    ("three parts", "bad_envelope", sign1(*PARTS[:3])),
    ("five parts", "bad_envelope", sign1(*PARTS, b"")),
    ("a map", "bad_envelope", cbor.encode(cbor.Tag(18, {0: 0}))),
    ("an unprotected kid", "bad_envelope", sign1(PROTECTED, {4: b"w01"}, PAYLOAD, SIGNATURE)),
    ("unprotected is an array", "bad_envelope", sign1(PROTECTED, [], PAYLOAD, SIGNATURE)),
    ("unprotected is null", "bad_envelope", sign1(PROTECTED, None, PAYLOAD, SIGNATURE)),
    ("unprotected is false", "bad_envelope", sign1(PROTECTED, False, PAYLOAD, SIGNATURE)),
    ("detached payload", "bad_envelope", sign1(PROTECTED, {}, None, SIGNATURE)),
    ("payload not in a byte string", "bad_envelope", sign1(PROTECTED, {}, RATING, SIGNATURE)),
    ("protected not in a byte string", "bad_envelope", sign1(cbor.decode(PROTECTED), {}, PAYLOAD, SIGNATURE)),
    ("payload is text", "bad_envelope", sign1(PROTECTED, {}, "x" * 152, SIGNATURE)),
    ("63 bytes of signature", "bad_envelope", sign1(PROTECTED, {}, PAYLOAD, SIGNATURE[:63])),
    ("65 bytes of signature", "bad_envelope", sign1(PROTECTED, {}, PAYLOAD, b"\0" + SIGNATURE)),
    ("no signature", "bad_envelope", sign1(PROTECTED, {}, PAYLOAD, b"")),
    ("no protected header", "truncated", with_header(b"")),
    ("an empty header", "bad_algorithm", with_header({})),
    ("no algorithm", "bad_algorithm", with_header({4: b"w01"})),
    ("EdDSA", "bad_algorithm", with_header({1: -8, 4: b"w01"})),
    ("ES384", "bad_algorithm", with_header({1: -35, 4: b"w01"})),
    ("the algorithm as text", "bad_algorithm", with_header({1: "ES256", 4: b"w01"})),
    ("HMAC where a signature belongs", "bad_algorithm", with_header({1: 5, 4: b"w01"})),
    ("no kid", "bad_envelope", with_header({1: -7})),
    ("the kid as text", "bad_envelope", with_header({1: -7, 4: "w01"})),
    ("a kid that is not UTF-8", "bad_envelope", with_header({1: -7, 4: b"\xff"})),
    ("a kid with a surrogate", "bad_envelope", with_header({1: -7, 4: b"\xed\xa0\x80"})),
    ("a content type", "bad_envelope", with_header({1: -7, 3: 0, 4: b"w01"})),
    ("a critical parameter", "bad_envelope", with_header({1: -7, 2: [4], 4: b"w01"})),
    ("a header that is an array", "bad_envelope", with_header([1, -7])),
    ("header keys out of order", "not_canonical", with_header(h("a2 0443773031 0126"))),
    ("a header with bytes after it", "trailing", with_header(PROTECTED + b"\0")),
    *(
        (f"the device {kid!r}", "bad_device", with_header({1: -7, 4: kid.encode()}))
        for kid in ("", "-", "-w01", "w01-", "W01", "w 1", "w/1", "w_1", "w+1", "w\x001", "w01\n", "窗口", "a" * 21)
    ),
    ("513 bytes", "too_large", make.seal(bytes(152)) + bytes(513 - len(make.seal(bytes(152))))),
    ("a payload of 151 bytes", "bad_length", sign1(PROTECTED, {}, PAYLOAD[:-1], SIGNATURE)),
    ("a payload of 153 bytes", "bad_length", sign1(PROTECTED, {}, PAYLOAD + b"\0", SIGNATURE)),
    ("no payload", "bad_length", sign1(PROTECTED, {}, b"", SIGNATURE)),
    ("a byte after the record", "trailing", sign1(*PARTS) + b"\0"),
    ("the record cut in half", "truncated", sign1(*PARTS)[:100]),
    ("a payload that is a string", "bad_field", sign1(PROTECTED, {}, b"\x58\x96" + bytes(150), SIGNATURE)),
    ("a payload of zeros", "trailing", sign1(PROTECTED, {}, bytes(152), SIGNATURE)),
]


def fit(fields: dict, size: int = 152) -> bytes:
    """A record around these fields, with whatever pad gives its payload the size."""
    fields = {key: value for key, value in fields.items() if value is not LEAVE_OUT}
    if fields.get(15) in (RATING[15], EVENT[15]):
        fields[15] = bytes(24)
        fields[15] = bytes(24 + size - len(cbor.encode(fields)))
    made = cbor.encode(fields)
    assert len(made) == size, (len(made), fields)
    return make.seal(made)


def raw(payload: bytes) -> bytes:
    assert len(payload) == 152
    return make.seal(payload)


def records() -> list:
    rating = [
        ("no version", "bad_field", {1: LEAVE_OUT}),
        ("version 0", "bad_version", {1: 0}),
        ("version 2", "bad_version", {1: 2}),
        ("version true", "bad_version", {1: True}),
        ("version as text", "bad_version", {1: "1"}),
        ("no kind", "bad_field", {2: LEAVE_OUT}),
        ("kind 0", "bad_kind", {2: 0}),
        ("kind 4", "bad_kind", {2: 4}),
        ("kind -1", "bad_kind", {2: -1}),
        ("kind true, which equals 1", "bad_kind", {2: True}),
        ("kind null", "bad_kind", {2: None}),
        ("kind [1]", "bad_kind", {2: [1]}),
        ("kind event with the keys of a rating", "bad_field", {2: 2}),
        ("no seq", "bad_field", {3: LEAVE_OUT}),
        ("seq 0", "bad_field", {3: 0}),
        ("seq true", "bad_field", {3: True}),
        ("seq -1", "bad_field", {3: -1}),
        ("seq null", "bad_field", {3: None}),
        ("prev of 15 bytes", "bad_field", {4: bytes(15)}),
        ("prev of 17 bytes", "bad_field", {4: bytes(17)}),
        ("prev as text", "bad_field", {4: "0" * 16}),
        ("boot 0", "bad_field", {5: 0}),
        ("boot 2^32", "bad_field", {5: 2**32}),
        ("uptime null", "bad_field", {6: None}),
        ("uptime -1", "bad_field", {6: -1}),
        ("no wall time", "bad_field", {7: LEAVE_OUT}),
        ("no wall time and no error", "bad_field", {7: LEAVE_OUT, 8: LEAVE_OUT}),
        ("a wall time without its error", "bad_field", {8: None}),
        ("an error without its wall time", "bad_field", {7: None}),
        ("an error of 2^32", "bad_field", {8: 2**32}),
        ("a wall time of true", "bad_field", {7: True}),
        ("no level", "bad_field", {9: LEAVE_OUT}),
        ("level 0", "bad_field", {9: 0}),
        ("level 6", "bad_field", {9: 6}),
        ("level -1", "bad_field", {9: -1}),
        ("level true, which equals 1", "bad_field", {9: True}),
        ("level null", "bad_field", {9: None}),
        ("level as a name", "bad_field", {9: "satisfied"}),
        ("five reasons", "bad_field", {10: [1, 2, 3, 4, 5]}),
        ("reasons that fall", "bad_field", {10: [2, 1]}),
        ("a reason twice", "bad_field", {10: [1, 1]}),
        ("a reason of 65536", "bad_field", {10: [65536]}),
        ("a reason of true", "bad_field", {10: [True]}),
        ("a reason as text", "bad_field", {10: ["1"]}),
        ("reasons null", "bad_field", {10: None}),
        ("reasons as bytes", "bad_field", {10: b"\1\2"}),
        ("a token of 7 bytes", "bad_field", {11: bytes(7)}),
        ("a token of 9 bytes", "bad_field", {11: bytes(9)}),
        ("a token as text", "bad_field", {11: "x" * 8}),
        ("no token", "bad_field", {11: LEAVE_OUT}),
        ("a null token without flag 1", "bad_field", {11: None}),
        ("flag 1 beside a token", "bad_field", {14: 1}),
        ("indicators 2^32", "bad_field", {12: 2**32}),
        ("indicators null", "bad_field", {12: None}),
        ("half a change", "bad_field", {13: [100]}),
        ("five changes", "bad_field", {13: [1, 1] * 5}),
        ("a change to level 0", "bad_field", {13: [1, 0]}),
        ("a change to level 6", "bad_field", {13: [1, 6]}),
        ("a change to true", "bad_field", {13: [1, True]}),
        ("a change 65536 ms ago", "bad_field", {13: [65536, 1]}),
        ("changes in pairs of arrays", "bad_field", {13: [[1, 1], [2, 2]]}),
        ("flags 256", "bad_field", {14: 256}),
        ("flags true", "bad_field", {14: True}),
        ("no flags", "bad_field", {14: LEAVE_OUT}),
        ("a key of the future", "bad_field", {18: 0}),
        ("a key of the future for an old one", "bad_field", {12: LEAVE_OUT, 18: 0}),
        ("a negative key", "bad_field", {-1: 0}),
        ("a text key", "bad_field", {"level": 1}),
        ("a key that is null", "bad_field", {None: 0}),
        ("the code of an event", "bad_field", {16: 1}),
    ]
    event = [
        ("no code", "bad_field", {16: LEAVE_OUT}),
        ("code 0", "bad_field", {16: 0}),
        ("code 2^32", "bad_field", {16: 2**32}),
        ("code true", "bad_field", {16: True}),
        ("code as text", "bad_field", {16: "boot"}),
        ("no detail", "bad_field", {17: LEAVE_OUT}),
        ("detail null", "bad_field", {17: None}),
        ("detail an array", "bad_field", {17: []}),
        ("six details", "bad_field", {17: {letter: 0 for letter in "abcdef"}}),
        ("a detail with a number for its name", "bad_field", {17: {1: 1}}),
        ("a detail with 13 bytes of name", "bad_field", {17: {"a" * 13: 1}}),
        ("a detail with 13 bytes of name in five letters", "bad_field", {17: {"非非非非a": 1}}),
        ("a detail of -1", "bad_field", {17: {"a": -1}}),
        ("a detail of true", "bad_field", {17: {"a": True}}),
        ("a detail of null", "bad_field", {17: {"a": None}}),
        ("a detail of bytes", "bad_field", {17: {"a": b""}}),
        ("a detail of 25 bytes", "bad_field", {17: {"a": "x" * 25}}),
        ("a level", "bad_field", {9: 5}),
        ("a level for the detail", "bad_field", {9: 5, 17: LEAVE_OUT}),
        ("kind rating with the keys of an event", "bad_field", {2: 1}),
    ]
    pads = [
        (
            "no pad",
            "bad_field",
            fit({**EVENT, 15: LEAVE_OUT, 17: {"a": "x" * 24, "b": "x" * 24, "c": "x" * 24, "d": "x" * 17}}),
        ),
        ("a pad of ones", "bad_field", fit({**RATING, 15: b"\1" * len(RATING[15])})),
        ("a pad whose last byte is one", "bad_field", fit({**RATING, 15: RATING[15][:-1] + b"\1"})),
        ("a pad of text", "bad_field", fit({**RATING, 15: "\0" * len(RATING[15])})),
    ]
    made = [("rating: " + name, code, fit({**RATING, **change})) for name, code, change in rating]
    made += [("event: " + name, code, fit({**EVENT, **change})) for name, code, change in event]
    made += pads
    made += [
        ("rating: seq before kind", "not_canonical", raw(PAYLOAD[:3] + PAYLOAD[5:7] + PAYLOAD[3:5] + PAYLOAD[7:])),
        ("rating: the version twice", "not_canonical", raw(PAYLOAD[:3] + b"\1\1" + PAYLOAD[5:])),
        ("rating: the level in two bytes", "not_canonical", long_level()),
        ("rating: a level of 5.0", "unsupported", raw(PAYLOAD.replace(b"\x09\x05", b"\x09\xf9"))),
        ("rating: an open map", "not_canonical", raw(b"\xbf" + PAYLOAD[1:])),
    ]
    return made


def long_level() -> bytes:
    """The level 5 written as 0x1805, one byte taken from the pad."""
    at = PAYLOAD.index(b"\x09\x05\x0a")
    pad = RATING[15]
    shorter = PAYLOAD.replace(cbor.encode(pad), cbor.encode(pad[1:]))
    return raw(shorter[: at + 1] + b"\x18\x05" + shorter[at + 2 :])


# --- downlink ---


def downlinks() -> list:
    key = make.DOWNLINK_KEY

    def fields_of(kind, body):
        message = downlink.Downlink(make.DEVICE, 7, make.NOON_MS, kind, body)
        return cbor.decode(cose.mac0_open(key, downlink.pack(key, message)))

    def mac(fields, change) -> bytes:
        kept = {k: v for k, v in {**fields, **change}.items() if v is not LEAVE_OUT}
        return cose.mac0_pack(key, cbor.encode(kept))

    receipt = fields_of(downlink.RECEIPT, make.RECEIPT)
    scene = fields_of(downlink.SCENE, make.SCENE)
    asset = fields_of(downlink.ASSET, make.ASSET)
    command = fields_of(downlink.COMMAND, make.COMMAND)
    good = mac(receipt, {})
    protected, _, payload, tag = cbor.decode(good).value
    envelopes = [
        ("another key", "bad_mac", cose.mac0_pack(bytes(32), payload)),
        ("the last bit of the MAC", "bad_mac", good[:-1] + bytes([good[-1] ^ 1])),
        ("one bit of the payload", "bad_mac", sign1(protected, {}, payload[:-1] + b"\1", tag, tag=17)),
        ("half a MAC", "bad_mac", sign1(protected, {}, payload, tag[:16], tag=17)),
        ("no MAC", "bad_mac", sign1(protected, {}, payload, b"", tag=17)),
        ("a MAC with a byte more", "bad_mac", sign1(protected, {}, payload, tag + b"\0", tag=17)),
        ("a COSE_Sign1", "bad_envelope", sign1(protected, {}, payload, tag, tag=18)),
        ("an unprotected kid", "bad_envelope", sign1(protected, {4: b"k"}, payload, tag, tag=17)),
        ("HMAC 256/64", "bad_algorithm", sign1(cbor.encode({1: 4}), {}, payload, tag[:8], tag=17)),
        ("a protected kid", "bad_envelope", sign1(cbor.encode({1: 5, 4: b"k"}), {}, payload, tag, tag=17)),
        ("the MAC as text", "bad_envelope", sign1(protected, {}, payload, "x" * 32, tag=17)),
        ("4097 bytes", "too_large", good + bytes(4097 - len(good))),
        ("4090 empty maps, no MAC needed", "too_large", h("d1990ffa") + h("a0") * 4090),
        ("a payload that is an array", "bad_field", cose.mac0_pack(key, cbor.encode([1, 1]))),
        ("a payload that is nothing", "truncated", cose.mac0_pack(key, b"")),
        ("a payload with a byte more", "trailing", cose.mac0_pack(key, payload + b"\0")),
        ("a device whose name is a map", "bad_device", mac(receipt, {3: {}})),
    ]
    changes = [
        ("receipt: version 2", "bad_version", receipt, {1: 2}),
        ("receipt: version true", "bad_version", receipt, {1: True}),
        ("receipt: no version", "bad_field", receipt, {1: LEAVE_OUT}),
        ("receipt: kind 0", "bad_kind", receipt, {2: 0}),
        ("receipt: kind 5", "bad_kind", receipt, {2: 5}),
        ("receipt: kind true, which equals 1", "bad_kind", receipt, {2: True}),
        ("receipt: kind [1]", "bad_kind", receipt, {2: [1]}),
        ("receipt: no kind", "bad_field", receipt, {2: LEAVE_OUT}),
        ("receipt: for another device", "bad_device", receipt, {3: "w02"}),
        ("receipt: for a device that is a number", "bad_device", receipt, {3: 5}),
        ("receipt: for a device that is null", "bad_device", receipt, {3: None}),
        ("receipt: for a device that is bytes", "bad_device", receipt, {3: b"w01"}),
        ("receipt: for nobody", "bad_field", receipt, {3: LEAVE_OUT, 99: 0}),
        ("receipt: number -1", "bad_field", receipt, {4: -1}),
        ("receipt: number true", "bad_field", receipt, {4: True}),
        ("receipt: issued null", "bad_field", receipt, {5: None}),
        ("receipt: seq null", "bad_field", receipt, {6: None}),
        ("receipt: a hash of 32 bytes", "bad_field", receipt, {7: bytes(32)}),
        ("receipt: epoch 2^32", "bad_field", receipt, {8: 2**32}),
        ("receipt: hold 2^32", "bad_field", receipt, {9: 2**32}),
        ("receipt: a key more", "bad_field", receipt, {10: 0}),
        ("receipt: a key less", "bad_field", receipt, {9: LEAVE_OUT}),
        ("scene: a token of 7 bytes", "bad_field", scene, {10: bytes(7)}),
        ("scene: a token without its end", "bad_field", scene, {11: None}),
        ("scene: an end without its token", "bad_field", scene, {10: None}),
        (
            "scene: an unknown key for the token and its end",
            "bad_field",
            scene,
            {10: LEAVE_OUT, 11: LEAVE_OUT, 98: 0, 99: 0},
        ),
        ("scene: undo 60001", "bad_field", scene, {12: 60001}),
        ("scene: labels 0", "bad_field", scene, {13: 0}),
        ("scene: labels 3", "bad_field", scene, {13: 3}),
        ("scene: labels true", "bad_field", scene, {13: True}),
        ("scene: indicators null", "bad_field", scene, {14: None}),
        ("scene: reasons null", "bad_field", scene, {15: None}),
        ("scene: reasons for level 0", "bad_field", scene, {15: {0: [1]}}),
        ("scene: reasons for level 6", "bad_field", scene, {15: {6: [1]}}),
        ("scene: reasons for a named level", "bad_field", scene, {15: {"satisfied": [1]}}),
        ("scene: reasons not in an array", "bad_field", scene, {15: {1: 1}}),
        ("scene: a reason of true", "bad_field", scene, {15: {1: [True]}}),
        ("scene: a reason of 65536", "bad_field", scene, {15: {1: [65536]}}),
        ("scene: 33 reasons", "bad_field", scene, {15: {1: [1] * 33}}),
        ("scene: five lines", "bad_field", scene, {16: [""] * 5}),
        ("scene: a line of 61 bytes", "bad_field", scene, {16: ["非" * 20 + "x"]}),
        ("scene: a line of bytes", "bad_field", scene, {16: [b""]}),
        ("scene: lines null", "bad_field", scene, {16: None}),
        ("scene: a QR of 201 bytes", "bad_field", scene, {17: "x" * 201}),
        ("scene: a QR of bytes", "bad_field", scene, {17: b""}),
        ("scene: an unknown key for the QR", "bad_field", scene, {17: LEAVE_OUT, 99: 0}),
        ("scene: a prompt of 31 bytes", "bad_field", scene, {18: bytes(31)}),
        ("scene: an unknown key for the prompt", "bad_field", scene, {18: LEAVE_OUT, 99: 0}),
        ("scene: mode 3", "bad_field", scene, {19: 3}),
        ("scene: mode false", "bad_field", scene, {19: False}),
        ("asset: a hash of 31 bytes", "bad_field", asset, {23: bytes(31)}),
        ("asset: size 2^32", "bad_field", asset, {24: 2**32}),
        ("asset: offset -1", "bad_field", asset, {25: -1}),
        ("asset: 2049 bytes", "bad_field", asset, {26: bytes(2049)}),
        ("asset: text", "bad_field", asset, {26: "x"}),
        ("asset: no bytes", "bad_field", asset, {26: LEAVE_OUT, 99: 0}),
        ("command: id null", "bad_field", command, {20: None}),
        ("command: a name of 17 bytes", "bad_field", command, {21: "x" * 17}),
        ("command: a name of bytes", "bad_field", command, {21: b"reboot"}),
        ("command: arguments null", "bad_field", command, {22: None}),
        ("command: nine arguments", "bad_field", command, {22: {letter: 0 for letter in "abcdefghi"}}),
        ("command: an argument of true", "bad_field", command, {22: {"a": True}}),
        ("command: an argument of 201 bytes", "bad_field", command, {22: {"a": "x" * 201}}),
        ("command: an argument named by a number", "bad_field", command, {22: {1: 1}}),
        ("command: an argument of 17 bytes of name", "bad_field", command, {22: {"x" * 17: 1}}),
        ("command: the body of a receipt", "bad_field", receipt, {2: 4}),
    ]
    return envelopes + [(name, code, mac(fields, change)) for name, code, fields, change in changes]


def plain() -> list:
    def state(**change):
        return cbor.encode({1: 1, 2: "ready", 3: 1} | {int(k[1:]): v for k, v in change.items()})

    telemetry = {**{key: 1 for key in range(1, 14)}, 12: -1}
    long = 200 * "x" + "y"
    return [
        (
            "state",
            [
                ("an unknown word", "bad_field", state(_2="asleep")),
                ("a word of bytes", "bad_field", state(_2=b"ready")),
                ("a word of an array", "bad_field", state(_2=["ready"])),
                ("boot true", "bad_field", state(_3=True)),
                ("boot 2^32", "bad_field", state(_3=2**32)),
                ("version 2", "bad_version", state(_1=2)),
                ("version true", "bad_version", state(_1=True)),
                ("a key more", "bad_field", state(_4=0)),
                ("a key less", "bad_field", cbor.encode({1: 1, 2: "ready"})),
                ("another key", "bad_field", cbor.encode({1: 1, 2: "ready", 4: 1})),
                ("a text", "bad_field", cbor.encode("ready")),
                ("513 bytes", "too_large", state(_2="x" * 505)),
            ],
        ),
        (
            "telemetry",
            [
                ("uptime null", "bad_field", cbor.encode({**telemetry, 3: None})),
                ("error true", "bad_field", cbor.encode({**telemetry, 8: True})),
                ("error 2^32", "bad_field", cbor.encode({**telemetry, 8: 2**32})),
                ("stall 2^32", "bad_field", cbor.encode({**telemetry, 13: 2**32})),
                ("rssi 1", "bad_field", cbor.encode({**telemetry, 12: 1})),
                ("rssi -128", "bad_field", cbor.encode({**telemetry, 12: -128})),
                ("rssi false", "bad_field", cbor.encode({**telemetry, 12: False})),
                ("the eight keys of a draft", "bad_field", cbor.encode({k: 1 for k in range(1, 9)})),
                (
                    "an unknown key for the stall",
                    "bad_field",
                    cbor.encode({k if k < 13 else 14: 0 for k in telemetry} | {1: 1}),
                ),
                ("an array", "bad_field", cbor.encode([1] * 13)),
            ],
        ),
        (
            "log",
            [
                ("level 9", "bad_field", cbor.encode({1: 1, 2: 9, 3: ""})),
                ("level 41", "bad_field", cbor.encode({1: 1, 2: 41, 3: ""})),
                ("201 bytes", "bad_field", cbor.encode({1: 1, 2: 10, 3: long})),
                ("bytes", "bad_field", cbor.encode({1: 1, 2: 10, 3: b""})),
                ("no text", "bad_field", cbor.encode({1: 1, 2: 10, 4: ""})),
            ],
        ),
        (
            "result",
            [
                ("status 5", "bad_field", cbor.encode({1: 1, 2: 1, 3: 5, 4: ""})),
                ("a request of text", "bad_field", cbor.encode({1: 1, 2: 1, 3: 4, 4: "x"})),
                ("a request of nothing", "bad_field", cbor.encode({1: 1, 2: 1, 3: 4, 4: b""})),
                ("a request of 401 bytes", "bad_field", cbor.encode({1: 1, 2: 1, 3: 4, 4: bytes(401)})),
                ("a text of bytes", "bad_field", cbor.encode({1: 1, 2: 1, 3: 2, 4: b"x"})),
                ("status false", "bad_field", cbor.encode({1: 1, 2: 1, 3: False, 4: ""})),
                ("201 bytes", "bad_field", cbor.encode({1: 1, 2: 1, 3: 0, 4: long})),
                ("text null", "bad_field", cbor.encode({1: 1, 2: 1, 3: 0, 4: None})),
                ("id -1", "bad_field", cbor.encode({1: 1, 2: -1, 3: 0, 4: ""})),
            ],
        ),
    ]


TOPICS = [
    (f"topic {text[:40]!r}", "bad_topic", text.encode())
    for text in (
        "",
        "hcp",
        "hcp/v1/h/w01",
        "hcp/v1/h/w01/",
        "hcp/v1/h/w01/record/",
        "/hcp/v1/h/w01/record",
        "hcp/v2/h/w01/record",
        "HCP/v1/h/w01/record",
        "hcp/v1/h/w01/Record",
        "hcp/v1/h/w01/records",
        "hcp/v1//w01/record",
        "hcp/v1/h//record",
        "hcp/v1/h/W01/record",
        "hcp/v1/+/w01/record",
        "hcp/v1/h/#",
        "hcp/v1/h/w01/#",
        "hcp/v1/h/../record",
        "hcp/v1/h/w01\x00/record",
        "hcp/v1/大厅/w01/record",
        "hcp/v1/h/" + "w" * 21 + "/record",
        "hcp/v1/h/w01/record" + "/" * 62,
    )
] + [("topic with a surrogate", "bad_utf8", b"hcp/v1/h/\xed\xa0\x80/record")]
