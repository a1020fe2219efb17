"""The database is what the tables say, durable, and migrated by itself: SQLite and PostgreSQL alike."""

import re

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event, func, insert, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from central import database, tables
from central.settings import SettingsError
from central.store import Store
from tests.central.conftest import Take, settings_for
from tests.postgres import GUARDED, PASSWORD, ROLE


@pytest.fixture
def url(bare_place):
    return bare_place.url


@pytest.fixture
def sqlite_url(tmp_path):
    return f"sqlite:///{tmp_path / 'central.db'}"


@pytest.fixture
def postgresql_url(postgres):
    with postgres.lent() as url:
        yield url


@pytest.fixture
def engine(url):
    opened = database.open_writer(url)
    yield opened
    opened.dispose()


# --- its structure ---


def structure(engine: Engine) -> dict[str, object]:
    """Everything that a step can make, by name, as the database itself writes it."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            own = "sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
            made = connection.execute(text(f"SELECT name, sql FROM sqlite_master WHERE {own}"))
            found: dict[str, object] = {name: _parts(sql) for name, sql in made}
        else:
            found = {name: sorted(rows) for name, rows in _catalogue(connection).items()}
    found.pop("alembic_version", None)
    return {name: rows for name, rows in found.items() if "alembic_version" not in str(rows)}


def _parts(sql: str) -> list[str]:
    # columns and constraints; a column that a later migration added stands behind the constraints
    lines = re.sub(r",(?![^(]*\))", "\n", sql.replace('"', "")).splitlines()
    return sorted(" ".join(line.split()).rstrip(" )") for line in lines if line.strip(" )"))


def _catalogue(connection) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for query in (
        "SELECT table_name, concat_ws(' ', column_name, data_type, character_maximum_length, is_nullable, "
        "column_default) FROM information_schema.columns WHERE table_schema = 'public'",
        "SELECT conrelid::regclass::text, conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace",
        "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "SELECT sequencename, data_type::text FROM pg_sequences WHERE schemaname = 'public'",
        "SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
        "SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    ):
        for name, row in connection.execute(text(query)):
            found.setdefault(name, []).append(row)
    return found


def test_the_migrations_make_just_these_tables(engine):
    database.migrate(engine)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, tables.metadata) == []
    made = structure(engine)
    # autogenerate does not look at everything: compare with what the tables themselves would create
    with engine.begin() as connection:
        command.downgrade(database.migrations(connection), "base")
        tables.metadata.create_all(connection)
    assert structure(engine) == made


def test_every_step_goes_back_and_forth_with_what_is_stored(engine, bare_place, gateway):
    with engine.begin() as connection:
        known = ScriptDirectory.from_config(database.migrations(connection))
    steps = [step.revision for step in known.walk_revisions()][::-1]
    after = {"base": structure(engine)}
    assert after["base"] == {}

    def go(how, revision: str) -> None:
        with engine.begin() as connection:
            how(database.migrations(connection), revision)

    for step in steps:
        go(command.upgrade, step)
        after[step] = structure(engine)
    settings = settings_for(bare_place, gateway)
    store = Store(settings)
    device = gateway.device()
    batch = [
        gateway.enrolled(device),
        gateway.service("C1"),
        gateway.record(device.rating(1), gateway.bound(device, "C1")),
    ]
    assert Take(store, settings.halls[0])(*batch) == ["accepted"] * 3
    store.close()
    for step in ["base", *steps[:-1]][::-1]:
        go(command.downgrade, step)
        assert structure(engine) == after[step], step
        if step != "base":
            with engine.begin() as connection:
                assert connection.execute(select(func.count()).select_from(tables.records)).scalar_one() == 1
    for step in steps:
        go(command.upgrade, step)
        assert structure(engine) == after[step], step


def test_migrating_twice_is_harmless(engine):
    database.migrate(engine)
    first = structure(engine)
    with engine.begin() as connection:
        versions = connection.exec_driver_sql("SELECT * FROM alembic_version").fetchall()
    database.migrate(engine)
    assert structure(engine) == first
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT * FROM alembic_version").fetchall() == versions and len(versions) == 1


def test_a_migration_that_fails_leaves_nothing_behind(engine):
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE ratings (id INTEGER)"))
    before = structure(engine)
    with pytest.raises(SettingsError, match="ratings.* already exists"):
        database.migrate(engine)
    assert structure(engine) == before


def test_a_database_of_a_newer_version_is_left_alone(engine):
    database.migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SettingsError, match="newer"):
        database.migrate(engine)


def test_what_is_no_database_is_refused_in_words(tmp_path):
    (tmp_path / "central.db").mkdir()
    engine = database.open_writer(f"sqlite:///{tmp_path / 'central.db'}")
    with pytest.raises(SettingsError, match="cannot be used"):
        database.migrate(engine)


def test_a_server_without_utf8_is_refused_in_words(postgres):
    url = postgres.create(migrated=False, more="ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'")
    engine = database.open_writer(url)
    with pytest.raises(SettingsError, match="SQL_ASCII.*ENCODING 'UTF8'"):
        database.migrate(engine)
    engine.dispose()
    postgres.drop(url)


# --- writing and reading ---


def test_sqlite_is_set_to_be_durable(sqlite_url):
    engine = database.open_writer(sqlite_url)
    with engine.begin() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    engine.dispose()
    assert found == ["wal", 2, 1]


def test_postgresql_is_set_to_be_durable_whatever_its_administrator_chose(postgres, postgresql_url):
    def found() -> str:
        engine = database.open_writer(postgresql_url)
        with engine.begin() as connection:
            said = connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()
        engine.dispose()
        return said

    assert found() == "on"  # the cluster says off
    postgres.run(f"ALTER ROLE {ROLE} SET synchronous_commit = 'remote_apply'")
    try:
        assert found() == "remote_apply"  # more is not taken away
    finally:
        postgres.run(f"ALTER ROLE {ROLE} RESET synchronous_commit")


def test_a_writing_transaction_holds_the_lock_from_its_beginning(engine, url):
    second = database.open_writer(url)
    quick = "PRAGMA busy_timeout=20" if engine.dialect.name == "sqlite" else "SET lock_timeout=20"

    @event.listens_for(second, "connect")
    def _impatient(connection, _record) -> None:
        connection.execute(quick)
        connection.commit()

    with engine.begin(), pytest.raises(OperationalError, match="lock"), second.begin():
        pass
    with second.begin():  # and lets go at the end
        pass
    second.dispose()


def test_a_writer_that_fell_silent_is_cut_off_and_the_lock_is_free_again(postgresql_url):
    """A host that vanished inside a transaction must not hold up all others until TCP gives up, hours later."""
    first, second = database.open_writer(postgresql_url), database.open_writer(postgresql_url)
    with first.begin() as connection:
        asked = connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar_one()
    assert asked == "1min"
    with pytest.raises(DBAPIError), first.begin() as connection:
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 20")
        with second.begin():  # waits until the server has ended the first
            pass
        connection.exec_driver_sql("SELECT 1")
    first.dispose()
    second.dispose()


def test_a_reader_cannot_write(engine, url):
    database.migrate(engine)
    reader = database.open_reader(url)
    with pytest.raises(DBAPIError, match="read-?only"), reader.begin() as connection:
        connection.execute(tables.incidents.delete())
    reader.dispose()


def test_a_reader_sees_one_state(engine, url):
    database.migrate(engine)
    reader = database.open_reader(url)
    count = select(func.count()).select_from(tables.events)
    row = {"hall": "h", "id": "1", "type": "t", "content": "c", "received_ms": 1}
    with reader.begin() as connection:
        assert connection.execute(count).scalar_one() == 0
        with engine.begin() as writing:
            writing.execute(insert(tables.events), row)
        assert connection.execute(count).scalar_one() == 0
    with reader.begin() as connection:
        assert connection.execute(count).scalar_one() == 1
    reader.dispose()


def test_a_server_that_was_restarted_costs_a_connection_and_no_answer(postgres, postgresql_url):
    engines = [database.open_writer(postgresql_url), database.open_reader(postgresql_url)]
    for _ in range(2):
        for engine in engines:
            with engine.begin() as connection:
                assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
        postgres.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{ROLE}'")
    for engine in engines:
        engine.dispose()


def test_where_it_is_away_the_message_says_where_and_not_with_which_password(postgres):
    url = f"postgresql://{GUARDED}:{PASSWORD[:5]}wrong@/postgres?host={postgres.folder}"
    engine = database.open_writer(url.replace(" ", "%20"))
    with pytest.raises(SettingsError, match="password authentication failed") as caught:
        database.migrate(engine)
    assert "wrong" not in str(caught.value) and "***" in str(caught.value) and "wrong" not in repr(engine)
    engine = database.open_writer(f"postgresql://{ROLE}@/nowhere?host={postgres.folder}/nobody")
    with pytest.raises(SettingsError, match=r"postgresql\+psycopg://.*No such file"):
        database.migrate(engine)


def test_the_password_may_come_from_where_postgresql_looks_for_it(postgres, tmp_path, monkeypatch):
    file = tmp_path / "pgpass"
    file.write_text(f"*:*:*:{GUARDED}:{PASSWORD}\n")
    file.chmod(0o600)
    url = f"postgresql://{GUARDED}@/postgres?host={postgres.folder}"

    def who() -> str:
        engine = database.open_reader(url)
        try:
            with engine.begin() as connection:
                return connection.exec_driver_sql("SELECT current_user").scalar_one()
        finally:
            engine.dispose()

    with pytest.raises(OperationalError, match="no password supplied"):
        who()
    monkeypatch.setenv("PGPASSFILE", str(file))
    assert who() == GUARDED
    monkeypatch.delenv("PGPASSFILE")
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert who() == GUARDED
