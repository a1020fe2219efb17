"""``hcp bench``: the figures of this machine, as a table and as ``bench.json``."""

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from hcp.talk import answer, talk
from simulator import (
    bench,
    bench_crash,
    bench_drain,
    bench_journal,
    bench_link,
    bench_memory,
    bench_sign,
    bench_storage,
)

#: What is measured, in this order: the whole path, the device alone, then the gateway under faults (the longest).
SUITES = (bench, bench_journal, bench_link, bench_memory, bench_sign, bench_drain, bench_storage, bench_crash)


def bench_command(
    out: Annotated[Path | None, typer.Option(help="把 bench.json 写入此目录。")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON，供程序读取。")] = False,
) -> None:
    """测量：真实的虚拟机、双向 TLS、验签、落盘。只报告数字，不作结论。"""
    measured = []
    with tempfile.TemporaryDirectory(prefix="hcp-bench-") as root, talk.status("正在启动大厅……") as status:
        for suite in SUITES:
            folder = Path(root) / suite.__name__
            folder.mkdir()
            for row in suite.rows(folder, status.update):
                measured.append(row)
                status.update(f"已完成：{row.name}，继续测量……")
    table = Table(title="hcp bench", show_lines=True)
    for heading in ("项目", "数值", "单位", "目标", "达到", "说明"):
        table.add_column(heading, overflow="fold")
    for row in measured:
        target = "" if row.target is None else f"{row.target:g}"
        met = {None: "", True: "是", False: "[red]否[/red]"}[row.met]
        table.add_row(row.name, f"{row.value:g}", row.unit, target, met, row.note)
    talk.print(table)
    data = [asdict(row) for row in measured]
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / "bench.json").write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n")
    if as_json:
        answer(data)
