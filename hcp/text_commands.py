"""``hcp text``: the rules for replies and appeals, to try on a text before it is filed."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from central.core import appeal_coach, reply_coach, text_rules
from central.core.appeal_coach import GROUND_TITLES, Ground
from central.core.text_fold import TextTooLong
from central.core.text_parts import LABELS, MAX_FILE_CHARS, Piece, split
from central.core.text_rules import WEIGHT_TITLES, Finding, Weight
from hcp.exits import Exit
from hcp.talk import answer, fail, talk

app = typer.Typer(help="文本：按温州附件2检查整改答复和申诉。", no_args_is_help=True)
#: No character takes more bytes than this.
_MAX_BYTES = 4 * MAX_FILE_CHARS


@app.callback()
def _group() -> None:
    """文本：按温州附件2检查整改答复和申诉。"""


@app.command("check")
def check_command(
    file: Annotated[str, typer.Argument(help="文本文件（UTF-8），- 为标准输入。可分栏，如“处理结果：”起一行。")],
    kind: Annotated[Literal["reply", "appeal"], typer.Option(help="整改答复 reply，或申诉 appeal。")] = "reply",
    ground: Annotated[
        Ground | None, typer.Option(help="申诉情形，仅用于申诉。", show_choices=True, case_sensitive=True)
    ] = None,
    word: Annotated[list[str] | None, typer.Option(help="补充的词语（条款以“等”结尾），可多次给出。")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON，供程序读取。")] = False,
) -> None:
    """检查一份整改答复或申诉，逐条给出条款、位置和修改意见。有不合格之处即以 1 退出；最终由复核员判断。"""
    if (kind == "appeal") != (ground is not None):
        listed = "、".join(f"{one}（{title}）" for one, title in GROUND_TITLES.items())
        fail(f"申诉须用 --ground 指明情形，整改答复则不用。情形有：{listed}", Exit.USAGE)
    try:
        pieces = split(_read(file))
        fields = {part: piece.text for part, piece in pieces.items()}
        report = appeal_coach.check(ground, fields) if ground else reply_coach.check(fields, word or ())
    except ValueError as error:
        fail(str(error), Exit.USAGE)
    if as_json:
        answer({"fails": report.fails, "findings": [_as_json(one, pieces.get(one.part)) for one in report.findings]})
    else:
        for finding in report.findings:
            _tell(finding)
        talk.print("未发现问题。" if not report.findings else "有不合格之处。" if report.fails else "请核对以上各项。")
    if report.fails:
        raise typer.Exit(Exit.FAILURE)


@app.command("rules")
def rules_command() -> None:
    """列出全部条款、原文和修改意见，以及各申诉情形须写明的内容（Markdown）。"""
    typer.echo(f"{text_rules.table()}\n{appeal_coach.table()}", nl=False)


def _read(file: str) -> str:
    """Raises TextTooLong; leaves when there is nothing to read."""
    try:
        if file == "-":
            content = sys.stdin.buffer.read(_MAX_BYTES + 1)
        else:
            with Path(file).open("rb") as opened:
                content = opened.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise TextTooLong(MAX_FILE_CHARS)
        return content.decode("utf-8-sig")
    except OSError as error:
        fail(f"无法读取 {file}：{error.strerror}", Exit.USAGE)
    except UnicodeDecodeError:
        fail(f"{file} 不是 UTF-8 文本；请另存为 UTF-8 后再试", Exit.USAGE)


def _as_json(finding: Finding, piece: Piece | None) -> dict[str, Any]:
    """``start`` and ``end`` count characters of the whole text, as it was given."""
    base = piece.start if piece else 0
    return {
        "clause": finding.clause.id,
        "article": finding.clause.article,
        "rule": finding.clause.words,
        "weight": finding.weight.value,
        "field": finding.part.value,
        "start": None if finding.start is None else base + finding.start,
        "end": None if finding.end is None else base + finding.end,
        "words": finding.words,
        "advice": finding.advice,
    }


def _tell(finding: Finding) -> None:
    mark = "[red]✗[/red]" if finding.weight is Weight.FAILS else "[yellow]?[/yellow]"
    talk.print(f"{mark} {WEIGHT_TITLES[finding.weight]} ", end="")
    where = LABELS[finding.part][0]
    what = f"“{finding.words}”" if finding.words else "未写明"
    talk.print(f"{finding.clause.article}　{where}：{what}", markup=False)
    talk.print(f"    {finding.clause.words}", markup=False)
    talk.print(f"    {finding.advice}", markup=False)
