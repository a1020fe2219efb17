"""``hcp device``: enrolling and revoking devices at a hall, and telling them what to do (``hcp.control_commands``)."""

import time
from pathlib import Path
from typing import Annotated

import typer

from gateway.enrolment import EnrolmentError, enroll, revoke
from gateway.registry import Registry, RegistryError
from hcp import control_commands
from hcp.exits import Exit
from hcp.options import DEFAULT_DATA, Data, Json
from hcp.talk import answer, fail, talk

app = typer.Typer(help="评价器：登记、查看、吊销；下发命令、升级、换钥。", no_args_is_help=True)
control_commands.add_to(app)


@app.command("enroll")
def enroll_command(
    csr: Annotated[Path, typer.Option(help="评价器自己生成的证书请求（PKCS#10，DER 或 PEM）。")],
    device: Annotated[str, typer.Option(help="评价器编号：1–20 个 a-z 0-9 -。")],
    window: Annotated[str, typer.Option(help="所在窗口，例如 A01。")],
    out: Annotated[Path, typer.Option(help="证书、CA 与下行密钥写入此目录。")],
    data: Data = DEFAULT_DATA,
    host: Annotated[str, typer.Option(help="评价器连接的服务器名或地址（须在服务器证书内）。")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="MQTT over TLS 端口。")] = 8883,
    renew: Annotated[bool, typer.Option("--renew", help="为已登记评价器的同一密钥签发新证书（续期）。")] = False,
    next_key: Annotated[
        bool, typer.Option("--next-key", help="为同一台评价器的下一把密钥签发证书；由评价器自己声明后才生效。")
    ] = False,
    as_json: Json = False,
) -> None:
    """为评价器签发证书并登记到窗口。密钥从不离开评价器；重复登记同一台得到同样的结果。"""
    try:
        enrolment = enroll(data, csr.read_bytes(), device, window, host, port, renew=renew, next_key=next_key)
        enrolment.write(out)
    except FileNotFoundError as error:
        fail(f"找不到文件 {error.filename}", Exit.USAGE)
    except (EnrolmentError, RegistryError) as error:
        fail(str(error))
    if as_json:
        answer(enrolment.facts())
        return
    word = "已登记" if enrolment.created else "早已登记，内容不变"
    talk.print(f"评价器 {device} → 窗口 {window}（{word}）。证书 SHA-256 {enrolment.fingerprint[:16]}…")
    talk.print(f"写入 {out}/：device.pem ca.pem downlink.key bundle.cbor（后两个是秘密，装入评价器后请删除）")


@app.command("list")
def list_command(data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """列出本大厅登记的评价器。"""
    try:
        found = Registry(data).devices()
    except RegistryError as error:
        fail(str(error))
    rows = [
        {
            "device": device.id,
            "window": device.window,
            "certificate_sha256": device.fingerprint.hex(),
            "revoked_ms": device.revoked_ms,
        }
        for device in found
    ]
    if as_json:
        answer(rows)
        return
    for device in found:
        state = "已吊销" if device.revoked else "有效"
        typer.echo(f"{device.id:<20} {device.window:<8} {state} {device.fingerprint.hex()[:16]}")
    if not found:
        talk.print("还没有登记评价器；用 hcp device enroll 登记第一台。")


@app.command("revoke")
def revoke_command(device: Annotated[str, typer.Argument(help="评价器编号。")], data: Data = DEFAULT_DATA) -> None:
    """吊销一台评价器：它不能再连接，已经入库的评价保留。"""
    try:
        revoke(data, device, time.time_ns() // 1_000_000)
    except (EnrolmentError, RegistryError) as error:
        fail(str(error))
    talk.print(f"评价器 {device} 已吊销。")
