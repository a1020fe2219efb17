"""``hcp audit``: verifying what others hand over."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from hcp.audit import AuditError, verify, verify_database
from hcp.exits import Exit
from hcp.talk import answer, fail, talk

app = typer.Typer(help="审计：离线核验签名与链。", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """审计：离线核验签名与链。"""


@app.command("verify")
def verify_command(
    what: Annotated[str, typer.Argument(help="含 records.cborseq 与 devices/ 的目录，或中心数据库的文件或 URL。")],
    heads: Annotated[Path | None, typer.Option(help="另行保存的审计链末端（hcp audit head 的输出）。")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON，供程序读取。")] = False,
) -> None:
    """逐条核验：签名出自登记的评价器，链条无缺口、无分叉，数据库与签名一致；中心的审计链无改动、无删除、无调换，
    办理记录与之相符。有问题即以 1 退出，并指明是哪一条。"""
    try:
        report = verify(Path(what)) if Path(what).is_dir() else verify_database(what, heads)
    except AuditError as error:
        fail(str(error), Exit.USAGE)
    if as_json:
        answer({"ok": report.ok, **asdict(report)})
    else:
        for device, facts in sorted(report.devices.items()):
            lost = f"，声明丢失 {facts['declared_lost']} 条" if facts["declared_lost"] else ""
            talk.print(f"{device}: {facts['records']} 条，链到 {facts['head']}{lost}")
        if report.audit:
            noted = report.audit["noted"] or "无"
            talk.print(f"审计链: {report.audit['entries']} 条，末端 {report.audit['hash']}（另存的末端：{noted}）")
        for finding in report.findings:
            talk.print(f"[red]✗[/red] {finding.where}: {finding.code} — {finding.detail}")
        word = "全部通过" if report.ok else f"发现 {len(report.findings)} 个问题"
        talk.print(f"共 {report.records} 条记录，其中评价 {report.ratings} 条：{word}。")
    if not report.ok:
        raise typer.Exit(Exit.FAILURE)


@app.command("head")
def head_command(
    database: Annotated[str, typer.Argument(help="中心数据库的文件或 URL。")],
) -> None:
    """输出审计链当前的末端（一行 JSON）。请保存在本系统之外：以后核验时，凭它可发现末尾被删。"""
    from central import audit_check

    try:
        head = audit_check.head(database)
    except audit_check.DatabaseError as error:
        fail(str(error), Exit.FAILURE)
    answer({"number": head.number, "hash": head.hash.hex()})
