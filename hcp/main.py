"""``hcp``: one command for the whole system. Each group of sub-commands is a module of its own.

Only the group that is asked for is imported: a gateway that runs for months holds no simulator.
"""

import importlib
import sys
from typing import Any

import typer

from hcp.exits import Exit

#: Group → its module, which has an ``app``.
GROUPS = {
    "gateway": "hcp.gateway_commands",
    "broker": "hcp.broker_commands",
    "central": "hcp.central_commands",
    "calendar": "hcp.calendar_commands",
    "policy": "hcp.policy_commands",
    "device": "hcp.device_commands",
    "firmware": "hcp.firmware_command",
    "sim": "hcp.sim_commands",
    "audit": "hcp.audit_commands",
    "text": "hcp.text_commands",
}
#: Command → its module and function.
COMMANDS = {
    "demo": ("hcp.sim_commands", "demo"),
    "bench": ("hcp.bench_commands", "bench_command"),
}


def application(wanted: str | None = None) -> typer.Typer:
    """The command with all its groups, or with the ``wanted`` one alone if there is such."""
    found = typer.Typer(
        name="hcp",
        help="好差评：窗口评价系统。评价器、大厅网关、中心系统与模拟器的统一命令。",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    # typer runs the only command of an application without its name: a group never comes alone
    found.callback()(lambda: None)
    known = wanted in GROUPS or wanted in COMMANDS
    for name, module in GROUPS.items():
        if not known or name == wanted:
            found.add_typer(importlib.import_module(module).app, name=name)
    for name, (module, function) in COMMANDS.items():
        if not known or name == wanted:
            found.command(name)(getattr(importlib.import_module(module), function))
    return found


def __getattr__(name: str) -> Any:
    if name == "app":
        return application()
    raise AttributeError(name)


def main() -> None:
    """The entry point. Ctrl-C ends with the shell's own code for it."""
    try:
        application(sys.argv[1] if len(sys.argv) > 1 else None)()
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
