"""当事人同意: without a record of it, no identity is given to a third party (WZ 第十条, MOT 第十条, LZ 二(一)4, SP 5.4;
个人信息保护法第二十三条, which holds everywhere)."""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from enum import StrEnum

from central.core.refusal import Refusal

MAX_RECIPIENT = 200
MAX_EVIDENCE = 500
MIN_EVIDENCE = 4
ARTICLE = "WZ 第十条、MOT 第十条、SP 5.4；《个人信息保护法》第二十三条"


class Part(StrEnum):
    """What of an identity somebody agreed to have given away."""

    NAME = "name"
    PHONE = "phone"


@dataclass(frozen=True)
class Consent:
    """``recipient``: to whom. It holds from when it was given until ``until_ms``, unless it was taken back before."""

    recipient: str
    scope: frozenset[Part]
    given_ms: int
    until_ms: int
    withdrawn_ms: int | None = None

    def covers(self, recipient: str, wanted: Set[Part], now_ms: int) -> bool:
        return (
            self.recipient == recipient
            and wanted <= self.scope
            and self.given_ms <= now_ms < self.until_ms
            and (self.withdrawn_ms is None or now_ms < self.withdrawn_ms)
        )


def refusal(consents: Iterable[Consent], recipient: str, wanted: Set[Part], now_ms: int) -> Refusal | None:
    """Why these parts may not be given to this recipient now; None: one consent covers them all."""
    if wanted and any(each.covers(recipient, wanted, now_ms) for each in consents):
        return None
    sentence = "未经当事人同意，不得将评价人信息提供给第三方；请先征得同意并登记：同意人、时间、接收方、范围"
    return Refusal("consent", sentence, ARTICLE)


def record_refusal(
    recipient: str, scope: Set[Part], evidence: str, given_ms: int, until_ms: int, now_ms: int
) -> Refusal | None:
    """What is wrong with a consent that is to be written down; None: nothing."""
    wrong = ""
    if not 0 < len(recipient.strip()) <= MAX_RECIPIENT or not recipient.isprintable():
        wrong = f"接收方：写明提供给谁，不超过 {MAX_RECIPIENT} 个字"
    elif not scope:
        wrong = "范围：至少选择一项"
    elif not MIN_EVIDENCE <= len(evidence.strip()) <= MAX_EVIDENCE or not evidence.isprintable():
        wrong = f"依据：写明当事人如何表示同意，{MIN_EVIDENCE} 至 {MAX_EVIDENCE} 个字"
    elif not given_ms <= now_ms < until_ms:
        wrong = "时间：同意须已经作出，且尚未到期"
    return Refusal("consent_record", wrong, ARTICLE) if wrong else None
