"""Commands to devices (spec 5.4): what may be asked, how long it is tried, and what became of it.

    queued ──sent──▶ sent ──▶ done · failed          the device's last answer
       │               ├─ sent, heard ─▶ sent        sent again until there is one; a word on the way puts the end off
       └───────────────┴──▶ expired · replaced       nobody answered in time; the same was asked with other arguments

A command is sent again, under the same id, whenever its device connects and after a while of silence. So a device may
get one that it carried out already. What must not be done twice says what it is meant for: ``reboot`` the start that it
ends, ``update`` the set, ``rotate_key`` the certificate. To blink, or to test itself, twice does no harm.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

QUEUED = "queued"
SENT = "sent"
DONE = "done"
FAILED = "failed"
EXPIRED = "expired"
REPLACED = "replaced"
OPEN = (QUEUED, SENT)
STATES = (QUEUED, SENT, DONE, FAILED, EXPIRED, REPLACED)

#: (state, what happened) -> state. Whatever is not in it changes nothing. An answer after the end of the patience is
#: still the truth.
TABLE = {
    (QUEUED, "sent"): SENT,
    (SENT, "sent"): SENT,
    (QUEUED, "heard"): SENT,
    (SENT, "heard"): SENT,
    (QUEUED, "late"): EXPIRED,
    (SENT, "late"): EXPIRED,
    (QUEUED, "replaced"): REPLACED,
    (SENT, "replaced"): REPLACED,
    (QUEUED, "done"): DONE,
    (SENT, "done"): DONE,
    (EXPIRED, "done"): DONE,
    (QUEUED, "failed"): FAILED,
    (SENT, "failed"): FAILED,
    (EXPIRED, "failed"): FAILED,
}

LOG_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_MINUTE_MS = 60_000
_DAY_MS = 86_400_000


class CommandError(Exception):
    """This cannot be commanded; ``code`` is one of the business API's, the text says what was expected."""

    def __init__(self, code: str, detail: str):
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Kind:
    """What a command is called, how long it may be without a word, after how much silence it is sent again.

    ``on_ready``: also whenever the device connects. An update goes on by itself and would only begin anew.
    """

    title: str
    patience_ms: int
    repeat_ms: int
    on_ready: bool = True


KINDS = {
    "identify": Kind("闪灯寻机", _MINUTE_MS, 15_000),
    "selftest": Kind("自检", 5 * _MINUTE_MS, 30_000),
    "reboot": Kind("重启", 5 * _MINUTE_MS, 30_000),
    "log_level": Kind("日志级别", _DAY_MS, 60_000),
    "update": Kind("固件升级", _DAY_MS, 60_000, on_ready=False),
    "rotate_key": Kind("更换密钥", _DAY_MS, 60_000),
}

#: What a device says of a command that it does not carry out (spec 5.6, 7.6): why, and what to do.
REASONS = {
    "bad_command": "命令内容不完整；请用本系统的命令重新下发",
    "on_trial": "上一次升级还在试运行，尚未确认；请待评价器联网运行几分钟、确认后重试",
    "no_slots": "这台评价器没有两套固件分区，不能在线升级；请用数据线刷写",
    "no_key": "评价器的固件未内置发布公钥，不接受在线升级；请用数据线刷写带公钥的固件",
    "bad_signature": "清单不是由评价器信任的发布密钥签署；请核对发布来源，用 hcp firmware verify 检查",
    "bad_manifest": "清单内容无效；请用 hcp firmware sign 重新生成",
    "foreign": "这套固件用于另一种设备；请选用与评价器型号相符的发布",
    "downgrade": "评价器已是这个版本或更高版本，拒绝降级；无需处理，或签发更高版本",
    "too_old": "评价器现有版本过低，不能直接升级到这一版；请先升级到清单要求的中间版本",
    "bad_hash": "收到的文件与清单不符；请用 hcp firmware verify 检查后重新发布",
    "no_room": "评价器存储空间不足；请待记录上传、收到回执后重试，反复出现时请送修",
    "bad_certificate": "证书与新密钥或评价器编号不符；请重新下发换钥命令",
    "no_memory": "评价器内存不足；请先重启评价器（hcp device reboot），再重新下发",
    "not_stored": "证书未能写入评价器；请重启评价器后重试，反复出现时请送修",
}


@dataclass(frozen=True, slots=True)
class Command:
    """One command and all that is known of it. ``args`` are as the device gets them; ``by`` is the system that asked.

    ``done`` and ``total`` are bytes of what the device fetches; ``text`` is its last answer.
    """

    id: int
    device: str
    name: str
    args: Mapping[str, int | str]
    by: str
    state: str
    created_ms: int
    deadline_ms: int
    sent_ms: int | None = None
    sends: int = 0
    heard_ms: int | None = None
    ended_ms: int | None = None
    text: str = ""
    done: int = field(default=0)
    total: int = field(default=0)

    @property
    def open(self) -> bool:
        return self.state in OPEN


def read(value: object) -> tuple[str, dict[str, int | str]]:
    """Name and arguments of what an operator asks, ``{"name", "args"}``. Raises CommandError.

    The arguments are those of an operator: ``level`` of a self-test (1 to 5) or of the log (by name), ``release`` of an
    update (SHA-256 of its manifest).
    """
    if not isinstance(value, dict) or not {"name"} <= set(value) <= {"name", "args"}:
        raise CommandError("bad_command", "expected {name, args}")
    name, args = value["name"], value.get("args", {})
    if not isinstance(name, str) or name not in KINDS:
        raise CommandError("bad_command", f"name: expected one of {' '.join(KINDS)}, got {str(name)[:20]!r}")
    if not isinstance(args, dict):
        raise CommandError("bad_command", "args: expected an object")
    return name, _ARGUMENTS.get(name, _none)(args)


def _none(args: dict) -> dict[str, int | str]:
    if args:
        raise CommandError("bad_command", "args: this command takes none")
    return {}


def _selftest(args: dict) -> dict[str, int | str]:
    level = args.get("level")
    if not args:
        return {}
    if set(args) != {"level"} or isinstance(level, bool) or level not in (1, 2, 3, 4, 5):
        raise CommandError("bad_command", "args: expected level 1 to 5, or nothing for all keys")
    return {"level": level}


def _log_level(args: dict) -> dict[str, int | str]:
    level = args.get("level")
    if set(args) != {"level"} or not isinstance(level, str) or level not in LOG_LEVELS:
        raise CommandError("bad_command", f"args: expected level {' '.join(LOG_LEVELS)}")
    return {"level": LOG_LEVELS[level]}


def _update(args: dict) -> dict[str, int | str]:
    release = args.get("release")
    if set(args) != {"release"} or not isinstance(release, str) or len(release) != 64:
        raise CommandError("bad_command", "args: expected release, the SHA-256 of a manifest in hex")
    if set(release) - set("0123456789abcdef"):
        raise CommandError("bad_command", "args: release is 64 lower-case hex digits")
    return {"manifest": release}


_ARGUMENTS: dict[str, Callable[[dict], dict[str, int | str]]] = {
    "selftest": _selftest,
    "log_level": _log_level,
    "update": _update,
}


def new(number: int, device: str, name: str, args: Mapping[str, int | str], by: str, now_ms: int) -> Command:
    return Command(number, device, name, args, by, QUEUED, now_ms, now_ms + KINDS[name].patience_ms)


def follow(command: Command, what: str, now_ms: int, text: str = "") -> Command:
    """The command after something happened: ``sent``, ``heard``, ``done``, ``failed``, ``late`` or ``replaced``."""
    state = TABLE.get((command.state, what))
    if state is None:
        return command
    command = replace(command, state=state)
    if what == "sent":
        return replace(command, sent_ms=now_ms, sends=command.sends + 1)
    if what == "heard":
        return replace(command, heard_ms=now_ms, deadline_ms=now_ms + KINDS[command.name].patience_ms)
    text = text or command.text
    return replace(command, ended_ms=now_ms, text=text, heard_ms=now_ms if text else command.heard_ms)


def is_late(command: Command, now_ms: int) -> bool:
    return command.open and now_ms >= command.deadline_ms


def due_ms(command: Command) -> int:
    """When to send it (again), if its device is there."""
    last = [at for at in (command.sent_ms, command.heard_ms) if at is not None]
    if command.sent_ms is None or not last:
        return command.created_ms
    return max(last) + KINDS[command.name].repeat_ms


def progress(parts: list[tuple[bytes, int]], wanted: bytes, offset: int) -> tuple[int, int]:
    """``(done, total)`` bytes when a device asks for ``offset`` of one of the parts, (SHA-256, size) in their order."""
    total = sum(size for _, size in parts)
    before = 0
    for digest, size in parts:
        if digest == wanted:
            return min(before + offset, total), total
        before += size
    return 0, total


def sentence(command: Command) -> str:
    """How it stands, for an operator: what happened and, if something is wrong, what to do. No word of a rating."""
    title = KINDS[command.name].title
    if command.state == QUEUED:
        return f"{title}：等待评价器 {command.device} 联网，连上后自动下发"
    if command.state == SENT:
        if command.total:
            return f"{title}：{command.device} 正在取数据，{command.done} / {command.total} 字节"
        return f"{title}：已下发 {command.device}，等待答复"
    if command.state == DONE:
        return f"{title}：{command.device} 已完成" + (f"（{command.text}）" if command.text else "")
    if command.state == REPLACED:
        return f"{title}：已由后一条同类命令取代"
    if command.state == EXPIRED:
        if not command.sends:
            return f"{title}：{command.device} 一直没有联网，命令已过期；请检查电源与网络后重新下发"
        return f"{title}：{command.device} 没有答复，命令已过期；请查看评价器是否在线、固件是否支持，再重新下发"
    reason = REASONS.get(command.text, command.text or "未说明原因")
    return f"{title}：{command.device} 未执行：{reason}"
