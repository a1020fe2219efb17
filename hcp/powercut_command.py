"""``hcp sim powercut``: cut the power at every flash operation of a journal's life, and see what is left."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from hcp.exits import Exit
from hcp.talk import answer, talk
from simulator import powercut


def powercut_command(
    cuts: Annotated[int, typer.Option(min=1, help="断电次数（不含恢复中的第二次断电）。")] = powercut.CUTS,
    seed: Annotated[int, typer.Option(help="随机种子：写到一半时留下哪些位。")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="输出结果的 JSON，供程序读取。")] = False,
) -> None:
    """在评价器日志的每一次闪存操作处断电、重启、再断电，并损坏闪存；与孪生模型核对，有丢失、重复或损坏即以 1 退出。"""
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=talk, transient=True, disable=not talk.is_terminal) as bar:
        task = bar.add_task("断电")
        result = powercut.run(cuts, seed, lambda done, of: bar.update(task, completed=done, total=of))
    if as_json:
        answer({**asdict(result), "ok": result.ok})
    else:
        _tell(result)
    if not result.ok:
        raise typer.Exit(Exit.FAILURE)


def _tell(result: powercut.Result) -> None:
    talk.print(
        f"剧本共 {result.operations} 次闪存操作，其中 {result.struck} 次被断电；断电共 {result.cuts} 次"
        f"（恢复中再断 {result.second_cuts} 次），重启 {result.restarts} 次。"
    )
    colour = "green" if result.ok else "red"
    talk.print(
        f"[{colour}]丢失 {result.lost}　重复 {result.duplicated}　损坏被接受 {result.corrupt}"
        f"　其他 {result.broken}[/{colour}]"
    )
    talk.print(
        f"损坏闪存 {result.rotted} 次，其中 {result.rot_declared} 次申报丢失；"
        f"[{colour}]违约 {result.rot_faults}[/{colour}]"
    )
    for complaint in result.complaints:
        talk.print(f"[red]✗[/red] {complaint}", markup=True)
