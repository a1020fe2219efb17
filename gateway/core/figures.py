"""The gateway's figures for Prometheus: one table of what is told and how it is made from a snapshot. Pure.

No figure tells a rating or a level: frames are counted, whatever they say (docs/operations.md). Labels are bounded: the
codes of spec 10, the names of our own parts, the enrolled devices.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

PREFIX = "hcp_"
Values = Mapping[str, float] | float | None


@dataclass(frozen=True)
class Snapshot:
    """What the parts of a gateway say of themselves at one moment.

    ``store`` is ``Store.facts()``, ``status`` is ``Service.status()``, ``devices`` is ``Service.devices()``.
    """

    checks: Mapping[str, bool]
    store: Mapping[str, Any]
    status: Mapping[str, Any]
    devices: tuple[Mapping[str, Any], ...] = ()
    alarms: tuple[str, ...] = ()
    queued_frames: int = 0
    sessions_lost: int = 0
    broker: Mapping[str, int] = field(default_factory=dict)
    central_error: str | None = None
    started_s: float = 0.0
    now_ms: int = 0


@dataclass(frozen=True)
class Figure:
    """``read`` gives one value, or one for each value of ``label``; None: not known now, so it is left out."""

    name: str
    kind: Literal["gauge", "counter"]
    words: str
    read: Callable[[Snapshot], Values]
    label: str = ""


def _device(name: str) -> Callable[[Snapshot], Values]:
    def read(snapshot: Snapshot) -> Values:
        found = {device["device"]: (device.get("telemetry") or {}).get(name) for device in snapshot.devices}
        return {device: value for device, value in found.items() if value is not None}

    return read


def _ledger(name: str) -> Callable[[Snapshot], Values]:
    return lambda s: (s.status.get("ledger") or {}).get(name)


def _flag(value: object) -> float:
    return float(bool(value))


FIGURES: tuple[Figure, ...] = (
    Figure("up", "gauge", "各部分是否正常（1 正常）", lambda s: {n: _flag(v) for n, v in s.checks.items()}, "part"),
    Figure("started_seconds", "gauge", "启动时刻（Unix 秒）", lambda s: s.started_s),
    Figure("alarm", "gauge", "正在发生的告警（1）", lambda s: dict.fromkeys(s.alarms, 1.0), "alarm"),
    # intake
    Figure("queued_frames", "gauge", "等待验签的消息数", lambda s: s.queued_frames),
    Figure("refused_total", "counter", "被拒收的消息数", lambda s: s.status["refused"], "code"),
    Figure("broker_sessions_lost_total", "counter", "代理忘记网关会话的次数", lambda s: s.sessions_lost),
    Figure("broker", "gauge", "内嵌代理的计数", lambda s: s.broker, "count"),
    # ledger
    Figure("ledger_balanced", "gauge", "账目是否平衡（1 平）", lambda s: _balanced(s)),
    Figure("ledger_frames", "gauge", "账目：收到的消息各在何处", lambda s: _places(s), "place"),
    # upstream
    Figure("outbox_pending", "gauge", "等待上传的事项数", lambda s: s.status["outbox"]["pending"]),
    Figure("outbox_dead", "gauge", "死信数", lambda s: s.status["outbox"]["dead"]),
    Figure("central_reachable", "gauge", "上次与中心通信是否成功（1 成功）", lambda s: _flag(s.central_error is None)),
    # store
    Figure("store_commits_total", "counter", "提交的事务数", lambda s: s.store["commits"]),
    Figure("store_failures_total", "counter", "失败的事务数", lambda s: s.store["failures"]),
    Figure("store_queued_jobs", "gauge", "等待写入的任务数", lambda s: s.store["queued_jobs"]),
    Figure("store_database_bytes", "gauge", "数据库大小", lambda s: s.store["database_bytes"]),
    Figure("store_log_bytes", "gauge", "预写日志大小", lambda s: s.store["log_bytes"]),
    Figure("store_left_bytes", "gauge", "还能写入的字节数", lambda s: s.store["left_bytes"]),
    Figure("store_free_bytes", "gauge", "磁盘剩余字节数", lambda s: s.store["free_bytes"]),
    Figure("store_refusing", "gauge", "因空间不足而停止收件（0 否 1 软界限 2 硬界限）", lambda s: _refusing(s)),
    # devices
    Figure("devices", "gauge", "登记的评价器数", lambda s: len(s.devices)),
    Figure("device_waiting_records", "gauge", "评价器上尚无回执的记录数", _device("waiting"), "device"),
    Figure("device_journal_used_permille", "gauge", "评价器日志区占用（千分比）", _device("used_permille"), "device"),
    Figure("device_heap_free_bytes", "gauge", "评价器空闲内存", _device("heap_free"), "device"),
    Figure("device_clock_error_ms", "gauge", "评价器时钟误差界（毫秒）", _device("error_ms"), "device"),
    Figure("device_stall_ms", "gauge", "评价器最长停顿（毫秒）", _device("stall_ms"), "device"),
    Figure("device_rssi_dbm", "gauge", "评价器信号强度", _device("rssi_dbm"), "device"),
    Figure("device_telemetry_age_seconds", "gauge", "距评价器上次报告的秒数", lambda s: _ages(s), "device"),
)


def _balanced(snapshot: Snapshot) -> Values:
    ledger = snapshot.status.get("ledger")
    return None if ledger is None else _flag(ledger["balanced"])


def _places(snapshot: Snapshot) -> Values:
    names = ("received", "pending", "synced", "duplicate", "rejected", "quarantined")
    return {name: value for name in names if (value := _ledger(name)(snapshot)) is not None}  # type: ignore[misc]


def _refusing(snapshot: Snapshot) -> Values:
    return {"ok": 0.0, "soft": 1.0, "hard": 2.0}[str(snapshot.store["overload"])]


def _ages(snapshot: Snapshot) -> Values:
    return {
        device["device"]: max(0, snapshot.now_ms - device["telemetry"]["at_ms"]) / 1000
        for device in snapshot.devices
        if device.get("telemetry")
    }
