"""``hcp device identify|selftest|reboot|log-level|update|rotate-key``: what the running gateway tells a device."""

import functools
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from gateway import assets, release
from gateway.assets import AssetError
from gateway.core.commands import DONE, LOG_LEVELS, OPEN
from gateway.release import ReleaseError
from hcp.exits import Exit
from hcp.gateway_client import GatewayClient, GatewayRefused
from hcp.options import DEFAULT_DATA, Data, Json
from hcp.talk import answer, fail, talk

POLL_S = 0.5

Device = Annotated[str, typer.Argument(help="评价器编号。")]
Url = Annotated[
    str | None, typer.Option("--gateway", help="网关业务接口的地址；默认取数据目录中记录的。", envvar="HCP_GATEWAY_URL")
]
Wait = Annotated[int, typer.Option("--wait", min=0, help="最多等待多少秒；0：下发后立即返回。")]


def identify(
    device: Device, data: Data = DEFAULT_DATA, url: Url = None, wait: Wait = 60, as_json: Json = False
) -> None:
    """让评价器闪灯，便于在现场找到它。"""
    _command(data, url, device, "identify", {}, wait, as_json)


def selftest(
    device: Device,
    level: Annotated[int | None, typer.Option(min=1, max=5, help="只测一个键；默认五个键各一次。")] = None,
    data: Data = DEFAULT_DATA,
    url: Url = None,
    wait: Wait = 120,
    as_json: Json = False,
) -> None:
    """让评价器走一遍自检：产生自检记录，从不计入评价。"""
    _command(data, url, device, "selftest", {} if level is None else {"level": level}, wait, as_json)


def reboot(device: Device, data: Data = DEFAULT_DATA, url: Url = None, wait: Wait = 120, as_json: Json = False) -> None:
    """重启评价器。正在评价的群众不受影响，未上传的记录不会丢失。"""
    _command(data, url, device, "reboot", {}, wait, as_json)


def log_level(
    device: Device,
    level: Annotated[str, typer.Argument(help=" ".join(LOG_LEVELS))],
    data: Data = DEFAULT_DATA,
    url: Url = None,
    wait: Wait = 60,
    as_json: Json = False,
) -> None:
    """设定评价器上报日志的级别，直到它下次重启。"""
    _command(data, url, device, "log_level", {"level": level}, wait, as_json)


def rotate_key(
    device: Device, data: Data = DEFAULT_DATA, url: Url = None, wait: Wait = 300, as_json: Json = False
) -> None:
    """让评价器自行生成下一把密钥并换用；旧密钥签的最后一条记录声明新密钥，记录链不断。"""
    _command(data, url, device, "rotate_key", {}, wait, as_json)


def update(
    device: Device,
    folder: Annotated[Path, typer.Option("--release", help="已签名的固件目录（hcp firmware sign）；先发布到网关。")],
    data: Data = DEFAULT_DATA,
    url: Url = None,
    wait: Wait = 3600,
    as_json: Json = False,
) -> None:
    """升级评价器的固件：发布到网关，评价器逐块取回、核验、切换。中断后自动接着进行。"""
    try:
        found = release.publish(folder, data / assets.FOLDER)
    except (ReleaseError, AssetError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"无法写入网关目录：{error}；请在网关机器上以网关的用户执行", Exit.CONFIG)
    _command(data, url, device, "update", {"release": found.hash.hex()}, wait, as_json)


def commands(device: Device, data: Data = DEFAULT_DATA, url: Url = None, as_json: Json = False) -> None:
    """一台评价器近来的命令及其状态。"""
    with _asking(data, url) as gateway:
        found = _told(lambda: gateway.get(f"/api/v1/devices/{device}/commands"))["commands"]
    if as_json:
        answer(found)
        return
    for command in found:
        at = time.strftime("%m-%d %H:%M:%S", time.localtime(command["created_ms"] / 1000))
        typer.echo(f"{command['id']}  {at}  {command['sentence']}")
    if not found:
        talk.print(f"没有给 {device} 下过命令。")


def add_to(app: typer.Typer) -> None:
    """Make these commands of ``hcp device``."""
    for name, function in (
        ("identify", identify),
        ("selftest", selftest),
        ("reboot", reboot),
        ("log-level", log_level),
        ("update", update),
        ("rotate-key", rotate_key),
        ("commands", commands),
    ):
        app.command(name)(function)


def _command(
    data: Path, url: str | None, device: str, name: str, args: dict[str, Any], wait_s: int, as_json: bool
) -> None:
    with _asking(data, url) as gateway:
        asked = _told(lambda: gateway.post(f"/api/v1/devices/{device}/commands", {"name": name, "args": args}))
        found = _follow(gateway, asked, wait_s)
    if as_json:
        answer(found)
    else:
        talk.print(found["sentence"])
    if found["state"] == DONE or (not wait_s and found["state"] in OPEN):
        return
    if found["state"] in OPEN and not as_json:
        talk.print(f"等待了 {wait_s} 秒；命令仍然有效，稍后用 hcp device commands {device} 查看。")
    raise typer.Exit(Exit.FAILURE)


def _follow(gateway: GatewayClient, command: dict, wait_s: int) -> dict:
    """Look at a command until it has ended or the time is over, and show how far it is."""
    until = time.monotonic() + wait_s
    pause = threading.Event()
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=talk, transient=True, disable=not talk.is_terminal) as shown:
        task = shown.add_task(command["device"], total=None)
        while command["state"] in OPEN and time.monotonic() < until:
            pause.wait(POLL_S)
            command = _told(functools.partial(gateway.get, f"/api/v1/commands/{command['id']}"))
            if command["progress"]:
                shown.update(task, completed=command["progress"]["done"], total=command["progress"]["total"])
    return command


def _asking(data: Path, url: str | None) -> GatewayClient:
    return _told(lambda: GatewayClient(data, url))


def _told(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except GatewayRefused as error:
        fail(str(error), error.code)
