"""Opening the database. Whatever only SQLite or only PostgreSQL understands is in this file and in no other."""

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import ARRAY, BigInteger, Connection, Engine, Select, Table, Text, bindparam, create_engine, event, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from central import database_url
from central.settings import SettingsError

BUSY_TIMEOUT_MS = 5000
#: After this long without a word inside a transaction, PostgreSQL gives up on a writer and frees the lock.
SILENCE_MS = 60_000
#: Any number, as long as every version of this program uses the same one.
WRITE_LOCK = 0x686370

_STEPS = Path(__file__).parent / "migrations"

# What a connection is told once, before its first transaction.
_SQLITE = (f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",)
_SQLITE_WRITER = (
    *_SQLITE,
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    # what is erased is overwritten in the file, not only forgotten
    "PRAGMA secure_delete=ON",
)
_SQLITE_READER = (*_SQLITE, "PRAGMA query_only=ON")
_POSTGRESQL = (f"SET idle_in_transaction_session_timeout={SILENCE_MS}",)
_POSTGRESQL_WRITER = (
    *_POSTGRESQL,
    f"SET lock_timeout={BUSY_TIMEOUT_MS}",
    # each statement sees what the holder of the lock before us committed
    "SET default_transaction_isolation='read committed'",
    # an answer follows a commit that is on the disk; a server that waits for more than its own disk goes on doing so
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
)
_POSTGRESQL_READER = (
    *_POSTGRESQL,
    "SET default_transaction_isolation='repeatable read'",
    "SET default_transaction_read_only=on",
)


def open_writer(url: str) -> Engine:
    """An engine with one connection, whose transactions hold the write lock from their beginning."""
    engine = _open(url, pool_size=1, max_overflow=0)
    if engine.dialect.name == "sqlite":
        _listen(engine, _SQLITE_WRITER, "BEGIN IMMEDIATE")
    else:
        _listen(engine, _POSTGRESQL_WRITER, f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")
    return engine


def open_reader(url: str) -> Engine:
    """An engine that cannot write; each of its transactions sees one state."""
    engine = _open(url, pool_size=4, max_overflow=4)
    if engine.dialect.name == "sqlite":
        _listen(engine, _SQLITE_READER, "BEGIN")
    else:
        _listen(engine, _POSTGRESQL_READER)
    return engine


def _open(text: str, **pool: int) -> Engine:
    url = database_url.read(text)
    if url.get_backend_name() == "sqlite":
        return create_engine(url, hide_parameters=True, **pool)
    ours = {"client_encoding": "utf8", "connect_timeout": 10, "application_name": "hcp-central"}
    ours = {name: value for name, value in ours.items() if name not in url.query}
    # pinged: a server that was restarted meanwhile costs a new connection, not an answer
    return create_engine(url, hide_parameters=True, connect_args=ours, pool_pre_ping=True, **pool)


def _listen(engine: Engine, told: tuple[str, ...], begin: str = "") -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection, _record) -> None:
        if engine.dialect.name == "sqlite":
            # the driver would begin transactions by itself, too late and without the lock
            connection.isolation_level = None
        for statement in told:
            connection.execute(statement)
        connection.commit()

    if begin:

        @event.listens_for(engine, "begin")
        def _begun(connection: Connection) -> None:
            connection.exec_driver_sql(begin)


def migrate(engine: Engine) -> None:
    """Bring the database to the newest revision, in one transaction.

    Raises SettingsError if it cannot be opened or was written by a newer version of this program.
    """
    where = database_url.shown(engine.url)
    try:
        with engine.begin() as connection:
            _check_encoding(connection, where)
            if MigrationContext.configure(connection).get_current_revision() != _head():
                command.upgrade(migrations(connection), "head")
    except CommandError as error:
        raise SettingsError(
            f"the database {where} has a structure this version does not know ({error}); install a newer hcp"
        ) from None
    except DBAPIError as error:
        raise SettingsError(f"the database {where} cannot be used: {error.orig}; check path and rights") from None


def migrations(connection: Connection) -> Config:
    """The steps in ``central/migrations``, for Alembic's commands over this connection."""
    config = Config()
    config.set_main_option("script_location", str(_STEPS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@cache
def _head() -> str | None:
    return ScriptDirectory(str(_STEPS)).get_current_head()


def _check_encoding(connection: Connection, where: str) -> None:
    if connection.dialect.name == "postgresql":
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
        if encoding != "UTF8":
            raise SettingsError(
                f"the database {where} is encoded in {encoding}, which does not keep Chinese texts as they are: make "
                "it anew with ENCODING 'UTF8' TEMPLATE template0"
            )


def insert_new(connection: Connection, table: Table, rows: list[dict]) -> None:
    """Add the rows whose keys are not there yet; the others stand as they are."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(insert(table).on_conflict_do_nothing(), rows)


def rows_of(
    connection: Connection, query: Select[Any], table: Table, pairs: Iterable[tuple[str, int]]
) -> Iterator[Any]:
    """The rows of ``query`` whose (device, seq) is one of ``pairs``, in one statement.

    For ``(device, seq) IN (…)`` SQLite finds no index and reads the whole table, and PostgreSQL plans an index scan for
    each pair, which takes longer than all of them; a list that they join is looked up pair by pair.
    """
    wanted = sorted(pairs)
    if not wanted:
        return
    if connection.dialect.name == "sqlite":
        pair = func.json_each(bindparam("pairs", json.dumps(wanted))).table_valued("value")
        named: tuple[Any, Any] = func.json_extract(pair.c.value, "$[0]"), func.json_extract(pair.c.value, "$[1]")
    else:
        devices = bindparam("devices", [device for device, _ in wanted], ARRAY(Text))
        seqs = bindparam("seqs", [seq for _, seq in wanted], ARRAY(BigInteger))
        pair = func.unnest(devices, seqs).table_valued("device", "seq").render_derived(name="pair")
        named = pair.c.device, pair.c.seq
    query = query.select_from(pair.join(table, (table.c.device == named[0]) & (table.c.seq == named[1])))
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
