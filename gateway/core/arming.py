"""What the device of a window should show now (spec 5.3)."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core.scene import Look, address
from gateway.core.timeline import Serving
from protocol import downlink

LINE_BYTES = 60
_PLAIN = Look()


@dataclass(frozen=True, slots=True)
class Show:
    """The serving to show, whether rating is invited, and when to look again (None: only after another event)."""

    serving: Serving | None
    armed: bool
    look_again_ms: int | None

    def left(self, now_ms: int) -> bool:
        """Whether the staff have left: the counter is empty, but for a citizen who has not rated yet."""
        return self.serving is not None and self.serving.left_ms is not None and self.serving.left_ms <= now_ms


def show(servings: Sequence[Serving], now_ms: int) -> Show:
    """Decide for one window: a service that was called is shown, one that was served is also armed until it ends."""
    current = next((s for s in servings if s.start_ms <= now_ms < s.end_ms), None)
    later = [s.start_ms for s in servings if s.start_ms > now_ms]
    if current:
        later.append(current.end_ms)
        if current.served_ms is not None and current.served_ms > now_ms:
            later.append(current.served_ms)
    armed = current is not None and current.served_ms is not None and current.served_ms <= now_ms
    return Show(current, armed, min(later, default=None))


def scene(
    shown: Show,
    token: bytes | None,
    item_name: str | None,
    undo_ms: int,
    window_open: bool = True,
    look: Look = _PLAIN,
    hall: str = "",
) -> downlink.Scene:
    """The scene for one device, its pictures apart; ``token`` is what it was issued, None if the serving is not armed
    or its token is used."""
    serving = shown.serving
    armed = shown.armed and token is not None and serving is not None
    lines: tuple[str, ...] = ()
    if serving:
        wanted = (item_name or "", f"工作人员 {serving.staff}" if serving.staff else "")
        lines = tuple(fit(line) for line in wanted if line)
    reasons = look.indicators.offered() if window_open else {}
    return downlink.Scene(
        token if armed else None,
        serving.end_ms if armed and serving else None,
        undo_ms,
        look.labels,
        look.indicators.version if reasons else 0,
        reasons,
        lines,
        address(look.page, hall, serving) if serving else None,
        None,
        downlink.OPEN if window_open else downlink.OUT_OF_SERVICE,
        None,
    )


def fit(text: str, size: int = LINE_BYTES) -> str:
    """``text`` cut to ``size`` bytes of UTF-8, between characters, with an ellipsis if something was cut."""
    raw = text.encode()
    if len(raw) <= size:
        return text
    return raw[: size - 3].decode(errors="ignore") + "…"
