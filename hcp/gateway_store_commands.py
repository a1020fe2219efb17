"""``hcp gateway fsck|backup|restore``: the database under an operator's hands."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from gateway.store import backup, fsck
from hcp.exits import Exit
from hcp.options import DEFAULT_DATA, Data, Json
from hcp.talk import answer, fail, talk


def register(app: typer.Typer) -> None:
    """Add these commands to ``hcp gateway``."""
    app.command("fsck")(fsck_command)
    app.command("backup")(backup_command)
    app.command("restore")(restore_command)


def fsck_command(data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """检查网关数据库：文件完好、逐条校验、链条相接、评价各有关联结论。只读，网关可照常运行。有问题即以 1 退出。"""
    try:
        with talk.status("正在检查……") as status:
            report = fsck.examine(data / backup.DATABASE, lambda words: status.update(f"正在检查：{words}"))
    except FileNotFoundError:
        fail(f"{data} 里没有 {backup.DATABASE}；请用 --data 指明网关的数据目录", Exit.USAGE)
    if as_json:
        answer(report.as_data())
    else:
        for device, found in sorted(report.devices.items()):
            lost = f"，评价器申报丢失 {found.lost_by_device} 条" if found.lost_by_device else ""
            lost += f"，网关丢失 {found.lost_by_gateway} 条（已上报）" if found.lost_by_gateway else ""
            gaps = f"，缺 {_ranges(found.missing)}，等待评价器重发" if found.missing else ""
            talk.print(f"{device}: {found.records} 条，链到 {found.head}{gaps}{lost}")
            for problem in found.problems:
                talk.print(f"  [red]✗[/red] {problem}")
        for problem in report.problems:
            talk.print(f"[red]✗[/red] {problem}")
        count = len(report.problems) + sum(len(device.problems) for device in report.devices.values())
        talk.print("数据库完好。" if report.ok else f"发现 {count} 处问题；处置办法见 docs/operations.md。")
    if not report.ok:
        raise typer.Exit(Exit.FAILURE)


def backup_command(
    out: Annotated[Path, typer.Option("--out", help="备份文件（tar），不得已存在。")],
    data: Data = DEFAULT_DATA,
    keys: Annotated[bool, typer.Option(help="含私钥与下行密钥；不含则不能单凭它恢复大厅。")] = True,
    as_json: Json = False,
) -> None:
    """备份网关：数据库（某一时刻的完整副本）、评价器登记、证书与密钥、设置。网关可照常运行。

    不在其中：申请人身份的密钥（须另行保管）、已发布的图片与固件、日志。文件仅本用户可读。
    """
    with _told(), talk.status("正在备份……"):
        manifest = backup.backup(data, out, time.time_ns() // 1_000_000, keys)
    if as_json:
        answer({"file": str(out), "bytes": out.stat().st_size, **manifest})
        return
    secret = "含私钥，请妥善保管" if keys else "不含私钥"
    talk.print(f"已备份到 {out}：{len(manifest['files'])} 个文件，{out.stat().st_size} 字节，{secret}。")
    talk.print("不在其中：申请人身份的密钥（另行保管）、已发布的图片与固件、日志。")


def restore_command(
    file: Annotated[Path, typer.Argument(help="hcp gateway backup 写出的文件。")],
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """从备份恢复到没有数据库的目录。备份之后收到、评价器已删除的记录会被查出并上报中心。"""
    with _told(), talk.status("正在恢复……"):
        manifest = backup.restore(file, data, time.time_ns() // 1_000_000)
    if as_json:
        answer({"data": str(data), **manifest})
        return
    talk.print(f"已恢复到 {data}：{len(manifest['files'])} 个文件。")
    if not manifest["keys"]:
        talk.print("此备份不含私钥：启动前请把 pki 与 devices 下的 *.key 放回原处。")
    talk.print("申请人身份的密钥不在备份中，请放回原处；业务系统请重发备份之后的事件（重复无害）。")


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except backup.BackupError as error:
        fail(str(error))


def _ranges(found: list[tuple[int, int]]) -> str:
    return "、".join(f"{first}" if first == last else f"{first}–{last}" for first, last in found[:5])
