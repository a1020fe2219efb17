"""What a story left behind: the databases read from outside, the count against the truth, the auditor's folder."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from protocol import levels, record
from simulator.truth import Account, Held, Press, compare

if TYPE_CHECKING:
    from simulator.hall import Hall
    from simulator.story import Truth

GATEWAY_DB = "gateway.db"
CENTRAL_DB = "central.db"


@contextmanager
def _reading(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as database:
        yield database


def _one(file: Path, query: str, *values) -> int:
    with _reading(file) as database:
        return database.execute(query, values).fetchone()[0]


def stored_ratings(gateway_data: Path) -> list[bytes]:
    """The signed bytes of every rating the gateway holds."""
    with _reading(gateway_data / GATEWAY_DB) as database:
        return [row[0] for row in database.execute("SELECT body FROM records WHERE kind = 1 ORDER BY id")]


def in_quarantine(gateway_data: Path, body: bytes) -> bool:
    """Whether the gateway has put exactly these bytes aside."""
    query = "SELECT count(*) FROM quarantine WHERE hash = ?"
    return bool(_one(gateway_data / GATEWAY_DB, query, record.record_hash(body)))


def is_held(hall: "Hall", body: bytes) -> bool:
    """Whether gateway or central took these bytes for a genuine record."""
    query = "SELECT count(*) FROM records WHERE body = ?"
    return bool(_one(hall.gateway_data / GATEWAY_DB, query, body) or _one(hall.central_data / CENTRAL_DB, query, body))


def unsettled(hall: "Hall") -> str:
    """What is still under way, in words; empty once every record has reached central and every receipt its device."""
    for device in hall.devices.values():
        stats = device.stats()
        if stats.unsigned or stats.waiting:
            return f"{device.id} has {stats.waiting} records without a receipt, an open choice: {stats.unsigned}"
    pending = _one(hall.gateway_data / GATEWAY_DB, "SELECT count(*) FROM outbox WHERE state = 'pending'")
    if pending:
        return f"{pending} events wait for central"
    return ""


def held_by_central(central_data: Path) -> list[Held]:
    """Every rating in central's database, with the binding that stands."""
    query = """
        SELECT r.device, r.seq, r.level, r.status, b.status, b.case_no, b.service_no, b.staff
        FROM ratings r LEFT JOIN bindings b ON b.device = r.device AND b.seq = r.seq AND b.number =
            (SELECT max(number) FROM bindings WHERE device = r.device AND seq = r.seq)
        ORDER BY r.device, r.seq"""
    with _reading(central_data / CENTRAL_DB) as database:
        return [_held(*row) for row in database.execute(query)]


def _held(device, seq, level, status, binding, case_no, service_no, staff) -> Held:
    service = (case_no, service_no) if case_no else None
    return Held(device, seq, levels.number(level), binding or "unbound", service, staff, status == "counted")


@dataclass
class Summary:
    """``summary.json``: the scripted truth against what central holds. docs/architecture.md explains each field.

    ``stored`` and ``receipted`` are the truth's ratings for which the gateway's database and the device's flash vouch.
    """

    pressed: int
    receipted: int
    stored: int
    bound: int
    unbound: int
    ambiguous: int
    central: int
    lost: int
    duplicated: int
    misbound: int
    forged: int
    rejected: int
    silent: int
    kills: int
    windows: dict[str, dict]
    complaints: list[str]

    @property
    def ok(self) -> bool:
        return not (self.lost or self.duplicated or self.misbound or self.forged != self.rejected or self.complaints)


def summarize(hall: "Hall", truth: "Truth", kills: int = 0) -> Summary:
    """Count what became of the truth. The servers may be stopped by now; the receipts were noted before."""
    accounts = compare(truth.presses, held_by_central(hall.central_data), truth.silent)
    windows = {device: window for window, device in hall.plan.windows.items()}
    total = Account()
    rows = {}
    for device, account in accounts.items():
        total.add(account)
        rows[windows.get(device, device)] = _row(hall, device, account)
    return Summary(
        pressed=total.pressed,
        receipted=sum(row["receipted"] for row in rows.values()),
        stored=sum(row["stored"] for row in rows.values()),
        bound=total.bound,
        unbound=total.unbound,
        ambiguous=total.ambiguous,
        central=total.central,
        lost=total.lost,
        duplicated=total.duplicated,
        misbound=total.misbound,
        forged=truth.forged,
        rejected=truth.refused,
        silent=len(truth.silent),
        kills=kills,
        windows=rows,
        complaints=total.complaints,
    )


def _row(hall: "Hall", device: str, account: Account) -> dict:
    sure = [rating.seq for press, rating in account.matched if press.sure]
    with _reading(hall.gateway_data / GATEWAY_DB) as database:
        stored = {
            row[0] for row in database.execute("SELECT seq FROM records WHERE device = ? AND kind = 1", (device,))
        }
    row = asdict(account)
    for name in ("complaints", "matched"):
        del row[name]
    row["stored"] = sum(seq in stored for seq in sure)
    row["receipted"] = sum(seq <= hall.receipted.get(device, 0) for seq in sure)
    return row


def write(hall: "Hall", summary: Summary, presses: list[Press], out: Path) -> None:
    """Write the folder that ``hcp audit verify`` reads, with both databases and the summary."""
    (out / "devices").mkdir(parents=True, exist_ok=True)
    for source, name in ((hall.gateway_data / GATEWAY_DB, GATEWAY_DB), (hall.central_data / CENTRAL_DB, CENTRAL_DB)):
        # SQLite's own backup: one file without a -wal beside it
        (out / name).unlink(missing_ok=True)
        with _reading(source) as database, closing(sqlite3.connect(out / name)) as copy:
            database.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
    with _reading(out / CENTRAL_DB) as database:
        bodies = database.execute("SELECT body FROM records ORDER BY device, seq").fetchall()
        heads = dict(database.execute("SELECT device, seq FROM heads"))
        keys = dict(database.execute("SELECT device, key FROM devices"))
    (out / "records.cborseq").write_bytes(b"".join(body for (body,) in bodies))
    (out / "heads.json").write_text(json.dumps(heads, indent=2, sort_keys=True) + "\n")
    for device, key in keys.items():
        (out / "devices" / f"{device}.pem").write_bytes(_pem(key))
    (out / "truth.json").write_text(
        json.dumps([_press(press) for press in presses], ensure_ascii=False, indent=1) + "\n"
    )
    (out / "summary.json").write_text(json.dumps(asdict(summary), ensure_ascii=False, indent=2) + "\n")


def _press(press: Press) -> dict:
    return {**asdict(press), "levels": sorted(press.levels)}


def _pem(key: bytes) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

    return load_der_public_key(key).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
