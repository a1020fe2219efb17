"""The list of malicious raters 恶意评价人员信息库 (SP 8.1), as this project keeps it (C-9).

Nobody is refused: every rating is kept, shown, and handled if it is bad. An entry only sets the rater's ratings aside
from the statistics, from its decision to its end, and then only if two different people decided so, each with a reason.
It always has an end; the citizen may appeal, and a third person who decided nothing before looks at that. A program
never makes an entry, and the list holds no name: a rater is a keyed hash (`core.rating_token.rater`).
"""

from dataclasses import dataclass, replace

from central.core.refusal import Refusal

#: The longest that an entry may last: a year.
LONGEST_MS = 366 * 86_400_000
MIN_REASON = 10
RULE = "本系统规则 C-9"


@dataclass(frozen=True)
class Entry:
    """Times in ms. ``agreed`` is None while nobody has decided; ``removed_ms``: an appeal was allowed."""

    rater: str
    proposed_by: str
    proposed_ms: int
    basis: str
    expires_ms: int
    decided_by: str | None = None
    decided_ms: int | None = None
    agreed: bool | None = None
    decision: str | None = None
    appealed_ms: int | None = None
    appeal: str | None = None
    reviewed_by: str | None = None
    reviewed_ms: int | None = None
    removed_ms: int | None = None
    review: str | None = None


def propose(rater: str, person: str, basis: str, expires_ms: int, now_ms: int) -> Entry | Refusal:
    """The first person, with the basis for it. Nothing is set aside yet."""
    if len(basis.strip()) < MIN_REASON:
        return Refusal("basis_missing", f"须写明认定为恶意评价的依据，不少于 {MIN_REASON} 字", RULE)
    if not now_ms < expires_ms <= now_ms + LONGEST_MS:
        return Refusal("expiry_missing", "须写明到期时间，在今天以后、一年以内；到期自动移出", RULE)
    return Entry(rater, person, now_ms, basis.strip(), expires_ms)


def decide(entry: Entry, person: str, agreed: bool, reason: str, now_ms: int) -> Entry | Refusal:
    """The second person agrees or does not."""
    if entry.agreed is not None:
        return Refusal("decided", "该提请已有决定；如情况有变，请重新提请", RULE)
    if person == entry.proposed_by:
        return Refusal("same_person", "列入须由两名不同的人员决定：提请人不能自己决定，请交由其他人员", RULE)
    if len(reason.strip()) < MIN_REASON:
        return Refusal("reason_missing", f"须写明决定的理由，不少于 {MIN_REASON} 字", RULE)
    if now_ms >= entry.expires_ms:
        return Refusal("expired", "该提请所写的到期时间已过，请重新提请", RULE)
    return replace(entry, decided_by=person, decided_ms=now_ms, agreed=agreed, decision=reason.strip())


def appeal(entry: Entry, words: str, now_ms: int) -> Entry | Refusal:
    """The citizen does not accept it. One appeal at a time."""
    if not sets_aside(entry, now_ms):
        return Refusal("not_listed", "目前没有列入，无需申诉", RULE)
    if entry.appealed_ms is not None and entry.reviewed_ms is None:
        return Refusal("appealed", "申诉已收到，正在复核，请等待结果", RULE)
    return replace(entry, appealed_ms=now_ms, appeal=words.strip(), reviewed_by=None, reviewed_ms=None, review=None)


def review(entry: Entry, person: str, remove: bool, reason: str, now_ms: int) -> Entry | Refusal:
    """A third person decides about the appeal."""
    if entry.appealed_ms is None or entry.reviewed_ms is not None:
        return Refusal("no_appeal", "没有待复核的申诉", RULE)
    if person in (entry.proposed_by, entry.decided_by):
        return Refusal("same_person", "提请或决定列入的人员不得复核申诉，请交由其他人员", RULE)
    if len(reason.strip()) < MIN_REASON:
        return Refusal("reason_missing", f"须写明复核的理由，不少于 {MIN_REASON} 字", RULE)
    removed_ms = now_ms if remove else None
    return replace(entry, reviewed_by=person, reviewed_ms=now_ms, review=reason.strip(), removed_ms=removed_ms)


def sets_aside(entry: Entry, at_ms: int) -> bool:
    """Whether a rating given at ``at_ms`` is set aside. One that was wrongly listed never was: all come back."""
    if not entry.agreed or entry.decided_ms is None or entry.removed_ms is not None:
        return False
    return entry.decided_ms <= at_ms < entry.expires_ms
