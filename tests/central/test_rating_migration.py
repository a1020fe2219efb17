"""Ratings of an older database get their origin, and nothing of them is lost on the way up or down."""

import pytest
from alembic import command
from alembic.migration import MigrationContext
from sqlalchemy import text

from central import database

OLD = {
    "hall": "lucheng", "origin": "citizen", "level": "dissatisfied", "reasons": "[207]", "indicators": 1, "flags": 0,
    "boot": 1, "uptime_ms": 5, "wall_ms": 7, "status": "counted", "case_no": "C1", "service_no": 1, "counted_ms": 9,
}  # fmt: skip


@pytest.fixture
def engine(bare_place):
    engine = database.open_writer(bare_place.url)
    to(engine, "0006")
    with engine.begin() as connection:
        zero = {"zero": b"\0"}
        connection.execute(text("INSERT INTO devices VALUES ('w1', 'lucheng', :zero, '', '1', 1)"), zero)
        for seq in (1, 2, 3):
            record = f"({seq}, 'w1', {seq}, 1, :zero, :zero, :zero, 'linked', 70, {seq}0)"
            connection.execute(text(f"INSERT INTO records VALUES {record}"), zero)
            row = {**OLD, "device": "w1", "seq": seq, "case_no": f"C{seq}"}
            names = ", ".join(row)
            values = ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO ratings ({names}) VALUES ({values})"), row)
        connection.execute(text("DELETE FROM ratings WHERE seq = 3"))  # it went into quarantine
    yield engine
    engine.dispose()


def to(engine, revision: str) -> None:
    with engine.begin() as connection:
        now = MigrationContext.configure(connection).get_current_revision() or ""
        step = command.upgrade if revision > now else command.downgrade
        step(database.migrations(connection), revision)


def ratings(engine) -> list[dict]:
    with engine.begin() as connection:
        return [dict(row) for row in connection.execute(text("SELECT * FROM ratings ORDER BY id")).mappings()]


def test_old_ratings_are_of_devices_and_know_when_they_came(engine):
    before = ratings(engine)
    to(engine, "0007")
    after = ratings(engine)
    assert [(row["origin"], row["channel"], row["received_ms"]) for row in after] == [
        ("citizen_device", "hall_terminal", 10),
        ("citizen_device", "hall_terminal", 20),
    ]
    assert [{name: row[name] for name in row if name != "origin"} for row in before] == [
        {name: row[name] for name in before[0] if name != "origin"} for row in after
    ]


def test_the_id_of_a_rating_that_went_is_not_given_again(engine):
    to(engine, "0007")
    with engine.begin() as connection:
        row = "'C9', 1, 'lucheng', 'paper', 'paper', 'F1', 'satisfied', '[]', 1, 'waiting_service'"
        names = "case_no, service_no, hall, origin, channel, key, level, reasons, received_ms, status"
        connection.execute(text(f"INSERT INTO ratings ({names}) VALUES ({row})"))
    assert [row["id"] for row in ratings(engine)] == [1, 2, 4]


def test_the_way_back_gives_the_very_rows(engine):
    before = ratings(engine)
    to(engine, "0007")
    to(engine, "0006")
    assert ratings(engine) == before


def test_there_is_no_way_back_over_what_the_older_structure_cannot_hold(engine):
    test_the_id_of_a_rating_that_went_is_not_given_again(engine)
    with pytest.raises(RuntimeError, match="1 ratings have come without a device"):
        to(engine, "0006")
    assert len(ratings(engine)) == 3
