"""``hcp gateway import``: business events from a table, through the running gateway."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.core import table
from hcp.exits import Exit
from hcp.gateway_client import GatewayClient, GatewayRefused
from hcp.talk import answer, fail, talk

#: As many as a person reads; ``--errors`` and ``--json`` give all.
MOST_SHOWN = 20
#: Twenty thousand rows take a while.
TIMEOUT_S = 600


def import_command(
    file: Annotated[Path, typer.Argument(help="CSV 文件，UTF-8 或 GB18030，首行为列名。")],
    data: Annotated[Path, typer.Option("--data", help="网关的数据目录。", envvar="HCP_GATEWAY_DATA")] = Path(
        "hcp-data/gateway"
    ),
    url: Annotated[str | None, typer.Option(help="网关的 HTTP 地址；默认取自数据目录。")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只检查，不写入。")] = False,
    errors: Annotated[Path | None, typer.Option(help="把全部错误写入此 CSV 文件，可用 Excel 打开。")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON，供程序读取。")] = False,
) -> None:
    """把表格中的业务事件导入运行中的网关；可反复导入同一文件。有误的行列出行号、列与应填内容。"""
    try:
        content = file.read_bytes()
    except OSError as error:
        fail(f"无法读取 {file}：{error.strerror}", Exit.USAGE)
    path = "/api/v1/events/import" + ("?dry_run=true" if dry_run else "")
    try:
        with GatewayClient(data, url, scope="events", timeout_s=TIMEOUT_S) as client:
            with talk.status("正在检查…" if dry_run else "正在导入…"):
                found = client.upload(path, content, "text/csv")
    except GatewayRefused as error:
        fail(str(error), error.code)
    bad = [table.Bad(**one) for one in found["bad"]]
    if errors:
        errors.write_bytes(table.write_bad(bad))
    if as_json:
        answer(found)
    else:
        _tell(found, bad, errors)
    if bad:
        raise typer.Exit(Exit.FAILURE)


def _tell(found: dict, bad: list[table.Bad], errors: Path | None) -> None:
    word = "可导入" if found["dry_run"] else "已导入"
    talk.print(
        f"{found['rows']} 行（{found['encoding']}）：{word} {found['accepted']}，此前已有 {found['duplicate']}，"
        f"有误 {len({one.line for one in bad})}"
    )
    if found["ignored_columns"]:
        talk.print(f"未使用的列：{'、'.join(found['ignored_columns'])}", markup=False)
    for one in bad[:MOST_SHOWN]:
        got = f"，实际为“{one.got}”" if one.got else ""
        where = f"“{one.column}”" if one.column else ""
        talk.print(f"  第 {one.line} 行 {where}应为：{one.expected}{got}", markup=False)
    if len(bad) > MOST_SHOWN:
        talk.print(f"  … 另有 {len(bad) - MOST_SHOWN} 处；用 --errors 或 --json 查看全部")
    if errors:
        talk.print(f"错误清单已写入 {errors}", markup=False)
