"""Opening an identity: for a call-back, by who may (`central.core.revealing`), with a reason, a few times a day.

Who asked for one, why, and what came of it is on the disk before anything opens, also if nothing does. Nothing is
handed to a third party without a record that the citizen agreed (`central.core.consent`).
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from enum import StrEnum

import structlog
from sqlalchemy import Connection, func, insert, select

from central import audit, consents, directory, handlings, identities, sight
from central.clock import Clock
from central.core import consent, revealing
from central.core.audit_chain import Kind
from central.core.consent import Consent, Part
from central.core.handling import DAY_MS
from central.core.parties import Actor, Party
from central.core.refusal import Refusal
from central.core.roles import Right, Viewer
from central.handlings import Held
from central.keyring import Keyring
from central.office import UnknownHandling
from central.settings import Settings
from central.store import Store
from central.tables import reveals
from protocol.identity import About, Callee, Contact, IdentityError

log = structlog.get_logger("central")

#: How often it is looked whether something has to be erased.
_LOOK_MS = 3_600_000


class Outcome(StrEnum):
    """What came of asking. ``GRANTED``: it was then opened, or could not be for want of its key."""

    GRANTED = "granted"
    REFUSED = "refused"
    LIMITED = "limited"


@dataclass(frozen=True)
class Reveal:
    """One row of ``reveals``, for the case file and the auditor."""

    account: str
    name: str
    org: str
    reason: str
    outcome: Outcome
    at_ms: int


@dataclass(frozen=True)
class Access:
    """What a reader of the file is told of the identity behind it. ``refusal``: why this reader may not have it opened;
    None: they may. ``asked`` are all who did, ``consents`` what the citizen agreed to, by number."""

    case_no: str | None
    service_no: int | None
    refusal: Refusal | None
    asked: list[Reveal]
    consents: Mapping[int, Consent]


def of_handling(connection: Connection, number: int) -> list[Reveal]:
    """Who asked for the identity behind a handling, in order."""
    table = reveals.c
    query = select(table.account, table.org, table.reason, table.outcome, table.at_ms)
    rows = connection.execute(query.where(table.handling == number).order_by(table.id))
    return [
        Reveal(
            row.account,
            directory.person_name(connection, row.account),
            row.org,
            row.reason,
            Outcome(row.outcome),
            row.at_ms,
        )
        for row in rows.all()
    ]


class Reveals:
    """Threads may share it."""

    def __init__(self, store: Store, settings: Settings, keys: Keyring, clock: Clock):
        self._store = store
        self._keys = keys
        self._clock = clock
        self._most = settings.reveals_per_day
        self._keep_ms = settings.keep_identity_days * DAY_MS
        self._next_ms = 0

    def warn_of_lost_keys(self) -> None:
        """Say at the start which sealed identities nobody can open any more."""
        with self._store.read() as connection:
            lost = identities.keys_in_use(connection) - self._keys.ids
        if lost:
            log.error("identities cannot be opened: put the lines of these keys back", keys=sorted(lost))

    # --- opening ---

    def may_reveal(self, viewer: Viewer, number: int) -> Refusal | None:
        """Why this viewer may not see whom to call, for a page that offers it or says why not; None: they may.

        Nothing opens and nothing is written. Raises UnknownHandling.
        """
        with self._store.read() as connection:
            held = _held(connection, number)
            return _refusal(connection, viewer, held)

    def access(self, viewer: Viewer, number: int) -> Access | None:
        """For the case file; None for who may not read it. Raises UnknownHandling."""
        with self._store.read() as connection:
            held = _held(connection, number)
            refusal = _refusal(connection, viewer, held)
            if refusal is not None and refusal.code == "unseen":
                return None
            service = _service(held)
            known = consents.of_service(connection, service) if service else {}
            return Access(held.case_no, held.service_no, refusal, of_handling(connection, number), known)

    def reveal(self, viewer: Viewer, number: int, reason: str) -> Callee | Refusal:
        """Whom to call back, and where. Raises UnknownHandling."""
        wrong = revealing.reason_refusal(reason)
        if wrong is not None:
            return wrong
        found = self._ask(viewer, number, reason.strip())
        return found if isinstance(found, Refusal) else self._open(found)

    def hand_over(
        self, viewer: Viewer, number: int, reason: str, recipient: str, wanted: Set[Part]
    ) -> Callee | Refusal:
        """The one way on which an identity may leave for a third party: as `reveal`, and no further than the citizen
        agreed to. Raises UnknownHandling."""
        now_ms = self._clock.now_ms()
        with self._store.read() as connection:
            held = _held(connection, number)
            service = _service(held)
            known = consents.of_service(connection, service).values() if service else ()
        refused = consent.refusal(known, recipient, wanted, now_ms)
        if refused is not None:
            return refused
        found = self.reveal(viewer, number, reason)
        return found if isinstance(found, Refusal) else _only(found, wanted)

    def _ask(self, viewer: Viewer, number: int, reason: str) -> tuple[About, str, bytes] | Refusal:
        """Write down that it was asked for, and what came of it. What it gives is still sealed."""
        now_ms = self._clock.now_ms()
        with self._store.write() as connection:
            held = _held(connection, number)
            refused = _refusal(connection, viewer, held)
            outcome = Outcome.REFUSED
            if refused is None:
                outcome = Outcome.GRANTED
                refused = revealing.limit_refusal(_opened_today(connection, viewer.id, now_ms), self._most)
                if refused is not None:
                    outcome = Outcome.LIMITED
            row = {"handling": number, "account": viewer.id, "org": viewer.org, "reason": reason}
            connection.execute(insert(reveals), {**row, "outcome": str(outcome), "at_ms": now_ms})
            kind = Kind.READ if refused is None else Kind.REFUSED
            words = (
                f"查看评价人联系方式：{reason}" if refused is None else f"未获准查看评价人联系方式：{refused.sentence}"
            )
            audit.append(connection, now_ms, viewer.id, kind, f"handling/{number}/identity", words)
            found = None if refused else identities.newest(connection, *_service_of(held))
        if outcome is Outcome.LIMITED:
            log.error("too many identities were asked for", account=viewer.id, handling=number, limit=self._most)
        if refused is not None:
            return refused
        assert found is not None and found["key"] is not None  # it has a phone: the gateway sealed it
        about = About(found["hall"], found["case_no"], found["service_no"], found["revision"])
        return about, found["key"], found["blob"]

    def _open(self, found: tuple[About, str, bytes]) -> Callee | Refusal:
        about, key, blob = found
        try:
            return self._keys.unseal(key, about, blob)
        except IdentityError as error:
            log.error("an identity does not open", hall=about.hall, key=key, reason=str(error))
            sentence = "联系方式无法打开：中心缺少对应的密钥，或内容已损坏；请联系系统管理员"
            return Refusal("sealed", sentence, "本系统规则：联系方式封存")

    # --- consents ---

    def record_consent(self, viewer: Viewer, number: int, given: Consent, evidence: str) -> int | Refusal:
        """Write down that the citizen agreed; gives its number. Whoever may call may. Raises UnknownHandling."""
        now_ms = self._clock.now_ms()
        wrong = consent.record_refusal(given.recipient, given.scope, evidence, given.given_ms, given.until_ms, now_ms)
        if wrong is not None:
            return wrong
        with self._store.write() as connection:
            held = _held(connection, number)
            refused = _refusal(connection, viewer, held)
            if refused is not None:
                return refused
            made = consents.record(connection, _service_of(held), given, evidence.strip(), viewer.id, now_ms)
            scope = "、".join(sorted(given.scope))
            words = f"登记当事人同意：向{given.recipient}提供 {scope}；{evidence.strip()}"
            audit.append(connection, now_ms, viewer.id, Kind.WRITE, f"handling/{number}/consent/{made}", words)
            return made

    def withdraw_consent(self, viewer: Viewer, number: int, consent_number: int) -> Refusal | None:
        """Write down that the citizen took it back. Raises UnknownHandling."""
        now_ms = self._clock.now_ms()
        with self._store.write() as connection:
            held = _held(connection, number)
            refused = _refusal(connection, viewer, held)
            if refused is not None:
                return refused
            if not consents.withdraw(connection, _service_of(held), consent_number, now_ms):
                return Refusal("consent_record", "没有这份同意，或者已经撤回", consent.ARTICLE)
            about = f"handling/{number}/consent/{consent_number}"
            audit.append(connection, now_ms, viewer.id, Kind.WRITE, about, "当事人撤回同意")
        return None

    # --- the end ---

    def erase(self) -> int:
        """Erase what is past its time, at most once an hour; gives how many. Its rows stay: that there was a name."""
        now_ms = self._clock.now_ms()
        if now_ms < self._next_ms:
            return 0
        self._next_ms = now_ms + _LOOK_MS
        erased = 0
        while True:
            with self._store.write() as connection:
                step = identities.erase(connection, now_ms - self._keep_ms, now_ms)
            erased += step
            if step < identities.STEP:
                break
        if erased:
            log.info("identities erased after their time", count=erased)
        return erased


def _held(connection: Connection, number: int) -> Held:
    held = handlings.load(connection, number)
    if held is None:
        raise UnknownHandling(number)
    return held


def _refusal(connection: Connection, viewer: Viewer, held: Held) -> Refusal | None:
    service = _service(held)
    contact = service is not None and identities.has_contact(connection, *service)
    seen = sight.sight(connection, viewer, held)
    return revealing.refusal(seen, held.handling, _actor(viewer, held), contact)


def _actor(viewer: Viewer, held: Held) -> Actor | None:
    """The viewer under a handler's hat. A handler's part is always an institution: the region plays no role."""
    if not viewer.sees(held.org, "", held.hall, Right.REVEAL):
        return None
    return viewer.actor(Party.HANDLER, held.handling.people)


def _service(held: Held) -> tuple[str, str, int] | None:
    return None if held.case_no is None or held.service_no is None else (held.hall, held.case_no, held.service_no)


def _service_of(held: Held) -> tuple[str, str, int]:
    service = _service(held)
    assert service is not None  # whoever may see a contact, there is one
    return service


def _opened_today(connection: Connection, account: str, now_ms: int) -> int:
    table = reveals.c
    mine = (table.account == account, table.outcome == str(Outcome.GRANTED))
    query = select(func.count()).where(*mine, table.at_ms >= revealing.day_start_ms(now_ms))
    return connection.execute(query).scalar_one()


def _only(callee: Callee, wanted: Set[Part]) -> Callee:
    def part(contact: Contact) -> Contact:
        return Contact(
            contact.name if Part.NAME in wanted else None,
            contact.phone if Part.PHONE in wanted else None,
        )

    return Callee(part(callee.applicant), None if callee.agent is None else part(callee.agent))
