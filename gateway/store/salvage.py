"""Salvage: every intact row of a damaged database goes into the one that took its place, while intake goes on.

Rows are read through SQLite as far as its trees can be walked, then page by page from the file itself
(``gateway.core.pages``). A record counts as intact if its body has its hash. Afterwards the chains are linked again
(``gateway.store.relinking``).
"""

import functools
import hashlib
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.core import pages
from gateway.core.overload import Verdict
from gateway.core.pages import Column
from gateway.store import ledger, losses, meta, outbox
from gateway.store.connection import PAGE_BYTES, Reader, log_path, open_reader
from gateway.store.relinking import CHUNK, Relinking
from gateway.store.writer import Store, StoreError

log = logging.getLogger(__name__)

_PAUSE_S = 1.0
#: What business events need comes first: until it is there they are refused (``Store.closed_to_business``).
_FIRST = (
    *("windows", "states", "losses", "rotations", "business_events", "cases", "services", "servings", "tokens"),
    *("feed_rated", "feed", "feed_cursors", "feed_waiting"),
)
#: Letters before what replays them, facts before the outbox that names them.
_LATER = ("dead_letters", "records", "bindings", "delivered")
#: Comes last of all: of what waits for central, only what is here.
_WAITING = "outgoing"
#: Made anew from the records, filled by triggers, or meant for one database only.
_NOT_COPIED = ("heads", "meta", "unreadable", "tally", "ledger")
#: Their row numbers mean nothing, and rows that came meanwhile have them; others are named by theirs.
_NAMELESS = ("records", "business_events", "quarantine", "device_lines", "applicants", "reveals")
#: Nothing in a row of these says which it is, so a row that is here already is looked for.
_BARE = ("device_lines", "reveals")
_LEAST_COLUMNS = 5


@dataclass(frozen=True, slots=True)
class Table:
    """``columns`` in the order in which they are stored."""

    name: str
    columns: tuple[Column, ...]
    has_row_number: bool

    @property
    def order(self) -> str:
        return "rowid" if self.has_row_number else ", ".join(c.name for c in self.columns if c.key)

    @property
    def copied(self) -> tuple[Column, ...]:
        """Without the row's number, if it means nothing."""
        return tuple(c for c in self.columns if not (c.number and self.name in _NAMELESS))


@dataclass
class Outcome:
    """What became of a damaged database."""

    copied: dict[str, int] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)
    spoilt: int = 0
    """Records whose body did not have their hash."""
    missing: dict[str, losses.Ranges] = field(default_factory=dict)


def tables(connection: sqlite3.Connection) -> list[Table]:
    """Every table of a database with its columns as they are stored."""
    found = []
    names = connection.execute("SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table'")
    for name, without in names.fetchall():
        if name.startswith(("sqlite_", "_")):
            continue
        info = connection.execute(f"PRAGMA table_info({name})").fetchall()
        columns = []
        for number, column, kind, notnull, default, pk in info:
            is_number = bool(pk) and not without and kind == "INTEGER"
            made = Column(column, kind, bool(notnull or pk), bool(pk), is_number, default or "NULL")
            columns.append((pk, number, made))
        if without:
            columns.sort(key=lambda c: (c[0] or 1 << 20, c[1]))
        found.append(Table(name, tuple(c for _, _, c in columns), not without))
    return found


class Salvage:
    """One damaged database. ``run`` and ``close`` in a thread of their own, ``bring_back`` in the writer's.

    Each reads it over a connection of its own: SQLite keeps the last error with the connection, and where two threads
    share one, a read of damaged pages may find the other's error, or none at all.
    """

    def __init__(
        self, store: Store, aside: Path, hall: str, now_ms: Callable[[], int], error_ms: int, stop: threading.Event
    ):
        self._store = store
        self._aside = aside
        self._hall = hall
        self._now_ms = now_ms
        self._error_ms = error_ms
        self._stop = stop
        self._lookup: Reader | None = None
        self._writers: Reader | None = None
        self._lock = threading.Lock()  # of the writer's connection: it is closed from this thread
        self._closed = False
        self._reached: dict[str, int] = {}
        self._tables = {table.name: table for table in tables(store.reader())}
        self.outcome = Outcome()

    def run(self) -> Outcome | None:
        """Salvage all there is; None if it was told to stop: the next start begins it again."""
        self._open_lookup()
        names = [n for n in _FIRST if n in self._tables] + [n for n in _LATER if n in self._tables]
        names += [n for n in self._tables if n not in names and n not in (*_NOT_COPIED, _WAITING)]
        self._copy_meta()
        for name in names:
            if name in _LATER and self._store.closed_to_business and not self.outcome.damaged:
                self._store.closed_to_business = False
            self._copy(self._tables[name])
        self._copy_pages(names)
        self._store.closed_to_business = False
        self._copy(self._tables[_WAITING])
        self._copy_pages([_WAITING])
        relinking = Relinking(self._store, self._hall, self._now_ms, self._error_ms, self._stop, self._job)
        self.outcome.missing = relinking.run(self._lookup)
        return None if self._stop.is_set() else self.outcome

    def close(self) -> None:
        if self._lookup:
            self._lookup.close()
        with self._lock:
            self._closed = True
            if self._writers:
                self._writers.close()

    def bring_back(self, connection: sqlite3.Connection, device: str, seq: int) -> None:
        """A record comes in: if the damaged database has it, what was decided there counts, and what central had."""
        here = connection.execute("SELECT 1 FROM records WHERE device = ? AND seq = ?", (device, seq)).fetchone()
        if here:
            return
        known = self._tables
        place = "WHERE device = ? AND seq = ?"
        with self._lock:
            if self._closed:
                return
            try:
                self._writers = damaged = self._writers or open_reader(self._aside, across=True)
                found = self._select(damaged, known["records"], place, (device, seq))
                decisions = self._select(damaged, known["bindings"], place + " ORDER BY number", (device, seq))
                told = self._select(damaged, known["delivered"], place, (device, seq))
            except sqlite3.Error as error:
                log.warning("the damaged database cannot tell of %s seq %d: %s", device, seq, error)
                return
        if found and self._intact(found[0]):
            for name, rows in (("records", found), ("bindings", decisions), ("delivered", told)):
                self._insert(connection, known[name], rows)

    # --- reading ---

    def _open_lookup(self) -> None:
        try:
            self._lookup = open_reader(self._aside)
        except sqlite3.Error as error:
            log.error("%s cannot be opened: %s; its pages are read alone", self._aside.name, error)

    @staticmethod
    def _names(damaged: Reader, table: Table) -> list[str]:
        """The columns to read; what an older database does not have is read as its default."""
        there = {row[1] for row in damaged.execute(f"PRAGMA table_info({table.name})").fetchall()}
        return [c.name if c.name in there else f"{c.default} AS {c.name}" for c in table.copied] if there else []

    def _select(self, damaged: Reader, table: Table, rest: str, values: tuple) -> list[tuple]:
        names = self._names(damaged, table)
        if not names:
            return []
        return damaged.execute(f"SELECT {', '.join(names)} FROM {table.name} {rest}", values).fetchall()  # noqa: S608

    def _copy(self, table: Table) -> None:
        """Through SQLite, in order, as far as it goes."""
        try:
            names = ", ".join(self._names(self._lookup, table)) if self._lookup else None
        except sqlite3.Error:
            names = None
        if names is None or self._lookup is None:
            self.outcome.damaged.append(table.name)
            return
        if not names:  # an older database without this table
            return
        keys = table.order
        marks = ", ".join("?" * len(keys.split(",")))
        width = len(keys.split(","))
        after: tuple | None = None
        while not self._stop.is_set():
            where = f"WHERE ({keys}) > ({marks})" if after is not None else ""
            try:
                found = self._lookup.execute(
                    f"SELECT {keys}, {names} FROM {table.name} {where} ORDER BY {keys} LIMIT {CHUNK}",  # noqa: S608
                    after or (),
                ).fetchall()
            except sqlite3.Error as error:
                log.warning("salvage: %s cannot be read to its end: %s", table.name, error)
                self.outcome.damaged.append(table.name)
                return
            if not found:
                return
            after = found[-1][:width]
            if table.has_row_number:
                self._reached[table.name] = after[0]
            self._put(table, [row[width:] for row in found])

    def _copy_pages(self, names: Iterable[str]) -> None:
        """What the trees of these tables did not lead to: all pages of the file, its log before it."""
        wanted = [self._tables[n] for n in names if n in self.outcome.damaged]
        wanted = [table for table in wanted if len(table.columns) >= _LEAST_COLUMNS]
        if not wanted:
            return
        waiting: dict[str, list[tuple]] = {table.name: [] for table in wanted}
        for row_number, values in _file_rows(self._aside):
            if self._stop.is_set():
                return
            shape = row_number is not None
            fitting = [t for t in wanted if t.has_row_number == shape and pages.fits(values, t.columns)]
            if len(fitting) != 1:
                continue
            table = fitting[0]
            if row_number is not None and row_number <= self._reached.get(table.name, row_number - 1):
                continue  # the trees led there
            values += (None,) * (len(table.columns) - len(values))
            named = {c.name: row_number if c.number else v for c, v in zip(table.columns, values, strict=True)}
            waiting[table.name].append(tuple(named[c.name] for c in table.copied))
            if len(waiting[table.name]) >= CHUNK:
                self._put(table, waiting[table.name])
                waiting[table.name] = []
        for table in wanted:
            self._put(table, waiting[table.name])

    def _copy_meta(self) -> None:
        """The numbers that must only rise; the rest is this database's own."""
        if self._lookup is None:
            return
        try:
            rows = self._lookup.execute("SELECT name, value FROM meta").fetchall()
        except sqlite3.Error as error:
            log.warning("salvage: meta: %s", error)
            return
        for name, value in rows:
            if name in ("lease", "incident"):
                self._job(functools.partial(meta.put_most, name=name, value=value))

    # --- writing ---

    def _put(self, table: Table, rows: list[tuple]) -> None:
        if table.name == "records":
            rows = [row for row in rows if self._intact(row)]
        if rows:
            copied = self._job(lambda c: self._insert(c, table, rows)) or 0
            self.outcome.copied[table.name] = self.outcome.copied.get(table.name, 0) + copied

    @staticmethod
    def _named(row: tuple, table: Table) -> dict[str, Any]:
        return dict(zip((c.name for c in table.copied), row, strict=True))

    def _intact(self, row: tuple) -> bool:
        named = self._named(row, self._tables["records"])
        if named["body"] in (b"", None) or hashlib.sha256(named["body"]).digest() == named["hash"]:
            return True
        self.outcome.spoilt += 1
        return False

    def _insert(self, connection: sqlite3.Connection, table: Table, rows: Iterable[tuple]) -> int:
        names = ", ".join(c.name for c in table.copied)
        marks = ", ".join(f"?{number}" for number in range(1, len(table.copied) + 1))
        source = f"VALUES ({marks})"
        if table.name in _BARE:
            same = " AND ".join(f"{c.name} IS ?{number}" for number, c in enumerate(table.copied, 1))
            source = f"SELECT {marks} WHERE NOT EXISTS (SELECT 1 FROM {table.name} WHERE {same})"  # noqa: S608
        count = 0
        for row in rows:
            if table.name == _WAITING and not outbox.has_fact(connection, self._named(row, table)):
                continue
            if table.name in ledger.COUNTED:
                ledger.open_account(connection, self._named(row, table)["device"])
            try:
                new = connection.execute(
                    f"INSERT OR IGNORE INTO {table.name} ({names}) {source}",  # noqa: S608
                    row,
                ).rowcount
                if new and table.name in ledger.COUNTED:
                    ledger.brought_back(connection, table.name, self._named(row, table))
                count += new
            except sqlite3.IntegrityError as error:  # a row that only looked like one of this table
                log.debug("salvage: %s: %s", table.name, error)
        return count

    def _job(self, job: Callable[[sqlite3.Connection], Any]) -> Any:
        """Run in the writer; wait for room if there is none."""
        while not self._stop.is_set():
            if self._store.overload is not Verdict.HARD:
                try:
                    return self._store.run(job)
                except StoreError as error:
                    log.warning("salvage waits: %s", error)
            self._stop.wait(_PAUSE_S)
        return None


def _file_rows(file: Path) -> Iterator[tuple[int | None, tuple[pages.Value, ...]]]:
    """Every row on every page of a database file, in the newest version that its log holds."""
    with file.open("rb") as database:
        try:
            journal = log_path(file).read_bytes()
        except OSError:
            journal = b""
        newest = pages.logged(journal, PAGE_BYTES)

        def page(number: int) -> bytes:
            if number in newest:
                return journal[newest[number] : newest[number] + PAGE_BYTES]
            database.seek((number - 1) * PAGE_BYTES)
            return database.read(PAGE_BYTES) if number > 0 else b""

        count = max(file.stat().st_size // PAGE_BYTES, max(newest, default=0))
        for number in range(1, count + 1):
            yield from pages.rows(number, page, PAGE_BYTES)
