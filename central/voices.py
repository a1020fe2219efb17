"""Ratings that no device signed, in the database: each once, by its origin and key.

What is kept here counts by the same rule as a device's (`central.settle`), which the caller lets run in the same
transaction.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, insert, select
from sqlalchemy.sql import quoted_name

from central import corrections
from central.core.policy_version import given_under
from central.core.rating import Channel, Origin, Status
from central.core.rating_rules import RatingRules
from central.core.spoken import Word
from central.tables import bindings, ratings, services


@dataclass(frozen=True)
class Voice:
    """Where a word comes from and what it is about. ``given_ms``: when it was given, as its channel says."""

    hall: str
    origin: Origin
    channel: Channel
    key: str
    case_no: str
    service_no: int
    given_ms: int
    rater: str | None = None


def find(connection: Connection, hall: str, origin: Origin, key: str) -> Any:
    """The rating of this origin and key, None if there is none."""
    query = select(ratings).where(ratings.c.hall == hall, ratings.c.origin == origin, ratings.c.key == key)
    return connection.execute(query).one_or_none()


def counted(connection: Connection, hall: str, case_no: str, service_no: int) -> Any:
    """The citizen's rating that counts for a service, None if there is none."""
    query = select(ratings).where(
        ratings.c.hall == hall,
        ratings.c.case_no == case_no,
        ratings.c.service_no == service_no,
        ratings.c.status == Status.COUNTED,
        ratings.c.origin != Origin.DEFAULT,
    )
    return connection.execute(query).one_or_none()


def add(connection: Connection, rules: RatingRules, voice: Voice, word: Word, now_ms: int) -> int:
    """Keep it; gives its id. Whether it counts is for `central.settle` to say."""
    published = corrections.policies(connection, voice.hall)
    row = {
        "hall": voice.hall,
        "origin": voice.origin,
        "channel": voice.channel,
        "key": voice.key,
        "level": word.level,
        "reasons": list(word.reasons),
        "text": word.text or None,
        "reason_missing": rules.reason_missing(word.level, word.reasons, word.text),
        "policy_version": given_under(published, voice.given_ms),
        "rater": voice.rater,
        "wall_ms": voice.given_ms,
        "error_ms": 0,
        "received_ms": now_ms,
        "status": Status.WAITING_SERVICE,
        "case_no": voice.case_no,
        "service_no": voice.service_no,
    }
    return connection.execute(insert(ratings).returning(ratings.c.id), row).scalar_one()


def status_of(connection: Connection, number: int) -> Status:
    """How a rating stands."""
    return connection.execute(select(ratings.c.status).where(ratings.c.id == number)).scalar_one()


def service_known(connection: Connection, hall: str, case_no: str, service_no: int) -> bool:
    """Whether the hall told of this service."""
    here = (services.c.hall == hall, services.c.case_no == case_no, services.c.service_no == service_no)
    return connection.execute(select(services.c.revision).where(*here).limit(1)).first() is not None


def served_by(name: str) -> ColumnElement[Any]:
    """``staff`` or ``window`` of the service that a rating is about, as a column beside those of ``ratings``.

    For a device that is its binding's to say, which names who served then; for the others the newest word of the
    business system.
    """
    newest = (
        select(services.c[name])
        .where(
            services.c.hall == ratings.c.hall,
            services.c.case_no == ratings.c.case_no,
            services.c.service_no == ratings.c.service_no,
        )
        .order_by(services.c.revision.desc())
        .limit(1)
        .scalar_subquery()
    )
    # in this order: SQLite reads "window END AS" as the beginning of a window
    return case((ratings.c.device.is_not(None), bindings.c[name]), else_=newest).label(quoted_name(name, quote=True))
