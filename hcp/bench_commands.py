"""``hcp bench``: the figures of this machine, as a table and as ``bench.json``."""

import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from hcp.exits import Exit
from hcp.talk import answer, fail, talk
from hcp.talk import out as out_
from simulator import (
    bench,
    bench_crash,
    bench_drain,
    bench_intake,
    bench_journal,
    bench_link,
    bench_memory,
    bench_sign,
    bench_storage,
    bench_store,
    bench_text,
)
from simulator.bench import Row

#: What is measured, in this order: the whole path, the device alone, then the gateway under faults (the longest).
SUITES = (
    bench, bench_journal, bench_link, bench_memory, bench_sign,
    bench_intake, bench_store, bench_drain, bench_storage, bench_crash, bench_text,
)  # fmt: skip


NAMES = {suite.__name__.rpartition(".")[2].removeprefix("bench_"): suite for suite in SUITES}


def bench_command(
    out: Annotated[Path | None, typer.Option(help="把 bench.json 写入此目录。")] = None,
    only: Annotated[list[str] | None, typer.Option(help=f"只测这些，可多次给出：{' '.join(NAMES)}。")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON，供程序读取。")] = False,
) -> None:
    """测量：真实的虚拟机、双向 TLS、验签、落盘，并在同一次运行里测量对手。全部测完约一小时。"""
    unknown = sorted(set(only or ()) - set(NAMES))
    if unknown:
        fail(f"没有名为 {'、'.join(unknown)} 的测量；有 {' '.join(NAMES)}", Exit.USAGE)
    suites = [NAMES[name] for name in only] if only else list(SUITES)
    measured = []
    with tempfile.TemporaryDirectory(prefix="hcp-bench-") as root, talk.status("正在启动大厅……") as status:
        for suite in suites:
            folder = Path(root) / suite.__name__
            folder.mkdir()
            for row in suite.rows(folder, status.update):
                measured.append(row)
                talk.print(_line(row), markup=True)
                status.update(f"已完成：{row.name}，继续测量……")
            shutil.rmtree(folder, ignore_errors=True)
    out_.print(_table(measured))
    missed = [row.name for row in measured if row.met is False]
    talk.print(f"有目标的 {sum(row.met is not None for row in measured)} 项中，{len(missed)} 项未达到。")
    data = [asdict(row) for row in measured]
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / "bench.json").write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n")
    if as_json:
        answer(data)


def _line(row: Row) -> str:
    mark = {None: " ", True: "[green]✓[/green]", False: "[red]✗[/red]"}[row.met]
    return f"{mark} {row.name}: {row.value:g} {row.unit}"


def _table(measured: list[Row]) -> Table:
    table = Table(title="hcp bench", show_lines=True)
    for heading in ("项目", "数值", "单位", "目标", "达到", "对手", "说明"):
        table.add_column(heading, overflow="fold")
    for row in measured:
        target = "" if row.target is None else f"{row.target:g}"
        met = {None: "", True: "是", False: "[red]否[/red]"}[row.met]
        other = f"{row.rival['value']:g} {row.rival['unit']} ({row.rival['name']})" if row.rival else ""
        table.add_row(row.name, f"{row.value:g}", row.unit, target, met, other, row.note)
    return table
