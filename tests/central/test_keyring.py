"""Central's identity keys: for their owner alone, outside the database, the newest is told, every one opens its own."""

import stat

import pytest

from central import keyring
from central.settings import SettingsError
from protocol import identity
from protocol.identity import About, Callee, Contact, IdentityError

ABOUT = About("lucheng", "C1", 1, 1)
CALLEE = Callee(Contact("欧阳思齐", "13800002222"))


def test_a_key_is_for_its_owner_alone(tmp_path):
    path = tmp_path / "identity.keys"
    assert keyring.load(path).public is None
    made = keyring.add(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and keyring.load(path).public == made.public
    path.chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        keyring.load(path)


def test_the_newest_is_told_and_each_opens_its_own(tmp_path):
    path = tmp_path / "identity.keys"
    old = identity.read_key(keyring.add(path).public)
    sealed = identity.seal(old, ABOUT, CALLEE)
    both = keyring.add(path)
    assert len(both.ids) == 2 and keyring.load(path).public == both.public != identity.key_text(old)
    assert keyring.load(path).unseal(identity.key_id(old), ABOUT, sealed) == CALLEE


def test_a_lost_key_is_named(tmp_path):
    path = tmp_path / "identity.keys"
    old = identity.read_key(keyring.add(path).public)
    path.unlink()
    ring = keyring.add(path)
    with pytest.raises(IdentityError, match=identity.key_id(old)):
        ring.unseal(identity.key_id(old), ABOUT, identity.seal(old, ABOUT, CALLEE))


def test_a_line_that_was_changed_is_refused_without_showing_it(tmp_path):
    path = tmp_path / "identity.keys"
    keyring.add(path)
    comment, line = path.read_text().rsplit("\n", 2)[0], path.read_text().splitlines()[-1]
    name, key = line.split()
    for wrong in (f"0123456789abcdef {key}", f"{name} {key[1]}{key[0]}{key[2:]}", f"{name} AAAA", line + "\n" + line):
        path.write_text(f"{comment}\n{wrong}\n")
        with pytest.raises(SettingsError) as caught:
            keyring.load(path)
        assert key[:20] not in str(caught.value) and key[2:20] not in str(caught.value)


def test_no_repr_shows_a_key(tmp_path):
    made = keyring.add(tmp_path / "identity.keys")
    assert "X25519" not in repr(made)


def test_systemds_credential_comes_before_the_file(tmp_path, monkeypatch):
    assert keyring.default_path(tmp_path) == tmp_path / "identity.keys"
    keyring.add(tmp_path / "identity.keys")
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / keyring.CREDENTIAL).write_text((tmp_path / "identity.keys").read_text())
    (folder / keyring.CREDENTIAL).chmod(0o640)  # systemd's own way
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    assert keyring.load(keyring.default_path(tmp_path)).ids
