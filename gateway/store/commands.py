"""SQL of commands to devices."""

import json
import sqlite3
from collections.abc import Mapping

from gateway.core import commands
from gateway.core.commands import Command
from gateway.store import meta
from protocol import record
from protocol.errors import ProtocolError

KEEP = 50
"""Commands of one device that are remembered after their end."""
_COLUMNS = (
    "id, device, name, args, asked_by, state, created_ms, deadline_ms, sent_ms, sends, heard_ms, ended_ms, text,"
    " done, total"
)
_FIRMWARE = record.EVENT_CODES["firmware"]
_LOOK_BACK = 20


def add(
    connection: sqlite3.Connection, device: str, name: str, args: Mapping[str, int | str], by: str, now_ms: int
) -> Command:
    """Queue a command. The same one that is still open is given back; with other arguments it takes its place."""
    for found in open_of(connection, device):
        if found.name == name and _asked(found) == _asked_args(name, args):
            return found
        if found.name == name:
            put(connection, commands.follow(found, "replaced", now_ms))
    # rising over the loss of the database too: a device may still hold the id of an update
    command = commands.new(meta.rising(connection, "command", now_ms), device, name, args, by, now_ms)
    put(connection, command)
    connection.execute(
        "DELETE FROM commands WHERE device = ? AND state NOT IN ('queued', 'sent') AND id <="
        " (SELECT id FROM commands WHERE device = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
        (device, device, KEEP),
    )
    return command


def put(connection: sqlite3.Connection, command: Command) -> None:
    values = (
        command.id,
        command.device,
        command.name,
        json.dumps(dict(command.args), sort_keys=True),
        command.by,
        command.state,
        command.created_ms,
        command.deadline_ms,
        command.sent_ms,
        command.sends,
        command.heard_ms,
        command.ended_ms,
        command.text,
        command.done,
        command.total,
    )
    marks = ", ".join("?" * len(values))
    connection.execute(f"INSERT OR REPLACE INTO commands ({_COLUMNS}) VALUES ({marks})", values)  # noqa: S608


def get(connection: sqlite3.Connection, number: int) -> Command | None:
    row = connection.execute(f"SELECT {_COLUMNS} FROM commands WHERE id = ?", (number,)).fetchone()  # noqa: S608
    return _command(row) if row else None


def of(connection: sqlite3.Connection, device: str) -> list[Command]:
    """Those of a device that are remembered, newest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM commands WHERE device = ? ORDER BY id DESC",  # noqa: S608
        (device,),
    ).fetchall()
    return [_command(row) for row in rows]


def open_of(connection: sqlite3.Connection, device: str | None = None) -> list[Command]:
    """Those without a last answer, oldest first; of one device or of all."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM commands WHERE state IN ('queued', 'sent') AND (? IS NULL OR device = ?)"  # noqa: S608
        " ORDER BY id",
        (device, device),
    ).fetchall()
    return [_command(row) for row in rows]


def firmware_since(connection: sqlite3.Connection, device: str, since_ms: int) -> int | None:
    """The version that a device said it runs, in an event 8 that came at or after ``since_ms``; None if it did not."""
    rows = connection.execute(
        "SELECT body FROM records WHERE device = ? AND kind = ? AND received_ms >= ? ORDER BY seq DESC LIMIT ?",
        (device, record.EVENT, since_ms, _LOOK_BACK),
    ).fetchall()
    for (body,) in rows:
        try:
            event = record.parse(body).body
        except ProtocolError:  # a stored record was parsed before; another version's would not be worth a stop
            continue
        version = event.detail.get("to")
        if event.code == _FIRMWARE and isinstance(version, int):
            return version
    return None


def _asked(command: Command) -> dict:
    return _asked_args(command.name, command.args)


def _asked_args(name: str, args: Mapping[str, int | str]) -> dict:
    # what the gateway itself adds on the way (a boot counter, a certificate) makes no other command of it
    return {} if name in ("reboot", "rotate_key") else dict(args)


def _command(row: tuple) -> Command:
    number, device, name, args, *rest = row
    return Command(number, device, name, json.loads(args), *rest)
