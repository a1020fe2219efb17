"""Corrected events, the kind of applicant, and what a decision rests on."""

from sqlite_utils import Database

_SQL = (
    "ALTER TABLE business_events ADD COLUMN applicant_kind TEXT",
    "ALTER TABLE business_events ADD COLUMN shared INTEGER NOT NULL DEFAULT 0",
    # the id, of the same source, in whose place this event stands; it may come later than this one
    "ALTER TABLE business_events ADD COLUMN corrects TEXT",
    "CREATE UNIQUE INDEX business_events_corrects ON business_events (source, corrects) WHERE corrects IS NOT NULL",
    # core.business.standing, said in SQL
    """CREATE VIEW standing_events AS
        SELECT * FROM business_events e WHERE type <> 'withdrawn' AND NOT EXISTS
        (SELECT 1 FROM business_events c WHERE c.source = e.source AND c.corrects = e.event_id)""",
    "ALTER TABLE services ADD COLUMN applicant_kind TEXT",
    "ALTER TABLE servings ADD COLUMN left_ms INTEGER",
    # ids of events, as core.timeline names them
    "ALTER TABLE servings ADD COLUMN begun_by TEXT",
    "ALTER TABLE servings ADD COLUMN served_by TEXT",
    "ALTER TABLE servings ADD COLUMN ended_by TEXT",
    # JSON, as central gets it (spec 9.2); null in decisions made before it was kept
    "ALTER TABLE bindings ADD COLUMN evidence TEXT",
)


def apply(database: Database) -> None:
    for statement in _SQL:
        database.execute(statement)
