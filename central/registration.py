"""Registering who there is: regions, institutions, halls' places, windows and staff numbers.

Each function works in the transaction it is given and adds an entry to the audit there. What is refused raises
RegistrationError with a sentence, and nothing was changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Table, insert, or_, select, update

from central import audit, directory, tables
from central.core.audit_chain import Kind
from central.core.regions import TIER_TITLES, OrgKind, Tier, is_below
from central.core.roles import ID, Role, Scope
from protocol import topics
from protocol.errors import ProtocolError

#: The persons an institution names, and where that is asked for.
POSTS: Mapping[str, str] = {
    "handler": "“好差评”处置员（WZ 第五条5款）",
    "contact": "“好差评”工作责任人（MOT 第六条、JX 四(一)）",
    "leader": "分管领导（JX 四(一)）",
    "collector": "数据采集人员（JX 三(一)）",
}


class RegistrationError(ValueError):
    """What was asked for cannot be registered; the text says why and what to do."""


@dataclass(frozen=True)
class Desk:
    """A transaction in which ``by`` registers something now."""

    connection: Connection
    now_ms: int
    by: str

    def note(self, about: str, words: str) -> None:
        audit.append(self.connection, self.now_ms, self.by, Kind.WRITE, about, words)


@dataclass(frozen=True)
class Lacking:
    """An institution, and which of `POSTS` it has nobody for."""

    org: str
    name: str
    active: bool
    posts: tuple[str, ...]


def add_region(desk: Desk, region: str, name: str, tier: Tier, parent: str | None = None) -> None:
    """A region below a higher one, or the first of a tree."""
    check_new(desk, tables.regions, region, "地区")
    if parent is not None:
        above = row_of(desk, tables.regions, parent, "上级地区")
        if not is_below(tier, above.tier):
            raise RegistrationError(
                f"地区层级不正确：{TIER_TITLES[tier]}不能设在“{above.name}”（{TIER_TITLES[above.tier]}）之下"
            )
    row = {"id": region, "name": named(name), "tier": tier, "parent": parent}
    desk.connection.execute(insert(tables.regions).values(row))
    desk.note(f"region/{region}", f"登记地区 {name}（{TIER_TITLES[tier]}），上级 {parent or '无'}")


def add_org(desk: Desk, org: str, name: str, kind: OrgKind, region: str, **posts: str | None) -> None:
    """An institution, not yet active. ``posts``: names for contact, leader and collector."""
    check_new(desk, tables.orgs, org, "机构")
    row_of(desk, tables.regions, region, "地区")
    row = {"id": org, "name": named(name), "kind": kind, "region": region, "active": False, **posts}
    desk.connection.execute(insert(tables.orgs).values(row))
    desk.note(f"org/{org}", f"登记机构 {name}，地区 {region}")


def appoint(desk: Desk, org: str, **posts: str) -> None:
    """Name persons for contact, leader or collector."""
    row_of(desk, tables.orgs, org, "机构")
    given = {post: named(name) for post, name in posts.items()}
    desk.connection.execute(update(tables.orgs).where(tables.orgs.c.id == org).values(given))
    desk.note(f"org/{org}", "、".join(f"{POSTS[post]}：{name}" for post, name in given.items()))


def activate_org(desk: Desk, org: str) -> None:
    """From now on windows may be given to it. It needs a handler first (WZ 第五条5款)."""
    row = row_of(desk, tables.orgs, org, "机构")
    if org not in with_handler(desk.connection, desk.now_ms):
        raise RegistrationError(
            f"{row.name}还没有{POSTS['handler']}，不能启用：请先用 hcp central grant add 授予一个账号处置员角色"
        )
    desk.connection.execute(update(tables.orgs).where(tables.orgs.c.id == org).values(active=True))
    desk.note(f"org/{org}", "启用机构")


def deactivate_org(desk: Desk, org: str) -> None:
    """No window may be given to it any more; those that it has keep it until they are given to another."""
    row_of(desk, tables.orgs, org, "机构")
    desk.connection.execute(update(tables.orgs).where(tables.orgs.c.id == org).values(active=False))
    desk.note(f"org/{org}", "停用机构")


def place_hall(desk: Desk, hall: str, region: str, org: str) -> None:
    """Say where a hall stands and which institution runs it. It may be said anew."""
    _check_hall(hall)
    row_of(desk, tables.regions, region, "地区")
    _check_active(desk, org)
    _put(desk, tables.places, {"hall": hall}, {"region": region, "org": org})
    desk.note(f"hall/{hall}", f"大厅所在地区 {region}，管理机构 {org}")


def assign_window(desk: Desk, hall: str, window: str, org: str) -> None:
    """Give a window to an institution (驻厅部门). It may be given to another later."""
    _check_hall(hall)
    if not 0 < len(window) <= 64:
        raise RegistrationError("窗口号应为 1 至 64 个字符")
    _check_active(desk, org)
    _put(desk, tables.windows, {"hall": hall, "window": window}, {"org": org, "active": True})
    desk.note(f"hall/{hall}/window/{window}", f"窗口归属机构 {org}")


def close_window(desk: Desk, hall: str, window: str) -> None:
    """The window is the hall's own again."""
    table = tables.windows
    same = (table.c.hall == hall) & (table.c.window == window) & table.c.active
    if not desk.connection.execute(update(table).where(same).values(active=False)).rowcount:
        raise RegistrationError(f"大厅 {hall} 没有登记窗口 {window}")
    desk.note(f"hall/{hall}/window/{window}", "撤销窗口归属")


def name_staff(desk: Desk, hall: str, staff: str, name: str, account: str | None = None) -> None:
    """Say who stands behind a 工号, and as which account this person signs in."""
    _check_hall(hall)
    if not 0 < len(staff) <= 64:
        raise RegistrationError("工号应为 1 至 64 个字符")
    if account is not None:
        row_of(desk, tables.accounts, account, "账号")
    _put(desk, tables.staff, {"hall": hall, "staff": staff}, {"name": named(name), "account": account})
    desk.note(f"hall/{hall}/staff/{staff}", f"工号登记为 {name}，账号 {account or '无'}")


def with_handler(connection: Connection, now_ms: int) -> set[str]:
    """The institutions that have an active handler."""
    grants, accounts = tables.grants.c, tables.accounts
    query = (
        select(grants.part)
        .join(accounts, accounts.c.id == grants.account)
        .where(grants.role == Role.HANDLER, grants.scope == Scope.ORG, accounts.c.active, grants.from_ms <= now_ms)
        .where(or_(grants.until_ms.is_(None), grants.until_ms > now_ms))
    )
    return set(connection.execute(query).scalars())


def lacking(connection: Connection, now_ms: int, region: str | None = None) -> list[Lacking]:
    """The institutions with a post for which nobody is named."""
    table = tables.orgs
    query = select(table).order_by(table.c.id)
    if region is not None:
        query = query.where(table.c.region.in_(directory.below(region)))
    handled = with_handler(connection, now_ms)
    found = []
    for row in connection.execute(query):
        held = {"handler": row.id in handled, "contact": row.contact, "leader": row.leader, "collector": row.collector}
        missing = tuple(post for post in POSTS if not held[post])
        if missing:
            found.append(Lacking(row.id, row.name, row.active, missing))
    return found


def row_of(desk: Desk, table: Table, id: str, what: str):
    row = desk.connection.execute(select(table).where(table.c.id == id)).first()
    if row is None:
        raise RegistrationError(f"没有登记{what} {id}：请先登记")
    return row


def check_new(desk: Desk, table: Table, id: str, what: str) -> None:
    if not ID.fullmatch(id):
        raise RegistrationError(
            f"{what}编号应为 1 至 40 个字母、数字、点、横线、下划线，以字母或数字开头；得到 {id!r:.60}"
        )
    if desk.connection.execute(select(table.c.id).where(table.c.id == id)).first():
        raise RegistrationError(f"{what} {id} 已登记")


def _check_active(desk: Desk, org: str) -> None:
    if not row_of(desk, tables.orgs, org, "机构").active:
        raise RegistrationError(f"机构 {org} 尚未启用：请先用 hcp central org activate 启用")


def _check_hall(hall: str) -> None:
    try:
        topics.check_id(hall)
    except ProtocolError as error:
        raise RegistrationError(f"大厅编号不正确：{error.detail}") from None


def named(name: str) -> str:
    if not 0 < len(name.strip()) <= 100:
        raise RegistrationError("名称应为 1 至 100 个字符")
    return name.strip()


def _put(desk: Desk, table: Table, key: dict[str, str], values: dict[str, object]) -> None:
    same = [table.c[name] == value for name, value in key.items()]
    if not desk.connection.execute(update(table).where(*same).values(values)).rowcount:
        desk.connection.execute(insert(table).values({**key, **values}))
