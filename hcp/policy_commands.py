"""``hcp policy``: reading, explaining and comparing the regulations as data."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from central import policies
from central.core import handdown, policy, policy_words
from central.core.policy import PolicyError
from central.core.policy_words import InForce
from central.core.terms import Value
from hcp.exits import Exit
from hcp.talk import answer, fail, out, talk

app = typer.Typer(help="各地的好差评规定：检查、查阅、逐项说明依据、对比。", no_args_is_help=True)

Name = Annotated[
    str, typer.Argument(metavar="POLICY", help="规定的代号（hcp policy check 列出全部），或一个 TOML 文件。")
]
Overrides = Annotated[Path | None, typer.Option("--overrides", help="本部署的调整文件（TOML）。")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON，供程序读取。")]


@app.command("check")
def check_command(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[POLICY]...", help="代号或文件；不给则检查全部。")
    ] = None,
    changes: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """检查规定：每个值有无条款依据，哪些未规定，下发大厅的内容有无疑问。有一个不合格即以 1 退出，并指明文件、项目。"""
    reports = [_report(name, changes) for name in names or policies.names()]
    if as_json:
        answer(reports)
    else:
        for report in reports:
            _print(report)
    if not all(report["ok"] for report in reports):
        raise typer.Exit(Exit.FAILURE)


@app.command("show")
def show_command(name: Name, changes: Overrides = None, as_json: AsJson = False) -> None:
    """列出一个规定的全部内容，每个值附条款编号；未规定的写明原因。"""
    found = _found(name, changes)
    if as_json:
        answer(_whole(found))
        return
    source = found.policy.source
    out.print(f"{source.title}  {source.number or ''}  {source.issuer}  {source.issued}", markup=False)
    if source.missing:
        out.print(f"原文缺少：{source.missing}", markup=False, style="yellow")
    table = Table(box=None, pad_edge=False)
    for heading in ("项目", "代号", "内容", "条款"):
        table.add_column(heading, overflow="fold")
    for key, said in policy.statements(found.policy):
        mark = "，本部署调整" if found.changed(key) else ""
        words = policy_words.text(found.policy, key, said)
        cells = (policy_words.name(found.policy, key), key, words, "、".join(said.article) + mark)
        table.add_row(*map(escape, cells))
    for hole in policy.holes(found.policy):
        cells = (policy_words.name(found.policy, hole.key), hole.key, f"{policy_words.UNSAID}{hole.why}", "")
        table.add_row(*map(escape, cells), style="dim")
    out.print(table)


@app.command("explain")
def explain_command(
    name: Name,
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="项目的代号，例如 timers.call_back；写到上一级则全部说明。")
    ],
    changes: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """说明一个值：内容、条款编号、原文的句子，以及本部署的调整和理由。"""
    found = _found(name, changes)
    try:
        lines = policy_words.explain(found, key)
    except PolicyError as error:
        fail(_words(error), Exit.USAGE)
    if as_json:
        answer({"policy": found.policy.policy, "key": key, "lines": lines})
        return
    for line in lines:
        out.print(line, markup=False)


@app.command("diff")
def diff_command(left: Name, right: Name, as_json: AsJson = False) -> None:
    """两个规定逐项对比，只列不同之处。"""
    first, second = _found(left, None).policy, _found(right, None).policy
    rows = policy_words.diff(first, second)
    if as_json:
        facts = [{"key": one.key, "name": one.name, first.policy: one.left, second.policy: one.right} for one in rows]
        answer(facts)
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("项目", "代号", first.source.title, second.source.title):
        table.add_column(escape(heading), overflow="fold")
    for one in rows:
        table.add_row(*map(escape, (one.name, one.key, one.left, one.right)))
    out.print(table)


@app.command("hand-down")
def hand_down_command(
    name: Name,
    folder: Annotated[Path, typer.Option("--out", help="写入的目录。", file_okay=False)],
    changes: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """写出下发大厅的两个文件 indicators.json 和 policy.json，由 hcp central correct 发布。"""
    found = _found(name, changes)
    body = handdown.handed_down(found.policy, policies.national())
    folder.mkdir(parents=True, exist_ok=True)
    facts = {}
    for kind, data in (("indicators", body.indicators), ("policy", body.policy)):
        path = folder / f"{kind}.json"
        path.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        facts[kind] = {"file": str(path), "version": data["version"]}
    if as_json:
        answer(facts)
        return
    for doubt in handdown.doubts(found.policy, policies.national()):
        talk.print(f"注意：{doubt}", markup=False)
    for kind, fact in facts.items():
        talk.print(f"{fact['file']}：版本 {fact['version']}", markup=False)
        talk.print(f"  发布：hcp central correct {kind} {fact['file']} --reason …", markup=False)


def _found(name: str, changes: Path | None) -> InForce:
    try:
        return _read(name, changes)
    except PolicyError as error:
        known = name in policies.names() or name.endswith(".toml")
        fail(_words(error), Exit.CONFIG if known else Exit.USAGE)


def _read(name: str, changes: Path | None) -> InForce:
    return policies.in_force(Path(name) if name.endswith(".toml") else name, changes)


def _words(error: PolicyError) -> str:
    return escape(str(error))


def _report(name: str, changes: Path | None) -> dict[str, Any]:
    try:
        found = _read(name, changes)
    except PolicyError as error:
        problem = {"file": error.file, "key": error.key, "expected": error.expected, "got": error.got}
        return {"policy": name, "ok": False, "problem": problem, "words": _words(error)}
    down = handdown.handed_down(found.policy, policies.national())
    return {
        "policy": found.policy.policy,
        "ok": True,
        "title": found.policy.source.title,
        "state": found.policy.source.state,
        "said": len(list(policy.statements(found.policy))),
        "unsaid": {hole.key: hole.why for hole in policy.holes(found.policy)},
        "overrides": {one.key: one.reason for one in found.overrides},
        "doubts": handdown.doubts(found.policy, policies.national()),
        "versions": {"policy": down.policy["version"], "indicators": down.indicators["version"]},
    }


def _print(report: dict[str, Any]) -> None:
    if not report["ok"]:
        talk.print(f"[red]✗[/red] {report['words']}")
        return
    state = {"fragment": "，原文不全", "draft": "，征求意见稿"}.get(report["state"], "")
    counts = f"{report['said']} 项有条款依据，{len(report['unsaid'])} 项未规定"
    changed = f"，本部署调整 {len(report['overrides'])} 项" if report["overrides"] else ""
    talk.print(f"[green]✓[/green] {report['policy']}  {escape(report['title'])}{state}：{counts}{changed}")
    for doubt in report["doubts"]:
        talk.print(f"  注意：{doubt}", markup=False)


def _whole(found: InForce) -> dict[str, Any]:
    """Everything for a program: statements as they stand, what is empty, what was changed."""
    said = {
        key: {
            "text": policy_words.text(found.policy, key, one),
            "article": list(one.article),
            "conflict": list(one.conflict),
            **({"value": one.value} if isinstance(one, Value) else {}),
        }
        for key, one in policy.statements(found.policy)
    }
    return {
        "policy": found.policy.policy,
        "source": found.policy.source.model_dump(mode="json"),
        "said": said,
        "unsaid": {hole.key: hole.why for hole in policy.holes(found.policy)},
        "overrides": [{"key": one.key, "reason": one.reason, "by": one.by} for one in found.overrides],
    }
