"""Who acts in the loop, and who must keep out of it 回避.

The rules of keeping out, in one place:

- whoever is rated, or handled this 办件, neither handles the bad rating nor reviews it (WZ 第五条, MOT 第五条); a rated
  staff member may appeal where the policy gives that right, and does nothing else;
- whoever handled it does not review it, and whoever reviewed it does not handle it (WZ 第五条3款);
- where the policy has a third party review, the reviewer belongs to another institution;
- an objection to 不予采纳 is decided by somebody else than the one who decided it;
- only the institution that the rating belongs to handles it (谁办理、谁负责).
"""

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum


class Party(StrEnum):
    """The hats. One person may own several; in one bad rating the rules above keep them apart."""

    SYSTEM = "system"
    CITIZEN = "citizen"
    STAFF = "staff"
    HANDLER = "handler"
    REVIEWER = "reviewer"
    SUPERVISOR = "supervisor"


#: As an official says it. A policy may name the office (`LoopRules.offices`).
TITLES = {
    Party.SYSTEM: "系统",
    Party.CITIZEN: "评价人",
    Party.STAFF: "被评价工作人员",
    Party.HANDLER: "处置员",
    Party.REVIEWER: "复核员",
    Party.SUPERVISOR: "地区管理员",
}


@dataclass(frozen=True)
class Actor:
    """A person under one hat. ``id`` is the same under every hat; the system and the citizen have no institution."""

    id: str
    party: Party
    org: str = ""


@dataclass(frozen=True)
class People:
    """Who has had to do with one bad rating. All of it only grows, except ``org`` never changes at all."""

    org: str  # the institution that the rating belongs to
    rated: str | None = None  # the staff member rated, None if nobody is known
    involved: Set[str] = frozenset()  # others who handled the 办件 itself
    handled: Set[str] = frozenset()
    reviewed: Set[str] = frozenset()
    excluded_by: str | None = None  # the reviewer who last decided 不予采纳


def conflict(actor: Actor, people: People, third_party: bool, objection: bool = False) -> str | None:
    """Why this actor must keep out, as a sentence; None if nothing stands in the way.

    ``third_party``: the policy has reviews done by another institution. ``objection``: what is to be decided is an
    objection to an earlier decision.
    """
    person, party = actor.id, actor.party
    if party in (Party.SYSTEM, Party.CITIZEN):
        return None
    if party is Party.STAFF:
        return None if person == people.rated else "只有被评价的工作人员本人可以提出，他人不能代为提出"
    if person == people.rated:
        return "被评价的工作人员须回避：不得处置、复核或督办对本人的评价，请交由其他人员办理"
    if person in people.involved:
        return "办理该办件的人员须回避：不得处置、复核或督办对该办件的评价，请交由其他人员办理"
    if party is Party.HANDLER:
        if actor.org != people.org:
            return "谁办理、谁负责：该差评由其归属单位的处置员办理，其他单位不能代办"
        return "复核过该差评的人员不得再处置，请交由其他处置员办理" if person in people.reviewed else None
    if person in people.handled:
        return "处置过该差评的人员不得复核或督办，请交由其他人员办理"
    if party is Party.REVIEWER:
        if third_party and actor.org == people.org:
            return "复核由第三方进行：承办单位的人员不得复核本单位的差评，请交由复核单位办理"
        if objection and person == people.excluded_by:
            return "作出不予采纳决定的人员不得复核对该决定的异议，请交由其他复核员办理"
    return None
