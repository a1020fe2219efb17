import pytest

from gateway.settings import SettingsError, explain, load


def test_code_wins_over_environment_over_file(tmp_path, monkeypatch):
    file = tmp_path / "gateway.toml"
    file.write_text('hall = "from-file"\nundo_ms = 1\nlinger_ms = 60000\n')
    monkeypatch.setenv("HCP_GATEWAY_UNDO_MS", "2")
    monkeypatch.setenv("HCP_GATEWAY_HTTP_PORT", "81")
    settings = load(file, data=tmp_path, http_port=82)
    assert (settings.hall, settings.undo_ms, settings.linger_ms, settings.http_port) == ("from-file", 2, 60000, 82)


def test_files_of_the_folder_beside_it_override_the_file_in_the_order_of_their_names(tmp_path):
    file = tmp_path / "gateway.toml"
    file.write_text("undo_ms = 1\nlinger_ms = 60000\nfuture_ms = 5\n")
    (tmp_path / "gateway.d").mkdir()
    (tmp_path / "gateway.d" / "20-hall.toml").write_text("undo_ms = 20\n")
    (tmp_path / "gateway.d" / "10-site.toml").write_text("undo_ms = 10\nlinger_ms = 70000\n")
    (tmp_path / "gateway.d" / "30.toml.off").write_text("undo_ms = 30\n")
    settings = load(file, data=tmp_path)
    assert (settings.undo_ms, settings.linger_ms, settings.future_ms) == (20, 70000, 5)


def test_each_value_names_the_place_it_comes_from(tmp_path, monkeypatch):
    file = tmp_path / "gateway.toml"
    file.write_text('undo_ms = 1\nhall = "h1"\nhttp_port = 1\ncentral_url = "http://x"\n')
    (tmp_path / "gateway.d").mkdir()
    (tmp_path / "gateway.d" / "a.toml").write_text("undo_ms = 2\n")
    monkeypatch.setenv("HCP_GATEWAY_HTTP_PORT", "81")
    monkeypatch.setenv("HCP_GATEWAY_CENTRAL_KEY", "very-secret")
    told = {setting.name: setting for setting in explain(file, data=tmp_path)}
    assert told["data"].origin == "命令行" and told["data"].value == str(tmp_path)
    assert (told["http_port"].value, told["http_port"].origin) == ("81", "环境变量 HCP_GATEWAY_HTTP_PORT")
    assert (told["undo_ms"].value, told["undo_ms"].origin) == ("2", str(tmp_path / "gateway.d" / "a.toml"))
    assert told["hall"].origin == str(file)
    assert told["linger_ms"].default and told["linger_ms"].origin == "默认值" and not told["hall"].default
    assert "very-secret" not in str(told) and told["central_key"].value == "**********"


def test_a_wrong_value_names_the_place_it_comes_from(tmp_path, monkeypatch):
    file = tmp_path / "gateway.toml"
    file.write_text("undo_ms = -1\n")
    with pytest.raises(SettingsError, match="undo_ms.*gateway.toml"):
        load(file, data=tmp_path)
    monkeypatch.setenv("HCP_GATEWAY_UNDO_MS", "never")
    with pytest.raises(SettingsError, match="undo_ms.*HCP_GATEWAY_UNDO_MS"):
        load(file, data=tmp_path)
    monkeypatch.delenv("HCP_GATEWAY_UNDO_MS")
    monkeypatch.setenv("HCP_GATEWAY_UNDOMS", "1")
    with pytest.raises(SettingsError, match="nothing is called HCP_GATEWAY_UNDOMS"):
        load(data=tmp_path)


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
