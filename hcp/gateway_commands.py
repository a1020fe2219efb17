"""``hcp gateway``: making a hall and running its gateway."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.enrolment import EnrolmentError, create_authority
from hcp import (
    gateway_config_commands,
    gateway_store_commands,
    gateway_sync_commands,
    gateway_trace_commands,
    import_command,
)
from hcp.exits import Exit
from hcp.options import DEFAULT_DATA, Data
from hcp.talk import fail, talk

app = typer.Typer(help="大厅网关：接收评价器的记录，关联办件，断网可用，同步到中心。", no_args_is_help=True)
app.add_typer(gateway_config_commands.app, name="config")
app.command("import")(import_command.import_command)
gateway_store_commands.register(app)
gateway_sync_commands.add_to(app)
gateway_trace_commands.add_to(app)


@app.command("init")
def init_command(
    hall: Annotated[str, typer.Option(help="大厅编号：1–20 个 a-z 0-9 -。")],
    host: Annotated[list[str] | None, typer.Option(help="评价器用来找到网关的名字或地址，可多次给出。")] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """建立大厅：生成 CA、服务器证书与网关自己的证书。重复执行不改变已有内容。"""
    try:
        create_authority(data, hall, tuple(host or ("127.0.0.1", "localhost")))
    except EnrolmentError as error:
        fail(str(error), Exit.CONFIG)
    talk.print(f"大厅 {hall} 的密钥在 {data}/pki（仅本用户可读）。把 {data}/pki/ca.pem 交给中心系统。")


@app.command("run")
def run_command(
    data: Data = DEFAULT_DATA,
    config: Annotated[Path | None, typer.Option(help="TOML 设置文件；同名 .d 目录内的 *.toml 依次覆盖它。")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="就绪时输出一行 JSON。")] = False,
) -> None:
    """运行网关，直到收到 SIGTERM 或 Ctrl-C。中心的密钥取自环境变量 HCP_GATEWAY_CENTRAL_KEY。"""
    from gateway import run, settings

    try:
        run.run(settings.load(config, data=data), as_json=as_json)
    except settings.SettingsError as error:
        fail(str(error), Exit.CONFIG)


@app.command("unit")
def unit_command(
    data: Data = DEFAULT_DATA,
    config: Annotated[Path | None, typer.Option(help="网关的 TOML 设置文件。")] = None,
    user: Annotated[str, typer.Option(help="运行网关的系统用户。")] = "hcp",
    out: Annotated[Path | None, typer.Option(help="写入此文件；不给则显示。")] = None,
) -> None:
    """生成 systemd 服务单元：开机启动、失去响应自动重启、只能读写自己的数据目录。"""
    from gateway import settings, unit

    try:
        loaded = settings.load(config, data=data)
        broker = "hcp-mosquitto.service" if loaded.broker == "mosquitto" else None
        text = unit.text(loaded, Path(sys.argv[0]).resolve(), user, config, broker)
        if out is None:
            typer.echo(text, nl=False)
            return
        out.write_text(text, encoding="utf-8")
    except settings.SettingsError as error:
        fail(str(error), Exit.CONFIG)
    except OSError as error:
        fail(f"不能写入 {out}：{error.strerror}", Exit.USAGE)
    talk.print(f"已写入 {out}。安装：sudo cp {out} /etc/systemd/system/ && sudo systemctl enable --now {out.name}")
