"""``hcp sim`` and ``hcp demo``: stories in a simulated hall, with real gateway, central, broker and firmware."""

import contextlib
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from hcp.crash_command import crash_command
from hcp.exits import Exit
from hcp.powercut_command import powercut_command
from hcp.screens_command import screens_command
from hcp.talk import answer, fail, talk
from hcp.updatecuts_command import updatecuts_command
from simulator import crowd, outcome, picture, scenario
from simulator.chaos import Chaos
from simulator.hall import Hall, HallError, Plan, opened
from simulator.process import ProcessError
from simulator.scenario import Scenario, ScenarioError
from simulator.story import Story, StoryError
from simulator.truth import Truth

app = typer.Typer(help="模拟器：在真实的 MicroPython 里运行评价器固件，演出一段大厅里的故事。", no_args_is_help=True)

app.command("powercut")(powercut_command)
app.command("updatecuts")(updatecuts_command)
app.command("screens")(screens_command)
app.command("crash")(crash_command)

#: How long people take between two things they do when somebody watches.
DEMO_PACE_MS = 350
_SEED = 2026
#: The regulation of the demo: 温州 has all of the loop.
_POLICY = "wenzhou"


@app.callback()
def _group() -> None:
    """模拟器：在真实的 MicroPython 里运行评价器固件，演出一段大厅里的故事。"""


@app.command("run")
def run_command(
    name: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="场景文件（.yaml），或自带场景的名字，如 one-morning。")
    ],
    out: Annotated[Path | None, typer.Option(help="把 summary.json、记录、公钥和两个数据库写入此目录。")] = None,
    pace_ms: Annotated[int, typer.Option(min=0, help="人与人的动作之间的间隔（毫秒）。")] = 0,
    chaos: Annotated[int | None, typer.Option(help="随机种子：演出中随机 kill -9 网关、中心或评价器。")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 summary 的 JSON，供程序读取。")] = False,
) -> None:
    """演出一个场景到结束，并用剧本的真相核对中心系统里的数据；有丢失、重复、误关联或伪造被接受即以 1 退出。"""
    summary = _perform(_load(name), out, pace_ms, chaos)
    if as_json:
        answer(asdict(summary))
    else:
        _tell(summary, out)
    if not summary.ok:
        raise typer.Exit(Exit.FAILURE)


def demo(
    once: Annotated[bool, typer.Option("--once", help="演完一段故事就结束（约一分钟）。")] = False,
    out: Annotated[Path | None, typer.Option(help="把 summary.json、记录、公钥和两个数据库写入此目录。")] = None,
) -> None:
    """演示：三个窗口、三台评价器、网关、中心和一个小小的业务系统，说明发生的每一件事；之后保持运行，直到 Ctrl-C。"""
    story = _load("one-morning")
    if once:
        summary = _perform(story, out, DEMO_PACE_MS, None, _POLICY)
        _tell(summary, out)
        if not summary.ok:
            raise typer.Exit(Exit.FAILURE)
        return
    with _stage(story, _POLICY) as hall:
        performance = Story(hall, story, _say, DEMO_PACE_MS)
        truth = performance.play()
        hall.settle()
        _finish(hall, truth, out, story.title)
        over = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: over.set())
        _say("故事演完了；大厅继续营业，群众一位接一位。按 Ctrl-C 结束。")
        talk.print(f"[bold]查看结果：{hall.central_url}/[/bold]")
        talk.print(f"[bold]办理差评：{hall.central_url}/worklist[/bold]，可用以下账号登录：")
        for official in hall.officials:
            talk.print(f"  {official.title}　账号 {official.account}　密码 {official.password}", markup=False)
        performance.play_act(crowd.opening(hall.plan.windows))
        for act in crowd.acts(hall.plan.windows, _SEED):
            if over.wait(3):
                break
            performance.play_act(act)


def _load(name: str) -> Scenario:
    try:
        return scenario.load(name)
    except ScenarioError as error:
        fail(str(error), Exit.USAGE)


def _perform(
    story: Scenario, out: Path | None, pace_ms: int, chaos: int | None, policy: str | None = None
) -> outcome.Summary:
    with _stage(story, policy) as hall:
        performance = Story(hall, story, _say, pace_ms)
        kills = Chaos(hall, chaos) if chaos is not None else None
        with kills or contextlib.nullcontext():
            truth = performance.play()
        if kills:
            _say(f"演出中共 kill -9 {sum(kills.kills.values())} 次：{dict(kills.kills)}")
            if kills.error:
                raise kills.error
        _say("等待最后的记录到达中心、最后的回执到达评价器……")
        hall.settle()
        return _finish(hall, truth, out, story.title, sum(kills.kills.values()) if kills else 0)


def _finish(hall: Hall, truth: Truth, out: Path | None, title: str, kills: int = 0) -> outcome.Summary:
    summary = outcome.summarize(hall, truth, kills)
    if out:
        outcome.write(hall, summary, truth.presses, out)
        (out / "story.svg").write_text(picture.draw(out, hall.happenings, title), encoding="utf-8")
    return summary


@contextlib.contextmanager
def _stage(story: Scenario, policy: str | None = None) -> Iterator[Hall]:
    """A hall in a folder of its own. After a failure the folder stays, and the message says where."""
    root = Path(tempfile.mkdtemp(prefix="hcp-hall-"))
    talk.rule(story.title)
    try:
        with opened(root, Plan(story.hall, story.windows, story.undo_ms, policy=policy), _say) as hall:
            yield hall
    except (ProcessError, HallError, StoryError) as error:
        fail(f"{error}\n现场保留在 {root}")
    shutil.rmtree(root)


_started = time.monotonic()


def _clock() -> Callable[[str], None]:
    lock = threading.Lock()

    def say(text: str) -> None:
        with lock:
            talk.print(f"[dim]{time.monotonic() - _started:5.1f}s[/dim] {text}")

    return say


_say = _clock()


def _tell(summary: outcome.Summary, out: Path | None) -> None:
    talk.rule("核对")
    talk.print(
        f"亮灯确认的评价 {summary.pressed} 条；评价器持有回执 {summary.receipted} 条；网关入库 {summary.stored} 条；"
        f"中心共有 {summary.central} 条（已关联 {summary.bound}，未关联 {summary.unbound}，歧义 {summary.ambiguous}）。"
    )
    talk.print(f"没有按键的群众 {summary.silent} 位：没有替他们生成任何评价。")
    talk.print(f"伪造 {summary.forged} 次，拒绝 {summary.rejected} 次。")
    colour = "green" if summary.ok else "red"
    talk.print(f"[{colour}]丢失 {summary.lost}　重复 {summary.duplicated}　误关联 {summary.misbound}[/{colour}]")
    for complaint in summary.complaints:
        talk.print(f"[red]✗[/red] {complaint}")
    if out:
        talk.print(f"写入 {out}/；核验：hcp audit verify {out}")
