"""Accounts: who may sign in, with what, as what; and the sessions of those who did.

Every change and every sign-in is an entry of the audit in the same transaction. Reading needs no lock, and a session
that is used is marked at most once a minute.
"""

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, or_, select, update

from central import audit, passwords, tables
from central.clock import Clock
from central.core import back_off
from central.core.audit_chain import Kind
from central.core.roles import ID, Grant, Viewer
from central.store import Store

#: A session ends after this time whatever happens, and after a time without a request.
SESSION_MS = 8 * 3_600_000
IDLE_MS = 30 * 60_000
_MARK_MS = 60_000
#: Longer names and tokens were made by nobody here.
_LONGEST = 200


@dataclass(frozen=True)
class Session:
    """``must_change``: a password that somebody else gave; nothing else may be done before it is changed."""

    viewer: Viewer
    must_change: bool
    expires_ms: int


@dataclass(frozen=True)
class Refused:
    """Nobody was signed in. ``wait_ms``: when to try again. It never says whether there is such an account."""

    wait_ms: int


class Accounts:
    """Threads may share it."""

    def __init__(self, store: Store, clock: Clock):
        self._store = store
        self._clock = clock

    def sign_in(self, account: str, password: str, address: str) -> str | Refused:
        """A new session's token. Every try counts as failed until the password was found right, so that many at once
        are no way around the wait."""
        now_ms = self._clock.now_ms()
        known = account if ID.fullmatch(account) else ""
        by_name, by_address = _hash("account", account), _hash("address", address)
        subjects = {by_name: back_off.ACCOUNT, by_address: back_off.ADDRESS}
        with self._store.write() as connection:
            wait = max(_wait_ms(connection, subject, rule, now_ms) for subject, rule in subjects.items())
            if wait:
                return Refused(wait)
            for subject in subjects:
                _count(connection, subject, now_ms)
            table = tables.accounts.c
            row = connection.execute(select(table.secret).where(table.id == known, table.active)).first()
        right = len(password) <= _LONGEST and passwords.matches(password, row.secret if row else None)
        now_ms = self._clock.now_ms()
        with self._store.write() as connection:
            if not right:
                # a name that is not known may be a password in the wrong field
                exists = row is not None
                words = "登录失败" if exists else "登录失败：账号不存在或已停用"
                audit.append(connection, now_ms, known if exists else "-", Kind.REFUSED, f"address/{address}", words)
                return Refused(max(_wait_ms(connection, subject, rule, now_ms) for subject, rule in subjects.items()))
            _forgive(connection, by_name, by_address)
            return _open(connection, known, now_ms)

    def session(self, token: str) -> Session | None:
        """Whose token this is, if the session still runs and the account is active."""
        if not 0 < len(token) <= _LONGEST:
            return None
        now_ms, key = self._clock.now_ms(), _hash("session", token)
        with self._store.read() as connection:
            rows = tables.sessions.join(tables.accounts)
            query = select(tables.sessions, tables.accounts).select_from(rows)
            found = connection.execute(query.where(tables.sessions.c.token == key, tables.accounts.c.active)).first()
            if found is None or not _runs(found.seen_ms, found.expires_ms, now_ms):
                return None
            viewer = viewer_of(connection, found.account, now_ms, found.csrf)
        if now_ms - found.seen_ms >= _MARK_MS:
            with self._store.write() as connection:
                table = tables.sessions
                connection.execute(update(table).where(table.c.token == key).values(seen_ms=now_ms))
        return Session(viewer, found.must_change, found.expires_ms) if viewer else None

    def sign_out(self, token: str) -> None:
        """End a session. One that is not there is ended already."""
        with self._store.write() as connection:
            _close(connection, tables.sessions.c.token == _hash("session", token), self._clock.now_ms(), "退出登录")

    def change_password(self, account: str, old: str, new: str) -> str | None:
        """Set one's own. Gives why not, as a sentence, or None once it is done: then every session has ended."""
        with self._store.read() as connection:
            stored = connection.execute(
                select(tables.accounts.c.secret).where(tables.accounts.c.id == account, tables.accounts.c.active)
            ).scalar()
        if len(old) > _LONGEST or not passwords.matches(old, stored):
            return "原密码不正确"
        if found := passwords.problem(new, account):
            return found
        if new == old:
            return "新密码不得与原密码相同"
        secret = passwords.hashed(new)
        with self._store.write() as connection:
            now_ms = self._clock.now_ms()
            table = tables.accounts
            # only while the old one stands: of two changes at once the second is none
            same = update(table).where(table.c.id == account, table.c.secret == stored)
            if not connection.execute(same.values(secret=secret, must_change=False)).rowcount:
                return "原密码不正确"
            audit.append(connection, now_ms, account, Kind.WRITE, f"account/{account}", "修改密码")
            end_sessions(connection, account, now_ms, "修改密码后重新登录")
        return None

    def refuse(self, actor: str, about: str, words: str) -> None:
        """Note that somebody tried what he may not."""
        with self._store.write() as connection:
            audit.append(connection, self._clock.now_ms(), actor, Kind.REFUSED, about, words)

    def note_read(self, actor: str, about: str, words: str = "") -> None:
        """Note that something sealed is about to be shown: it is on the disk before anybody sees it."""
        with self._store.write() as connection:
            audit.append(connection, self._clock.now_ms(), actor, Kind.READ, about, words)


def viewer_of(connection: Connection, account: str, now_ms: int, csrf: str = "") -> Viewer | None:
    """An active account with the grants that are in force; None if there is none."""
    people, numbers, given = tables.accounts.c, tables.staff.c, tables.grants.c
    row = connection.execute(select(people.name, people.org).where(people.id == account, people.active)).first()
    if row is None:
        return None
    known = connection.execute(select(numbers.hall, numbers.staff).where(numbers.account == account))
    names = frozenset(f"{one.hall}/{one.staff}" for one in known)
    in_force = select(given.role, given.scope, given.part).where(
        given.account == account, given.from_ms <= now_ms, or_(given.until_ms.is_(None), given.until_ms > now_ms)
    )
    grants = tuple(Grant(one.role, one.scope, one.part) for one in connection.execute(in_force.order_by(given.id)))
    return Viewer(account, row.name, row.org, grants, csrf, names)


def end_sessions(connection: Connection, account: str, now_ms: int, words: str) -> None:
    """End all of an account."""
    _close(connection, tables.sessions.c.account == account, now_ms, words)


def _open(connection: Connection, account: str, now_ms: int) -> str:
    table = tables.sessions
    connection.execute(delete(table).where(or_(table.c.expires_ms <= now_ms, table.c.seen_ms <= now_ms - IDLE_MS)))
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    row = {"token": _hash("session", token), "account": account, "csrf": csrf}
    times = {"made_ms": now_ms, "seen_ms": now_ms, "expires_ms": now_ms + SESSION_MS}
    connection.execute(insert(table).values(**row, **times))
    audit.append(connection, now_ms, account, Kind.WRITE, f"account/{account}", "登录")
    return token


def _close(connection: Connection, which, now_ms: int, words: str) -> None:
    table = tables.sessions
    ended = connection.execute(delete(table).where(which).returning(table.c.account)).scalars().all()
    for account in sorted(set(ended)):
        audit.append(connection, now_ms, account, Kind.WRITE, f"account/{account}", words)


def _runs(seen_ms: int, expires_ms: int, now_ms: int) -> bool:
    return now_ms < expires_ms and now_ms < seen_ms + IDLE_MS


def _wait_ms(connection: Connection, subject: str, rule: back_off.Rule, now_ms: int) -> int:
    table = tables.failures.c
    row = connection.execute(select(table.times, table.last_ms).where(table.subject == subject)).first()
    return back_off.wait_ms(row.times, row.last_ms, now_ms, rule) if row else 0


def _count(connection: Connection, subject: str, now_ms: int) -> None:
    table = tables.failures
    connection.execute(delete(table).where(table.c.last_ms <= now_ms - back_off.FORGOTTEN_MS))
    raised = update(table).where(table.c.subject == subject).values(times=table.c.times + 1, last_ms=now_ms)
    if not connection.execute(raised).rowcount:
        connection.execute(insert(table).values(subject=subject, times=1, last_ms=now_ms))


def _forgive(connection: Connection, account: str, address: str) -> None:
    """A good sign-in clears the account, and takes back what it had counted against the address."""
    table = tables.failures
    connection.execute(delete(table).where(table.c.subject == account))
    connection.execute(update(table).where(table.c.subject == address).values(times=table.c.times - 1))


def _hash(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind}:{value}".encode()).hexdigest()
