"""Writing and reading the audit. An entry is made in the transaction of what it tells of: both are kept, or neither."""

from collections.abc import Iterator

from sqlalchemy import Connection, insert, select

from central import database, tables
from central.core import audit_chain
from central.core.audit_chain import Entry, Head, Kind

#: How long the texts of an entry may be; what is longer is cut, for nothing of an audit may fail.
MAX_ACTOR, MAX_ABOUT, MAX_WORDS = 100, 200, 2000
_CHUNK = 1000


def append(connection: Connection, at_ms: int, actor: str, kind: Kind, about: str, words: str = "") -> Entry:
    """Add an entry. ``words`` holds no name of a citizen, no level and no secret."""
    database.hold(connection, tables.audit)
    texts = _fitting(actor, MAX_ACTOR), kind, _fitting(about, MAX_ABOUT), _fitting(words, MAX_WORDS)
    made = audit_chain.following(head(connection), at_ms, *texts)
    connection.execute(insert(tables.audit).values(vars(made)))
    return made


def head(connection: Connection) -> Head:
    """Where the chain ends now."""
    table = tables.audit
    newest = select(table.c.number, table.c.hash).order_by(table.c.number.desc()).limit(1)
    found = connection.execute(newest).first()
    return Head(found.number, found.hash) if found else Head()


def entries(connection: Connection, after: int = 0, limit: int | None = None) -> Iterator[Entry]:
    """Entries above a number, in order."""
    table = tables.audit
    query = select(table).where(table.c.number > after).order_by(table.c.number)
    if limit is not None:
        query = query.limit(limit)
    for row in connection.execute(query).yield_per(_CHUNK):
        yield Entry(*row)


def _fitting(text: str, most: int) -> str:
    """What every database can hold: no zero byte, no half of a surrogate pair."""
    return text[:most].encode("utf-8", "replace").decode("utf-8").replace("\0", "?")
