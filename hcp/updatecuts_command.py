"""``hcp sim updatecuts``: cut the power at every flash operation of a life with updates, and see which set starts."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from hcp.exits import Exit
from hcp.talk import answer, fail, talk
from simulator import updatecuts


def updatecuts_command(
    cuts: Annotated[int, typer.Option(min=1, help="断电次数（不含恢复中的第二次断电）。")] = updatecuts.CUTS,
    seed: Annotated[int, typer.Option(help="随机种子：写到一半时留下哪些位。")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="输出结果的 JSON，供程序读取。")] = False,
) -> None:
    """在升级、试运行、确认与回退的每一次闪存操作处断电并重启；起不来、固件不完整、漏报版本或丢失评价即以 1 退出。"""
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=talk, transient=True, disable=not talk.is_terminal) as bar:
            task = bar.add_task("断电")
            result = updatecuts.run(cuts, seed, lambda done, of: bar.update(task, completed=done, total=of))
    except updatecuts.UpdateCutsError as error:
        fail(str(error))
    if as_json:
        answer({**asdict(result), "ok": result.ok})
    else:
        talk.print(
            f"剧本共 {result.operations} 次闪存操作，其中 {result.struck} 次被断电；断电 {result.cuts} 次"
            f"（恢复中再断 {result.second_cuts} 次），启动 {result.starts} 次，其中 {result.lives_to_end} 段演到结束。"
        )
        colour = "green" if result.ok else "red"
        talk.print(f"[{colour}]违约 {result.broken}[/{colour}]")
        for complaint in result.complaints:
            talk.print(f"[red]✗[/red] {complaint}", markup=True)
    if not result.ok:
        raise typer.Exit(Exit.FAILURE)
