"""What may name central's database: a file of SQLite, or a database of a PostgreSQL server."""

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

DRIVER = "postgresql+psycopg"
#: PostgreSQL's own tools take these two for the same.
_AS_OTHERS_SAY = ("postgresql", "postgres")
_SECRET = {"password", "sslpassword"}


def read(text: str) -> URL:
    """The URL with the driver that we use. Raises ValueError; no part of ``text`` is in it, there may be a password."""
    expected = f"expected sqlite:///FILE or {DRIVER}://ROLE@HOST/DATABASE"
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # a port that is no number
        raise ValueError(f"{expected}; a password with special characters is percent-encoded") from None
    if url.drivername in _AS_OTHERS_SAY:
        url = url.set(drivername=DRIVER)
    if url.drivername == DRIVER:
        if not url.database:
            raise ValueError(f"{expected}: the database is not named")
        if _SECRET & url.query.keys():
            # SQLAlchemy hides what stands before the @ and nothing else
            raise ValueError("a password stands before the @, or in a file that PGPASSFILE names; not behind the ?")
    elif url.get_backend_name() != "sqlite":
        raise ValueError(f"{expected}: other databases and drivers are not supported")
    return url


def shown(url: URL) -> str:
    """For people: without the password."""
    return url.render_as_string(hide_password=True)


def file_of(text: str) -> Path | None:
    """The file of an SQLite URL, None for a server."""
    url = read(text)
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database)
