"""``hcp gateway ledger|dead-letters|replay``: what happened between a hall and central, and trying again.

They read the database beside the running gateway and never write it: a wish goes to the gateway as a file.
"""

import sqlite3
import time
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from hcp.exits import Exit
from hcp.options import DEFAULT_DATA, Data, Json
from hcp.talk import answer, fail, talk

_WAIT_S = 10.0


def add_to(app: typer.Typer) -> None:
    """Make these commands part of ``hcp gateway``."""
    app.command("ledger")(ledger_command)
    app.command("dead-letters")(dead_letters_command)
    app.command("replay")(replay_command)


def ledger_command(data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """核对账目：接收 = 待上报 + 已上报 + 重复 + 被拒 + 已隔离。对不上时退出码为 1。"""
    from gateway.core.ledger import check
    from gateway.store import ledger

    with closing(_reader(data)) as reader:
        reader.execute("BEGIN")
        accounts = ledger.accounts(reader)
        balance = check(accounts, *ledger.waiting(reader))
    if as_json:
        answer(
            {
                "balanced": balance.balanced,
                "wrong": list(balance.wrong),
                "accounts": [{**asdict(account), "gap": account.gap} for account in accounts],
            }
        )
    else:
        columns = ("评价器", "接收", "待上报", "已上报", "重复", "被拒", "已隔离", "差额")
        table = Table(*columns, title="账目")
        for account in (*accounts, balance.total):
            name = "合计" if account is balance.total else account.device or "（未登记）"
            counts = [value for key, value in asdict(account).items() if key != "device"]
            table.add_row(name, *map(str, counts), str(account.gap))
        talk.print(table)
        for line in balance.wrong:
            talk.print(f"[red]对不上[/red] {line}", markup=True)
        if balance.balanced:
            talk.print("账目相符。")
    if not balance.balanced:
        raise typer.Exit(Exit.FAILURE)


def dead_letters_command(
    data: Data = DEFAULT_DATA,
    most: Annotated[int, typer.Option(min=1, max=10_000, help="最多列出多少条。")] = 100,
    as_json: Json = False,
) -> None:
    """列出中心拒收的事件：编号、原因、首次与最近一次被拒的时间、重发记录。不显示评价内容。"""
    from gateway.core import times
    from gateway.store import letters

    with closing(_reader(data)) as reader:
        found = letters.dead(reader, most)
    if as_json:
        answer({"dead_letters": found})
        return
    if not found:
        talk.print("没有被拒的事件。")
        return
    table = Table("编号", "事件", "原因", "首次", "最近", "次数", "重发", title="中心拒收的事件")
    for letter in found:
        reasons = "；".join(replay["reason"] for replay in letter["replays"])
        moments = [times.text(letter[name]) if letter[name] else "—" for name in ("first_ms", "last_ms")]
        table.add_row(
            str(letter["number"]), letter["id"], letter["answer"], *moments, str(letter["refusals"]), reasons or "—"
        )
    talk.print(table)
    talk.print("查明原因后用 hcp gateway replay 重发。")


def replay_command(
    reason: Annotated[str, typer.Option(help="为什么现在重发，随事件保存。")],
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="事件编号或列表中的编号。")] = None,
    every: Annotated[bool, typer.Option("--all", help="全部重发。")] = False,
    since: Annotated[str | None, typer.Option(help="只重发此刻以后被拒的，如 2026-03-04T13:06:07+08:00。")] = None,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """重发中心拒收的事件。由运行中的网关执行；网关未运行时，启动后执行。"""
    from gateway import requests
    from gateway.core import times
    from gateway.store import letters

    if sum((bool(ids), every, since is not None)) != 1:
        fail("请只给出一种：事件编号、--all 或 --since", Exit.USAGE)
    if not 0 < len(reason.strip()) <= requests.MAX_REASON:
        fail(f"原因应有 1 至 {requests.MAX_REASON} 个字", Exit.USAGE)
    try:
        since_ms = None if since is None else times.parse(since)
    except ValueError as error:
        fail(f"--since: {error}", Exit.USAGE)
    with closing(_reader(data)) as reader:
        chosen = letters.select(reader, ids or (), every, since_ms)
    if not chosen:
        fail("没有符合的被拒事件；用 hcp gateway dead-letters 查看", Exit.FAILURE)
    file = requests.leave(data, requests.Replay(reason.strip(), tuple(ids or ()), every, since_ms))
    taken = _wait_for(file, data)
    if as_json:
        answer({"letters": len(chosen), "taken": taken, "request": str(file)})
    elif taken:
        talk.print(f"{len(chosen)} 个事件已重新排队，结果见 hcp gateway dead-letters。")
    else:
        talk.print(f"{len(chosen)} 个事件的重发请求已记下，网关启动后执行：{file}")


def _wait_for(file: Path, data: Path) -> bool:
    """Whether the gateway has taken the wish up. It is not waited for if no gateway runs on this folder."""
    from gateway.run import is_running

    until = time.monotonic() + _WAIT_S
    while file.exists() and is_running(data) and time.monotonic() < until:
        time.sleep(0.05)
    return not file.exists()


def _reader(data: Path) -> sqlite3.Connection:
    path = data / "gateway.db"
    if not path.exists():
        fail(f"{data} 中没有网关的数据库；请用 --data 指明网关的数据目录", Exit.CONFIG)
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
        connection.execute("SELECT 1 FROM ledger LIMIT 1").fetchall()
        return connection
    except sqlite3.Error as error:
        fail(f"{path} 不能读取（{error}）；若由旧版本写成，请先用本版本启动一次网关", Exit.CONFIG)
