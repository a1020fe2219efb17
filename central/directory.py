"""Who is who: to which institution a window belongs, and which person a staff number is."""

from sqlalchemy import Connection


def org_of(connection: Connection, hall: str, window: str | None) -> str:
    """The institution that serves at a window; the hall's own where nothing is registered."""
    return hall


def person_of(connection: Connection, hall: str, staff: str) -> str:
    """The one name of a person under every hat: the account, or hall and 工号 where there is none."""
    return f"{hall}/{staff}"
