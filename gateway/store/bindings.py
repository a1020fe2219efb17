"""SQL of bindings: the first decision with the record, later ones appended when the timeline says otherwise."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from gateway.core import evidence, times
from gateway.core.binding import Binding, Press, Rule, Status, Token, bind
from gateway.core.intake import MAX_SEQ, Genuine
from gateway.core.timeline import Serving
from gateway.store import feed, outbox, packing
from protocol import record

RECHECK_MOST = 200
#: The columns of a timeline.Serving, in its order.
SERVING = "window, case_no, service_no, staff, start_ms, end_ms, served_ms, left_ms, begun_by, served_by, ended_by"
_HOUR_MS = 3_600_000
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_DECISION = (
    "number, status, rule, window, case_no, service_no, staff, candidates, error_ms, evidence, grounds, decided_ms"
)


@dataclass(frozen=True, slots=True)
class Decided:
    """A stored decision: the ``number``-th about its rating. The last one stands, the others stay."""

    number: int
    binding: Binding
    decided_ms: int


class First:
    """First decisions on ratings that are stored in the same transaction; ``flush`` writes them, in their order.

    In one transaction with no business event: what stands at the windows is looked up once.
    """

    def __init__(self, connection: sqlite3.Connection, now_ms: int, business_error_ms: int):
        self._connection = connection
        self._now_ms = now_ms
        self._business_error_ms = business_error_ms
        self._sight = Sight(connection)
        self._rows: list[tuple] = []
        self._noted: list[record.Record] = []

    def decide(self, genuine: Genuine, number: int) -> tuple[str | None, str | None]:
        """Make the ``number``-th decision on a rating; gives its case, and the window whose token it used up."""
        found = genuine.record
        device, seq = found.device, found.head.seq
        press = Press(found.head.wall_ms, found.head.error_ms)
        token = _token(self._connection, device, found.body.token)
        carried = found.body.token is not None
        decision = _decide(self._sight, press, genuine.window, token, self._business_error_ms, carried)
        self._rows.append(_row(device, seq, number, decision, self._now_ms))
        if number > 1 or decision.status is Status.BOUND:
            self._noted.append(found)
        if token is None:
            return decision.case_no, None
        used = self._connection.execute(
            "UPDATE tokens SET used_seq = ? WHERE token = ? AND device = ? AND used_seq IS NULL",
            (seq, found.body.token, device),
        )
        return decision.case_no, token.window if used.rowcount else None

    def flush(self) -> None:
        self._connection.executemany(_INSERT, self._rows)
        for found in self._noted:
            feed.note(self._connection, found, self._now_ms)
        self._rows, self._noted = [], []


def next_number(connection: sqlite3.Connection, device: str, seq: int) -> int:
    """The number of the next decision on a rating: usually 1; more if a record that came early had this seq before and
    turned out not to fit the chain."""
    row = connection.execute("SELECT max(number) FROM bindings WHERE device = ? AND seq = ?", (device, seq)).fetchone()
    return (row[0] or 0) + 1


def decide_missing(
    connection: sqlite3.Connection, device: str, after: int, most: int, now_ms: int, business_error_ms: int
) -> int | None:
    """Decide on those of the next ``most`` ratings of a device that have no decision: a damaged page held it. Gives the
    seq to go on after, None at the end."""
    rows = connection.execute(
        "SELECT r.seq, r.hash, r.body, r.window, EXISTS (SELECT 1 FROM bindings b WHERE b.device = r.device AND"
        " b.seq = r.seq) FROM records r WHERE r.device = ? AND r.seq > ? AND r.kind = ? ORDER BY r.seq LIMIT ?",
        (device, after, record.RATING, most),
    ).fetchall()
    first = First(connection, now_ms, business_error_ms)
    for _, full_hash, body, window, decided in rows:
        if not decided and body:
            genuine = Genuine(record.parse(body), body, full_hash, window)
            first.decide(genuine, next_number(connection, device, genuine.record.head.seq))
    first.flush()
    return rows[-1][0] if len(rows) == most else None


def again(
    connection: sqlite3.Connection,
    hall: str,
    window: str,
    first_ms: int,
    last_ms: int,
    services: Iterable[tuple[str, int]],
    now_ms: int,
    business_error_ms: int,
) -> int:
    """Decide again on the ratings of a window that may have been pressed in ``first_ms … last_ms``, and on those
    without a time whose token belongs to one of ``services``.

    Appends where the decision differs; gives the number of these.
    """
    rows = connection.execute(
        # kind 1 is a rating; written out, because a partial index serves only a condition that says what it says
        "SELECT device, seq, body, window FROM records"
        " WHERE kind = 1 AND window = ? AND to_ms >= ? AND from_ms <= ? ORDER BY id",
        (window, max(first_ms - business_error_ms, 0), min(last_ms + business_error_ms, MAX_SEQ)),
    ).fetchall()
    for case_no, service_no in services:
        rows += connection.execute(
            "SELECT r.device, r.seq, r.body, r.window FROM tokens t JOIN records r ON r.token = t.token"
            " WHERE t.case_no = ? AND t.service_no = ? AND r.from_ms IS NULL AND r.kind = ?",
            (case_no, service_no, record.RATING),
        ).fetchall()
    return sum(_again(connection, hall, row, now_ms, business_error_ms) for row in dict.fromkeys(rows))


def recheck(connection: sqlite3.Connection, hall: str, since_ms: int, now_ms: int, business_error_ms: int) -> int:
    """Decide again on every rating that is not bound since then or later. Gives the number of new decisions."""
    changed = 0
    place: Open | None = Open(since_ms)
    while place is not None:
        place, more = recheck_some(connection, hall, place, now_ms, business_error_ms)
        changed += more
    return changed


class Open(NamedTuple):
    """A place among the decisions that did not bind, by the time they were made."""

    decided_ms: int
    device: str = ""
    seq: int = 0
    number: int = 0


def recheck_some(
    connection: sqlite3.Connection, hall: str, place: Open, now_ms: int, business_error_ms: int
) -> tuple[Open | None, int]:
    """Decide again on the next few ratings that are not bound. Gives where to go on (None at the end), and the number
    of new decisions. There may be a million: a hall that works without its business system binds none."""
    rows = connection.execute(
        "SELECT b.device, b.seq, r.body, r.window, b.decided_ms, b.number,"
        " b.number = (SELECT max(number) FROM bindings x WHERE x.device = b.device AND x.seq = b.seq)"
        " FROM bindings b LEFT JOIN records r ON r.device = b.device AND r.seq = b.seq AND r.kind = 1"
        " WHERE b.status <> 'bound' AND (b.decided_ms, b.device, b.seq, b.number) > (?, ?, ?, ?)"
        " ORDER BY b.decided_ms, b.device, b.seq, b.number LIMIT ?",
        (*place, RECHECK_MOST),
    ).fetchall()
    changed = sum(_again(connection, hall, row[:4], now_ms, business_error_ms) for row in rows if row[6])
    if len(rows) < RECHECK_MOST:
        return None, changed
    last = rows[-1]
    return Open(last[4], last[0], last[1], last[5]), changed


def redate(
    connection: sqlite3.Connection,
    hall: str,
    device: str,
    seqs: Iterable[int],
    now_ms: int,
    business_error_ms: int,
) -> int:
    """Decide again on ratings that were dated just now (spec 8.4). Gives the number of new decisions."""
    changed = 0
    for seq in seqs:
        row = connection.execute(
            "SELECT device, seq, body, window FROM records WHERE device = ? AND seq = ?", (device, seq)
        ).fetchone()
        changed += _again(connection, hall, row, now_ms, business_error_ms)
    return changed


def latest(connection: sqlite3.Connection, device: str, seq: int) -> tuple[int, Binding] | None:
    """The decision that stands, with its number."""
    row = connection.execute(
        f"SELECT {_DECISION} FROM bindings WHERE device = ? AND seq = ? ORDER BY number DESC LIMIT 1",  # noqa: S608
        (device, seq),
    ).fetchone()
    if row is None:
        return None
    found = _decided(row)
    return found.number, found.binding


def history(connection: sqlite3.Connection, device: str, seq: int) -> list[Decided]:
    """Every decision about a rating, the first one first, each with its evidence."""
    rows = connection.execute(
        f"SELECT {_DECISION} FROM bindings WHERE device = ? AND seq = ? ORDER BY number",  # noqa: S608
        (device, seq),
    ).fetchall()
    return [_decided(row) for row in rows]


def _decided(row: tuple) -> Decided:
    number, status, rule, window, case_no, service_no, staff, candidates, error_ms, told, grounds, decided_ms = row
    pairs = tuple((str(c), int(s)) for c, s in json.loads(candidates))
    told = packing.unpack(grounds, _beside(window, case_no, staff, decided_ms)) if grounds else told
    basis = evidence.read(json.loads(told), window) if told else None
    decision = Binding(Status(status), Rule(rule), window, case_no, service_no, staff, pairs, error_ms, basis)
    return Decided(number, decision, decided_ms)


def _beside(window: str | None, case_no: str | None, staff: str | None, decided_ms: int) -> str:
    return f"{times.text(decided_ms)}{window or ''}{staff or ''}{case_no or ''}"


def decided(connection: sqlite3.Connection, device: str, seq: int, number: int) -> Decided | None:
    """One decision by its number."""
    row = connection.execute(
        f"SELECT {_DECISION} FROM bindings WHERE device = ? AND seq = ? AND number = ?",  # noqa: S608
        (device, seq, number),
    ).fetchone()
    return _decided(row) if row else None


def _again(connection: sqlite3.Connection, hall: str, row: tuple, now_ms: int, business_error_ms: int) -> int:
    device, seq, body, window = row
    standing = latest(connection, device, seq)
    if standing is None or not body:  # its body went after its retention: what was decided stands
        return 0
    number, before = standing
    found = record.parse(body)
    press = _press(connection, device, seq, found.head)
    token = _token(connection, device, found.body.token)
    decision = _decide(Sight(connection), press, window, token, business_error_ms, found.body.token is not None)
    if decision == before:
        return 0
    connection.execute(_INSERT, _row(device, seq, number + 1, decision, now_ms))
    feed.note(connection, found, now_ms)
    outbox.put_binding(connection, device, seq, number + 1, decision.case_no)
    return 1


class Sight:
    """What stands at the windows, looked up once each: for one transaction in which no business event is taken."""

    def __init__(self, connection: sqlite3.Connection):
        self._connection = connection
        self._windows: dict[str, bool] = {}
        self._hours: dict[tuple[str, int, int], list[tuple[str, int, int, int]]] = {}
        self._stretches: dict[tuple[str, str, int], list[Serving]] = {}

    def exists(self, window: str) -> bool:
        """Whether the window is registered and open."""
        found = self._windows.get(window)
        if found is None:
            found = self._windows[window] = _exists(self._connection, window)
        return found

    def keys(self, window: str, first_ms: int, last_ms: int) -> set[tuple[str, int]]:
        """The services that stood at the window at a moment of ``first_ms … last_ms``."""
        hours = window, first_ms // _HOUR_MS, last_ms // _HOUR_MS
        rows = self._hours.get(hours)
        if rows is None:
            begin_ms, end_ms = hours[1] * _HOUR_MS, (hours[2] + 1) * _HOUR_MS
            # a serving is shorter than a day by far (timeline.Rules), which keeps the search inside the index
            rows = self._hours[hours] = self._connection.execute(
                "SELECT case_no, service_no, start_ms, end_ms FROM servings"
                " WHERE window = ? AND start_ms <= ? AND start_ms >= ? AND end_ms > ?",
                (window, _fit(end_ms), _fit(begin_ms - 86_400_000), _fit(begin_ms)),
            ).fetchall()
        return {(case_no, number) for case_no, number, start, end in rows if start <= last_ms and end > first_ms}

    def stretches(self, window: str, key: tuple[str, int]) -> list[Serving]:
        """Every serving of a service at the window."""
        found = self._stretches.get((window, *key))
        if found is None:
            rows = self._connection.execute(
                f"SELECT {SERVING} FROM servings WHERE case_no = ? AND service_no = ? AND window = ?",  # noqa: S608
                (*key, window),
            ).fetchall()
            found = self._stretches[window, *key] = [Serving(*row) for row in rows]
        return found


def _decide(
    sight: Sight,
    press: Press,
    window: str | None,
    token: Token | None,
    business_error_ms: int,
    carried: bool,
) -> Binding:
    if window is not None and not sight.exists(window):
        window = None
    keys = {token.key} if token else set()
    span = press.span(business_error_ms)
    if window is not None and span is not None:
        keys |= sight.keys(window, *span)
    stretches = [serving for key in sorted(keys) for serving in sight.stretches(window, key)] if window else []
    return bind(press, window, token, stretches, business_error_ms, carried)


def _press(connection: sqlite3.Connection, device: str, seq: int, head: record.Head) -> Press:
    """The moment that the record states, or else the one that later records gave it (spec 8.4)."""
    if head.wall_ms is not None:
        return Press(head.wall_ms, head.error_ms)
    row = connection.execute(
        "SELECT from_ms, to_ms FROM records WHERE device = ? AND seq = ? AND from_ms IS NOT NULL", (device, seq)
    ).fetchone()
    if row is None:
        return Press(None, None)
    wall_ms = (row[0] + row[1]) // 2
    return Press(wall_ms, row[1] - wall_ms, dated=True)


def _fit(ms: int) -> int:
    return max(min(ms, MAX_SEQ), -MAX_SEQ)


def _exists(connection: sqlite3.Connection, window: str) -> bool:
    row = connection.execute("SELECT open FROM windows WHERE window = ?", (window,)).fetchone()
    return bool(row and row[0])


def _token(connection: sqlite3.Connection, device: str, token: bytes | None) -> Token | None:
    if token is None:
        return None
    row = connection.execute(
        "SELECT window, case_no, service_no, issued_ms, staff FROM tokens WHERE token = ? AND device = ?",
        (token, device),
    ).fetchone()
    return Token(*row) if row else None


_INSERT = (
    "INSERT INTO bindings (device, seq, number, status, rule, window, case_no, service_no, staff, candidates,"
    " error_ms, decided_ms, grounds) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def _row(device: str, seq: int, number: int, decision: Binding, now_ms: int) -> tuple:
    grounds = None
    if decision.evidence:
        beside = _beside(decision.window, decision.case_no, decision.staff, now_ms)
        grounds = packing.pack(_ENCODE(evidence.data(decision.evidence)), beside)
    return (
        device,
        seq,
        number,
        decision.status,
        decision.rule,
        decision.window,
        decision.case_no,
        decision.service_no,
        decision.staff,
        json.dumps(decision.candidates) if decision.candidates else "[]",
        decision.error_ms,
        now_ms,
        grounds,
    )
