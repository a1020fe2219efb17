"""What may name the database, and that a password in it is never shown."""

import traceback

import pytest

from central import database_url
from central.settings import SettingsError, load
from tests.central.conftest import AUDITOR_KEY, Gateway, settings_for

SECRET = "s3cret/with@signs"  # noqa: S105
QUOTED = "s3cret%2Fwith%40signs"


@pytest.mark.parametrize("scheme", ["postgresql+psycopg", "postgresql", "postgres"])
def test_postgresql_may_be_named_as_its_own_tools_name_it(scheme):
    url = database_url.read(f"{scheme}://hcp:{QUOTED}@db.example:5433/hcp")
    assert url.drivername == "postgresql+psycopg"
    assert (url.username, url.password, url.host, url.port, url.database) == ("hcp", SECRET, "db.example", 5433, "hcp")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "central.db",
        "mysql://hcp@db/hcp",
        "postgresql+psycopg2://hcp@db/hcp",
        "postgresql+asyncpg://hcp@db/hcp",
        "postgresql://hcp@db",
        "postgresql://hcp@db/",
        f"postgresql://hcp:{SECRET}@db:54x/hcp",
        f"postgresql://hcp:{SECRET}",
        f"postgresql://hcp@db/hcp?password={QUOTED}",
        f"oracle://hcp:{QUOTED}@db/hcp",
    ],
)
def test_others_are_refused_with_what_was_expected_and_without_the_password(text, tmp_path):
    with pytest.raises(ValueError, match=r"postgresql\+psycopg://ROLE@HOST/DATABASE|PGPASSFILE") as caught:
        database_url.read(text)
    assert "s3cret" not in "".join(traceback.format_exception(caught.value)).replace(repr(text), "")
    if not text:
        return  # nothing given: SQLite
    with pytest.raises(SettingsError, match="HCP_CENTRAL_DATABASE_URL") as refused:
        load(
            data_dir=tmp_path, database_url=text, auditor_key=AUDITOR_KEY, halls=settings_for(tmp_path, Gateway()).halls
        )
    assert "s3cret" not in str(refused.value)


def test_the_settings_never_show_it(tmp_path, monkeypatch):
    monkeypatch.setenv("HCP_CENTRAL_DATABASE_URL", f"postgresql://hcp:{QUOTED}@db/hcp")
    settings = load(data_dir=tmp_path, auditor_key=AUDITOR_KEY, halls=settings_for(tmp_path, Gateway()).halls)
    for shown in (
        repr(settings),
        str(settings),
        settings.model_dump_json(),
        database_url.shown(database_url.read(settings.url)),
    ):
        assert "s3cret" not in shown
    assert database_url.shown(database_url.read(settings.url)) == "postgresql+psycopg://hcp:***@db/hcp"


def test_a_server_has_no_file(tmp_path):
    assert database_url.file_of("postgresql://hcp@/hcp?host=/run/postgresql") is None
    assert database_url.file_of(f"sqlite:///{tmp_path}/central.db") == tmp_path / "central.db"
    assert database_url.file_of("sqlite://") is None
