"""How commands speak: data to stdout, talk to stderr, one way to fail."""

import json
from typing import Any, NoReturn

import typer
from rich.console import Console

from hcp.exits import Exit

#: For people. Colours only on a terminal, and not under NO_COLOR.
talk = Console(stderr=True, highlight=False, soft_wrap=True)
#: Tables for people: data, so on stdout.
out = Console(highlight=False, soft_wrap=True)


def answer(data: Any) -> None:
    """One JSON document on stdout, for a program."""
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2, sort_keys=True, default=str))


def fail(message: str, code: Exit = Exit.FAILURE) -> NoReturn:
    """Say why and leave."""
    talk.print(f"[red]错误[/red] {message}", markup=True, soft_wrap=True)
    raise typer.Exit(code)
