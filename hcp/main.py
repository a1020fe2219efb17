"""``hcp``: one command for the whole system. Each group of sub-commands is a module of its own."""

import sys

import typer

from hcp import (
    audit_commands,
    bench_commands,
    broker_commands,
    central_commands,
    device_commands,
    firmware_command,
    gateway_commands,
    gateway_sync_commands,
    gateway_trace_commands,
    sim_commands,
)
from hcp.exits import Exit

app = typer.Typer(
    name="hcp",
    help="好差评：窗口评价系统。评价器、大厅网关、中心系统与模拟器的统一命令。",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
gateway_sync_commands.add_to(gateway_commands.app)
gateway_trace_commands.add_to(gateway_commands.app)
app.add_typer(gateway_commands.app, name="gateway")
app.add_typer(broker_commands.app, name="broker")
app.add_typer(central_commands.app, name="central")
app.add_typer(device_commands.app, name="device")
app.add_typer(firmware_command.app, name="firmware")
app.add_typer(sim_commands.app, name="sim")
app.add_typer(audit_commands.app, name="audit")
app.command("demo")(sim_commands.demo)
app.command("bench")(bench_commands.bench_command)


def main() -> None:
    """The entry point. Ctrl-C ends with the shell's own code for it."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
