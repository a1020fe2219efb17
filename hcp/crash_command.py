"""``hcp sim crash``: every kind of fault against a real gateway, judged by the oracle."""

from typing import Annotated, Any

import typer
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from hcp.exits import Exit
from hcp.talk import answer, fail, talk
from simulator.crash.amnesia import AmnesiaError
from simulator.crash.cuts import CutsError
from simulator.crash.nursery import NurseryError
from simulator.crash.shim import ShimError
from simulator.crash.trial import KINDS, figures

_NAMES = " ".join(KINDS)


def crash_command(
    kind: Annotated[list[str] | None, typer.Option(help=f"只做其中几种：{_NAMES}；可重复给出。")] = None,
    kills: Annotated[int, typer.Option(min=1, help="kill -9 的次数。")] = KINDS["kills"].whole,
    cuts: Annotated[int, typer.Option(min=1, help="断电的次数。")] = KINDS["cuts"].whole,
    space: Annotated[int, typer.Option(min=1, help="磁盘故障的次数。")] = KINDS["space"].whole,
    amnesia: Annotated[int, typer.Option(min=1, help="消息代理故障的次数。")] = KINDS["amnesia"].whole,
    ratings: Annotated[int, typer.Option(min=1, help="经过坏线路送往中心的评价条数。")] = KINDS["replies"].whole,
    seed: Annotated[int, typer.Option(help="随机种子。")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="输出结果的 JSON，供程序读取。")] = False,
) -> None:
    """对真实的网关进程逐类施加故障，并与发出的每一条评价、每一张回执核对；有丢失、重复、误关联或假回执即以 1 退出。"""
    amounts = {"kills": kills, "cuts": cuts, "space": space, "amnesia": amnesia, "replies": ratings}
    chosen = kind or list(KINDS)
    if unknown := [name for name in chosen if name not in KINDS]:
        fail(f"没有这种故障：{unknown[0]}；可选：{_NAMES}", Exit.USAGE)
    results = {}
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    for name in chosen:
        with Progress(*columns, console=talk, transient=True, disable=not talk.is_terminal) as bar:
            task = bar.add_task(KINDS[name].title, total=amounts[name])
            try:
                tally = KINDS[name].run(amounts[name], seed, lambda done: bar.update(task, completed=done))  # noqa: B023
            except (ShimError, AmnesiaError, CutsError, NurseryError) as error:
                fail(str(error))
        results[name] = figures(tally)
        _tell(KINDS[name].title, results[name])
    ok = all(result["ok"] for result in results.values())
    if as_json:
        answer({"seed": seed, "ok": ok, **results})
    if not ok:
        raise typer.Exit(Exit.FAILURE)


def _tell(title: str, found: dict[str, Any]) -> None:
    colour = "green" if found["ok"] else "red"
    plain = {name: value for name, value in found.items() if name not in ("violations", "ok", "back_s")}
    if found.get("back_s"):
        plain["back_max_s"] = round(max(found["back_s"]), 2)
    talk.print(f"[{colour}]{title}[/{colour}]　" + "，".join(f"{name} {_short(v)}" for name, v in plain.items()))
    for violation in found["violations"][:10]:
        talk.print(f"[red]✗[/red] {violation}", markup=True)


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.1f}"
    return " ".join(f"{name}:{count}" for name, count in value.items()) if isinstance(value, dict) else str(value)
