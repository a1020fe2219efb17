"""Deciding what becomes of each event of a batch (spec 4.3, 7.4, 9.3). Values in, verdicts out.

Two steps, because checking signatures is slow and needs no transaction:

1. :func:`prove` reads the record inside an event and checks its signature;
2. :class:`Desk` holds what central already knows that matters to the batch, gives one :class:`Verdict` for each event
   in order, and moves its own picture along, so that a later event of the batch sees the earlier ones.

Bad input gives a verdict, never an exception, and never touches its neighbours.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography import x509

from central.core import certificate, effects, events
from central.core.effects import Effect
from protocol import chain, record, signature
from protocol.errors import ProtocolError


class Result(StrEnum):
    """The five answers of spec 9.3."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    REJECTED = "rejected"
    RETRY = "retry"


@dataclass(frozen=True)
class Verdict:
    """The answer for one event, and what to keep because of it."""

    id: str
    status: Result
    code: str = ""
    detail: str = ""
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True)
class Device:
    """A pinned device. ``key`` is its SubjectPublicKeyInfo in DER."""

    hall: str
    key: bytes


@dataclass(frozen=True)
class Link:
    """What the chain needs of a stored record: ``prev`` (16 bytes) and its own hash (32)."""

    prev: bytes
    hash: bytes


@dataclass(frozen=True)
class Proof:
    """A record that could be read. ``key`` is the id of the key that signed it, None if none of ``tried`` did."""

    record: record.Record
    hash: bytes
    key: str | None
    tried: frozenset[str]


def read_record(data: bytes) -> record.Record | ProtocolError:
    """The record in these bytes, or why there is none."""
    try:
        return record.parse(data)
    except ProtocolError as error:
        return error


def prove(read: record.Record, data: bytes, keys: Sequence[bytes]) -> Proof:
    """Find which of the device's keys signed it. Whether that one was in force is decided at the desk."""
    signer = None
    for key in reversed(keys):  # a device that has rotated stays with its newest
        try:
            signature.verify(certificate.load_key(key), read.to_be_signed, read.signature)
        except ProtocolError:
            continue
        signer = certificate.key_id(key)
        break
    return Proof(read, record.record_hash(data), signer, frozenset(map(certificate.key_id, keys)))


@dataclass
class Desk:
    """What central knows that matters to one batch of one hall.

    ``after(device, seq)`` gives stored records of the device just above ``seq``, at least the one at seq+1 if there is
    one. It is asked only when a gap is being filled.
    """

    hall: str
    authority: x509.Certificate
    revoked: frozenset[str]
    after: Callable[[str, int], Mapping[int, Link]]
    identity_keys: frozenset[str] = frozenset()
    seen: dict[str, str] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    certificates: set[str] = field(default_factory=set)
    heads: dict[str, chain.Head] = field(default_factory=dict)
    tops: dict[str, int] = field(default_factory=dict)
    losses: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    rotations: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    stored: dict[tuple[str, int], Link] = field(default_factory=dict)
    decisions: dict[tuple[str, int, int], str] = field(default_factory=dict)
    _gone: set[tuple[str, int]] = field(default_factory=set)
    _bare: dict[str, tuple[int, int]] = field(default_factory=dict)

    def take(self, event: events.Event | events.Refused, proof: Proof | ProtocolError | None = None) -> Verdict:
        """Decide one event. ``proof`` belongs to a record event: its Proof, or why it cannot be read."""
        if isinstance(event, events.Refused):
            named = event.id and event.id.isprintable()  # no database has to keep what nobody can read
            return _reject(event.id, event.id if named else event.content, event.code, event.detail, event.body)
        known = self.seen.get(event.id)
        if known is not None:
            return self._seen_before(event, known)
        data = event.data
        if isinstance(data, events.Enrolled):
            verdict = self._enrol(event, data)
        elif isinstance(data, events.SignedRecord):
            verdict = self._take_record(event, data, proof)
        elif isinstance(data, events.Decision):
            verdict = self._take_decision(event, data)
        elif isinstance(data, events.Case):
            verdict = _accept(event, effects.KeepCase(data))
        elif isinstance(data, events.Service):
            verdict = _accept(event, effects.KeepService(data))
        elif isinstance(data, events.SealedIdentity):
            verdict = _accept(event, effects.KeepIdentity(data), *self._strange_key(data))
        else:
            verdict = _accept(event, _gateway_incident(event))
        if verdict.status is Result.ACCEPTED:
            self.seen[event.id] = event.content
        return verdict

    def _seen_before(self, event: events.Event, known: str) -> Verdict:
        if known == event.content:
            return Verdict(event.id, Result.DUPLICATE)
        detail = "this id was accepted before with other content; the first stands"
        kept = effects.KeepConflict(event.id, event.type, event.content, event.body)
        return Verdict(
            event.id, Result.CONFLICT, "conflict", detail, (kept, _incident(event.id, "conflict", detail, event.body))
        )

    def _strange_key(self, data: events.SealedIdentity) -> list[Effect]:
        """An identity that nobody will open is kept, for its key may come back; once for each key, somebody is told."""
        if data.key is None or data.key in self.identity_keys:
            return []
        detail = f"sealed to the identity key {data.key}, which central does not hold: put it back, or correct the hall"
        return [_incident(f"identity-key/{data.key}", "unknown_identity_key", detail, None)]

    # --- devices ---

    def _enrol(self, event: events.Event, data: events.Enrolled) -> Verdict:
        if data.hall != self.hall:
            return _reject(event.id, event.id, "bad_field", f"hall: this key belongs to {self.hall}", event.body)
        try:
            found = certificate.identify(data.certificate, data.device, self.hall, self.authority)
        except ProtocolError as error:
            return _reject(event.id, event.id, error.code, error.detail, event.body, data.device)
        expected = f"device/{data.device}/{found.fingerprint[:16]}"
        if event.id != expected:
            return _reject(event.id, event.id, "bad_field", f"id: expected {expected}", event.body, data.device)
        pinned = self.devices.get(data.device)
        if pinned is not None and pinned.hall != self.hall:
            detail = f"{data.device} is known in another hall; the first stands"
            return Verdict(
                event.id,
                Result.CONFLICT,
                "conflict",
                detail,
                (
                    effects.KeepConflict(event.id, event.type, event.content, event.body),
                    _incident(event.id, "conflict", detail, event.body, data.device),
                ),
            )
        keep: list[Effect] = []
        if pinned is None:
            self.devices[data.device] = Device(self.hall, found.key)
            keep.append(effects.PinDevice(data.device, found.key))
        # of another key than the pinned one, too: it counts once the device's own event 4 names it, not before
        if found.fingerprint not in self.certificates:
            self.certificates.add(found.fingerprint)
            keep.append(effects.KeepCertificate(data.device, found.fingerprint, data.certificate, data.window))
        return _accept(event, *keep)

    # --- records ---

    def _take_record(
        self, event: events.Event, data: events.SignedRecord, proof: Proof | ProtocolError | None
    ) -> Verdict:
        body = data.record
        if isinstance(proof, ProtocolError):
            return _reject(event.id, event.id, proof.code, proof.detail, body)
        if proof is None:
            raise ValueError("a record event comes with its proof")
        device, seq = proof.record.device, proof.record.head.seq

        def reject(code: str, detail: str) -> Verdict:
            return _reject(event.id, event.id, code, detail, body, device, seq)

        expected = f"record/{device}/{seq}/{proof.hash.hex()[:16]}"
        if event.id != expected:
            return reject("bad_field", f"id: expected {expected} for this record")
        if device in self.revoked:
            return reject("revoked_device", f"{device} was revoked; a later record of it proves nothing")
        pinned = self.devices.get(device)
        if pinned is None:
            return Verdict(
                event.id, Result.RETRY, "unknown_device", f"{device} is not enrolled here yet: send its event"
            )
        if pinned.hall != self.hall:
            return reject("bad_device", f"{device} belongs to another hall")
        in_force = chain.key_at(certificate.key_id(pinned.key), self.rotations.get(device, ()), seq)
        if in_force not in proof.tried:
            # it was enrolled between the two steps, or the certificate of its next key is still on its way
            detail = f"no certificate of {device} for the key {in_force} was known: send it, and this again"
            return Verdict(event.id, Result.RETRY, "unknown_device", detail)
        if proof.key is None:
            return reject("bad_signature", "the device's key did not sign these bytes")
        if proof.key != in_force:
            return reject("bad_signature", f"signed by the key {proof.key}; in force at {seq} is {in_force}")
        if max(seq, proof.record.head.uptime_ms, proof.record.head.wall_ms or 0) > events.MAX_INT:
            return reject("bad_field", "seq, uptime_ms or wall_ms is above 2^63-1, which no clock or counter reaches")
        return self._place(event, data, proof)

    def _place(self, event: events.Event, data: events.SignedRecord, proof: Proof) -> Verdict:
        read, device, seq = proof.record, proof.record.device, proof.record.head.seq
        head = self.heads.get(device, chain.START)
        stored = self.stored.get((device, seq))
        place = chain.judge(head, seq, read.head.prev, proof.hash, stored.hash if stored else None)
        if place == chain.DUPLICATE:
            # the record is here, though this event is not: it is taken for what else it says
            return Verdict(event.id, Result.DUPLICATE)
        if place in (chain.CONFLICT, chain.BROKEN):
            detail = {
                chain.CONFLICT: "another record with this seq is stored and stands; this one is kept apart",
                chain.BROKEN: f"it does not link to the head ({head.seq}); kept in quarantine",
            }[place]
            kept = effects.KeepApart(place, device, seq, proof.hash, data.record, event.body, data.received_at)
            status = Result.CONFLICT if place == chain.CONFLICT else Result.REJECTED
            incident = _incident(event.id, place, detail, data.record, device, seq)
            return Verdict(event.id, status, place, detail, (kept, incident))
        self.stored[device, seq] = Link(read.head.prev, proof.hash)
        self.tops[device] = max(seq, self.tops.get(device, 0))
        keep: list[Effect] = [
            effects.KeepRecord(read, data.record, proof.hash, place, data.received_at),
        ]
        following = chain.next_key(read)
        if following is not None:
            self.rotations.setdefault(device, []).append((seq, following))
            keep.append(effects.KeepRotation(device, seq, following))
            keep += self._remove_behind(device, seq)
        loss = chain.declared_loss(read)
        if loss is not None:
            self.losses.setdefault(device, []).append(loss)
            keep.append(effects.KeepLoss(device, loss[0], loss[1], seq))
        if place == chain.LINKED or loss is not None:
            keep += self._advance(device)
        keep.append(effects.MoveHead(device, self.heads.get(device, chain.START), self.tops[device]))
        code = detail = ""
        if data.binding is not None:
            code, detail = self._take_inner_decision(event, data, read, keep)
        return _accept(event, *keep, code=code, detail=detail)

    def _take_inner_decision(
        self, event: events.Event, data: events.SignedRecord, read: record.Record, keep: list[Effect]
    ) -> tuple[str, str]:
        # a good record is taken even if what the gateway says about it is not
        try:
            if read.kind != record.RATING:
                raise ValueError("binding: expected null, this record is not a rating")
            decision = events.read_decision(data.binding, read.device, read.head.seq)
        except ValueError as error:
            code, detail = "bad_field", f"the record was taken without its binding: {error}"
        else:
            code, detail = self._keep_decision(decision, keep)
        if code:
            keep.append(_incident(event.id, code, detail, event.body, read.device, read.head.seq))
        return code, detail

    def _advance(self, device: str) -> list[Effect]:
        """Move the head over what is stored or declared lost (spec 4.3, 4.4)."""
        keep: list[Effect] = []
        while True:
            head = self.heads.get(device, chain.START)
            seq = head.seq + 1
            link = self._find(device, seq)
            if link is None:
                beyond = chain.step_over(head, self.losses.get(device, ()))
                if beyond == head:
                    return keep
                self.heads[device] = beyond
            elif chain.judge(head, seq, link.prev, link.hash, None) == chain.LINKED:
                self.heads[device] = chain.step(head, seq, link.hash)
            else:
                detail = f"it came early and does not link to the head ({head.seq}); kept in quarantine"
                keep += self._remove(device, seq, link, detail)

    def _remove_behind(self, device: str, seq: int) -> list[Effect]:
        """What waits behind an event 4 was signed by the old key, for no other was in force (spec 7.6)."""
        at = seq
        while found := self.after(device, at):
            for above, link in found.items():
                if (device, above) not in self._gone:
                    self.stored.setdefault((device, above), link)
            at = max(found)
        keep: list[Effect] = []
        for of, above in sorted(self.stored):
            if of == device and above > seq:
                detail = f"it came early, signed by a key that is no longer in force after {seq}; kept in quarantine"
                keep += self._remove(device, above, self.stored[device, above], detail)
        return keep

    def _remove(self, device: str, seq: int, link: Link, detail: str) -> list[Effect]:
        del self.stored[device, seq]
        self._gone.add((device, seq))
        about = f"record/{device}/{seq}/{link.hash.hex()[:16]}"
        return [effects.Quarantine(device, seq), _incident(about, chain.BROKEN, detail, None, device, seq)]

    def _find(self, device: str, seq: int) -> Link | None:
        link = self.stored.get((device, seq))
        if link is None and seq <= self.tops.get(device, 0):
            first, next_held = self._bare.get(device, (0, 0))
            if first <= seq < next_held:
                return None  # asked before: the database holds nothing up to there
            held = self.after(device, seq - 1)
            for above, found in held.items():
                # the database still holds what this batch has put into quarantine
                if (device, above) not in self._gone:
                    self.stored.setdefault((device, above), found)
            self._bare[device] = (seq, min(held, default=events.MAX_INT))
            link = self.stored.get((device, seq))
        return link

    # --- bindings ---

    def _take_decision(self, event: events.Event, data: events.Decision) -> Verdict:
        pinned = self.devices.get(data.device)
        if pinned is None:
            return Verdict(event.id, Result.RETRY, "unknown_device", f"{data.device} is not enrolled here yet")
        if pinned.hall != self.hall:
            detail = f"{data.device} belongs to another hall"
            return _reject(event.id, event.id, "bad_device", detail, event.body, data.device, data.seq)
        keep: list[Effect] = []
        code, detail = self._keep_decision(data, keep)
        if code:
            kept = effects.KeepConflict(event.id, event.type, event.content, event.body)
            incident = _incident(event.id, code, detail, event.body, data.device, data.seq)
            return Verdict(event.id, Result.CONFLICT, code, detail, (kept, incident))
        return _accept(event, *keep)

    def _keep_decision(self, decision: events.Decision, keep: list[Effect]) -> tuple[str, str]:
        name = (decision.device, decision.seq, decision.number)
        content = events.content_of(decision)
        known = self.decisions.get(name)
        if known is None:
            self.decisions[name] = content
            keep.append(effects.KeepDecision(decision, content))
        elif known != content:
            return "conflict", f"binding {decision.number} was accepted before with other content; the first stands"
        return "", ""


def _accept(event: events.Event, *keep: Effect, code: str = "", detail: str = "") -> Verdict:
    seen = effects.SeenEvent(event.id, event.type, event.content)
    return Verdict(event.id, Result.ACCEPTED, code, detail, (seen, *keep))


def _reject(
    name: str, about: str, code: str, detail: str, body: bytes, device: str | None = None, seq: int | None = None
) -> Verdict:
    return Verdict(name, Result.REJECTED, code, detail, (_incident(about, code, detail, body, device, seq),))


def _incident(
    about: str, code: str, detail: str, body: bytes | None, device: str | None = None, seq: int | None = None
) -> effects.KeepIncident:
    if seq is not None and seq > events.MAX_INT:
        seq = None
    kept = body[:512] if body else None
    return effects.KeepIncident(about, code, "central", device, seq, None, detail[:4000], kept)


def _gateway_incident(event: events.Event) -> effects.KeepIncident:
    data = event.data
    if not isinstance(data, events.Incident):
        raise ValueError(f"no decision for {event.type}")
    return effects.KeepIncident(
        event.id, data.code, "gateway", data.device, data.seq, data.at, data.detail, data.body or None
    )
