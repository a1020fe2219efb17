"""The tables of holidays and make-up days, one TOML file a year, and how they are read.

Those that come with the program lie beside this file. A deployment's own, in ``calendars/`` of central's data folder,
stand in their place year by year: that is where next year's notice goes, and where a region adds its own holidays.
"""

import os
from functools import lru_cache
from pathlib import Path

from central.core.calendar import Calendar, CalendarError, Year, parse

SHIPPED = Path(__file__).parent
MAX_BYTES = 64 * 1024
_parsed = lru_cache(maxsize=64)(parse)


def read_year(path: Path) -> Year:
    """One table. Raises CalendarError, also when the file cannot be read or is too big to be one."""
    return _parsed(_read(path), str(path))


def install(data_dir: Path, path: Path, *, replace: bool = False) -> Path:
    """Put a table among the deployment's own, whole or not at all; one that it replaces stays beside it as ``.old``.

    Raises CalendarError if it is wrong, does not go with the others, or if its year has a table and ``replace`` is not
    said: settled deadlines were counted with that.
    """
    text = _read(path)
    table, calendar = _parsed(text, str(path)), load(data_dir)
    Calendar.of([*calendar.years.values(), table])
    held = calendar.years.get(table.year)
    if held is not None and held.version != table.version and not replace:
        raise CalendarError(
            f"{table.year} has a table already (version {held.version}); look at hcp calendar check first"
        )
    own = own_folder(data_dir) / f"{table.year}.toml"
    own.parent.mkdir(parents=True, exist_ok=True)
    if held is not None and held.version != table.version and own.exists():
        own.with_name(f"{table.year}.{held.version}.old").write_bytes(own.read_bytes())
    half = own.with_suffix(".half")
    with half.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    half.replace(own)
    return own


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise CalendarError(f"{path}: expected a table of at most {MAX_BYTES} bytes")
        return content.decode("utf-8")
    except OSError as error:
        raise CalendarError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CalendarError(f"{path} is not UTF-8; save it as UTF-8 and try again") from None


def own_folder(data_dir: Path) -> Path:
    """Where a deployment keeps its own tables."""
    return data_dir / "calendars"


def load(data_dir: Path | None = None) -> Calendar:
    """The tables in force. Raises CalendarError on the first wrong one: nothing is counted with half of them."""
    own = own_folder(data_dir) if data_dir is not None else None
    years: dict[int, Year] = {}
    for folder in filter(None, (SHIPPED, own)):
        for path in sorted(folder.glob("*.toml")):
            year = read_year(path)
            if path.stem != str(year.year):
                raise CalendarError(f"{path} is the table of {year.year}; call it {year.year}.toml")
            years[year.year] = year
    return Calendar.of(years.values())
