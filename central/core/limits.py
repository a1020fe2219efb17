"""From what a policy says to a term that the calendar can count (`central/core/deadlines.py`)."""

from central.core.deadlines import Term
from central.core.policy import Policy
from central.core.policy_words import EVENTS
from central.core.terms import OVERRIDE, Said, Timer


def term(policy: Policy, timer: Timer) -> Term | None:
    """The term with the words of its event and its articles. None for what is due at once: it ends when it begins."""
    if timer.amount is None or timer.unit is None:
        return None
    return Term(timer.amount, timer.unit, EVENTS[timer.start], cited(policy, timer) or "")


def cited(policy: Policy, *said: Said | None) -> str | None:
    """Where these stand, each place once, as a case file cites it: 附件2 二(二)、第十二条. None if nothing is said."""
    ids = [article for one in said if one for article in one.article]
    places = ["本部署规定" if one == OVERRIDE else policy.articles[one].at for one in ids]
    return "、".join(dict.fromkeys(places)) or None
