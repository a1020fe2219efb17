"""Binding: which service and which member of staff a rating belongs to (spec 9.2).

The rules, in this order; the first that applies decides:

1. ``no_window``     the device has no window, or its window does not exist: unbound.
2. ``token``         the press carries a token that was issued to this device, and it can have happened while that
                     service stood at the window and the token was out: bound. Without a time the token is enough,
                     because the device signed it while that scene was armed.
3. ``unknown_time``  no usable token and no time: unbound.
4. the press can have happened while
   ``no_service``    no service stood at the window: unbound;
   ``interval``      exactly one did: bound;
   ``several_services``  several did: ambiguous, and all of them are named. So is a token whose service had left the
                     window by then, beside the services that stood there: neither is guessed.

A press is never bound to a service that did not stand at the window at a possible moment of the press.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.core.timeline import Serving


class Status(StrEnum):
    BOUND = "bound"
    UNBOUND = "unbound"
    AMBIGUOUS = "ambiguous"


class Rule(StrEnum):
    TOKEN = "token"  # noqa: S105
    INTERVAL = "interval"
    NO_SERVICE = "no_service"
    SEVERAL_SERVICES = "several_services"
    NO_WINDOW = "no_window"
    UNKNOWN_TIME = "unknown_time"


@dataclass(frozen=True, slots=True)
class Press:
    """The moment of a press: the true time lies within ``wall_ms`` ± ``error_ms``; both None: unknown."""

    wall_ms: int | None
    error_ms: int | None

    def span(self, business_error_ms: int = 0) -> tuple[int, int] | None:
        """First and last possible moment on the clock of the business systems."""
        if self.wall_ms is None:
            return None
        error_ms = (self.error_ms or 0) + business_error_ms
        return self.wall_ms - error_ms, self.wall_ms + error_ms


@dataclass(frozen=True, slots=True)
class Token:
    """What the gateway knows of a case token that it issued."""

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
    """One decision. ``candidates``: the services of an ambiguous one; ``error_ms``: the press's own uncertainty."""

    status: Status
    rule: Rule
    window: str | None
    case_no: str | None = None
    service_no: int | None = None
    staff: str | None = None
    candidates: tuple[tuple[str, int], ...] = ()
    error_ms: int | None = None


def bind(
    press: Press, window: str | None, token: Token | None, servings: Sequence[Serving], business_error_ms: int = 0
) -> Binding:
    """Decide. ``window``: where the device stands, None if that window does not exist.

    ``token``: the one in the record if this gateway issued it to this device, else None. ``servings``: at least those
    at the window that meet the press, and those of the token's service. ``business_error_ms``: how far the clocks of
    the business systems may be off.
    """
    if window is None:
        return Binding(Status.UNBOUND, Rule.NO_WINDOW, None, error_ms=press.error_ms)
    span = press.span(business_error_ms)
    here = [s for s in servings if s.window == window]
    if token is not None and token.window == window:
        bound = _by_token(press, span, window, token, here)
        if bound:
            return bound
    else:
        token = None
    if span is None:
        return Binding(Status.UNBOUND, Rule.UNKNOWN_TIME, window)
    met = [s for s in here if s.meets(*span)]
    keys = sorted({s.key for s in met} | ({token.key} if token and met else set()))
    if not keys:
        return Binding(Status.UNBOUND, Rule.NO_SERVICE, window, error_ms=press.error_ms)
    if len(keys) > 1:
        return Binding(Status.AMBIGUOUS, Rule.SEVERAL_SERVICES, window, candidates=tuple(keys), error_ms=press.error_ms)
    return Binding(Status.BOUND, Rule.INTERVAL, window, *keys[0], _who(met), error_ms=press.error_ms)


def _by_token(
    press: Press, span: tuple[int, int] | None, window: str, token: Token, here: Iterable[Serving]
) -> Binding | None:
    own = [s for s in here if s.key == token.key]
    if span is None:
        then = [s for s in own if s.meets(token.issued_ms, token.issued_ms)]
        staff = _who(then) if then else token.staff
        return Binding(Status.BOUND, Rule.TOKEN, window, *token.key, staff)
    first_ms, last_ms = max(span[0], token.issued_ms), span[1]
    met = [s for s in own if first_ms <= last_ms and s.meets(first_ms, last_ms)]
    if not met:
        return None
    return Binding(Status.BOUND, Rule.TOKEN, window, *token.key, _who(met), error_ms=press.error_ms)


def _who(servings: Iterable[Serving]) -> str | None:
    """Who served, if that is one person for certain."""
    people = {s.staff for s in servings}
    return people.pop() if len(people) == 1 else None
