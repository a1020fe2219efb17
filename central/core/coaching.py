"""The coach beside a form: what it says about the fields as they are typed, and where.

It advises. What it finds stops nobody who files; a reviewer who accepts what it calls failing says why.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from central.core import appeal_coach, moments, reply_coach
from central.core.deed_forms import Coach
from central.core.handling import Handling
from central.core.loop_checks import OUTCOMES
from central.core.text_parts import Part
from central.core.text_rules import Finding, Report, Weight

#: The coach's name of each ground and kind.
GROUNDS = {
    "mistaken.wrong_item": appeal_coach.Ground.WRONG_ITEM,
    "mistaken.wrong_digit": appeal_coach.Ground.WRONG_DIGIT,
    "mistaken.wrong_star": appeal_coach.Ground.WRONG_STAR,
    "malicious": appeal_coach.Ground.MALICIOUS,
    "refused": appeal_coach.Ground.REFUSED,
    "ineligible.not_eligible": appeal_coach.Ground.NOT_ELIGIBLE,
    "ineligible.wrong_data": appeal_coach.Ground.WRONG_DATA,
    "ineligible.unfamiliar": appeal_coach.Ground.UNFAMILIAR,
    "other.not_by_person": appeal_coach.Ground.NOT_BY_PERSON,
    "other.test_rating": appeal_coach.Ground.TEST_RATING,
    "other.foreign_system": appeal_coach.Ground.OTHER,
}
#: So much of a text is shown on either side of a hit.
_AROUND = 12


@dataclass(frozen=True)
class Hit:
    """``field``: the name of the form's field, or what the citizen wrote. ``words`` with what stands ``before`` and
    ``after`` it, all empty where something is missing; ``start`` and ``end`` count characters of the field as typed.
    ``code``: the clause as a policy numbers it. ``advice`` is empty where it was given for the hit before."""

    code: str
    article: str
    rule: str
    fails: bool
    field: str
    advice: str
    before: str = ""
    words: str = ""
    after: str = ""
    start: int | None = None
    end: int | None = None


def hits(coach: Coach, choice: str, handling: Handling, fields: Mapping[str, str], rated_text: str = "") -> list[Hit]:
    """What the coach says, in the order of the clauses. Raises TextTooLong, and KeyError for a ground it has not."""
    texts = _texts(fields, rated_text)
    found = [_hit(finding, texts) for finding in _report(coach, choice, handling, texts).findings]
    told: set[tuple[str, str, str]] = set()
    for place, hit in enumerate(found):
        if (hit.code, hit.field, hit.advice) in told:
            found[place] = replace(hit, advice="")
        told.add((hit.code, hit.field, hit.advice))
    return found


def _texts(fields: Mapping[str, str], rated_text: str) -> dict[Part, str]:
    parts = {part.value for part in Part}
    texts = {Part(name): text for name, text in fields.items() if name in parts and text.strip()}
    return {**texts, Part.RATED_TEXT: rated_text} if rated_text else texts


def _report(coach: Coach, choice: str, handling: Handling, texts: Mapping[Part, str]) -> Report:
    if coach is Coach.REPLY:
        return reply_coach.check(texts)
    calls = "".join(
        f"{moments.at(call.at_ms):%-m月%-d日}联系评价人，{OUTCOMES[call.outcome]}。" for call in handling.attempts
    )
    return appeal_coach.check(GROUNDS[choice], {**texts, Part.ATTEMPTS: calls} if calls else texts)


def _hit(finding: Finding, texts: Mapping[Part, str]) -> Hit:
    clause = finding.clause
    made = Hit(
        clause.requirement,
        clause.article,
        clause.words,
        finding.weight is Weight.FAILS,
        finding.part.value,
        finding.advice,
        start=finding.start,
        end=finding.end,
    )
    if finding.start is None or finding.end is None:
        return made
    text = texts[finding.part]
    return replace(
        made,
        before=text[max(0, finding.start - _AROUND) : finding.start],
        words=text[finding.start : finding.end],
        after=text[finding.end : finding.end + _AROUND],
    )
