"""``hcp central``: running the central system, and telling it which halls to trust."""

import secrets
from pathlib import Path
from typing import Annotated

import typer

from hcp import people_commands
from hcp.exits import Exit
from hcp.talk import answer, fail, talk

app = typer.Typer(help="中心系统：接收各大厅的评价，自行核验，公开统计。", no_args_is_help=True)
for _name, _group in people_commands.GROUPS.items():
    app.add_typer(_group, name=_name)

Data = Annotated[Path, typer.Option("--data", help="中心系统的数据目录。", envvar="HCP_CENTRAL_DATA_DIR")]
DEFAULT_DATA = Path("hcp-data/central")


@app.command("run")
def run_command(
    data: Data = DEFAULT_DATA,
    host: Annotated[str, typer.Option(help="监听地址。")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="监听端口；0 为任意空闲端口。")] = 8500,
    config: Annotated[Path | None, typer.Option(help="TOML 设置文件。")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="就绪时输出一行 JSON。")] = False,
) -> None:
    """运行中心系统，直到收到 SIGTERM 或 Ctrl-C。审计密钥取自环境变量 HCP_CENTRAL_AUDITOR_KEY。"""
    from central import run, settings

    try:
        run.run(settings.load(config, data_dir=data, host=host, port=port), as_json=as_json)
    except settings.SettingsError as error:
        fail(str(error), Exit.CONFIG)


@app.command("correct")
def correct_command(
    kind: Annotated[str, typer.Argument(help="policy（政策）、indicators（指标集）或 not_adopted（不予采纳）。")],
    file: Annotated[Path, typer.Argument(help="内容的 JSON 文件（SPEC.md 9.4）。", exists=True, dir_okay=False)],
    reason: Annotated[str, typer.Option(help="为什么，随更正保存并下发。")],
    hall: Annotated[str | None, typer.Option(help="只发给这个大厅；不给则发给所有大厅。")] = None,
    url: Annotated[str, typer.Option(help="中心系统的地址。")] = "http://127.0.0.1:8500",
    authority: Annotated[Path | None, typer.Option(help="验证中心证书的 CA（PEM）。")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON，供程序读取。")] = False,
) -> None:
    """向大厅下发一条更正。密钥取自环境变量 HCP_CENTRAL_OPERATOR_KEY，中心系统也须设置同一密钥。"""
    from hcp.correcting import CorrectingError, send

    try:
        number = send(url, kind, file, reason, hall, authority)
    except CorrectingError as error:
        fail(str(error), error.code)
    if as_json:
        answer({"number": number, "kind": kind, "hall": hall})
    else:
        talk.print(f"第 {number} 号更正已发布，{'大厅 ' + hall if hall else '所有大厅'}将自行取走。")


@app.command("add-hall")
def add_hall_command(
    hall: Annotated[str, typer.Option("--id", help="大厅编号：1–20 个 a-z 0-9 -。")],
    name: Annotated[str, typer.Option(help="大厅名称。")],
    authority: Annotated[Path, typer.Option(help="大厅的 CA 证书（ca.pem），请当面或另行核对指纹。")],
    data: Data = DEFAULT_DATA,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON，供程序读取。")] = False,
) -> None:
    """登记一个大厅：信任它的 CA，并为它的网关生成密钥（写入 <数据目录>/keys/<大厅>.key，权限 600）。"""
    from central import keyring
    from central.halls import add_hall
    from central.settings import SettingsError

    try:
        identity_key = keyring.load(keyring.default_path(data)).public
        key_file = add_hall(data, hall, name, authority, secrets.token_hex(24))
    except SettingsError as error:
        fail(str(error), Exit.CONFIG)
    facts = {"hall": hall, "key_file": str(key_file), "identity_key": identity_key}
    if as_json:
        answer(facts)
        return
    talk.print(f"大厅 {hall} 已登记；网关用的密钥在 {key_file}，交给大厅后请删除此文件。")
    if identity_key:
        talk.print(f'请大厅在 gateway.toml 中写明（可公开）：central_identity_key = "{identity_key}"')
    else:
        talk.print("还没有联系方式公钥，该大厅的差评将无法回访；先运行 hcp central identity-key。")


@app.command("identity-key")
def identity_key_command(
    data: Data = DEFAULT_DATA,
    file: Annotated[Path | None, typer.Option(help="私钥文件；不给则为 <数据目录>/identity.keys。")] = None,
    new: Annotated[
        bool, typer.Option("--new", help="另加一把新密钥，此后大厅以它加封；旧的仍用于打开以前的。")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON，供程序读取。")] = False,
) -> None:
    """联系方式的密钥：没有就生成一把，并印出交给各大厅的公钥（可公开）。私钥丢失，则已收到的联系方式都打不开。"""
    from central import keyring
    from central.settings import SettingsError

    path = file or keyring.default_path(data)
    try:
        ring = keyring.load(path)
        if new or ring.public is None:
            ring = keyring.add(path)
    except SettingsError as error:
        fail(str(error), Exit.CONFIG)
    if as_json:
        answer({"identity_key": ring.public, "keys": list(ring.keys), "file": str(path)})
    else:
        talk.print("公钥（可公开），写入各大厅的 gateway.toml：")
        typer.echo(f'central_identity_key = "{ring.public}"')
        talk.print(f"私钥在 {path}（共 {len(ring.keys)} 把），请另存一份，勿与数据库备份放在一起；中心重新启动后生效。")
