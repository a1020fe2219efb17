"""Making, signing and serving a release; and ``hcp firmware``, which does it from the command line."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from typer.testing import CliRunner

from gateway import release
from gateway.release import ReleaseError
from hcp import firmware_command

KEY = ec.generate_private_key(ec.SECP256R1())
run = CliRunner().invoke


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "set"
    (folder / "firmware").mkdir(parents=True)
    (folder / "firmware" / "main.mpy").write_bytes(b"M" * 5000)
    (folder / "logo.bin").write_bytes(b"logo")
    return folder


def test_a_manifest_names_every_file_and_is_read_back(folder):
    manifest = release.describe(folder, "esp32s3", 7, 5)
    assert [file.path for file in manifest.files] == ["firmware/main.mpy", "logo.bin"]
    data = release.sign(manifest, KEY)
    assert release.opened(data, KEY.public_key()) == manifest
    with pytest.raises(ReleaseError, match="not a manifest signed by this key"):
        release.opened(data, ec.generate_private_key(ec.SECP256R1()).public_key())
    with pytest.raises(ReleaseError):
        release.opened(data[:-1], KEY.public_key())


def test_a_release_answers_what_a_device_wants(folder):
    (folder / release.MANIFEST).write_bytes(release.sign(release.describe(folder, "esp32s3", 7, 5), KEY))
    found = release.load(folder)
    main = release.describe(folder, "esp32s3", 7, 5).files[0]
    parts = [found.answer(f"{main.sha256.hex()} {offset}", 2048) for offset in (0, 2048, 4096)]
    assert b"".join(part.bytes for part in parts) == b"M" * 5000 and parts[0].size == 5000
    for nonsense in ("", "00" * 32 + " 0", main.sha256.hex() + " 5000", main.sha256.hex() + " -1", "x 0", "\u00e9"):
        assert found.answer(nonsense) is None
    assert found.args == {"manifest": found.hash.hex(), "size": len(found.manifest)}


@pytest.mark.parametrize("version,needs", [(0, 0), (2**32, 0), (5, 5), (5, 6), (5, -1)])
def test_versions_that_no_device_takes_are_not_made(folder, version, needs):
    with pytest.raises(ReleaseError, match="a version is"):
        release.describe(folder, "esp32s3", version, needs)


def test_names_that_no_device_takes_are_not_made(folder, tmp_path):
    (folder / "two words.mpy").write_bytes(b"")
    with pytest.raises(ReleaseError, match="two words"):
        release.describe(folder, "esp32s3", 7, 5)
    with pytest.raises(ReleaseError, match="build it first"):
        release.describe(tmp_path / "nothing", "esp32s3", 7, 5)


def test_the_commands_make_and_verify_a_release(folder, tmp_path):
    keys = tmp_path / "keys"
    assert run(firmware_command.app, ["key", "--out", str(keys)]).exit_code == 0
    assert (keys / "release.key").stat().st_mode & 0o777 == 0o600
    again = run(firmware_command.app, ["key", "--out", str(keys)])
    assert again.exit_code == 1, "a key is never overwritten"
    names: dict = {}
    exec((keys / "release_key.py").read_text(), names)
    assert len(names["KEY"]) == 65
    sign = ["sign", str(folder), "--key", str(keys / "release.key"), "--version", "7", "--needs", "5", "--json"]
    signed = run(firmware_command.app, sign)
    assert signed.exit_code == 0, signed.output
    facts = json.loads(signed.stdout)
    assert (facts["version"], facts["needs"], facts["files"], facts["bytes"]) == (7, 5, 2, 5004)
    verify = ["verify", str(folder), "--key", str(keys / "release.pem")]
    assert run(firmware_command.app, verify).exit_code == 0
    (folder / "logo.bin").write_bytes(b"evil")
    assert run(firmware_command.app, verify).exit_code == 1
    assert run(firmware_command.app, ["verify", str(folder), "--key", str(keys / "none.pem")]).exit_code == 2
