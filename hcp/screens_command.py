"""``hcp sim screens``: pictures of everything the device's display can show, drawn by its own firmware."""

import subprocess
from pathlib import Path
from typing import Annotated

import typer

from hcp.exits import Exit
from hcp.talk import fail, talk


def screens_command(
    out: Annotated[Path, typer.Option(help="每个画面一个 PNG 写入此目录。")],
    sheet: Annotated[Path | None, typer.Option(help="另把固件自带的画面排成一张总览图，写入此文件。")] = None,
    scenes: Annotated[Path | None, typer.Option(help="另把网关合成的画面按原寸排成一张总览图，写入此文件。")] = None,
) -> None:
    """由真实固件画出评价器的每一个画面，写成 PNG。"""
    from simulator import screens

    try:
        number = screens.write(out, sheet, scenes)
    except (subprocess.SubprocessError, OSError) as error:
        fail(f"画不出画面：{error}", Exit.FAILURE)
    talk.print(f"{number} 个画面写入 {out}" + "".join(f"，总览图 {path}" for path in (sheet, scenes) if path))
