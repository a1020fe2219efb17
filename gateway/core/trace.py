"""The life of one record, from the press to the centre's answer, in words that a hall manager understands. Pure.

No sentence says which star was pressed, nor why; two ratings that differ in nothing else give the same text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.core import explain
from gateway.core.binding import Binding
from gateway.core.explain import BEIJING_MS

KINDS = {1: "评价", 2: "设备事件", 3: "自检"}
#: A receipt that comes later than this after the press was held up on the way.
LATE_MS = 60_000


class State(StrEnum):
    """Where a fact is on its way to central."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Delivery:
    """The record itself (``number`` 0) or its ``number``-th decision, on its way to central."""

    number: int
    state: State
    at_ms: int | None = None
    attempts: int = 0
    next_ms: int = 0
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Life:
    """What the database knows of a record. Times in milliseconds since 1970; ``wall_ms`` and ``error_ms`` are the
    device's own word, None if it did not know the time; ``head`` is the last seq that a receipt covers."""

    device: str
    seq: int
    kind: int
    window: str | None
    wall_ms: int | None
    error_ms: int | None
    received_ms: int
    linked: bool
    head: int
    decisions: Sequence[tuple[int, Binding, int]] = ()
    deliveries: Sequence[Delivery] = ()
    adopted: bool = True
    """False: central declared it 不予采纳."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the story, with its sentences."""

    title: str
    lines: tuple[str, ...]


def story(life: Life, now_ms: int, zone_ms: int = BEIJING_MS) -> list[Chapter]:
    """Everything that happened, in its order."""
    chapters = [Chapter("产生", _made(life, zone_ms)), Chapter("入库", _stored(life, zone_ms))]
    if life.kind == 1:
        lines = [line for decision in life.decisions for line in explain.sentences(*decision, zone_ms)]
        chapters.append(Chapter("关联", tuple(lines) or ("没有判定：记录还在等它前面的记录。",)))
    chapters.append(Chapter("上传", _sent(life, now_ms, zone_ms)))
    return chapters


def missing(device: str, seq: int, head: int, lost: Sequence[tuple[int, int]], known: bool) -> str:
    """Why there is no record with this seq."""
    if not known:
        return f"本大厅没有登记过评价器 {device}。"
    for first, last in lost:
        if first <= seq <= last:
            return f"{device} 第 {first} 至 {last} 条记录已由设备声明丢失（闪存损坏），此事已报告中心。"
    if seq > head:
        return f"没有收到 {device} 第 {seq} 条记录；已收齐到第 {head} 条。设备可能还没有产生它，或离线保存着。"
    return f"{device} 第 {seq} 条记录应当在库中却没有；请运行 hcp gateway fsck。"


def _made(life: Life, zone_ms: int) -> tuple[str, ...]:
    what = KINDS.get(life.kind, "记录")
    where = f"窗口 {life.window}" if life.window else "未登记窗口"
    said = [f"评价器 {life.device}（{where}）的第 {life.seq} 条记录，是一条{what}。"]
    if life.wall_ms is None or life.error_ms is None:
        said.append("产生时设备不知道时间。")
    else:
        said.append(
            f"设备时间 {explain.moment(life.wall_ms, zone_ms)}，误差不超过 {explain.seconds(life.error_ms)} 秒。"
        )
    return tuple(said)


def _stored(life: Life, zone_ms: int) -> tuple[str, ...]:
    said = [f"网关 {explain.moment(life.received_ms, zone_ms)} 收到，验过设备签名，写入磁盘后才给回执。"]
    if life.wall_ms is not None and life.received_ms - life.wall_ms - (life.error_ms or 0) > LATE_MS:
        late_ms = life.received_ms - life.wall_ms
        said.append(f"比产生晚约 {late_ms // 60_000} 分钟：其间保存在设备上。")
    if life.linked:
        said.append("与前一条记录首尾相接，链条完整。")
    else:
        said.append("它前面有记录还没有到，暂存等待；到齐前不给回执。")
    if life.linked and life.seq <= life.head:
        said.append(f"回执已覆盖到第 {life.head} 条，设备可以删除自己的副本。")
    return tuple(said)


def _sent(life: Life, now_ms: int, zone_ms: int) -> tuple[str, ...]:
    if not life.deliveries:
        return ("没有排队上传：记录还在等它前面的记录。" if not life.linked else "没有上传记载（旧版本没有留存）。",)
    said = [_delivery(one, now_ms, zone_ms) for one in life.deliveries]
    if not life.adopted:
        said.append("中心已宣布不予采纳：评价保留，不计入统计。")
    return tuple(said)


def _delivery(one: Delivery, now_ms: int, zone_ms: int) -> str:
    what = "记录" if one.number == 0 else f"第 {one.number} 次判定"
    if one.state is State.WAITING:
        tries = f"，已试 {one.attempts} 次" if one.attempts else ""
        when = f"，{explain.moment(one.next_ms, zone_ms)} 再试" if one.next_ms > now_ms else ""
        return f"{what}在等待上传{tries}{when}。"
    if one.state is State.DEAD:
        return f"{what}被中心拒收，列为死信：{one.answer}"
    words = "已收下" if one.state is State.ACCEPTED else "答复早已收下（重复送达，不重复计数）"
    at = explain.moment(one.at_ms, zone_ms) if one.at_ms is not None else "时间不明"
    return f"{what} {at} 由中心{words}。"
