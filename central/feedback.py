"""Comprehensive feedback 综合评价: what came by opinion box, hotline, e-mail, platform and the like.

It is about the whole, names no case, and is no rating: it stands in a table of its own and in no rate (JX 二(五)3,
LZ 二(一)3, MOT 第八条). Which channels there are is the policy's to say.
"""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from sqlalchemy import Connection, func, insert, select

from central import audit, paper
from central.clock import Clock
from central.core import events, spoken
from central.core.audit_chain import Kind
from central.core.refusal import Refusal
from central.core.roles import Viewer
from central.store import Store
from central.tables import feedback

MAX_TEXT = 2000
RULE = "本系统规则：综合评价"


class Given(BaseModel):
    """登记的综合评价。channel 为规定中的渠道名称，key 为该渠道自己的编号（来电号、信件号）。"""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    hall: events.DeviceId
    channel: events.Text
    key: events.Text
    text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT), AfterValidator(spoken.readable)]
    given_at: events.Time
    level: spoken.NamedLevel | None = None


class Feedback:
    """Threads may share it."""

    def __init__(self, store: Store, clock: Clock):
        self._store = store
        self._clock = clock

    def enter(self, viewer: Viewer, given: Given) -> int | Refusal:
        """Take one down; gives its number. The same one again gives the same number."""
        channels = self._store.rules.comprehensive
        if given.channel not in channels:
            known = "、".join(f"{name}（{title}）" for name, title in channels.items()) or "（没有）"
            title = self._store.rules.title
            return Refusal("no_channel", f"{title}的综合评价渠道为：{known}；实为 {given.channel}", RULE)
        now_ms = self._clock.now_ms()
        with self._store.write() as connection:
            if not paper.sees(connection, viewer, given.hall):
                return Refusal("no_right", "您没有该大厅的登记权限；请由该大厅的管理员授权", "本系统规则：权限")
            row = {
                "hall": given.hall,
                "channel": given.channel,
                "key": given.key,
                "level": given.level,
                "text": given.text,
                "given_ms": given.given_at,
            }
            here = (feedback.c.hall == given.hall, feedback.c.channel == given.channel, feedback.c.key == given.key)
            known_row = connection.execute(select(feedback).where(*here)).one_or_none()
            if known_row is not None:
                if all(getattr(known_row, name) == value for name, value in row.items()):
                    return int(known_row.id)
                return Refusal("feedback_known", "该渠道的这个编号已登记过，内容不同；先前的保留", RULE)
            row |= {"entered_by": viewer.id, "received_ms": now_ms}
            number = connection.execute(insert(feedback).returning(feedback.c.id), row).scalar_one()
            audit.append(connection, now_ms, viewer.id, Kind.WRITE, f"feedback/{number}", "登记综合评价")
            return number


def counts(connection: Connection, hall: str) -> dict[str, int]:
    """How many by channel."""
    table = feedback.c
    query = select(table.channel, func.count()).where(table.hall == hall).group_by(table.channel)
    return {channel: number for channel, number in connection.execute(query.order_by(table.channel))}
