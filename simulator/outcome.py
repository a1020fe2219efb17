"""How a story ended: the count against the truth, and the folder for an auditor."""

import json
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from central import audit_check
from simulator.evidence import CENTRAL_DB, GATEWAY_DB, held_by_central, reading
from simulator.hall import Hall
from simulator.truth import Account, Press, Truth, compare


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


def summarize(hall: Hall, truth: Truth, kills: int = 0) -> Summary:
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


def _row(hall: Hall, device: str, account: Account) -> dict:
    sure = [rating.seq for press, rating in account.matched if press.sure]
    with reading(hall.gateway_data / GATEWAY_DB) as database:
        stored = {
            row[0] for row in database.execute("SELECT seq FROM records WHERE device = ? AND kind = 1", (device,))
        }
    row = asdict(account)
    for name in ("complaints", "matched"):
        del row[name]
    row["stored"] = sum(seq in stored for seq in sure)
    row["receipted"] = sum(seq <= hall.receipted.get(device, 0) for seq in sure)
    return row


def write(hall: Hall, summary: Summary, presses: list[Press], out: Path) -> None:
    """Write the folder that ``hcp audit verify`` reads, with both databases and the summary."""
    (out / "devices").mkdir(parents=True, exist_ok=True)
    for source, name in ((hall.gateway_data / GATEWAY_DB, GATEWAY_DB), (hall.central_data / CENTRAL_DB, CENTRAL_DB)):
        # SQLite's own backup: one file without a -wal beside it
        (out / name).unlink(missing_ok=True)
        with reading(source) as database, closing(sqlite3.connect(out / name)) as copy:
            database.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
    head = audit_check.head(str(out / CENTRAL_DB))
    (out / audit_check.HEADS).write_text(json.dumps({"number": head.number, "hash": head.hash.hex()}) + "\n")
    with reading(out / CENTRAL_DB) as database:
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
    return load_der_public_key(key).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
