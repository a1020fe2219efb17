"""What the routes of one application share. A route asks for it with ``web(request)``."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request

from gateway.core.figures import Snapshot
from gateway.feed import Feed
from gateway.service import Service
from gateway.web.pace import Pace
from gateway.web.systems import Systems


@dataclass(frozen=True)
class Web:
    """``checks`` names what must be true for the gateway to be ready; ``snapshot`` is for its figures."""

    service: Service
    systems: Systems
    checks: Callable[[], dict[str, bool]]
    feed: Feed
    snapshot: Callable[[], Snapshot]
    pace: Pace


def web(request: Request) -> Web:
    return request.app.state.web
