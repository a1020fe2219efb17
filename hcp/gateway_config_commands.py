"""``hcp gateway config``: the settings, and where each comes from."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from hcp.exits import Exit
from hcp.talk import answer, fail, out

app = typer.Typer(help="网关的设置。", no_args_is_help=True)


@app.command("show")
def show_command(
    data: Annotated[Path | None, typer.Option("--data", help="网关的数据目录。")] = None,
    config: Annotated[Path | None, typer.Option(help="TOML 设置文件；同名 .d 目录内的 *.toml 依次覆盖它。")] = None,
    changed: Annotated[bool, typer.Option("--changed", help="只列出不是默认值的设置。")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON，供程序读取。")] = False,
) -> None:
    """列出全部设置的现值与出处：命令行、环境变量、哪个文件，或默认值。密钥只显示星号。"""
    from gateway import settings

    try:
        found = [setting for setting in settings.explain(config, data=data) if not (changed and setting.default)]
    except settings.SettingsError as error:
        fail(str(error), Exit.CONFIG)
    if as_json:
        answer([asdict(setting) for setting in found])
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("设置", "现值", "出处"):
        table.add_column(heading, overflow="fold")
    for setting in found:
        table.add_row(setting.name, setting.value, setting.origin, style="dim" if setting.default else "")
    out.print(table)
