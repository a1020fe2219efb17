"""Settings are refused early, in words that help, and never show a key."""

import json
from datetime import time

import pytest
from pydantic import ValidationError

from central.core.deadlines import Counting, Receipt
from central.settings import Hall, SettingsError, load
from tests.builders import Authority
from tests.central.conftest import AUDITOR_KEY, HALL_KEY

AUTHORITY = Authority("lucheng")
TOML = (
    '[[hall]]\nid = "lucheng"\nname = "鹿城区政务服务中心"\nauthority = "ca.pem"\nkey = "{key}"\nrevoked = ["w7-old"]\n'
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.pem)
    (tmp_path / "halls.toml").write_text(TOML.format(key=HALL_KEY), encoding="utf-8")
    return tmp_path


def test_halls_come_from_their_file(folder):
    settings = load(data_dir=folder, auditor_key=AUDITOR_KEY)
    [hall] = settings.halls
    assert (hall.id, hall.name, hall.revoked) == ("lucheng", "鹿城区政务服务中心", {"w7-old"})
    assert hall.authority == AUTHORITY.pem.decode() and hall.key.get_secret_value() == HALL_KEY
    assert settings.url == f"sqlite:///{folder}/central.db"


def test_halls_may_be_json(folder):
    (folder / "halls.toml").unlink()
    hall = {"id": "lucheng", "name": "鹿城", "authority": "ca.pem", "key": HALL_KEY}
    (folder / "halls.json").write_text(json.dumps({"hall": [hall]}))
    assert load(data_dir=folder, auditor_key=AUDITOR_KEY).halls[0].name == "鹿城"


def test_arguments_outrank_the_environment_which_outranks_the_file(folder, monkeypatch):
    config = folder / "central.toml"
    config.write_text(f'data_dir = "{folder}"\nauditor_key = "{AUDITOR_KEY}"\nport = 1001\nhost = "::1"\n')
    monkeypatch.setenv("HCP_CENTRAL_PORT", "1002")
    settings = load(config)
    assert (settings.port, settings.host) == (1002, "::1")
    assert load(config, port=1003).port == 1003


def test_how_terms_are_counted_is_a_setting(folder, monkeypatch):
    config = folder / "central.toml"
    config.write_text(f'data_dir = "{folder}"\nauditor_key = "{AUDITOR_KEY}"\n[counting]\ncut_off = 17:30:00\n')
    assert (
        load(config).counting
        == Counting(cut_off=time(17, 30))
        != load(data_dir=folder, auditor_key=AUDITOR_KEY).counting
    )
    monkeypatch.setenv("HCP_CENTRAL_COUNTING", '{"receipt": "next_working_day"}')
    assert load(config).counting.receipt is Receipt.NEXT_WORKING_DAY
    for wrong, words in [('{"cut_of": "17:30"}', "cut_of"), ('{"cut_off": "08:00"}', "an hour or more after")]:
        monkeypatch.setenv("HCP_CENTRAL_COUNTING", wrong)
        with pytest.raises(SettingsError, match=words):
            load(config)


def test_no_key_is_ever_shown(folder):
    settings = load(data_dir=folder, auditor_key=AUDITOR_KEY)
    for text in (repr(settings), str(settings), settings.model_dump_json()):
        assert AUDITOR_KEY not in text and HALL_KEY not in text
    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "HCP_CENTRAL_AUDITOR_KEY"),
        ({"auditor_key": "short-secret"}, "at least 20 characters"),
        ({"auditor_key": AUDITOR_KEY, "port": 70000}, "HCP_CENTRAL_PORT"),
        ({"auditor_key": AUDITOR_KEY, "colour": "red"}, "HCP_CENTRAL_COLOUR"),
        ({"auditor_key": HALL_KEY}, "used twice"),
    ],
)
def test_what_is_wrong_is_named(folder, given, words):
    with pytest.raises(SettingsError, match=words) as caught:
        load(data_dir=folder, **given)
    assert "short-secret" not in str(caught.value) and HALL_KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "lists no hall"),
        ("hall = 3", "lists no hall"),
        ("[[hall]", "cannot be read"),
        ("[[hall]]\nid='x'", "authority is missing"),
        (TOML.format(key="short-secret"), "at least 20"),
        (TOML.format(key=HALL_KEY).replace("ca.pem", "no.pem"), "cannot be read"),
        (TOML.format(key=HALL_KEY).replace("ca.pem", "halls.toml"), "cannot be read"),
        (TOML.format(key=HALL_KEY).replace('"lucheng"', '"Lucheng!"'), "a-z"),
        (TOML.format(key=HALL_KEY).replace("w7-old", "W7"), "a-z"),
        (TOML.format(key=HALL_KEY) + "colour = 1", "colour"),
        (TOML.format(key=HALL_KEY) + TOML.format(key=HALL_KEY + "2"), "same id"),
        (TOML.format(key=HALL_KEY) + TOML.format(key=HALL_KEY).replace("lucheng", "ouhai"), "used twice"),
    ],
)
def test_a_hall_that_is_wrong_is_named(folder, text, words):
    (folder / "halls.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=words) as caught:
        load(data_dir=folder, auditor_key=AUDITOR_KEY)
    assert "short-secret" not in str(caught.value) and HALL_KEY not in str(caught.value)


def test_a_missing_file_of_halls_says_what_to_write(tmp_path):
    with pytest.raises(SettingsError, match=r"halls\.toml.*\[\[hall\]\]"):
        load(data_dir=tmp_path, auditor_key=AUDITOR_KEY)
    with pytest.raises(SettingsError, match="does not exist"):
        load(tmp_path / "no.toml", data_dir=tmp_path, auditor_key=AUDITOR_KEY)


def test_a_device_certificate_is_no_authority():
    leaf = AUTHORITY.certify("w1", AUTHORITY.key.public_key())
    from cryptography.hazmat.primitives.serialization import Encoding

    with pytest.raises(ValidationError, match="may not sign"):
        Hall(id="x", name="x", authority=leaf.public_bytes(Encoding.PEM).decode(), key=HALL_KEY)  # type: ignore[arg-type]
