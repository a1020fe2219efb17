"""``hcp central region|org|hall|window|staff|account|grant``: registering who there is, and who may sign in as what.

They work on central's database, on the machine that holds it, whether or not central runs. Each change is in the audit
under the name of whoever is at the machine.
"""

import getpass
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from central.core.calendar import ZONE
from central.core.regions import OrgKind, Tier
from central.core.roles import ROLE_TITLES, SCOPE_TITLES, Grant, Role, Scope
from hcp.exits import Exit
from hcp.options import Json
from hcp.talk import answer, fail, out, talk

region = typer.Typer(help="地区：市、县、乡镇（街道）、村（社区）。", no_args_is_help=True)
org = typer.Typer(help="机构，及其处置员、责任人。", no_args_is_help=True)
hall = typer.Typer(help="大厅所在地区与管理机构。", no_args_is_help=True)
window = typer.Typer(help="窗口归属的机构（驻厅部门）。", no_args_is_help=True)
staff = typer.Typer(help="工号与人员。", no_args_is_help=True)
account = typer.Typer(help="登录账号。", no_args_is_help=True)
grant = typer.Typer(help="授权：角色与范围。", no_args_is_help=True)
GROUPS = {
    "region": region,
    "org": org,
    "hall": hall,
    "window": window,
    "staff": staff,
    "account": account,
    "grant": grant,
}

Data = Annotated[Path, typer.Option("--data", help="中心系统的数据目录。", envvar="HCP_CENTRAL_DATA_DIR")]
DEFAULT_DATA = Path("hcp-data/central")


class Post(StrEnum):
    """Whom an institution names besides its handlers."""

    CONTACT = "contact"
    LEADER = "leader"
    COLLECTOR = "collector"


@contextmanager
def _desk(data: Path) -> Iterator[Any]:
    """A transaction on central's database. What is refused ends the command with its sentence."""
    from central import database
    from central.registration import Desk, RegistrationError
    from central.settings import SettingsError

    url = os.environ.get("HCP_CENTRAL_DATABASE_URL") or f"sqlite:///{data / 'central.db'}"
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = database.open_writer(url)
    try:
        database.migrate(engine)
        with engine.begin() as connection:
            yield Desk(connection, time.time_ns() // 1_000_000, f"host:{getpass.getuser()}")
    except SettingsError as error:
        fail(str(error), Exit.CONFIG)
    except RegistrationError as error:
        fail(str(error))
    finally:
        engine.dispose()


@region.command("add")
def region_add(
    id: Annotated[str, typer.Argument(help="地区编号，如行政区划代码。")],
    name: Annotated[str, typer.Option(help="名称。")],
    tier: Annotated[Tier, typer.Option(help="层级。")],
    parent: Annotated[str | None, typer.Option(help="上级地区的编号；不给则为最高一级。")] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """登记一个地区。"""
    from central import registration

    with _desk(data) as desk:
        registration.add_region(desk, id, name, tier, parent)
    talk.print(f"地区 {id} 已登记。")


@org.command("add")
def org_add(
    id: Annotated[str, typer.Argument(help="机构编号，如统一社会信用代码。")],
    name: Annotated[str, typer.Option(help="名称。")],
    kind: Annotated[OrgKind, typer.Option(help="行政机关、党群部门、授权组织或政务服务中心。")],
    region: Annotated[str, typer.Option(help="所在地区的编号。")],
    data: Data = DEFAULT_DATA,
) -> None:
    """登记一个机构。有了处置员才能启用。"""
    from central import registration

    with _desk(data) as desk:
        registration.add_org(desk, id, name, kind, region)
    talk.print(f"机构 {id} 已登记，尚未启用：先开立处置员的账号并授权，再运行 hcp central org activate {id}。")


@org.command("appoint")
def org_appoint(
    id: Annotated[str, typer.Argument(help="机构编号。")],
    post: Annotated[Post, typer.Argument(help="责任人、分管领导或数据采集人员。")],
    name: Annotated[str, typer.Argument(help="姓名。")],
    data: Data = DEFAULT_DATA,
) -> None:
    """登记机构的“好差评”责任人、分管领导或数据采集人员。"""
    from central import registration

    with _desk(data) as desk:
        registration.appoint(desk, id, **{post.value: name})
    talk.print(f"{registration.POSTS[post.value]}：{name}")


@org.command("activate")
def org_activate(id: Annotated[str, typer.Argument(help="机构编号。")], data: Data = DEFAULT_DATA) -> None:
    """启用机构。没有处置员的不能启用（温州第五条5款）。"""
    from central import registration

    with _desk(data) as desk:
        registration.activate_org(desk, id)
    talk.print(f"机构 {id} 已启用。")


@org.command("deactivate")
def org_deactivate(id: Annotated[str, typer.Argument(help="机构编号。")], data: Data = DEFAULT_DATA) -> None:
    """停用机构：不再给它窗口。"""
    from central import registration

    with _desk(data) as desk:
        registration.deactivate_org(desk, id)
    talk.print(f"机构 {id} 已停用。")


@org.command("report")
def org_report(
    region: Annotated[str | None, typer.Option(help="只看这个地区及其下级。")] = None,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """缺处置员、责任人、分管领导或采集人员的机构。启用中的机构缺处置员，以 1 退出。"""
    from central import registration

    with _desk(data) as desk:
        rows = registration.lacking(desk.connection, desk.now_ms, region)
    if as_json:
        answer({"lacking": [asdict(row) for row in rows]})
    else:
        table = Table("机构", "名称", "启用", "缺")
        for row in rows:
            missing = "\n".join(registration.POSTS[post] for post in row.posts)
            table.add_row(row.org, row.name, "是" if row.active else "否", missing)
        out.print(table)
    if any(row.active and "handler" in row.posts for row in rows):
        raise typer.Exit(Exit.FAILURE)


@hall.command("place")
def hall_place(
    id: Annotated[str, typer.Argument(help="大厅编号，同 halls.toml。")],
    region: Annotated[str, typer.Option(help="所在地区。")],
    org: Annotated[str, typer.Option(help="管理机构。")],
    data: Data = DEFAULT_DATA,
) -> None:
    """登记大厅所在的地区与管理机构。"""
    from central import registration

    with _desk(data) as desk:
        registration.place_hall(desk, id, region, org)
    talk.print(f"大厅 {id}：地区 {region}，机构 {org}。")


@window.command("assign")
def window_assign(
    hall: Annotated[str, typer.Argument(help="大厅编号。")],
    window: Annotated[str, typer.Argument(help="窗口号。")],
    org: Annotated[str, typer.Option(help="归属机构。")],
    data: Data = DEFAULT_DATA,
) -> None:
    """把窗口交给一个驻厅部门。"""
    from central import registration

    with _desk(data) as desk:
        registration.assign_window(desk, hall, window, org)
    talk.print(f"{hall} 窗口 {window} 归属 {org}。")


@window.command("close")
def window_close(
    hall: Annotated[str, typer.Argument(help="大厅编号。")],
    window: Annotated[str, typer.Argument(help="窗口号。")],
    data: Data = DEFAULT_DATA,
) -> None:
    """撤销归属：窗口重归大厅的管理机构。"""
    from central import registration

    with _desk(data) as desk:
        registration.close_window(desk, hall, window)
    talk.print(f"{hall} 窗口 {window} 的归属已撤销。")


@staff.command("name")
def staff_name(
    hall: Annotated[str, typer.Argument(help="大厅编号。")],
    staff: Annotated[str, typer.Argument(help="工号。")],
    name: Annotated[str, typer.Option(help="姓名。")],
    account: Annotated[str | None, typer.Option(help="此人的登录账号；不给则没有。")] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """登记工号背后的人。同一人的账号请务必填写：回避由此判断。"""
    from central import registration

    with _desk(data) as desk:
        registration.name_staff(desk, hall, staff, name, account)
    talk.print(f"{hall} 工号 {staff}：{name}。")


@account.command("add")
def account_add(
    id: Annotated[str, typer.Argument(help="账号。")],
    name: Annotated[str, typer.Option(help="姓名。")],
    org: Annotated[str, typer.Option(help="所属机构。")],
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """开立账号，并显示一次性的初始密码：首次登录必须修改，系统不留存。"""
    from central import granting

    with _desk(data) as desk:
        password = granting.add_account(desk, id, name, org)
    _show_password(id, password, as_json)


@account.command("reset")
def account_reset(
    id: Annotated[str, typer.Argument(help="账号。")], data: Data = DEFAULT_DATA, as_json: Json = False
) -> None:
    """重置密码：此前的登录全部退出。"""
    from central import granting

    with _desk(data) as desk:
        password = granting.reset_password(desk, id)
    _show_password(id, password, as_json)


@account.command("close")
def account_close(id: Annotated[str, typer.Argument(help="账号。")], data: Data = DEFAULT_DATA) -> None:
    """停用账号：立即退出，不能再登录。记录仍在。"""
    from central import granting

    with _desk(data) as desk:
        granting.set_active(desk, id, False)
    talk.print(f"账号 {id} 已停用。")


@account.command("open")
def account_open(id: Annotated[str, typer.Argument(help="账号。")], data: Data = DEFAULT_DATA) -> None:
    """重新启用账号。"""
    from central import granting

    with _desk(data) as desk:
        granting.set_active(desk, id, True)
    talk.print(f"账号 {id} 已启用。")


@grant.command("add")
def grant_add(
    account: Annotated[str, typer.Argument(help="账号。")],
    role: Annotated[Role, typer.Argument(help="角色。")],
    region: Annotated[str | None, typer.Option(help="范围：这个地区及其下级。")] = None,
    org: Annotated[str | None, typer.Option(help="范围：这个机构。")] = None,
    hall: Annotated[str | None, typer.Option(help="范围：这个大厅。")] = None,
    until: Annotated[datetime | None, typer.Option(help="到何时为止（北京时间）；不给则不限。")] = None,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """授予角色。不给范围：窗口人员为本人，其余为全系统。"""
    from central import granting

    named = {Scope.REGION: region, Scope.ORG: org, Scope.HALL: hall}
    parts = [(scope, id) for scope, id in named.items() if id is not None]
    if len(parts) > 1:
        fail("--region、--org、--hall 只能给一个", Exit.USAGE)
    scope, id = parts[0] if parts else (Scope.OWN if role is Role.STAFF else Scope.ALL, "")
    try:
        given = Grant(role, scope, id)
    except ValueError as error:
        fail(str(error), Exit.USAGE)
    until_ms = round(until.replace(tzinfo=ZONE).timestamp() * 1000) if until else None
    with _desk(data) as desk:
        number = granting.give(desk, account, given, until_ms)
    if as_json:
        answer({"grant": number, "account": account, "role": role, "scope": scope, "of": id or None})
    else:
        talk.print(f"授权 {number}：{account} 为{ROLE_TITLES[role]}，{SCOPE_TITLES[scope]}{' ' + id if id else ''}。")


@grant.command("end")
def grant_end(number: Annotated[int, typer.Argument(help="授权的编号。")], data: Data = DEFAULT_DATA) -> None:
    """收回授权，立即生效。"""
    from central import granting

    with _desk(data) as desk:
        granting.end(desk, number)
    talk.print(f"授权 {number} 已收回。")


@grant.command("list")
def grant_list(
    account: Annotated[str | None, typer.Option(help="只看这个账号。")] = None,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """生效中的授权。"""
    from central import granting

    with _desk(data) as desk:
        rows = list(granting.listed(desk, account))
    if as_json:
        answer({"grants": rows})
        return
    table = Table("编号", "账号", "角色", "范围", "授权人")
    for row in rows:
        part = f"{SCOPE_TITLES[row['scope']]} {row['part']}".strip()
        table.add_row(str(row["id"]), row["account"], ROLE_TITLES[row["role"]], part, row["granted_by"])
    out.print(table)


def _show_password(account: str, password: str, as_json: bool) -> None:
    if as_json:
        answer({"account": account, "first_password": password})
    else:
        talk.print(f"账号 {account} 的初始密码如下，请当面交给本人；首次登录须修改，此处不再显示。")
        typer.echo(password)
