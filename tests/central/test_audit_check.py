"""``hcp audit verify`` on central's database: whatever was done to audit or deeds behind its back is named."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, create_engine, text
from typer.testing import CliRunner

from central import audit, audit_check
from central.core.audit_chain import Head, Kind
from central.core.handling import Action, Outcome
from hcp import audit_commands
from hcp.audit import AuditError, verify_database
from tests.central.office_world import OfficeWorld
from tests.postgres import GUARDED


@pytest.fixture
def database(place, gateway) -> str:
    """A bad rating with its deeds, and a reading: central's file, or its URL."""
    world = OfficeWorld(place, gateway)
    world.must(world.rate(1), Action.ATTEMPT, outcome=Outcome.NO_ANSWER)
    with world.store.write() as connection:
        audit.append(connection, world.clock.now_ms(), "wang", Kind.READ, "handling/1", "查阅")
        audit.append(connection, world.clock.now_ms(), "wang", Kind.WRITE, "handling/1/consent/1", "登记同意")
    world.close()
    return place.server or str(place.folder / "central.db")


@contextmanager
def changing(database: str) -> Iterator[Connection]:
    engine = create_engine(database if "://" in database else f"sqlite:///{database}")
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def tamper(database: str, *statements: str) -> None:
    """As somebody with the file or the role of central would: triggers are no obstacle."""
    with changing(database) as connection:
        sqlite = connection.dialect.name == "sqlite"
        for name in ("no_update", "no_delete") if sqlite else ("append_only",):
            connection.execute(text(f"DROP TRIGGER audit_{name}{'' if sqlite else ' ON audit'}"))
        for statement in statements:
            connection.execute(text(statement))


def codes(database: str, heads=None) -> set[str]:
    return {finding.code for finding in verify_database(database, heads).findings}


def test_an_untouched_database_verifies_with_its_records(database):
    report = verify_database(database)
    assert report.ok and report.records == 1 and report.audit["entries"] >= 5


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE audit SET words = '什么也没看' WHERE kind = 'read'", {"audit_edited"}),
        ("UPDATE audit SET actor = 'li' WHERE number = 2", {"audit_edited"}),
        ("DELETE FROM audit WHERE number = 2", {"audit_gap", "audit_broken", "deed_astray"}),
        ("DELETE FROM audit WHERE kind = 'read'", {"audit_gap", "audit_broken"}),
        ("UPDATE deeds SET actor = 'li' WHERE action = 'attempt'", {"deed_astray"}),
        ("UPDATE deeds SET at_ms = at_ms - 86400000 WHERE action = 'attempt'", {"deed_astray"}),
        ("DELETE FROM deeds WHERE action = 'attempt'", {"deed_astray"}),
    ],
)
def test_whatever_was_changed_behind_its_back_is_named(database, statement, found):
    tamper(database, statement)
    assert found <= codes(database)


def test_a_record_that_was_changed_is_named(database):
    with changing(database) as connection:
        body = connection.execute(text("SELECT body FROM records")).scalar_one()
        changed = {"body": body[:-1] + bytes([body[-1] ^ 1])}
        connection.execute(text("UPDATE records SET body = :body"), changed)
    assert codes(database) == {"bad_signature"}


def test_a_deed_put_in_later_is_named(database):
    tamper(database, "INSERT INTO deeds SELECT handling, 99, at_ms, action, party, actor, org, before, after, words, "
                     "said, 'x' FROM deeds WHERE action = 'attempt'")  # fmt: skip
    assert codes(database) == {"deed_astray"}


def test_a_cut_end_is_named_by_the_head_that_was_noted(database, tmp_path):
    noted = tmp_path / "noted.json"
    answer = CliRunner().invoke(audit_commands.app, ["head", database])
    noted.write_text(answer.stdout)
    assert codes(database, noted) == set()
    tamper(database, "DELETE FROM audit WHERE number > (SELECT max(number) - 2 FROM audit)")
    assert codes(database) == set()
    assert codes(database, noted) == {"audit_cut_off"}


def test_the_command_says_it_and_ends_with_one(database):
    run = CliRunner().invoke
    answer = run(audit_commands.app, ["verify", database, "--json"])
    assert answer.exit_code == 0 and json.loads(answer.stdout)["audit"]["entries"] >= 5
    tamper(database, "UPDATE audit SET words = '' WHERE number = 1")
    answer = run(audit_commands.app, ["verify", database])
    assert answer.exit_code == 1 and "audit_edited" in answer.output and "audit entry 1" in answer.output


def test_heads_come_one_after_the_other(tmp_path):
    file = tmp_path / "heads.json"
    file.write_text('{"number": 1, "hash": "00"}\n{"number": 2,\n "hash": "ff"}\n')
    assert audit_check.read_heads(file) == [Head(1, b"\x00"), Head(2, b"\xff")]
    for wrong in ("{", "[1]", '{"number": 1}', '{"number": 1, "hash": "zz"}', '{"number": "x", "hash": ""}'):
        file.write_text(wrong)
        with pytest.raises(ValueError, match="expected documents like"):
            audit_check.read_heads(file)


def test_what_is_no_database_is_refused_in_words(tmp_path):
    (tmp_path / "x.db").write_bytes(b"no database at all, but long enough to be read as one" * 40)
    with pytest.raises(AuditError, match="cannot be read"):
        verify_database(str(tmp_path / "x.db"))
    with pytest.raises(AuditError, match="cannot be read"):
        verify_database(str(tmp_path / "missing.db"))


def test_a_password_is_not_said_where_a_database_is_refused(postgres):
    url = f"postgresql+psycopg://{GUARDED}:s3cret@/postgres?host={postgres.folder}"
    for wrong in (url, url.replace("+psycopg", "+psycopg2"), f"{url}&password=s3cret"):
        with pytest.raises(AuditError, match="cannot be read") as caught:
            verify_database(wrong)
        assert "s3cret" not in str(caught.value)
