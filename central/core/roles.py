"""Who may do what, and where: a person's grants, each a role with the part of the country it is for.

A role is a bundle of rights and at most one hat in the loop (`parties.Party`). One person may hold several grants; that
nobody handles and reviews the same bad rating is `parties.conflict`, and what a person with a part in the 办件 is kept
from is `who_sees`. Nothing here asks the policy but the names of offices.
"""

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from central.core.parties import Actor, Party, People
from central.core.policy import Policy


class Role(StrEnum):
    """``coordinator``: watches and does nothing in the loop (改革办, WZ 第五条1款). The public has no account."""

    STAFF = "staff"
    HANDLER = "handler"
    REVIEWER = "reviewer"
    REGION_ADMIN = "region_admin"
    SUPERVISOR = "supervisor"
    COORDINATOR = "coordinator"
    AUDITOR = "auditor"


ROLE_TITLES = {
    Role.STAFF: "窗口人员",
    Role.HANDLER: "处置员",
    Role.REVIEWER: "复核员",
    Role.REGION_ADMIN: "地区管理员",
    Role.SUPERVISOR: "监督员",
    Role.COORDINATOR: "统筹督导员",
    Role.AUDITOR: "审计",
}


class Scope(StrEnum):
    """``region``: with everything below it. ``own``: what concerns the person."""

    ALL = "all"
    REGION = "region"
    ORG = "org"
    HALL = "hall"
    OWN = "own"


SCOPE_TITLES = {Scope.ALL: "全系统", Scope.REGION: "地区", Scope.ORG: "机构", Scope.HALL: "大厅", Scope.OWN: "本人"}


class Right(StrEnum):
    """``files``: lists of bad ratings and their case files. ``act``: deeds. ``reveal``: open a sealed identity, with a
    reason. ``figures``: counts, never one rating. ``ratings``: single ratings as a list. ``audit``: the audit.
    ``register``: take in paper forms and feedback, and decide about the list of malicious raters."""

    FILES = "files"
    ACT = "act"
    REVEAL = "reveal"
    FIGURES = "figures"
    RATINGS = "ratings"
    AUDIT = "audit"
    REGISTER = "register"


RIGHTS: Mapping[Role, Set[Right]] = MappingProxyType(
    {
        Role.STAFF: frozenset({Right.ACT}),
        Role.HANDLER: frozenset({Right.FILES, Right.ACT, Right.REVEAL, Right.FIGURES}),
        Role.REVIEWER: frozenset({Right.FILES, Right.ACT, Right.FIGURES, Right.REGISTER}),
        Role.REGION_ADMIN: frozenset({Right.FILES, Right.ACT, Right.FIGURES, Right.REGISTER}),
        Role.SUPERVISOR: frozenset({Right.FILES, Right.ACT, Right.FIGURES, Right.REGISTER}),
        Role.COORDINATOR: frozenset({Right.FILES, Right.FIGURES}),
        Role.AUDITOR: frozenset({Right.FILES, Right.RATINGS, Right.FIGURES, Right.AUDIT}),
    }
)

#: The hat that a role wears in the loop.
HATS: Mapping[Role, Party] = MappingProxyType(
    {
        Role.STAFF: Party.STAFF,
        Role.HANDLER: Party.HANDLER,
        Role.REVIEWER: Party.REVIEWER,
        Role.REGION_ADMIN: Party.SUPERVISOR,
        Role.SUPERVISOR: Party.SUPERVISOR,
    }
)

#: For what a role may be given. A handler is for institutions (谁办理、谁负责), staff for what concerns themselves.
SCOPES: Mapping[Role, Set[Scope]] = MappingProxyType(
    {
        Role.STAFF: frozenset({Scope.OWN}),
        Role.HANDLER: frozenset({Scope.ORG}),
        Role.REVIEWER: frozenset({Scope.ALL, Scope.REGION}),
        Role.REGION_ADMIN: frozenset({Scope.ALL, Scope.REGION}),
        Role.SUPERVISOR: frozenset({Scope.ALL, Scope.REGION, Scope.HALL, Scope.ORG}),
        Role.COORDINATOR: frozenset({Scope.ALL, Scope.REGION}),
        Role.AUDITOR: frozenset({Scope.ALL}),
    }
)

#: Of regions, institutions and accounts. A colon or slash never occurs: they separate ids.
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


@dataclass(frozen=True)
class Place:
    """Where a rating belongs: the institution, the hall, and its region with those above it, the highest first and
    with ``/`` between ("wenzhou/lucheng"); empty where nobody registered one."""

    org: str
    region: str
    hall: str


@dataclass(frozen=True)
class Grant:
    """A role for a part. ``id``: of the region, institution or hall. Raises ValueError for what cannot be given."""

    role: Role
    scope: Scope
    id: str = ""

    def __post_init__(self) -> None:
        if self.scope not in SCOPES[self.role]:
            may = "、".join(SCOPE_TITLES[scope] for scope in Scope if scope in SCOPES[self.role])
            raise ValueError(f"{ROLE_TITLES[self.role]}的范围应为{may}，得到{SCOPE_TITLES[self.scope]}")
        if (self.scope in (Scope.ALL, Scope.OWN)) != (self.id == "") or (self.id and not ID.fullmatch(self.id)):
            raise ValueError(f"范围“{SCOPE_TITLES[self.scope]}”的编号不正确：{self.id or '（空）'}")

    def covers(self, org: str, region: str, hall: str) -> bool:
        """Whether this part holds the place. ``region`` is a path, see `Place`."""
        if self.scope is Scope.ALL:
            return True
        if self.scope is Scope.REGION:
            return self.id in region.split("/")
        if self.scope is Scope.ORG:
            return self.id == org
        return self.scope is Scope.HALL and self.id == hall


@dataclass(frozen=True)
class Viewer:
    """Who is signed in. ``id`` is the account, ``org`` the institution it belongs to, ``csrf`` goes into every form of
    the session, ``staff`` are the names ("hall/工号") under which windows know this person."""

    id: str
    name: str
    org: str
    grants: tuple[Grant, ...] = ()
    csrf: str = ""
    staff: frozenset[str] = frozenset()

    def roles(self) -> frozenset[Role]:
        return frozenset(grant.role for grant in self.grants)

    def parties(self) -> frozenset[Party]:
        """The hats this person owns somewhere."""
        return frozenset(HATS[role] for role in self.roles() if role in HATS)

    def may(self, right: Right) -> bool:
        """Whether anywhere at all."""
        return any(right in RIGHTS[role] for role in self.roles())

    def sees(self, org: str, region: str, hall: str, right: Right = Right.FILES) -> bool:
        """Whether a right reaches this place. What a part in the 办件 takes away again is `who_sees`."""
        return any(right in RIGHTS[grant.role] and grant.covers(org, region, hall) for grant in self.grants)

    def hats(self, org: str, region: str, hall: str) -> frozenset[Party]:
        """The hats this person wears at this place; that of window staff goes wherever the person is rated."""
        return frozenset(
            HATS[grant.role]
            for grant in self.grants
            if grant.role in HATS and (grant.scope is Scope.OWN or grant.covers(org, region, hall))
        )

    def is_one_of(self, people: Set[str]) -> bool:
        """Whether this person is among them, under whichever name."""
        return self.id in people or bool(self.staff & people)

    def actor(self, party: Party, people: People | None = None) -> Actor:
        """This person under one hat. ``people``: those of the bad rating, who may know the person by a 工号; a handler
        acts for the institution that the grant names."""
        if people is None:
            return Actor(self.id, party, self.org)
        known = ({people.rated} if people.rated else set()) | people.involved
        name = next(iter(sorted(self.staff & known)), self.id)
        handles = any(grant.role is Role.HANDLER and grant.id == people.org for grant in self.grants)
        return Actor(name, party, people.org if party is Party.HANDLER and handles else self.org)


def offices(policy: Policy) -> Mapping[Role, str]:
    """What a policy calls those who hold a role; the roles it names nobody for keep their own title."""
    said = policy.roles or {}
    named = {
        Role.HANDLER: said.get("handler"),
        Role.REVIEWER: policy.review.by,
        Role.REGION_ADMIN: said.get("supervisor"),
        Role.COORDINATOR: said.get("coordinator"),
    }
    return {**ROLE_TITLES, **{role: one.title for role, one in named.items() if one}}
