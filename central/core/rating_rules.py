"""What a policy says about single ratings: how often, with which reason, what silence is, what may be added afterwards.

A deployment without a policy has no such rule. Nothing here costs a rating: a bad one without a reason is kept and
counted wherever it came from (C-11), and only says of itself that the reason is missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from central.core import limits
from central.core.deadlines import Term
from central.core.policy import Policy
from central.core.rating import Level
from central.core.refusal import Refusal

#: Where a policy does not say which levels are bad.
BAD = (Level.DISSATISFIED, Level.VERY_DISSATISFIED)


@dataclass(frozen=True)
class DefaultRule:
    """Silence counts as ``level`` once ``term`` has passed. ``whole``: 全部办结, every service of the case as well."""

    term: Term
    level: Level
    whole: bool
    article: str


@dataclass(frozen=True)
class RatingRules:
    """``bad``: the levels that enter the loop. ``good``: those that a regulation calls 好评, None: it does not say.

    ``reason_article``, ``centre_article``, ``register_article``: who requires a reason of a bad rating, has the centre
    rated once a day, has a list of malicious raters; None: nobody. ``online``: how often one rates online
    (``frequency.online``). ``supplement``: until when something may be added. ``comprehensive``: the channels of
    comprehensive feedback, by name, with their titles.
    """

    title: str = "本部署未选定管理办法"
    bad: tuple[Level, ...] = BAD
    good: tuple[Level, ...] | None = None
    good_article: str | None = None
    reason_article: str | None = None
    centre_article: str | None = None
    register_article: str | None = None
    online: str | None = None
    online_article: str | None = None
    supplement: Term | None = None
    default: DefaultRule | None = None
    comprehensive: Mapping[str, str] = field(default_factory=dict)

    def reason_missing(self, level: Level, reasons: Sequence[int], text: str | None) -> bool:
        """Whether the policy required a reason and none was given: a tick or a word is one (应勾选或填写理由)."""
        return self.reason_article is not None and level in self.bad and not reasons and not (text or "").strip()

    def unsaid(self, code: str, what: str, decision: str) -> Refusal:
        """This regulation knows no such thing. ``decision``: C-1 … C-22."""
        return Refusal(code, f"{self.title}没有规定{what}；部署单位确需使用的，须以写明理由的覆盖规定启用", decision)


def rules(policy: Policy | None) -> RatingRules:
    """The rules of this policy."""
    if policy is None:
        return RatingRules()
    levels, reasons, frequency, register = policy.levels, policy.reasons, policy.frequency, policy.malicious
    required = reasons.on_bad is not None and reasons.on_bad.value == "required"
    of_people = register.scope is not None and register.scope.value == "rater"
    within = policy.supplement.within
    return RatingRules(
        title=f"《{policy.source.title}》",
        bad=levels.bad.value if levels.bad else BAD,
        good=levels.good.value if levels.good else None,
        good_article=limits.cited(policy, levels.good),
        reason_article=limits.cited(policy, reasons.on_bad) if required else None,
        centre_article=limits.cited(policy, frequency.centre),
        register_article=limits.cited(policy, register.scope) if of_people else None,
        online=frequency.online.value if frequency.online else None,
        online_article=limits.cited(policy, frequency.online),
        supplement=limits.term(policy, within) if within else None,
        default=_default(policy),
        comprehensive={
            name: channel.title for name, channel in (policy.channels or {}).items() if channel.rates == "comprehensive"
        },
    )


def _default(policy: Policy) -> DefaultRule | None:
    said = policy.default
    term = limits.term(policy, said.after) if said.after else None
    if term is None or said.level is None:
        return None
    whole = said.whole is not None and said.whole.value
    return DefaultRule(term, said.level.value, whole, limits.cited(policy, said.after, said.level) or "")
