"""Who is on duty at each window, by its sign-ins and sign-outs."""

from gateway.core.business import Event, Type


class Shifts:
    """Takes sign-ins and sign-outs in the order of their time.

    A sign-in is forgotten after ``limit_ms``: yesterday's does not count today.
    """

    def __init__(self, limit_ms: int):
        self._limit_ms = limit_ms
        self._since: dict[str, tuple[str, int]] = {}

    def take(self, event: Event) -> None:
        assert event.window
        if event.type is Type.SIGN_IN:
            assert event.staff
            self._since[event.window] = event.staff, event.at_ms
        elif event.staff in (None, self.on_duty(event.window, event.at_ms)):
            self._since.pop(event.window, None)

    def on_duty(self, window: str, at_ms: int) -> str | None:
        staff, since_ms = self._since.get(window, (None, 0))
        return staff if at_ms - since_ms < self._limit_ms else None

    def since(self, window: str, since_ms: int, at_ms: int) -> str | None:
        """Who is on duty, if the sign-in was at ``since_ms`` or later."""
        return self.on_duty(window, at_ms) if self._since.get(window, ("", -1))[1] >= since_ms else None
