"""The list of malicious raters in the database (`core.malicious` has the rules): proposed, decided, appealed, reviewed.

A rater is named by a rating, never by a person's name, and only where the rating came with an identity. Whether a
rating is set aside is asked when figures are made, so that an entry that ends or is removed leaves nothing behind.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, func, insert, select, update

from central import audit, paper
from central.clock import Clock
from central.core import malicious
from central.core.audit_chain import Kind
from central.core.malicious import Entry
from central.core.refusal import Refusal
from central.core.roles import Viewer
from central.store import Store
from central.tables import rater_entries, rater_steps, ratings
from central.tokens import Tokens

Step = Callable[[Entry], Entry | Refusal]
NO_ENTRY = Refusal("no_entry", "没有这条记录，请核对编号", malicious.RULE)


class Raters:
    """Threads may share it."""

    def __init__(self, store: Store, tokens: Tokens, clock: Clock):
        self._store = store
        self._tokens = tokens
        self._clock = clock

    def propose(self, viewer: Viewer, rating: int, basis: str, expires_ms: int) -> int | Refusal:
        """The first person: who gave this rating should be listed. Gives the number of the entry."""
        rules, now_ms = self._store.rules, self._clock.now_ms()
        if rules.register_article is None:
            return rules.unsaid("no_register", "恶意评价人员信息库", "C-9")
        with self._store.write() as connection:
            found = connection.execute(select(ratings).where(ratings.c.id == rating)).one_or_none()
            if found is None or not paper.sees(connection, viewer, found.hall):
                return Refusal("no_rating", "没有这条评价，或者您没有该大厅的登记权限", malicious.RULE)
            if found.rater is None:
                sentence = "该评价没有评价人的身份信息，不能列入；可对该评价本身按不予采纳的程序办理"
                return Refusal("no_rater", sentence, malicious.RULE)
            entry = malicious.propose(found.rater, viewer.id, basis, expires_ms, now_ms)
            if isinstance(entry, Refusal):
                return entry
            statement = insert(rater_entries).returning(rater_entries.c.id)
            number = connection.execute(statement, _row(entry)).scalar_one()
            self._note(connection, number, viewer.id, "proposed", basis, now_ms)
            return number

    def decide(self, viewer: Viewer, number: int, agreed: bool, reason: str) -> Entry | Refusal:
        """The second person."""
        now_ms = self._clock.now_ms()
        step = "agreed" if agreed else "declined"
        return self._step(
            number, viewer.id, step, reason, lambda entry: malicious.decide(entry, viewer.id, agreed, reason, now_ms)
        )

    def review(self, viewer: Viewer, number: int, remove: bool, reason: str) -> Entry | Refusal:
        """A third person, about the appeal."""
        now_ms = self._clock.now_ms()
        step = "removed" if remove else "kept"
        return self._step(
            number, viewer.id, step, reason, lambda entry: malicious.review(entry, viewer.id, remove, reason, now_ms)
        )

    def appeal(self, text: str, words: str) -> Entry | Refusal:
        """The citizen, with any token of one's own, does not accept being listed."""
        token = self._tokens.read(text)
        if isinstance(token, Refusal):
            return token
        now_ms = self._clock.now_ms()
        with self._store.read() as connection:
            of = connection.execute(select(rater_entries).where(rater_entries.c.rater == (token.rater or ""))).all()
        listed = [row.id for row in of if malicious.sets_aside(Entry(**row.body), now_ms)]
        if not listed:
            return Refusal("not_listed", "目前没有列入，无需申诉", malicious.RULE)
        return self._step(
            max(listed), "citizen", "appealed", words, lambda entry: malicious.appeal(entry, words, now_ms)
        )

    def entry(self, number: int) -> tuple[Entry, list[Any]] | None:
        """An entry with its steps."""
        with self._store.read() as connection:
            row = connection.execute(select(rater_entries.c.body).where(rater_entries.c.id == number)).scalar()
            steps = select(rater_steps).where(rater_steps.c.entry == number).order_by(rater_steps.c.number)
            return None if row is None else (Entry(**row), list(connection.execute(steps)))

    def _step(self, number: int, person: str, step: str, words: str, take: Step) -> Entry | Refusal:
        with self._store.write() as connection:
            body = connection.execute(select(rater_entries.c.body).where(rater_entries.c.id == number)).scalar()
            if body is None:
                return NO_ENTRY
            entry = take(Entry(**body))
            if isinstance(entry, Entry):
                here = rater_entries.c.id == number
                connection.execute(update(rater_entries).where(here).values(**_row(entry)))
                self._note(connection, number, person, step, words, self._clock.now_ms())
            return entry

    def _note(self, connection: Connection, number: int, person: str, step: str, words: str, now_ms: int) -> None:
        last = select(func.max(rater_steps.c.number)).where(rater_steps.c.entry == number)
        row = {
            "entry": number,
            "number": (connection.execute(last).scalar() or 0) + 1,
            "at_ms": now_ms,
            "person": person,
            "step": step,
            "words": words,
        }
        connection.execute(insert(rater_steps), row)
        audit.append(connection, now_ms, person, Kind.WRITE, f"rater/{number}", step)


def set_aside() -> ColumnElement[bool]:
    """`malicious.sets_aside` as a condition on the columns of ``ratings``."""
    return exists().where(
        rater_entries.c.rater == ratings.c.rater,
        rater_entries.c.from_ms <= ratings.c.received_ms,
        rater_entries.c.until_ms > ratings.c.received_ms,
        rater_entries.c.removed_ms.is_(None),
    )


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "rater": entry.rater,
        "from_ms": entry.decided_ms if entry.agreed else None,
        "until_ms": entry.expires_ms,
        "removed_ms": entry.removed_ms,
        "body": asdict(entry),
    }
