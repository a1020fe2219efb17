"""The command line: exit codes, one JSON document on stdout, and words that say what to do."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from typer.testing import CliRunner

from gateway.enrolment import create_authority
from gateway.settings import GatewaySettings
from hcp.exits import Exit
from hcp.main import app
from tests.builders import make_key, name

ROOT = Path(__file__).resolve().parent.parent.parent
run = CliRunner()


@pytest.fixture
def hall(tmp_path):
    create_authority(tmp_path / "gateway", "hall-1")
    return tmp_path / "gateway"


@pytest.fixture
def csr(tmp_path):
    request = x509.CertificateSigningRequestBuilder().subject_name(name("box")).sign(make_key(), hashes.SHA256())
    (tmp_path / "box.csr").write_bytes(request.public_bytes(serialization.Encoding.PEM))
    return tmp_path / "box.csr"


def enroll(hall, csr, *more, device="w01", window="A01"):
    out = csr.parent / "out"
    words = ["device", "enroll", "--csr", csr, "--device", device, "--window", window, "--out", out, "--data", hall]
    return run.invoke(app, [str(word) for word in [*words, *more]])


def test_the_exit_codes_are_those_of_the_manual():
    text = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    assert documented == {int(code) for code in Exit}


def test_enrolling_says_where_things_are_and_nothing_secret(hall, csr):
    done = enroll(hall, csr)
    key = (csr.parent / "out" / "downlink.key").read_bytes()
    assert done.exit_code == Exit.OK
    assert "w01" in done.output and "A01" in done.output
    assert key.hex() not in done.output


def test_enrolling_as_json_is_one_document(hall, csr):
    done = enroll(hall, csr, "--json")
    assert json.loads(done.stdout)["device"] == "w01"
    assert json.loads(enroll(hall, csr, "--json").stdout)["created"] is False


@pytest.mark.parametrize(
    ("device", "window", "words"), [("W 1", "A01", "a-z"), ("w01", "A/1", "window"), ("gateway", "A01", "gateway")]
)
def test_a_name_that_cannot_be_is_refused_with_the_rule(hall, csr, device, window, words):
    done = enroll(hall, csr, device=device, window=window)
    assert done.exit_code == Exit.FAILURE
    assert words in done.output


def test_a_missing_request_is_a_usage_error(hall, csr):
    csr.unlink()
    assert enroll(hall, csr).exit_code == Exit.USAGE


def test_devices_are_listed_and_revoked(hall, csr):
    enroll(hall, csr)
    assert "有效" in run.invoke(app, ["device", "list", "--data", str(hall)]).stdout
    assert run.invoke(app, ["device", "revoke", "w01", "--data", str(hall)]).exit_code == Exit.OK
    (row,) = json.loads(run.invoke(app, ["device", "list", "--data", str(hall), "--json"]).stdout)
    assert row["device"] == "w01" and row["revoked_ms"]
    done = run.invoke(app, ["device", "revoke", "w09", "--data", str(hall)])
    assert done.exit_code == Exit.FAILURE and "hcp device list" in done.output


def test_a_hall_is_made_once_and_added_to_central_once(tmp_path):
    data, central = str(tmp_path / "g"), str(tmp_path / "c")
    for _ in range(2):
        assert run.invoke(app, ["gateway", "init", "--hall", "hall-1", "--data", data]).exit_code == Exit.OK
    done = run.invoke(app, ["gateway", "init", "--hall", "hall-2", "--data", data])
    assert done.exit_code == Exit.CONFIG and "hall-1" in done.output
    words = ["central", "add-hall", "--id", "hall-1", "--name", "一号大厅", "--data", central]
    words += ["--authority", str(tmp_path / "g" / "pki" / "ca.pem")]
    first = run.invoke(app, [*words, "--json"])
    assert first.exit_code == Exit.OK
    key = Path(json.loads(first.stdout)["key_file"]).read_text()
    assert len(key) >= 20 and key not in first.output
    assert json.loads(first.stdout)["identity_key"] is None
    again = run.invoke(app, words)
    assert again.exit_code == Exit.CONFIG and "already" in again.output


def test_the_identity_key_is_made_once_told_to_halls_and_turned_on_purpose(tmp_path):
    data = ["--data", str(tmp_path)]
    made = run.invoke(app, ["central", "identity-key", *data, "--json"])
    first = json.loads(made.stdout)
    assert (
        made.exit_code == Exit.OK
        and json.loads(run.invoke(app, ["central", "identity-key", *data, "--json"]).stdout) == first
    )
    secret = Path(first["file"]).read_text().split()[-1]
    assert secret not in made.output
    turned = run.invoke(app, ["central", "identity-key", "--new", *data])
    assert f'central_identity_key = "{first["identity_key"]}"' not in turned.stdout and secret not in turned.output
    (line,) = turned.stdout.splitlines()
    told = tomllib.loads(line)
    assert GatewaySettings(data=tmp_path, **told).central_identity_key == told["central_identity_key"]
    run.invoke(app, ["gateway", "init", "--hall", "hall-1", "--data", str(tmp_path / "g")])
    words = ["central", "add-hall", "--id", "hall-1", "--name", "一号大厅", *data]
    added = run.invoke(app, [*words, "--authority", str(tmp_path / "g" / "pki" / "ca.pem")])
    assert line in added.output
    Path(first["file"]).chmod(0o644)
    assert run.invoke(app, ["central", "identity-key", *data]).exit_code == Exit.CONFIG


def test_an_authority_that_is_none_is_refused(tmp_path):
    (tmp_path / "ca.pem").write_text("not a certificate")
    words = ["central", "add-hall", "--id", "hall-1", "--name", "一", "--authority", str(tmp_path / "ca.pem")]
    done = run.invoke(app, [*words, "--data", str(tmp_path / "c")])
    assert done.exit_code == Exit.CONFIG
    assert not (tmp_path / "c" / "halls.toml").exists()


def test_a_server_without_settings_says_which(tmp_path, monkeypatch):
    monkeypatch.delenv("HCP_CENTRAL_AUDITOR_KEY", raising=False)
    done = run.invoke(app, ["central", "run", "--data", str(tmp_path)])
    assert done.exit_code == Exit.CONFIG
    assert "HCP_CENTRAL_AUDITOR_KEY" in done.output
    done = run.invoke(app, ["gateway", "run", "--data", str(tmp_path / "new")])
    assert done.exit_code == Exit.CONFIG
    assert "HCP_GATEWAY_HALL" in done.output


def test_a_scenario_that_is_not_there_names_those_that_are():
    done = run.invoke(app, ["sim", "run", "no-such-morning"])
    assert done.exit_code == Exit.USAGE and "one-morning" in done.output
