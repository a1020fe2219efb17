"""``hcp broker``: Mosquitto's configuration for a hall, and proofs that a broker keeps the rules."""

import contextlib
import getpass
import logging
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from hcp.exits import Exit
from hcp.options import DEFAULT_DATA, Data
from hcp.talk import answer, fail, talk

app = typer.Typer(help="消息代理：内嵌（默认）或 Mosquitto（生产环境）。", no_args_is_help=True)

Config = Annotated[Path | None, typer.Option(help="网关的 TOML 设置文件。")]
Json = Annotated[bool, typer.Option("--json", help="输出 JSON，供程序读取。")]


@app.command("config")
def config_command(
    data: Data = DEFAULT_DATA,
    config: Config = None,
    unit: Annotated[Path | None, typer.Option(help="另把 systemd 服务单元写入此文件。")] = None,
    as_json: Json = False,
) -> None:
    """写出 Mosquitto 的配置、访问控制表与吊销列表：双向 TLS，一台评价器只能用自己的主题。"""
    from gateway import enrolment, run, settings
    from gateway.broker import mosquitto, setup

    try:
        loaded = settings.load(config, data=data)
        hall = run.hall_of(loaded)
        wanted = setup.mosquitto_settings(loaded, hall)
        mosquitto.write(wanted, enrolment.revocations(data))
        program = mosquitto.find() or Path("/usr/sbin/mosquitto")
        if unit is not None:
            unit.write_text(mosquitto.unit(wanted, program), encoding="utf-8")
    except settings.SettingsError as error:
        fail(str(error), Exit.CONFIG)
    except (enrolment.EnrolmentError, OSError) as error:
        fail(f"不能写出 Mosquitto 的配置：{error}")
    facts = {
        "configuration": str(wanted.configuration),
        "access": str(wanted.access),
        "revocations": str(wanted.revocations),
        "port": wanted.port,
        "user": wanted.user,
        "unit": str(unit) if unit else None,
    }
    if as_json:
        answer(facts)
        return
    talk.print(f"已写入 {wanted.folder}/：mosquitto.conf acl crl.pem")
    if mosquitto.find() is None:
        talk.print("本机尚未安装 Mosquitto：sudo apt-get install -y mosquitto（并停用系统自带的 mosquitto 服务）")
    talk.print(f"下一步：以用户 {wanted.user} 运行  {program} -c {wanted.configuration}")
    talk.print("然后让网关使用它：HCP_GATEWAY_BROKER=mosquitto hcp gateway run；先用 hcp broker check 验证。")


@app.command("check")
def check_command(
    data: Data = DEFAULT_DATA,
    config: Config = None,
    broker: Annotated[str | None, typer.Option(help="embedded 或 mosquitto；不给则按设置。")] = None,
    live: Annotated[bool, typer.Option("--live", help="另对正在运行的代理作不打扰业务的检查。")] = False,
    as_json: Json = False,
) -> None:
    """逐条尝试违反规则，证明代理确实拦住了：无证书、他人主题、吊销、超长数据包……"""
    from gateway import run, settings
    from gateway.broker import proofs, trial

    found: list[proofs.Proof] = []
    try:
        loaded = settings.load(config, data=data, broker=broker)
        if getpass.getuser() == "root" and loaded.broker == "mosquitto":
            loaded = loaded.model_copy(update={"broker_user": "root"})
        with (
            _silent("gateway.broker"),
            Progress(console=talk, transient=True) as progress,
            tempfile.TemporaryDirectory(prefix="hcp-") as folder,
        ):
            task = progress.add_task("检查消息代理", total=proofs.RULES)
            with trial.running(loaded, Path(folder)) as scratch:
                for proof in proofs.prove(scratch):
                    found.append(proof)
                    progress.update(task, advance=1, description=proof.rule)
        if live:
            hall = run.hall_of(loaded)
            host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(loaded.broker_host, loaded.broker_host)  # noqa: S104
            found += proofs.live(data, hall, host, loaded.broker_port)
    except settings.SettingsError as error:
        fail(str(error), Exit.CONFIG)
    except OSError as error:
        fail(f"代理没有运行起来：{error}")
    good = all(proof.held for proof in found)
    if as_json:
        answer({"broker": loaded.broker, "ok": good, "proofs": [asdict(proof) for proof in found]})
    else:
        for proof in found:
            mark = "通过  " if proof.held else "未通过"
            typer.echo(f"{mark} {proof.rule}" + (f"：{proof.words}" if proof.words else ""))
    if not good:
        raise typer.Exit(Exit.FAILURE)


@contextlib.contextmanager
def _silent(name: str) -> Iterator[None]:
    """The proofs break rules on purpose: what the broker logs of that is no news."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
