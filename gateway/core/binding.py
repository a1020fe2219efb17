"""Binding: which service and which member of staff a rating belongs to (spec 9.2).

``RULES`` is the table: in its order, the first rule that answers decides. A rule is a function that looks at the
:class:`Facts` and gives a decision or None. To change one, change it here, raise ``VERSION``, and change its twin in
``tests/gateway/test_binding.py``; ``python -m tests.gateway.binding_table`` writes docs/binding.md anew.

A press is never bound to a service that did not stand at the window at a possible moment of the press, and it is bound
if exactly one did and no token says otherwise.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.core import evidence
from gateway.core.evidence import Clock, Evidence, TokenUse, Use
from gateway.core.timeline import Serving

#: Raised with every change of a rule; each decision keeps the one that it was made by.
VERSION = 1
#: The most that are named (spec 9.2); a press that vague is nobody's.
MAX_CANDIDATES = 100


class Status(StrEnum):
    BOUND = "bound"
    UNBOUND = "unbound"
    AMBIGUOUS = "ambiguous"


class Rule(StrEnum):
    NO_WINDOW = "no_window"
    TOKEN = "token"  # noqa: S105
    UNKNOWN_TIME = "unknown_time"
    NO_SERVICE = "no_service"
    INTERVAL = "interval"
    SEVERAL_SERVICES = "several_services"


@dataclass(frozen=True, slots=True)
class Press:
    """The moment of a press: the true time lies within ``wall_ms`` ± ``error_ms``; both None: unknown.

    ``dated``: not the record itself says so, but later ones (spec 8.4).
    """

    wall_ms: int | None
    error_ms: int | None
    dated: bool = False

    def span(self, business_error_ms: int = 0) -> tuple[int, int] | None:
        """First and last possible moment on the clock of the business systems."""
        if self.wall_ms is None:
            return None
        error_ms = (self.error_ms or 0) + business_error_ms
        return self.wall_ms - error_ms, self.wall_ms + error_ms

    def before(self, ms: int) -> bool:
        """Whether it was certainly over at that time of the gateway."""
        return self.wall_ms is not None and self.wall_ms + (self.error_ms or 0) < ms

    @property
    def clock(self) -> Clock:
        return Clock.UNKNOWN if self.wall_ms is None else Clock.DATED if self.dated else Clock.DEVICE


@dataclass(frozen=True, slots=True)
class Token:
    """What the gateway knows of a case token that it issued. ``issued_ms`` is the gateway's own time."""

    window: str
    case_no: str
    service_no: int
    issued_ms: int
    staff: str | None

    @property
    def key(self) -> tuple[str, int]:
        return self.case_no, self.service_no


@dataclass(frozen=True, slots=True)
class Binding:
    """One decision. ``candidates``: the services of an ambiguous one; ``error_ms``: the press's own uncertainty.

    Two decisions are the same if they say the same; on what evidence they say it does not matter.
    """

    status: Status
    rule: Rule
    window: str | None
    case_no: str | None = None
    service_no: int | None = None
    staff: str | None = None
    candidates: tuple[tuple[str, int], ...] = ()
    error_ms: int | None = None
    evidence: Evidence | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules look at.

    ``span``: the possible moments of the press; ``here``: all that stood at the window; ``met``: what of it stood there
    at a possible moment. ``token``: one that was issued to this device for this window; ``own``: where its service
    stood when the press could have carried it. ``keys``: the services that the press can mean by its time, and beside
    them that of a token which contradicts.
    """

    window: str | None
    span: tuple[int, int] | None
    here: tuple[Serving, ...]
    met: tuple[Serving, ...]
    token: Token | None
    own: tuple[Serving, ...]
    keys: tuple[tuple[str, int], ...]


def no_window(facts: Facts) -> Binding | None:
    """设备未登记窗口, 或窗口不存在、已停用: 不关联 (the device has no window, or that window is closed)"""
    if facts.window is None:
        return Binding(Status.UNBOUND, Rule.NO_WINDOW, None)
    return None


def token(facts: Facts) -> Binding | None:
    """评价带有发给本设备的令牌, 且令牌有效时该服务可能正在本窗口办理: 关联到该服务; 时间不明时仅凭令牌关联
    (the press carries a token of this device, and can have happened while it was out and its service stood here)"""
    if facts.token and facts.own:
        return Binding(Status.BOUND, Rule.TOKEN, facts.window, *facts.token.key, _who(facts.own))
    return None


def unknown_time(facts: Facts) -> Binding | None:
    """没有可用令牌, 时间也不明: 暂不关联, 待时间查明后重新判定 (no usable token and no time, as yet)"""
    if facts.span is None:
        return Binding(Status.UNBOUND, Rule.UNKNOWN_TIME, facts.window)
    return None


def no_service(facts: Facts) -> Binding | None:
    """误差范围内本窗口没有服务: 不关联 (no service stood at the window at a possible moment of the press)"""
    if not facts.met:
        return Binding(Status.UNBOUND, Rule.NO_SERVICE, facts.window)
    return None


def interval(facts: Facts) -> Binding | None:
    """误差范围内本窗口只有一项服务: 关联到该服务 (exactly one service stood there, and no token says otherwise)"""
    if len(facts.keys) == 1:
        return Binding(Status.BOUND, Rule.INTERVAL, facts.window, *facts.keys[0], _who(facts.met))
    return None


def several_services(facts: Facts) -> Binding | None:
    """误差范围内可能是几项服务, 或令牌所指服务已离开而窗口另有服务: 歧义, 列出全部候选, 不作猜测
    (several did, or the token names one that had left: all are named, none is guessed)"""
    named = facts.keys[:MAX_CANDIDATES]
    return Binding(Status.AMBIGUOUS, Rule.SEVERAL_SERVICES, facts.window, candidates=named)


#: The table. The first that answers decides; the last always answers.
RULES: tuple[tuple[Rule, Callable[[Facts], Binding | None]], ...] = (
    (Rule.NO_WINDOW, no_window),
    (Rule.TOKEN, token),
    (Rule.UNKNOWN_TIME, unknown_time),
    (Rule.NO_SERVICE, no_service),
    (Rule.INTERVAL, interval),
    (Rule.SEVERAL_SERVICES, several_services),
)


def bind(
    press: Press,
    window: str | None,
    token: Token | None,
    servings: Sequence[Serving],
    business_error_ms: int = 0,
    carried: bool = False,
) -> Binding:
    """Decide. ``window``: where the device stands, None if that window does not exist or is closed.

    ``token``: the one in the record if this gateway issued it to this device, else None; ``carried``: whether there was
    any. ``servings``: at least all those at the window of every service that stood there in the span of the press, and
    of the token's service. ``business_error_ms``: how far the clocks of the business systems may be off.
    """
    facts = _facts(press, window, token, servings, business_error_ms)
    said = next(answer for _, rule in RULES if (answer := rule(facts)) is not None)
    found = _evidence(press, facts, token, business_error_ms, carried or token is not None)
    whose = said.case_no, said.service_no, said.staff
    return Binding(said.status, said.rule, said.window, *whose, said.candidates, press.error_ms, found)


def _facts(
    press: Press, window: str | None, token: Token | None, servings: Sequence[Serving], business_error_ms: int
) -> Facts:
    span = press.span(business_error_ms)
    here = tuple(s for s in servings if s.window == window)
    met = tuple(s for s in here if span is not None and s.meets(*span))
    if token is None or window is None or token.window != window:
        return Facts(window, span, here, met, None, (), tuple(sorted({s.key for s in met})))
    issued_ms = token.issued_ms - business_error_ms
    own = [s for s in here if s.key == token.key and s.end_ms > issued_ms]
    if press.before(token.issued_ms):
        own = []
    elif span is not None:
        own = [s for s in own if s.meets(max(span[0], issued_ms), span[1], with_token=True)]
    keys = {s.key for s in met} | {token.key} if met else set()
    return Facts(window, span, here, met, token, tuple(own), tuple(sorted(keys)))


def _evidence(press: Press, facts: Facts, token: Token | None, business_error_ms: int, carried: bool) -> Evidence:
    first_ms, last_ms = facts.span or (None, None)
    keys = {*facts.keys, facts.token.key} if facts.token else facts.keys
    around = facts.span or (token.issued_ms if token else 0,) * 2
    servings, more = evidence.nearest([s for s in facts.here if s.key in keys], *around)
    used = _token_use(press, facts, token) if carried else None
    return Evidence(VERSION, press.clock, first_ms, last_ms, business_error_ms, used, servings, more)


def _token_use(press: Press, facts: Facts, token: Token | None) -> TokenUse:
    if token is None:
        return TokenUse(Use.UNKNOWN)
    if facts.token is None:
        use = Use.ELSEWHERE
    elif facts.own:
        use = Use.VALID
    else:
        use = Use.EARLY if press.before(token.issued_ms) else Use.LEFT
    return TokenUse(use, token.issued_ms, token.window, token.case_no, token.service_no)


def _who(servings: Iterable[Serving]) -> str | None:
    """Who served, if that is one person for certain."""
    people = {s.staff for s in servings}
    return people.pop() if len(people) == 1 else None
