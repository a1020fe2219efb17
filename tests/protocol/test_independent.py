"""A verifier and a device written from SPEC.md alone, with pycose, cbor2 and cryptography: nothing of ours is imported.

The verifier does what SPEC.md §12 says, on the records of ``tests/vectors``; the device builds the same records again,
byte for byte. ``test_foreign_device.py`` shows them to the library.
"""

import ast
import datetime
import hashlib
import json
from pathlib import Path

import cbor2
import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from pycose.algorithms import HMAC256, Es256
from pycose.exceptions import CoseException
from pycose.headers import KID, Algorithm
from pycose.keys import EC2Key, SymmetricKey
from pycose.keys.curves import P256
from pycose.messages import Mac0Message, Sign1Message

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
RECORDS = json.loads((VECTORS / "records.json").read_text(encoding="utf-8"))
DOWNLINK = json.loads((VECTORS / "downlink.json").read_text(encoding="utf-8"))
CHAIN = [bytes.fromhex(data) for data in RECORDS["chain"]]

# SPEC 3.2 to 3.4
HEAD_KEYS = {3: "seq", 4: "prev", 5: "boot", 6: "uptime_ms", 7: "wall_ms", 8: "error_ms"}
RATING_KEYS = {9: "level", 10: "reasons", 11: "token", 12: "indicators", 13: "changes", 14: "flags"}
EVENT_KEYS = {16: "code", 17: "detail"}


# --- the verifier of SPEC 12 ---


def certificates() -> tuple[x509.Certificate, x509.Certificate]:
    """``(authority, device)``: the hall's authority and a certificate over the key of the vectors."""
    authority = ec.generate_private_key(ec.SECP256R1())
    numbers = RECORDS["public_key"]
    public = ec.EllipticCurvePublicNumbers(int(numbers["x"], 16), int(numbers["y"], 16), ec.SECP256R1()).public_key()
    return certify("hall", "hall", authority.public_key(), authority), certify("w01", "hall", public, authority)


def certify(subject, issuer, public_key, signing_key) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)

    def named(text):
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

    builder = x509.CertificateBuilder().subject_name(named(subject)).issuer_name(named(issuer)).public_key(public_key)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now)
    return builder.not_valid_after(now + datetime.timedelta(days=1)).sign(signing_key, hashes.SHA256())


def opened(kind, tag: int, data: bytes):
    """A message of pycose. Its own ``decode`` expects lists, which cbor2 6 no longer puts inside a tag."""
    envelope = cbor2.loads(data, allow_indefinite=False, allow_duplicate_keys=False)
    assert envelope.tag == tag
    protected, unprotected, payload, proof = envelope.value
    return kind.from_cose_obj([protected, dict(unprotected), payload, proof], allow_unknown_attributes=False)


def verify(data: bytes, device: x509.Certificate, authority: x509.Certificate) -> dict:
    """SPEC 12, steps 1 to 3; the payload as a map with names. AssertionError or CoseException if anything is wrong."""
    device.verify_directly_issued_by(authority)
    (name,) = device.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    numbers = device.public_key().public_numbers()
    message = opened(Sign1Message, 18, data)
    assert message.phdr[Algorithm] is Es256
    assert message.phdr[KID] == name.value.encode()
    assert message.uhdr == {}
    message.key = EC2Key(crv=P256, x=numbers.x.to_bytes(32, "big"), y=numbers.y.to_bytes(32, "big"))
    assert message.verify_signature()
    assert len(message.payload) == 152
    payload = cbor2.loads(message.payload)
    assert payload[1] == 1
    assert set(payload[15]) == {0}
    names = HEAD_KEYS | (EVENT_KEYS if payload[2] == 2 else RATING_KEYS)
    assert set(payload) == {1, 2, 15} | set(names)
    return {"kind": payload[2]} | {name: payload[key] for key, name in names.items()}


def from_json(value):
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"]) if set(value) == {"hex"} else {key: from_json(v) for key, v in value.items()}
    return [from_json(item) for item in value] if isinstance(value, list) else value


def said(row: dict) -> dict:
    """What a vector says it holds."""
    fields = from_json({**row["head"], **row["body"]})
    if "changes" in fields:
        fields["changes"] = [number for pair in fields["changes"] for number in pair]
    return {"kind": row["kind"], **fields}


@pytest.mark.parametrize("row", RECORDS["records"], ids=lambda row: row["name"])
def test_verifies_a_record_by_hand(row):
    authority, device = certificates()
    assert verify(bytes.fromhex(row["record"]), device, authority) == said(row)


def test_verifies_a_chain_by_hand():
    authority, device = certificates()
    prev = bytes(16)
    for seq, data in enumerate(CHAIN, 1):
        fields = verify(data, device, authority)
        assert (fields["seq"], fields["prev"]) == (seq, prev)
        prev = hashlib.sha256(data).digest()[:16]
    assert seq == 5


@pytest.mark.requirement("SP-4.1")
def test_sees_every_changed_byte_of_a_record():
    authority, device = certificates()
    for at in range(len(CHAIN[1])):
        forged = bytearray(CHAIN[1])
        forged[at] ^= 4
        with pytest.raises(
            (AssertionError, CoseException, cbor2.CBORError, ValueError, TypeError, KeyError, AttributeError)
        ):
            verify(bytes(forged), device, authority)


def test_sees_another_authority():
    _, device = certificates()
    authority, _ = certificates()
    with pytest.raises(InvalidSignature):
        verify(CHAIN[0], device, authority)


@pytest.mark.parametrize("row", DOWNLINK["messages"], ids=lambda row: row["name"])
def test_verifies_a_downlink_message_by_hand(row):
    message = opened(Mac0Message, 17, bytes.fromhex(row["frame"]))
    assert message.phdr == {Algorithm: HMAC256} and message.uhdr == {}
    message.key = SymmetricKey(k=bytes.fromhex(DOWNLINK["key"]))
    assert message.verify_tag()
    payload = cbor2.loads(message.payload)
    expected = from_json(row["message"])
    assert [payload[key] for key in (1, 2, 3, 4, 5)] == [
        1,
        *(expected[name] for name in ("kind", "device", "number", "issued_ms")),
    ]
    first = {1: 6, 2: 10, 3: 23, 4: 20}[payload[2]]
    body = {key: value for key, value in payload.items() if key > 5}
    if 15 in body:
        body[15] = {str(level): codes for level, codes in body[15].items()}  # JSON has only text keys
    assert list(body.values()) == list(expected["body"].values())
    more = [27] if payload[2] == 2 else []  # strips came later
    assert list(body) == [*range(first, first + len(body) - len(more)), *more]
    message.key = SymmetricKey(k=bytes(32))
    assert not message.verify_tag()


# --- a device, from SPEC 3 ---


def payload_of(kind: int, fields: dict) -> bytes:
    """The 152 bytes of SPEC 3.6. ``fields`` by the numbers of SPEC 3."""
    content = {1: 1, 2: kind, 15: bytes(24), **fields}
    content = {key: content[key] for key in sorted(content)}
    if isinstance(content.get(17), dict):
        content[17] = dict(sorted(content[17].items(), key=lambda item: cbor2.dumps(item[0])))
    content[15] = bytes(24 + 152 - len(cbor2.dumps(content)))
    return cbor2.dumps(content)


def seal(payload: bytes, device: str, key: ec.EllipticCurvePrivateKey) -> bytes:
    """SPEC 3.1, with nonces of RFC 6979."""
    protected = cbor2.dumps({1: -7, 4: device.encode()})
    to_be_signed = cbor2.dumps(["Signature1", protected, b"", payload])
    r, s = decode_dss_signature(key.sign(to_be_signed, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
    return cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, r.to_bytes(32, "big") + s.to_bytes(32, "big")]))


def mac(payload: dict, key: bytes) -> bytes:
    """SPEC 5.1."""
    protected, content = cbor2.dumps({1: 5}), cbor2.dumps(payload)
    code = hmac.HMAC(key, hashes.SHA256())
    code.update(cbor2.dumps(["MAC0", protected, b"", content]))
    return cbor2.dumps(cbor2.CBORTag(17, [protected, {}, content, code.finalize()]))


def private_key() -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int(RECORDS["private_key"], 16), ec.SECP256R1())


@pytest.mark.parametrize("row", RECORDS["records"], ids=lambda row: row["name"])
def test_builds_the_same_record(row):
    fields = said(row)
    names = HEAD_KEYS | (EVENT_KEYS if row["kind"] == 2 else RATING_KEYS)
    payload = payload_of(row["kind"], {key: fields[name] for key, name in names.items()})
    assert payload.hex() == row["payload"]
    assert seal(payload, "w01", private_key()).hex() == row["record"]


def test_builds_the_same_receipt():
    (row,) = [row for row in DOWNLINK["messages"] if row["name"] == "receipt"]
    message = from_json(row["message"])
    body = message["body"]
    payload = {1: 1, 2: 1, 3: "w01", 4: message["number"], 5: message["issued_ms"]}
    payload |= {6: body["seq"], 7: body["hash"], 8: body["epoch"], 9: body["hold_ms"]}
    assert mac(payload, bytes.fromhex(DOWNLINK["key"])).hex() == row["frame"]


def test_nothing_of_ours_is_imported_here():
    imported = set()
    for node in ast.walk(ast.parse(Path(__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module.split(".")[0])
    assert not imported & {"protocol", "tests", "firmware", "gateway", "central", "simulator", "hcp"}
