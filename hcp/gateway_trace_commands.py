"""``hcp gateway trace|doctor``: the life of one record, and how the gateway fares, in words."""

import dataclasses
import json
import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from hcp.exits import Exit
from hcp.options import DEFAULT_DATA, Data, Json
from hcp.talk import answer, fail, talk

_RECORD = re.compile(r"([a-z0-9][a-z0-9-]{0,19})/([1-9][0-9]{0,17})")
_MARKS = {"ok": "[green]正常[/green]", "warn": "[yellow]注意[/yellow]", "fail": "[red]故障[/red]"}


def add_to(app: typer.Typer) -> None:
    """Make these commands part of ``hcp gateway``."""
    app.command("trace")(trace_command)
    app.command("doctor")(doctor_command)


def trace_command(
    rating: Annotated[str, typer.Argument(metavar="评价器/序号", help="例如 w01/57。")],
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """讲述一条评价从按键到中心答复的全过程。不显示评价等级。"""
    from gateway.core import trace
    from gateway.registry import Registry, RegistryError
    from gateway.store import records, traces
    from gateway.store.connection import open_reader

    named = _RECORD.fullmatch(rating)
    if named is None:
        fail(f"应为 评价器/序号，例如 w01/57；收到 {rating!r}", Exit.USAGE)
    device, seq = named[1], int(named[2])
    try:
        with closing(open_reader(data / "gateway.db")) as reader:
            life = traces.life(reader, device, seq)
            if life is None:
                known = Registry(data).device(device) is not None
                head = records.head(reader, device).seq
                fail(trace.missing(device, seq, head, traces.losses(reader, device), known))
    except (sqlite3.Error, RegistryError) as error:
        fail(f"不能读取 {data}/gateway.db：{error}", Exit.USAGE)
    chapters = trace.story(life, time.time_ns() // 1_000_000)
    if as_json:
        answer({"record": rating, "chapters": [dataclasses.asdict(chapter) for chapter in chapters]})
        return
    for chapter in chapters:
        typer.echo(f"【{chapter.title}】")
        for line in chapter.lines:
            typer.echo(f"  {line}")


def doctor_command(
    data: Data = DEFAULT_DATA,
    config: Annotated[Path | None, typer.Option(help="网关的 TOML 设置文件。")] = None,
    as_json: Json = False,
) -> None:
    """体检：逐项检查网关，说明发现了什么、该怎么办。有故障时退出码为 1。"""
    from gateway import doctor, settings
    from gateway.core import diagnosis

    try:
        loaded = settings.load(config, data=data)
    except settings.SettingsError as error:
        fail(str(error), Exit.CONFIG)
    if not data.is_dir():
        fail(f"没有数据目录 {data}；先运行 hcp gateway init", Exit.USAGE)
    with talk.status("正在检查……"):
        found = diagnosis.diagnose(doctor.gather(loaded, time.time_ns() // 1_000_000))
    worst = diagnosis.worst(found)
    if as_json:
        answer({"grade": str(worst), "findings": json.loads(json.dumps([dataclasses.asdict(f) for f in found]))})
    else:
        for finding in found:
            talk.print(f"{_MARKS[finding.grade]}  {finding.area}：{finding.words}", markup=True)
            if finding.advice:
                talk.print(f"      → {finding.advice}")
    if worst is diagnosis.Grade.FAIL:
        raise typer.Exit(Exit.FAILURE)
