"""The connections that read the database: one for each thread, and those that somebody opened for himself."""

import threading
import weakref
from collections.abc import Callable
from pathlib import Path

from gateway.store.connection import Reader, open_reader


class Readers:
    """``on_damage`` is called when one of them meets a damaged page. Safe to call from any thread."""

    def __init__(self, path: Path, on_damage: Callable[[], object]):
        self._path = path
        self._on_damage = on_damage
        self._local = threading.local()
        self._open: weakref.WeakSet[Reader] = weakref.WeakSet()

    def own(self, generation: int) -> Reader:
        """This thread's own; another one after the database of another ``generation`` took the place of its file."""
        connection = getattr(self._local, "connection", None)
        if connection is None or self._local.generation != generation:
            if connection is not None:
                connection.close()
            self._local.generation = generation
            self._local.connection = connection = self.another()
        return connection

    def another(self) -> Reader:
        """One for whoever closes it himself."""
        connection = open_reader(self._path, self._on_damage)
        self._open.add(connection)
        return connection

    def end(self, older_than_s: float | None = None) -> None:
        """Interrupt what is being read, by default all of it; nothing happens to a read that has ended."""
        for reader in list(self._open):
            if older_than_s is None or reader.age_s() > older_than_s:
                reader.end()
