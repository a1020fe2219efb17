"""A real PostgreSQL for the tests: a cluster of its own in a temporary folder, on a Unix socket, gone with its run."""

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from central import database

DEADLINE_S = 30.0
#: The role of central in the tests: it owns its database and may do nothing else.
ROLE = "hcp"
#: This one has a password, and is asked for it.
GUARDED = "guarded"
PASSWORD = "a password / for tests"

_MISSING = "PostgreSQL 15 or newer is not installed; on Debian and Ubuntu: sudo apt-get install -y postgresql"
_TEMPLATE = "migrated"
# Nothing of it outlives the run, so nothing is forced to the disk. A city may have set synchronous_commit off as well.
_QUICK = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "jit": "off",
    "shared_buffers": "32MB",
    "timezone": "Asia/Shanghai",
}
# The shell ends the server when its standard input ends: with us, however we end.
_KEPT = 'exec 3<&0; "$@" 3<&- & server=$!; { read -r _ <&3; kill -INT $server; } & wait $server'

# Making a database takes the processor for 100 ms, emptying one for 5. No trigger and no foreign key has a say here.
_EMPTY = """
DO $$ DECLARE of text; BEGIN
  SET LOCAL session_replication_role = replica;
  FOR of IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename != 'alembic_version' LOOP
    EXECUTE format('DELETE FROM %I', of);
  END LOOP;
  PERFORM setval(format('%I', sequencename)::regclass, 1, false) FROM pg_sequences WHERE last_value IS NOT NULL;
END $$"""
_SHAPE = """
SELECT (SELECT md5(string_agg(concat_ws(' ', relname, attname, atttypid, atttypmod, attnotnull), ','
                              ORDER BY relname, attnum))
        FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid WHERE relnamespace = 'public'::regnamespace),
       (SELECT count(*) FROM pg_trigger), (SELECT count(*) FROM pg_constraint)"""


def programs() -> Path:
    """The folder of PostgreSQL's programs. Without it the test is skipped, or fails where everything has to be run."""
    versions = {int(file.parent.parent.name): str(file) for file in Path("/usr/lib/postgresql").glob("*/bin/initdb")}
    newest = max(versions, default=0)
    found = versions[newest] if newest >= 15 else shutil.which("initdb")
    if not found:
        if os.environ.get("CI"):
            pytest.fail(_MISSING, pytrace=False)
        pytest.skip(_MISSING)
    return Path(found).resolve().parent


class Cluster:
    """Runs until ``stop``. Each database is a copy of one that is migrated."""

    def __init__(self) -> None:
        bin_ = programs()
        # short and under /tmp: the path of a socket has at most 107 bytes
        self.folder = Path(tempfile.mkdtemp(prefix="hcp-pg-", dir="/tmp"))
        self._numbers = count(1)
        self._free: dict[str, psycopg.Connection] = {}
        # it refuses to be run by root; Debian's package brings a user for it
        self._as: dict = {}
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
            self._as = {"user": "postgres", "group": "postgres", "extra_groups": []}
        data = self.folder / "data"
        # an order of texts that is not that of their bytes, as many a city will have it
        made = ["--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=zh", "--username=postgres"]
        subprocess.run(
            [bin_ / "initdb", "--pgdata", data, "--auth=trust", "--no-sync", *made],
            check=True, capture_output=True, cwd="/", **self._as,
        )  # fmt: skip
        guarded = f"local all {GUARDED} scram-sha-256\n"
        rules = data / "pg_hba.conf"
        rules.write_text(guarded + rules.read_text())
        given = [f"--{name}={value}" for name, value in {**_QUICK, "unix_socket_directories": self.folder}.items()]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["sh", "-c", _KEPT, "sh", bin_ / "postgres", "-D", data, *given],
                stdin=subprocess.PIPE, stdout=log, stderr=log, cwd="/", **self._as,
            )  # fmt: skip
        try:
            self._admin = self._wait()
        except BaseException:
            self.stop()
            raise
        self.run(f"CREATE ROLE {ROLE} LOGIN")
        self.run(f"CREATE ROLE {GUARDED} LOGIN PASSWORD '{PASSWORD}'")
        self.run(f"CREATE DATABASE {_TEMPLATE} OWNER {ROLE}")
        engine = database.open_writer(self.url(_TEMPLATE))
        database.migrate(engine)
        engine.dispose()
        with self._connect(_TEMPLATE) as connection:
            self._shape = connection.execute(_SHAPE).fetchone()

    def _connect(self, name: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(host=str(self.folder), user="postgres", dbname=name, autocommit=True)

    def _wait(self) -> psycopg.Connection:
        until = time.monotonic() + DEADLINE_S
        while True:
            try:
                return self._connect()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > until:
                    raise AssertionError(f"PostgreSQL did not start:\n{self.said()}") from None
            threading.Event().wait(0.02)  # it tells nobody: look again

    def said(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-4000:]

    def run(self, statement: str) -> None:
        """As the administrator."""
        self._admin.execute(statement)  # type: ignore[call-overload]

    def url(self, name: str, role: str = ROLE) -> str:
        return f"postgresql+psycopg://{role}@/{name}?host={self.folder}"

    def create(self, migrated: bool = True, more: str = "") -> str:
        """A database of its own, its URL."""
        name = f"central_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} OWNER {ROLE} TEMPLATE {_TEMPLATE if migrated else 'template0'} {more}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Throw one away, whoever is still connected."""
        self.run(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    @contextmanager
    def lent(self) -> Iterator[str]:
        """A migrated database with nothing in it, for one test; its URL."""
        url, admin = self._free.popitem() if self._free else (self.create(), None)
        try:
            yield url
        finally:
            name = make_url(url).database
            admin = admin or self._connect(str(name))
            others = "datname = current_database() AND pid != pg_backend_pid()"
            admin.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}")
            if admin.execute(_SHAPE).fetchone() == self._shape:
                admin.execute(_EMPTY)
                self._free[url] = admin
            else:  # the test changed more than rows
                admin.close()
                self.drop(url)

    def stop(self) -> None:
        """Nothing of it is left."""
        for admin in self._free.values():
            admin.close()
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(DEADLINE_S)
        shutil.rmtree(self.folder, ignore_errors=True)
