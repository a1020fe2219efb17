"""Identities: sealed as they arrive, opened for a reason only, and bound to their service."""

import sqlite3
import stat

import pytest

from gateway import vault
from gateway.applicants import RevealError
from gateway.business import Source
from gateway.core import applicant
from gateway.core.applicant import Identity, Opaque, Person
from gateway.core.business import BusinessError
from gateway.vault import Sealed, VaultError
from tests.gateway.desk import QUEUE

NAME, NUMBER, PHONE = "欧阳思齐", "330302199001011232", "13800002222"
CLEAR = {"name": NAME, "id_no": NUMBER, "phone": PHONE}


def called(desk, **fields):
    desk.service.put_window("A1", None, True)
    return desk.event("called", window="A1", case_no="C1", service_no=1, **fields)


def test_an_identity_is_sealed_and_opens_for_a_reason_that_stands_on_disk_first(desk):
    desk.tell_all([called(desk, applicant={**CLEAR, "agent": {"name": "代办人甲"}})])
    found = desk.applicants.reveal("C1", 1, "回访员 2001", "差评回访")
    assert found == Identity(Person(NAME, NUMBER, PHONE), Person("代办人甲"))
    assert desk.rows("SELECT who, reason, case_no, service_no, found FROM reveals") == [
        ("回访员 2001", "差评回访", "C1", 1, 1)
    ]
    (blob,) = desk.rows("SELECT blob FROM applicants")[0]
    assert NAME.encode() not in blob and NUMBER.encode() not in blob


@pytest.mark.parametrize("reason", ["", "   ", "ok", "x" * 201, "a\nforged line"])
def test_without_a_reason_nothing_opens_and_nothing_is_asked_of_the_database(desk, reason):
    desk.tell_all([called(desk, applicant=CLEAR)])
    with pytest.raises(RevealError, match="reason"):
        desk.applicants.reveal("C1", 1, "2001", reason)
    assert desk.rows("SELECT count(*) FROM reveals") == [(0,)]


def test_asking_for_what_is_not_there_is_written_down_too(desk):
    with pytest.raises(RevealError, match="no identity"):
        desk.applicants.reveal("C9", 1, "2001", "差评回访")
    assert desk.rows("SELECT case_no, found FROM reveals") == [("C9", 0)]


def test_who_opened_what_is_neither_edited_nor_removed(desk):
    with pytest.raises(RevealError):
        desk.applicants.reveal("C9", 1, "2001", "差评回访")
    for sql in ("UPDATE reveals SET who = 'x'", "DELETE FROM reveals"):
        with pytest.raises(sqlite3.IntegrityError):
            desk.store.run(lambda c, sql=sql: c.execute(sql))


def test_in_the_row_of_another_service_it_does_not_open(desk):
    desk.tell_all([called(desk, applicant=CLEAR)])
    desk.store.run(lambda c: c.execute("UPDATE applicants SET service_no = 2"))
    with pytest.raises(VaultError, match="another service") as caught:
        desk.applicants.reveal("C1", 2, "2001", "差评回访")
    assert NAME not in str(caught.value)


def test_what_the_caller_sealed_is_kept_as_it_is(desk):
    desk.tell_all([called(desk, applicant_sealed="eyJhbGciOiJSU0EtT0FFUCJ9.abc_def")])
    assert desk.applicants.reveal("C1", 1, "2001", "差评回访") == Opaque(b"eyJhbGciOiJSU0EtT0FFUCJ9.abc_def")


def test_the_same_event_again_stores_no_second_identity(desk):
    event = called(desk, applicant=CLEAR)
    assert desk.tell_all([event, event]) == ["accepted", "duplicate"]
    assert desk.rows("SELECT count(*) FROM applicants") == [(1,)]


def test_over_an_open_network_an_identity_is_refused_and_a_sealed_one_is_not(desk):
    far = Source("queue", in_clear=False)
    events = [called(desk, applicant=CLEAR), called(desk, applicant_sealed="A" * 20)]
    results = desk.service.take_events(far, events)
    assert [(r.status, r.code) for r in results] == [("rejected", "identity_in_clear"), ("accepted", "accepted")]


@pytest.mark.parametrize(
    "wrong",
    [
        NAME,
        {},
        {"name": ""},
        {"name": NAME, "age": 40},
        {"name": NAME + "\n"},
        {"id_no": 330302199001011232},
        {"phone": "call " + PHONE},
        {"name": "x" * 65},
        {"name": NAME, "agent": []},
        [CLEAR],
    ],
)
def test_a_wrong_identity_is_refused_without_quoting_it(desk, wrong):
    (result,) = desk.service.take_events(QUEUE, [called(desk, applicant=wrong)])
    assert (result.status, result.code) == ("rejected", "bad_applicant")
    assert not any(word in result.detail for word in (NAME, NUMBER, PHONE))
    assert desk.rows("SELECT count(*) FROM business_events") == [(0,)]


def test_it_needs_its_service_and_only_one_form():
    for value in (
        {"applicant": CLEAR},
        {"applicant": CLEAR, "applicant_sealed": "A" * 20, "case_no": "C1", "service_no": 1},
        {"applicant_sealed": "张" * 20, "case_no": "C1", "service_no": 1},
        {"applicant_sealed": "A" * 4097, "case_no": "C1", "service_no": 1},
    ):
        with pytest.raises(BusinessError, match="bad_applicant"):
            applicant.take_out(value)


def test_the_length_of_what_is_sealed_says_nothing_about_a_name():
    sizes = {len(applicant.pack(Identity(Person(name)))) for name in ("李", "欧阳思齐", "x" * 64)}
    assert sizes == {applicant.PAD}
    assert applicant.unpack(applicant.pack(Identity(Person(NAME), Person(phone=PHONE)))) == Identity(
        Person(NAME), Person(phone=PHONE)
    )


def test_no_repr_shows_a_person():
    assert NAME not in repr(Identity(Person(NAME), Person(NAME))) + repr(Person(NAME)) + repr(Opaque(NAME.encode()))


def test_the_keys_are_for_their_owner_alone(tmp_path):
    path = tmp_path / "applicant.keys"
    first = vault.load(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and vault.load(path).ids == first.ids
    path.chmod(0o640)
    with pytest.raises(VaultError, match="chmod 600"):
        vault.load(path)


def test_a_turned_key_opens_what_it_sealed_and_a_lost_one_is_named(tmp_path):
    path = tmp_path / "applicant.keys"
    old = vault.load(path).seal(b"x", b"here")
    path.write_text(path.read_text() + "second " + "A" * 43 + "=\n")
    both = vault.load(path)
    assert both.current == "second" and both.unseal(old, b"here") == b"x"
    path.write_text("third " + "B" * 43 + "=\n")
    with pytest.raises(VaultError, match=old.key):
        vault.load(path).unseal(old, b"here")


def test_a_changed_blob_does_not_open(tmp_path):
    keys = vault.load(tmp_path / "applicant.keys")
    sealed = keys.seal(b"x" * 40, b"here")
    for changed in (sealed.blob[:-1], sealed.blob[:5], b"", bytes([sealed.blob[0] ^ 1]) + sealed.blob[1:]):
        with pytest.raises(VaultError):
            keys.unseal(Sealed(sealed.key, changed), b"here")
    with pytest.raises(VaultError):
        keys.unseal(sealed, b"there")


@pytest.mark.parametrize("text", ["", "one", "one AAAA", "one " + "A" * 43 + "=\none " + "B" * 43 + "=", "é x"])
def test_keys_that_cannot_be_used_are_refused_without_showing_them(tmp_path, text):
    path = tmp_path / "applicant.keys"
    path.touch(0o600)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(VaultError) as caught:
        vault.load(path)
    assert "AAAA" not in str(caught.value)


def test_identities_whose_key_is_gone_are_said_at_the_start(desk, caplog):
    desk.tell_all([called(desk, applicant=CLEAR)])
    desk.applicants.warn_of_lost_keys()
    assert not caplog.records
    (desk.data / "applicant.keys").write_text("other " + "B" * 43 + "=\n")
    desk.restart()
    desk.applicants.warn_of_lost_keys()
    assert "cannot be opened" in caplog.text


def test_systemds_credential_comes_before_the_file(tmp_path, monkeypatch):
    assert vault.default_path(tmp_path) == tmp_path / "applicant.keys"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "run"))
    assert vault.default_path(tmp_path) == tmp_path / "applicant.keys"
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / vault.CREDENTIAL).write_text("one " + "A" * 43 + "=\n")
    assert vault.load(vault.default_path(tmp_path)).current == "one"
