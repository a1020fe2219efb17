"""Verifying a folder of records offline: signatures, chains and the databases beside them (``hcp audit verify``).

What is verified is a folder, or central's database alone (`verify_database`).

The folder holds ``records.cborseq`` (a CBOR sequence of records, any order), ``devices/<id>.pem`` (public keys; of a
device that has rotated all of them, the first one first) and, if the giver added them, ``heads.json`` (device → seq and
hash of the last record, so that a cut-off end shows), ``central.db`` with its audit, and ``audit-heads.json``
(ends of the audit that somebody noted). Nothing in the folder is believed because of
where it came from: only the devices' keys are.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from central import audit_check
from protocol import cbor, chain, cose, levels, record, signature
from protocol.errors import ProtocolError

_RECORD_START = b"\xd2\x84"
_PEM_END = b"-----END PUBLIC KEY-----"
#: The keys of one device by their ids; the first one is what it began with.
_Keys = dict[str, ec.EllipticCurvePublicKey]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. ``code`` is stable; ``where`` names the record as well as it can be named."""

    code: str
    where: str
    detail: str


@dataclass
class Report:
    """What was verified. ``ok`` only if nothing at all was found."""

    records: int = 0
    ratings: int = 0
    devices: dict[str, dict] = field(default_factory=dict)
    audit: dict[str, object] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.findings

    def say(self, code: str, where: str, detail: str) -> None:
        self.findings.append(Finding(code, where, detail))


@dataclass(frozen=True)
class _Item:
    index: int
    offset: int
    data: bytes

    @property
    def where(self) -> str:
        return f"record {self.index} (byte {self.offset}{_inner_name(self.data)})"


_Chains = dict[str, dict[int, tuple[_Item, record.Record]]]


class AuditError(Exception):
    """The folder is not one that can be verified; the text says what is missing."""


def verify(folder: Path) -> Report:
    """Verify a folder. Raises AuditError if ``records.cborseq`` or ``devices/`` is not there."""
    sequence = folder / "records.cborseq"
    if not sequence.is_file() or not (folder / "devices").is_dir():
        raise AuditError(
            f"{folder} lacks records.cborseq or devices/; name the folder that the demo or an export wrote"
        )
    report = Report()
    keys = _keys(folder / "devices", report)
    chains = _check_records(sequence.read_bytes(), keys, report)
    _check_heads(folder / "heads.json", report)
    _check_central(folder / "central.db", chains, report)
    _check_audit(str(folder / "central.db"), folder / audit_check.HEADS, report)
    return report


def verify_database(database: str, heads: Path | None = None) -> Report:
    """Verify central's database by itself, a file or a URL: the devices' records by the keys it holds, its audit, and
    the deeds that the audit vouches for. Raises AuditError if it cannot be read."""
    report = Report()
    try:
        with audit_check.reading(database) as connection:
            bodies, keys = audit_check.records(connection)
    except audit_check.DatabaseError as error:
        raise AuditError(f"{_named(database)} cannot be read: {error}") from None
    _check_records(bodies, keys, report)
    _check_audit(database, heads, report)
    return report


def _named(database: str) -> str:
    try:
        return audit_check.named(database)
    except audit_check.DatabaseError:
        return "the database"  # no URL that we read, and perhaps a password in it


def _check_records(data: bytes, keys: dict[str, _Keys], report: Report) -> _Chains:
    chains: _Chains = {}
    signers: dict[int, str] = {}
    for item in _split(data, report):
        report.records += 1
        read = _check_record(item, keys, signers, report)
        if read is None:
            continue
        report.ratings += read.kind == record.RATING
        mine = chains.setdefault(read.device, {})
        if read.head.seq in mine:
            report.say("twice", item.where, f"{read.device}/{read.head.seq} is also {mine[read.head.seq][0].where}")
        else:
            mine[read.head.seq] = (item, read)
    for device, mine in sorted(chains.items()):
        _check_keys(next(iter(keys[device])), mine, signers, report)
        report.devices[device] = _check_chain(device, mine, report)
    return chains


def _keys(folder: Path, report: Report) -> dict[str, _Keys]:
    keys: dict[str, _Keys] = {}
    for file in sorted(folder.glob("*.pem")):
        for pem in file.read_bytes().split(_PEM_END)[:-1] or [b""]:
            try:
                key = load_pem_public_key(pem.lstrip() + _PEM_END)
            except ValueError as error:
                report.say("bad_key", file.name, str(error))
                continue
            if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
                keys.setdefault(file.stem, {})[signature.key_id(key)] = key
            else:
                report.say("bad_key", file.name, "expected a P-256 public key")
    return keys


def _split(data: bytes, report: Report) -> Iterator[_Item]:
    at = index = 0
    while at < len(data):
        try:
            _, end = cbor.decode_prefix(data, at)
        except ProtocolError as error:
            # The frame is damaged: name it, and find the next one by the two bytes with which every record begins.
            end = data.find(_RECORD_START, at + 1)
            end = end if end > 0 else len(data)
            report.records += 1
            report.say(error.code, _Item(index, at, data[at:end]).where, error.detail)
        else:
            yield _Item(index, at, data[at:end])
        at = end
        index += 1


def _inner_name(data: bytes) -> str:
    """What the record itself says it is, for a person to find it; it may be the very thing that was changed."""
    try:
        envelope = cose.sign1_unpack(data)
        fields = cbor.decode(envelope.payload)
        return f", {envelope.kid}/{fields[3]}"
    except (ProtocolError, KeyError, TypeError):
        return ""


def _check_record(item: _Item, keys: dict[str, _Keys], signers: dict[int, str], report: Report) -> record.Record | None:
    try:
        envelope = cose.sign1_unpack(item.data)
        if envelope.kid not in keys:
            report.say("unknown_device", item.where, f"no devices/{envelope.kid}.pem")
            return None
        signers[item.index] = _signer(keys[envelope.kid], envelope)
        return record.parse(item.data)
    except ProtocolError as error:
        report.say(error.code, item.where, error.detail)
        return None


def _signer(keys: _Keys, envelope: cose.Sign1) -> str:
    for name, key in reversed(list(keys.items())):
        try:
            signature.verify(key, envelope.to_be_signed, envelope.signature)
            return name
        except ProtocolError:
            continue
    raise ProtocolError("bad_signature", "the device's key did not sign these bytes")


def _check_keys(
    first: str, mine: dict[int, tuple[_Item, record.Record]], signers: dict[int, str], report: Report
) -> None:
    """At each seq the key in force, and no other (spec 7.6)."""
    rotations: list[tuple[int, str]] = []
    for seq in sorted(mine):
        item, read = mine[seq]
        in_force = chain.key_at(first, rotations, seq)
        if signers[item.index] != in_force:
            report.say("bad_signature", item.where, f"signed by {signers[item.index]}; in force there is {in_force}")
        elif following := chain.next_key(read):
            rotations.append((seq, following))


def _check_chain(device: str, mine: dict[int, tuple[_Item, record.Record]], report: Report) -> dict:
    lost = [loss for _, read in mine.values() if (loss := chain.declared_loss(read))]
    head = chain.step_over(chain.START, lost)
    for seq in sorted(mine):
        item, read = mine[seq]
        full_hash = record.record_hash(item.data)
        verdict = chain.judge(head, seq, read.head.prev, full_hash, None)
        if verdict == chain.EARLY:
            report.say("gap", f"{device}/{head.seq + 1}", f"missing up to {device}/{seq - 1}, and not declared lost")
        elif verdict == chain.BROKEN:
            report.say("broken", item.where, "prev is not the hash of the record before it")
        head = chain.step_over(chain.Head(seq, full_hash[:16]), lost)
    return {"records": len(mine), "head": head.seq, "declared_lost": sum(last - first + 1 for first, last in lost)}


def _check_heads(file: Path, report: Report) -> None:
    if not file.is_file():
        return
    try:
        heads = json.loads(file.read_text())
        expected = {device: int(seq) for device, seq in heads.items()}
    except (ValueError, AttributeError, TypeError) as error:
        report.say("bad_heads", file.name, str(error))
        return
    for device, seq in expected.items():
        found = report.devices.get(device, {}).get("head", 0)
        if found != seq:
            report.say(
                "cut_off", f"{device}/{seq}", f"heads.json says the chain ends there, the records end at {found}"
            )


def _check_audit(database: str, heads: Path | None, report: Report) -> None:
    if "://" not in database and not Path(database).is_file():
        return
    try:
        known = audit_check.read_heads(heads) if heads is not None and heads.is_file() else []
        head, faults = audit_check.verify(database, known)
    except ValueError as error:
        report.say("bad_heads", audit_check.HEADS, str(error))
        return
    except audit_check.DatabaseError as error:
        report.say("bad_database", Path(database).name, str(error))
        return
    report.audit = {"entries": head.number, "hash": head.hash.hex(), "noted": len(known)}
    for fault in faults:
        report.say(fault.code, f"audit entry {fault.number}" if fault.number else "audit", fault.detail)


def _check_central(file: Path, chains: dict, report: Report) -> None:
    """What the database says of a rating must be what the device signed."""
    if not file.is_file():
        return
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        try:
            bodies = dict(_rows(database, "SELECT device, seq, body FROM records"))
            stored = dict(_rows(database, "SELECT device, seq, level FROM ratings"))
        except sqlite3.DatabaseError as error:
            report.say("bad_database", file.name, str(error))
            return
    for device, mine in chains.items():
        for seq, (item, read) in mine.items():
            if bodies.pop((device, seq), None) != item.data:
                report.say("not_in_database", item.where, "central.db holds other bytes, or none, for it")
            if read.kind == record.RATING:
                level = stored.pop((device, seq), None)
                if level != levels.name(read.body.level):
                    report.say("level_differs", item.where, f"central.db says {level}, which the device did not sign")
    for device, seq in sorted(bodies):
        report.say("not_exported", f"{device}/{seq}", "central.db holds it, records.cborseq does not")
    for device, seq in sorted(stored):
        report.say("unsigned", f"{device}/{seq}", "central.db has a rating for which there is no record")


def _rows(database: sqlite3.Connection, query: str) -> Iterator[tuple[tuple[str, int], object]]:
    for device, seq, value in database.execute(query):
        yield (device, seq), value
