"""The database is what the tables say, durable, and migrated by itself."""

import re
import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_mock_engine, text
from sqlalchemy.exc import OperationalError

from central import database, tables
from central.settings import SettingsError


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'central.db'}"


def test_the_migrations_make_just_these_tables(url):
    engine = database.open_writer(url)
    database.migrate(engine)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
        made = dict(connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")).all())
    engine.dispose()
    # autogenerate does not look at everything: compare with what the tables themselves would create
    fresh = database.open_writer(url.replace("central.db", "fresh.db"))
    with fresh.begin() as connection:
        tables.metadata.create_all(connection)
        wanted = dict(connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")).all())
    fresh.dispose()
    made.pop("alembic_version")
    assert {name: _parts(sql) for name, sql in made.items()} == {name: _parts(sql) for name, sql in wanted.items()}


def _parts(sql: str) -> list[str]:
    # columns and constraints; a column that a later migration added stands behind the constraints
    lines = re.sub(r",(?![^(]*\))", "\n", sql.replace('"', "")).splitlines()
    return sorted(" ".join(line.split()).rstrip(" )") for line in lines if line.strip(" )"))


def test_migrating_twice_is_harmless(url):
    engine = database.open_writer(url)
    database.migrate(engine)
    with engine.connect() as connection:
        first = connection.exec_driver_sql("SELECT * FROM alembic_version").fetchall()
        tables = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    database.migrate(engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT * FROM alembic_version").fetchall() == first and len(first) == 1
        assert connection.exec_driver_sql("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall() == tables
    engine.dispose()


def test_a_migration_that_fails_leaves_nothing_behind(url):
    engine = database.open_writer(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE ratings (id INTEGER)"))
    with pytest.raises(SettingsError, match="ratings already exists"):
        database.migrate(engine)
    with engine.begin() as connection:
        left = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
    engine.dispose()
    assert left == ["ratings"]


def test_a_database_of_a_newer_version_is_left_alone(url):
    engine = database.open_writer(url)
    database.migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SettingsError, match="newer"):
        database.migrate(engine)
    engine.dispose()


def test_what_is_no_database_is_refused_in_words(tmp_path):
    (tmp_path / "central.db").mkdir()
    engine = database.open_writer(f"sqlite:///{tmp_path / 'central.db'}")
    with pytest.raises(SettingsError, match="cannot be used"):
        database.migrate(engine)


def test_sqlite_is_set_to_be_durable(url):
    engine = database.open_writer(url)
    with engine.begin() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    engine.dispose()
    assert found == ["wal", 2, 1]


def test_a_writing_transaction_holds_the_lock_from_its_beginning(url):
    engine = database.open_writer(url)
    with engine.begin(), pytest.raises(sqlite3.OperationalError, match="locked"):
        sqlite3.connect(engine.url.database, timeout=0).execute("BEGIN IMMEDIATE")
    engine.dispose()


def test_a_reader_cannot_write(url):
    writer, reader = database.open_writer(url), database.open_reader(url)
    database.migrate(writer)
    with pytest.raises(OperationalError, match="readonly"), reader.begin() as connection:
        connection.execute(tables.incidents.delete())
    writer.dispose()
    reader.dispose()


def test_the_same_tables_can_be_made_on_postgresql():
    statements: list[str] = []
    engine = create_mock_engine(
        "postgresql+psycopg://", lambda sql, *_a, **_k: statements.append(str(sql.compile(dialect=engine.dialect)))
    )
    tables.metadata.create_all(engine, checkfirst=False)
    made = "\n".join(statements)
    assert (
        "CREATE UNIQUE INDEX uq_ratings_counted" in made and "WHERE status = 'counted' AND origin != 'default'" in made
    )
    assert made.count("BIGSERIAL") == 10
