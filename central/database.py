"""Opening the database. Whatever only SQLite or only PostgreSQL understands is in this file and in no other."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, Select, Table, bindparam, create_engine, event, func, make_url, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError

from central.settings import SettingsError

BUSY_TIMEOUT_MS = 5000


def open_writer(url: str) -> Engine:
    """An engine with one connection, whose transactions hold the write lock from their beginning."""
    engine = create_engine(url, pool_size=1, max_overflow=0, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        _listen(engine, "BEGIN IMMEDIATE", ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"))
    return engine


def open_reader(url: str) -> Engine:
    """An engine that cannot write; each of its transactions sees one state."""
    engine = create_engine(url, pool_size=4, max_overflow=4, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        _listen(engine, "BEGIN", ("query_only=ON",))
    elif engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return engine


def _listen(engine: Engine, begin: str, pragmas: tuple[str, ...]) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection, _record) -> None:
        # the driver would begin transactions by itself, too late and without the lock
        connection.isolation_level = None
        for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", *pragmas):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def migrate(engine: Engine) -> None:
    """Bring the database to the newest revision, in one transaction.

    Raises SettingsError if it cannot be opened or was written by a newer version of this program.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        raise SettingsError(
            f"the database {engine.url!r} has a structure this version does not know ({error}); install a newer hcp"
        ) from None
    except OperationalError as error:
        raise SettingsError(
            f"the database {engine.url!r} cannot be used: {error.orig}; check path and rights"
        ) from None


def insert_new(connection: Connection, table: Table, rows: list[dict]) -> None:
    """Add the rows whose keys are not there yet; the others stand as they are."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(insert(table).on_conflict_do_nothing(), rows)


def rows_of(
    connection: Connection, query: Select[Any], table: Table, pairs: Iterable[tuple[str, int]]
) -> Iterator[Any]:
    """The rows of ``query`` whose (device, seq) is one of ``pairs``, in one statement.

    SQLite finds no index for ``(device, seq) IN (…)`` and would read the whole table; a list it joins it does.
    """
    wanted = sorted(pairs)
    if not wanted:
        return
    if connection.dialect.name == "sqlite":
        pair = func.json_each(bindparam("pairs", json.dumps(wanted))).table_valued("value")
        here = (table.c.device == func.json_extract(pair.c.value, "$[0]")) & (
            table.c.seq == func.json_extract(pair.c.value, "$[1]")
        )
        query = query.select_from(pair.join(table, here))
    else:
        query = query.where(tuple_(table.c.device, table.c.seq).in_(wanted))
    yield from connection.execute(query)


def append_only(table: str) -> list[tuple[str, str]]:
    """Statements, each with its dialect, after which the database itself lets nobody change or remove a row."""
    words = f"{table} is append-only"
    sqlite_triggers = [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{words}'); END"
        for verb in ("UPDATE", "DELETE")
    ]
    return [
        *((statement, "sqlite") for statement in sqlite_triggers),
        (
            f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql "
            f"AS $$ BEGIN RAISE EXCEPTION '{words}'; END $$",
            "postgresql",
        ),
        (
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()",
            "postgresql",
        ),
    ]


def not_append_only(table: str) -> list[tuple[str, str]]:
    """What is left of it once the table is dropped."""
    return [(f"DROP FUNCTION {table}_append_only()", "postgresql")]


def hold(connection: Connection, table: Table) -> None:
    """Let no other transaction add to a table until this one ends. SQLite's writers hold the whole database anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE")


def file_of(url: str) -> Path | None:
    """The file of an SQLite URL, None for a server."""
    parsed: URL = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        return None
    return Path(parsed.database)
