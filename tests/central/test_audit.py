"""The audit in the database: in the same transaction, in one order, never changed."""

import pytest
from sqlalchemy.exc import DBAPIError

from central import audit, tables
from central.core.audit_chain import Head, Kind, check
from tests.central.conftest import NOW_MS


def write(store, *words: str) -> None:
    with store.write() as connection:
        for word in words:
            audit.append(connection, NOW_MS, "wang", Kind.WRITE, "thing/1", word)


def entries(store, **given) -> list:
    with store.read() as connection:
        return list(audit.entries(connection, **given))


def test_entries_follow_each_other_over_transactions(store):
    write(store, "一", "二")
    write(store, "三")
    found = entries(store)
    assert [(entry.number, entry.words) for entry in found] == [(1, "一"), (2, "二"), (3, "三")]
    assert list(check(found)) == []
    with store.read() as connection:
        assert audit.head(connection) == Head(3, found[-1].hash)
    assert [entry.number for entry in entries(store, after=1, limit=1)] == [2]


def test_what_was_undone_left_no_entry_and_no_gap(store):
    write(store, "一")
    with pytest.raises(RuntimeError), store.write() as connection:
        audit.append(connection, NOW_MS, "wang", Kind.WRITE, "thing/1", "undone")
        raise RuntimeError
    write(store, "二")
    assert [entry.words for entry in entries(store)] == ["一", "二"] and list(check(entries(store))) == []


@pytest.mark.parametrize(
    "change", [tables.audit.update().values(words="什么也没有"), tables.audit.delete()], ids=["edit", "remove"]
)
def test_the_database_itself_refuses_to_change_an_entry(store, change):
    write(store, "一")
    with pytest.raises(DBAPIError, match="audit is append-only"), store.write() as connection:
        connection.execute(change)
    assert [entry.words for entry in entries(store)] == ["一"]


def test_texts_that_no_database_holds_are_made_fitting(store):
    with store.write() as connection:
        audit.append(connection, NOW_MS, "w\0", Kind.READ, "/api/v1/devices/\0.pem", "\ud800")
    [entry] = entries(store)
    assert (entry.actor, entry.about, entry.words) == ("w?", "/api/v1/devices/?.pem", "?")
    assert list(check([entry])) == []


def test_texts_that_are_too_long_are_cut_and_still_kept(store):
    with store.write() as connection:
        audit.append(connection, NOW_MS, "a" * 500, Kind.REFUSED, "b" * 500, "字" * 5000)
    [entry] = entries(store)
    assert (len(entry.actor), len(entry.about), len(entry.words)) == (100, 200, 2000)
    assert list(check([entry])) == []
