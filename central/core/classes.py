"""Kinds of rectification with limits of their own: 嘉祥's 立整立改, 限时整改, 协调整改 and 交通运输部's 情况复杂."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class HandlingClass:
    """``codes`` are the indicator codes that speak for it. Which codes those are is the policy's word: no number is
    national (DOMAIN 2.4)."""

    name: str
    title: str
    article: str
    codes: frozenset[str] = frozenset()


def choose(classes: Sequence[HandlingClass], codes: Iterable[str], otherwise: str | None) -> str | None:
    """The class of a bad rating with these reasons; the first in the policy's order if they speak for several, so a
    policy lists the most urgent first. ``otherwise`` where no code speaks for any, None in a policy without classes."""
    given = frozenset(codes)
    return next((each.name for each in classes if each.codes & given), otherwise)
