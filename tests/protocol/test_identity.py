"""Sealing who is to be called back (spec 9.6): it opens with the one key, for the one service, unchanged, or not."""

import json
from dataclasses import replace

import cbor2
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from protocol import identity
from protocol.identity import About, Callee, Contact, IdentityError
from tests.protocol import hpke, vectors

KEY = X25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key()
ABOUT = About("lucheng", "C1", 2, 1)
CALLEE = Callee(Contact("欧阳思齐", "13800002222"), Contact("司徒代办"))
SEALED = identity.seal(PUBLIC, ABOUT, CALLEE)

texts = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1)
contacts = st.builds(
    Contact, st.none() | texts.map(lambda text: text[:64]), st.none() | st.from_regex(r"\A[0-9+() -]{5,24}\Z")
)
abouts = st.builds(About, st.sampled_from(("a", "lucheng")), texts.map(lambda text: text[:64]), st.integers(1, 99),
                   st.integers(1, 99))  # fmt: skip


@given(abouts, st.builds(Callee, contacts, st.none() | contacts))
def test_what_goes_in_comes_out_and_has_one_length(about, callee):
    sealed = identity.seal(PUBLIC, about, callee)
    assert identity.unseal(KEY, about, sealed) == callee
    assert len(sealed) == identity.SEALED_BYTES


def test_the_largest_fits_whatever_its_characters():
    for character in ('"', "\\", "𠮷"):
        most = Contact(character * identity.MAX_NAME, "0" * identity.MAX_PHONE)
        callee = Callee(most, most)
        assert identity.unseal(KEY, ABOUT, identity.seal(PUBLIC, ABOUT, callee)) == callee


@given(abouts)
def test_for_something_else_it_does_not_open(about):
    if about != ABOUT:
        with pytest.raises(IdentityError, match="another service"):
            identity.unseal(KEY, about, SEALED)


@pytest.mark.parametrize("change", [{"hall": "luchenh"}, {"case_no": "C2"}, {"service_no": 1}, {"revision": 2}])
def test_each_part_of_what_it_is_about_counts(change):
    with pytest.raises(IdentityError, match="another service"):
        identity.unseal(KEY, replace(ABOUT, **change), SEALED)


def test_another_key_does_not_open_it():
    with pytest.raises(IdentityError, match="another key"):
        identity.unseal(X25519PrivateKey.generate(), ABOUT, SEALED)


def test_every_flipped_byte_fails():
    for at in range(len(SEALED)):
        # the top bit of an X25519 point is not part of it (RFC 7748 §5): RFC 9180 binds the bytes as they came
        changed = SEALED[:at] + bytes([SEALED[at] ^ 0x80]) + SEALED[at + 1 :]
        with pytest.raises(IdentityError):
            identity.unseal(KEY, ABOUT, changed)


@given(st.binary(max_size=1200))
def test_any_bytes_give_the_one_error(data):
    with pytest.raises(IdentityError):
        identity.unseal(KEY, ABOUT, data)


@pytest.mark.parametrize(
    "plain",
    [
        "",
        "[]",
        "{}",
        '{"applicant": null}',
        '{"applicant": {"id_no": "330302199001011232"}}',
        '{"applicant": {"name": 7}}',
        '{"applicant": {"name": ""}}',
        '{"applicant": {"phone": "1380000\\n2222"}}',
        '{"applicant": {"phone": "1234567890123456789012345"}}',
        '{"applicant": {}, "note": "x"}',
    ],
)
def test_what_the_specification_does_not_have_is_refused_without_a_word_of_it(plain, monkeypatch):
    monkeypatch.setattr(identity, "_pack", lambda _callee: plain.encode().ljust(identity.PLAIN_BYTES))
    sealed = identity.seal(PUBLIC, ABOUT, CALLEE)
    with pytest.raises(IdentityError, match="spec 9.6") as caught:
        identity.unseal(KEY, ABOUT, sealed)
    assert "330302" not in str(caught.value)


def test_twice_the_same_looks_different():
    assert identity.seal(PUBLIC, ABOUT, CALLEE) != SEALED


def test_no_repr_shows_anybody():
    assert "欧阳" not in repr(CALLEE) + repr(CALLEE.applicant) and "138" not in repr(CALLEE)


def test_a_key_is_told_with_its_checksum():
    told = identity.key_text(PUBLIC)
    assert identity.read_key(told).public_bytes_raw() == PUBLIC.public_bytes_raw()
    assert identity.read_key(f"  {told}\n").public_bytes_raw() == PUBLIC.public_bytes_raw()
    name, encoded = told.split()
    swapped = encoded[1] + encoded[0] + encoded[2:]
    for wrong in ("", name, encoded, f"{name} {encoded[:-5]}", f"{name} {swapped}", f"{'0' * 16} {encoded}", "é é"):
        with pytest.raises(IdentityError):
            identity.read_key(wrong)


# --- the specification, read by other hands ---


def test_the_other_reader_reads_the_example_of_rfc_9180():
    example = vectors.load("rfc9180")
    given = {name: bytes.fromhex(value) for name, value in example["base"].items()}
    opened = hpke.unseal(given["skRm"], given["info"], given["aad"], given["enc"], given["ct"], aead=hpke.AES_128_GCM)
    assert opened == given["pt"]


def test_the_vectors_are_read_from_the_specification_alone():
    found = vectors.load("identity")
    secret = bytes.fromhex(found["private_key"])
    for row in found["sealed"]:
        sealed = bytes.fromhex(row["bytes"])
        info = cbor2.dumps(["hcp-identity-1", *row["about"].values(), found["key"]], canonical=True)
        plain = hpke.unseal(secret, info, b"", sealed[:32], sealed[32:])
        assert len(plain) == 1024 and json.loads(plain) == row["plain"]
        with pytest.raises(InvalidTag):
            hpke.unseal(secret, info + b"\x00", b"", sealed[:32], sealed[32:])


def test_the_vectors_open():
    found = vectors.load("identity")
    key = X25519PrivateKey.from_private_bytes(bytes.fromhex(found["private_key"]))
    assert identity.key_text(key.public_key()) == found["key_text"] and found["key_text"].startswith(found["key"])
    for row in found["sealed"]:
        callee = identity.unseal(key, About(**row["about"]), bytes.fromhex(row["bytes"]))
        assert callee.has_phone == row["has_phone"]
        assert callee.applicant == Contact(**row["plain"]["applicant"])
        assert (callee.agent is None) == ("agent" not in row["plain"])


def test_the_specification_says_these_sizes():
    text = (vectors.FOLDER.parents[1] / "protocol" / "SPEC.md").read_text(encoding="utf-8")
    paragraph = text[text.index("\n9.6 ") : text.index("\n## 10.")]
    for words in (
        f"base64 of {identity.SEALED_BYTES} bytes",
        f"spaces to {identity.PLAIN_BYTES} bytes",
        f"a name at most {identity.MAX_NAME} characters, a phone at most {identity.MAX_PHONE}",
    ):
        assert words in paragraph
