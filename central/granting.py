"""Making accounts and giving them roles. As in `registration`, each function notes itself in the audit."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import insert, or_, select, update

from central import passwords, tables
from central.accounts import end_sessions
from central.core.roles import ROLE_TITLES, SCOPE_TITLES, Grant, Scope
from central.registration import Desk, RegistrationError, check_new, named, row_of

_PARTS = {Scope.REGION: (tables.regions, "地区"), Scope.ORG: (tables.orgs, "机构")}


def add_account(desk: Desk, account: str, name: str, org: str) -> str:
    """An account of a registered institution. Gives its first password, which is kept nowhere."""
    check_new(desk, tables.accounts, account, "账号")
    row_of(desk, tables.orgs, org, "机构")
    password = passwords.first()
    row = {"id": account, "name": named(name), "org": org, "secret": passwords.hashed(password)}
    state = {"must_change": True, "active": True, "made_ms": desk.now_ms}
    desk.connection.execute(insert(tables.accounts).values({**row, **state}))
    desk.note(f"account/{account}", f"开立账号 {name}，机构 {org}")
    return password


def reset_password(desk: Desk, account: str) -> str:
    """A new first password; the sessions of the account end."""
    row_of(desk, tables.accounts, account, "账号")
    password = passwords.first()
    table = tables.accounts
    changed = {"secret": passwords.hashed(password), "must_change": True}
    desk.connection.execute(update(table).where(table.c.id == account).values(changed))
    desk.note(f"account/{account}", "重置密码")
    end_sessions(desk.connection, account, desk.now_ms, "密码重置，退出登录")
    return password


def set_active(desk: Desk, account: str, active: bool) -> None:
    """Let an account sign in or no longer. It is never removed: its name stays with what it did."""
    row_of(desk, tables.accounts, account, "账号")
    table = tables.accounts
    desk.connection.execute(update(table).where(table.c.id == account).values(active=active))
    desk.note(f"account/{account}", "启用账号" if active else "停用账号")
    if not active:
        end_sessions(desk.connection, account, desk.now_ms, "账号停用，退出登录")


def give(desk: Desk, account: str, grant: Grant, until_ms: int | None = None) -> int:
    """Give a role for a part, perhaps for a time. Gives the grant's number."""
    row_of(desk, tables.accounts, account, "账号")
    if grant.scope in _PARTS:
        row_of(desk, _PARTS[grant.scope][0], grant.id, _PARTS[grant.scope][1])
    if until_ms is not None and until_ms <= desk.now_ms:
        raise RegistrationError("授权的截止时间已过")
    values = {"account": account, "role": grant.role, "scope": grant.scope, "part": grant.id}
    times = {"granted_by": desk.by, "from_ms": desk.now_ms, "until_ms": until_ms}
    made = desk.connection.execute(insert(tables.grants).values({**values, **times}).returning(tables.grants.c.id))
    number = made.scalar_one()
    desk.note(f"account/{account}", f"授权 {number}：{_words(grant)}")
    return number


def end(desk: Desk, number: int) -> None:
    """A grant ends now. Raises RegistrationError if it does not run."""
    table = tables.grants
    runs = (table.c.id == number) & or_(table.c.until_ms.is_(None), table.c.until_ms > desk.now_ms)
    changed = update(table).where(runs).values(until_ms=desk.now_ms)
    row = desk.connection.execute(changed.returning(table.c.account, table.c.role, table.c.scope, table.c.part)).first()
    if row is None:
        raise RegistrationError(f"没有生效中的授权 {number}")
    desk.note(f"account/{row.account}", f"收回授权 {number}：{_words(Grant(row.role, row.scope, row.part))}")


def listed(desk: Desk, account: str | None = None) -> Iterator[dict[str, Any]]:
    """The grants in force, in the order they were given."""
    table = tables.grants
    query = select(table).where(or_(table.c.until_ms.is_(None), table.c.until_ms > desk.now_ms)).order_by(table.c.id)
    if account is not None:
        query = query.where(table.c.account == account)
    for row in desk.connection.execute(query).mappings():
        yield dict(row)


def _words(grant: Grant) -> str:
    return f"{ROLE_TITLES[grant.role]}，{SCOPE_TITLES[grant.scope]}{' ' + grant.id if grant.id else ''}"
