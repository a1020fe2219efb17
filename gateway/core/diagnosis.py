"""``hcp gateway doctor``: what the facts about a gateway mean, and what to do. Pure; ``gateway/doctor.py`` gathers.

Each rule looks at the facts it needs and gives one finding; a fact that could not be had is None and gives a finding
that says so, or none where nothing follows from it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

DAY_MS = 86_400_000
MINUTE_MS = 60_000
EXPIRY_WARN_MS = 60 * DAY_MS
EXPIRY_FAIL_MS = 7 * DAY_MS
CLOCK_WARN_MS = 2_000
CLOCK_FAIL_MS = 60_000
BACKLOG_WARN_MS = 30 * MINUTE_MS
BACKLOG_FAIL_MS = DAY_MS
SILENT_MS = 5 * MINUTE_MS


class Grade(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """``words`` say what was found, ``advice`` what to do (empty if nothing)."""

    area: str
    grade: Grade
    words: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Central:
    """How central answered. ``error``: why it did not; ``offset_ms``: its clock less ours, within a second."""

    status: int | None = None
    error: str = ""
    offset_ms: int | None = None


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """``heard_ms``: when it last said anything; ``waiting``: records it holds without a receipt."""

    device: str
    window: str
    heard_ms: int | None
    online: bool
    waiting: int | None
    error_ms: int | None


@dataclass(frozen=True)
class Facts:
    """All that is known of a gateway at ``now_ms``. Times in milliseconds, sizes in bytes."""

    now_ms: int
    running: bool
    checks: Mapping[str, bool] | None = None
    """What ``/readyz`` names; None: it did not answer."""
    open_files: tuple[str, ...] = ()
    """Secrets that others than the owner can read."""
    certificates: Mapping[str, int] = field(default_factory=dict)
    """Name → when it ends."""
    unnamed: str | None = None
    """The address of the broker, if its certificate does not name it."""
    free_bytes: int | None = None
    soft_bytes: int = 0
    database_error: str = ""
    alarms: tuple[str, ...] | None = None
    central: Central | None = None
    """None: no central is configured."""
    callees: bool | None = None
    """Whether central is told whom to call back; None: no applicant was named, so there is nobody to tell it of."""
    pending: int | None = None
    oldest_pending_ms: int | None = None
    dead_letters: int | None = None
    ledger_wrong: tuple[str, ...] | None = None
    devices: tuple[DeviceFacts, ...] = ()


def diagnose(facts: Facts) -> list[Finding]:
    """What every rule finds, in the order in which one would look."""
    return [finding for rule in RULES for finding in rule(facts)]


def worst(findings: list[Finding]) -> Grade:
    order = list(Grade)
    return max((finding.grade for finding in findings), key=order.index, default=Grade.OK)


# --- the rules -------------------------------------------------------------------------------------------------------


def _running(facts: Facts) -> list[Finding]:
    if not facts.running:
        return [Finding("运行", Grade.FAIL, "网关没有运行", "systemctl start hcp-gateway，或 hcp gateway run")]
    if facts.checks is None:
        return [Finding("运行", Grade.FAIL, "网关在运行，但管理端口没有应答", "看日志；一分钟后仍如此则重启网关")]
    words = {"database": "数据库", "broker": "与消息代理的连接", "intake": "收件线程"}
    down = [words.get(name, name) for name, good in facts.checks.items() if not good]
    if down:
        advice = "数据库：看磁盘与日志；消息代理：hcp broker check --live；收件线程：重启网关并报告日志"
        return [Finding("运行", Grade.FAIL, f"未就绪：{'、'.join(down)}", advice)]
    return [Finding("运行", Grade.OK, "网关在运行，各部分就绪")]


def _secrets(facts: Facts) -> list[Finding]:
    if facts.open_files:
        names = "、".join(facts.open_files)
        return [
            Finding("权限", Grade.FAIL, f"他人可以读取密钥文件：{names}", f"chmod 600 {' '.join(facts.open_files)}")
        ]
    return [Finding("权限", Grade.OK, "密钥文件只有网关用户可读")]


def _certificates(facts: Facts) -> list[Finding]:
    found = []
    for name, end_ms in sorted(facts.certificates.items(), key=lambda item: item[1]):
        left_ms = end_ms - facts.now_ms
        if left_ms < EXPIRY_WARN_MS:
            grade = Grade.FAIL if left_ms < EXPIRY_FAIL_MS else Grade.WARN
            when = f"还有 {left_ms // DAY_MS} 天到期" if left_ms > 0 else "已经过期"
            found.append(Finding("证书", grade, f"{name} 的证书{when}", "重新签发：见 docs/operations.md“证书”"))
    if facts.unnamed is not None:
        words = f"代理的证书里没有 {facts.unnamed}，评价器将拒绝连接"
        found.append(Finding("证书", Grade.WARN, words, "用评价器实际拨打的名字或地址重新签发服务器证书"))
    return found or [Finding("证书", Grade.OK, f"{len(facts.certificates)} 张证书都在有效期内")]


def _disk(facts: Facts) -> list[Finding]:
    if facts.free_bytes is None:
        return [Finding("磁盘", Grade.WARN, "无法得知剩余空间")]
    left = f"剩余 {facts.free_bytes / (1 << 30):.1f} GiB"
    if facts.free_bytes < facts.soft_bytes:
        words = f"{left}，低于停止收件的界限；评价保存在评价器上，不会丢失"
        return [Finding("磁盘", Grade.FAIL, words, "腾出空间；收件会在 5 秒内自行恢复")]
    if facts.free_bytes < 4 * facts.soft_bytes:
        return [Finding("磁盘", Grade.WARN, left, "尽快腾出空间或扩容")]
    return [Finding("磁盘", Grade.OK, left)]


def _database(facts: Facts) -> list[Finding]:
    if facts.database_error:
        return [Finding("数据库", Grade.FAIL, facts.database_error, "hcp gateway fsck；网关会自行抢救并另建新库")]
    if facts.alarms:
        words = f"告警：{'、'.join(facts.alarms)}"
        return [Finding("数据库", Grade.WARN, words, "见 docs/operations.md 中各告警的处置")]
    return [Finding("数据库", Grade.OK, "数据库可以读取" + ("" if facts.alarms is None else "，没有告警"))]


def _clock(facts: Facts) -> list[Finding]:
    offset_ms = facts.central.offset_ms if facts.central else None
    if offset_ms is None:
        return []
    words = f"本机时钟与中心相差约 {abs(offset_ms) / 1000:.0f} 秒"
    if abs(offset_ms) > CLOCK_FAIL_MS:
        return [
            Finding("时钟", Grade.FAIL, words, "启用时间同步（systemd-timesyncd 或 chrony）；时钟错会让评价无法关联")
        ]
    if abs(offset_ms) > CLOCK_WARN_MS:
        return [Finding("时钟", Grade.WARN, words, "检查时间同步")]
    return [Finding("时钟", Grade.OK, "本机时钟与中心一致")]


def _central(facts: Facts) -> list[Finding]:
    central = facts.central
    if central is None:
        return [Finding("中心", Grade.WARN, "没有设置中心系统，评价只存在本地", "设置 central_url 与 central_key")]
    if central.error:
        words = f"中心没有应答：{central.error}"
        return [Finding("中心", Grade.WARN, words, "检查网络与地址；离线期间评价保存在网关，恢复后自动上传")]
    if central.status in (401, 403):
        advice = "核对 central_key：它由 hcp central add-hall 生成"
        return [Finding("中心", Grade.FAIL, "中心不认本大厅的密钥", advice)]
    if central.status is None or central.status >= 400:
        return [Finding("中心", Grade.FAIL, f"中心答复 HTTP {central.status}", "把此答复告诉中心的管理员")]
    return [Finding("中心", Grade.OK, "中心可以到达，密钥有效")]


def _callees(facts: Facts) -> list[Finding]:
    if facts.callees is None:
        return []
    if facts.callees:
        return [Finding("联系方式", Grade.OK, "已按中心公钥加封上传，供回访")]
    advice = "向中心索取 hcp central identity-key 印出的公钥，设为 central_identity_key；近 30 天的会补传"
    return [Finding("联系方式", Grade.WARN, "没有设置中心公钥，差评将无法回访", advice)]


def _backlog(facts: Facts) -> list[Finding]:
    if facts.pending is None:
        return []
    if facts.pending and facts.oldest_pending_ms is not None:
        age_ms = facts.now_ms - facts.oldest_pending_ms
        words = f"{facts.pending} 项等待上传，最早的已等 {_span(age_ms)}"
        if age_ms > BACKLOG_WARN_MS:
            grade = Grade.FAIL if age_ms > BACKLOG_FAIL_MS else Grade.WARN
            return [Finding("上传", grade, words, "先看“中心”一项；恢复连接后会自动补传，先新后旧")]
        return [Finding("上传", Grade.OK, words)]
    return [Finding("上传", Grade.OK, f"{facts.pending} 项等待上传")]


def _letters(facts: Facts) -> list[Finding]:
    if not facts.dead_letters:
        return []
    advice = "hcp gateway replay 列出原因；解决后带理由重投"
    return [Finding("死信", Grade.WARN, f"{facts.dead_letters} 项被中心拒收", advice)]


def _ledger(facts: Facts) -> list[Finding]:
    if facts.ledger_wrong is None:
        return []
    if facts.ledger_wrong:
        words = "账目不平：" + "；".join(facts.ledger_wrong[:5])
        return [Finding("账目", Grade.FAIL, words, "保留数据目录，运行 hcp gateway fsck 并报告结果")]
    return [Finding("账目", Grade.OK, "收到 = 待传 + 已传 + 重复 + 拒收 + 隔离")]


def _devices(facts: Facts) -> list[Finding]:
    if not facts.devices:
        return [Finding("评价器", Grade.WARN, "还没有登记评价器", "hcp device enroll")]
    found = []
    for device in facts.devices:
        name = f"{device.device}（窗口 {device.window}）"
        if device.heard_ms is None:
            found.append(Finding("评价器", Grade.WARN, f"{name} 登记后从未连接", "检查接线与网络，或在设备屏上看代码"))
        elif not device.online and facts.now_ms - device.heard_ms > SILENT_MS:
            words = f"{name} 离线 {_span(facts.now_ms - device.heard_ms)}"
            found.append(Finding("评价器", Grade.WARN, words, "检查电源与网络；离线期间的评价保存在设备上"))
        elif device.error_ms is not None and device.error_ms > CLOCK_FAIL_MS:
            words = f"{name} 的时钟误差约 {_span(device.error_ms)}"
            found.append(Finding("评价器", Grade.WARN, words, "设备连上网关后会自行校准；持续如此则更换时钟电池"))
    online = sum(device.online for device in facts.devices)
    return found or [Finding("评价器", Grade.OK, f"{online}/{len(facts.devices)} 台在线")]


def _span(ms: int) -> str:
    if ms >= 2 * DAY_MS:
        return f"{ms // DAY_MS} 天"
    if ms >= 2 * 60 * MINUTE_MS:
        return f"{ms // (60 * MINUTE_MS)} 小时"
    if ms >= 2 * MINUTE_MS:
        return f"{ms // MINUTE_MS} 分钟"
    return f"{max(ms, 0) // 1000} 秒"


RULES: tuple[Callable[[Facts], list[Finding]], ...] = (
    _running, _secrets, _certificates, _disk, _database, _clock, _central, _callees, _backlog, _letters, _ledger,
    _devices,
)  # fmt: skip
