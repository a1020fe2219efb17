import pytest

from gateway.settings import SettingsError, load


def test_code_wins_over_environment_over_file(tmp_path, monkeypatch):
    file = tmp_path / "gateway.toml"
    file.write_text('hall = "from-file"\nundo_ms = 1\nlinger_ms = 60000\n')
    monkeypatch.setenv("HCP_GATEWAY_UNDO_MS", "2")
    monkeypatch.setenv("HCP_GATEWAY_HTTP_PORT", "81")
    settings = load(file, data=tmp_path, http_port=82)
    assert (settings.hall, settings.undo_ms, settings.linger_ms, settings.http_port) == ("from-file", 2, 60000, 82)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({}, "data"),
        ({"data": ".", "hall": "Not An Id"}, "hall"),
        ({"data": ".", "undo_ms": 60_001}, "undo_ms"),
        ({"data": ".", "http_port": 70_000}, "http_port"),
        ({"data": ".", "central_url": "ftp://x"}, "central_url"),
        ({"data": ".", "central_url": "http://x"}, "central_key"),
        ({"data": ".", "typo": 1}, "typo"),
    ],
)
def test_a_wrong_setting_is_named(given, word):
    with pytest.raises(SettingsError, match=word):
        load(**given)


def test_a_wrong_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match="no settings file"):
        load(tmp_path / "none.toml", data=tmp_path)
    (tmp_path / "bad.toml").write_text("= x")
    with pytest.raises(SettingsError, match="bad.toml"):
        load(tmp_path / "bad.toml", data=tmp_path)


def test_the_key_is_never_shown(tmp_path):
    settings = load(data=tmp_path, central_url="http://x", central_key="very-secret")
    assert "very-secret" not in repr(settings) + str(settings.model_dump())
    with pytest.raises(SettingsError) as caught:
        load(data=tmp_path, central_key="very-secret", undo_ms=-1)
    assert "very-secret" not in str(caught.value)


def test_settings_are_frozen(tmp_path):
    with pytest.raises(Exception, match="frozen"):
        load(data=tmp_path).undo_ms = 5
