"""What a policy says about single ratings: how often, with which reason, and what may be added afterwards.

A deployment without a policy has no such rule. Nothing here costs a rating: a bad one without a reason is kept and
counted wherever it came from (C-11), and only says of itself that the reason is missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from central.core.policy import Policy
from central.core.rating import Level

#: Where a policy does not say which levels are bad.
BAD = (Level.DISSATISFIED, Level.VERY_DISSATISFIED)


@dataclass(frozen=True)
class RatingRules:
    """``bad``: the levels that enter the loop. ``reason_article``: who requires a reason of them, None: nobody."""

    bad: tuple[Level, ...] = BAD
    reason_article: str | None = None

    def reason_missing(self, level: Level, reasons: Sequence[int], text: str | None) -> bool:
        """Whether the policy required a reason and none was given: a tick or a word is one (应勾选或填写理由)."""
        return self.reason_article is not None and level in self.bad and not reasons and not (text or "").strip()


def rules(policy: Policy | None) -> RatingRules:
    """The rules of this policy."""
    if policy is None:
        return RatingRules()
    required = policy.reasons.on_bad is not None and policy.reasons.on_bad.value == "required"
    return RatingRules(
        bad=policy.levels.bad.value if policy.levels.bad else BAD,
        reason_article=policy.reasons.on_bad.article[0] if required and policy.reasons.on_bad else None,
    )
