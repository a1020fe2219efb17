"""SQL of scenes: what a device shows now, and the token that arms it, stored before it is shown."""

import sqlite3
from dataclasses import dataclass, replace

from gateway.core import arming
from gateway.core import scene as core
from gateway.core.scene import Look, Prompt
from gateway.store import business
from protocol.downlink import Scene


@dataclass(frozen=True, slots=True)
class Showing:
    """``scene`` lacks its pictures; ``prompt`` is what one of them shows.

    ``look_again_ms``: when time alone will change it (None: never).
    """

    scene: Scene
    prompt: Prompt | None
    look_again_ms: int | None


def showing(
    connection: sqlite3.Connection,
    hall: str,
    device: str,
    window: str,
    now_ms: int,
    undo_ms: int,
    look: Look,
    fresh_token: bytes,
) -> Showing:
    """The scene for a device at a window. ``fresh_token`` (8 random bytes) is issued if the serving has no token
    yet."""
    row = connection.execute("SELECT open FROM windows WHERE window = ?", (window,)).fetchone()
    if not row or not row[0]:
        return Showing(arming.scene(arming.Show(None, False, None), None, None, undo_ms, False, look), None, None)
    shown = arming.show(business.servings(connection, window, now_ms), now_ms)
    token = item_name = prompt = None
    if shown.serving:
        found = connection.execute("SELECT item_name FROM cases WHERE case_no = ?", (shown.serving.case_no,)).fetchone()
        item_name = found[0] if found else None
        if shown.armed:
            token = _token(connection, device, shown, now_ms, fresh_token)
        if token is None and shown.left(now_ms):
            shown = replace(shown, serving=None)
    if shown.serving and (token or not shown.armed):
        # before it is asked for, so that it is there by then; not after the rating
        prompt = core.prompt(look, hall, shown.serving, item_name)
    return Showing(arming.scene(shown, token, item_name, undo_ms, True, look, hall), prompt, shown.look_again_ms)


def _token(
    connection: sqlite3.Connection, device: str, shown: arming.Show, now_ms: int, fresh_token: bytes
) -> bytes | None:
    serving = shown.serving
    assert serving
    row = connection.execute(
        "SELECT token, used_seq FROM tokens WHERE device = ? AND case_no = ? AND service_no = ? AND window = ?",
        (device, *serving.key, serving.window),
    ).fetchone()
    if row:
        return row[0] if row[1] is None else None
    connection.execute(
        "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
        (fresh_token, device, serving.window, *serving.key, serving.staff, now_ms),
    )
    return fresh_token
