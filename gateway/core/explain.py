"""A binding decision in sentences that a hall manager understands, with everything that it rests on.

Nothing here knows which star was pressed, so the sentences are the same for every star.
"""

from datetime import datetime, timedelta

from gateway.core import times
from gateway.core.binding import Binding, Rule, Status
from gateway.core.evidence import Clock, Evidence, Use
from gateway.core.timeline import Serving

#: The clock on the wall of a hall in China.
BEIJING_MS = 8 * 3_600_000
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the zone is added by hand

_RULES = {
    Rule.NO_WINDOW: "评价器没有登记窗口，或者该窗口不存在、已停用",
    Rule.TOKEN: "评价带有效令牌",
    Rule.UNKNOWN_TIME: "没有可用的令牌，也不知道按键的时间；时间查明后会重新判定",
    Rule.NO_SERVICE: "按键可能发生的时间里，本窗口没有正在办理的服务",
    Rule.INTERVAL: "按键可能发生的时间里，本窗口只有这一项服务",
    Rule.SEVERAL_SERVICES: "按键可能属于不止一项服务，系统不作猜测",
}
_TOKENS = {
    Use.VALID: "按键时令牌有效",
    Use.EARLY: "但按键早于令牌发放，令牌不作依据",
    Use.LEFT: "但按键时该服务已经离开本窗口",
    Use.ELSEWHERE: "与评价器所在窗口不符，令牌不作依据",
}


def sentences(number: int, decision: Binding, decided_ms: int, zone_ms: int = BEIJING_MS) -> list[str]:
    """The ``number``-th decision about a rating: when it was made, on what ground, and what it says."""
    grounds = decision.evidence
    found = [_head(number, decided_ms, zone_ms)]
    if grounds is None:
        found.append("这次判定由旧版本作出，没有留存依据。")
    else:
        found += [_time(decision, grounds, zone_ms), _token(grounds, zone_ms)]
        found += [_serving(serving, zone_ms) for serving in grounds.servings]
        if grounds.more:
            found.append(f"另有 {grounds.more} 段办理时间较远，未列出。")
    found.append(_verdict(decision, grounds))
    if decision.status is Status.BOUND:
        found.append(_staff(decision, grounds))
    return [sentence for sentence in found if sentence]


def _head(number: int, decided_ms: int, zone_ms: int) -> str:
    said = f"第 {number} 次判定作出于 {moment(decided_ms, zone_ms)}"
    return said + ("。" if number == 1 else f"，从此以它为准；第 {number - 1} 次判定原样保留。")


def _time(decision: Binding, grounds: Evidence, zone_ms: int) -> str:
    if grounds.first_ms is None or grounds.last_ms is None:
        return "评价器按键时不知道时间，目前也无法推定。"
    whose = "按评价器自己的时钟" if grounds.clock is Clock.DEVICE else "评价器按键时不知道时间，由它的其他记录推定"
    first, last = moment(grounds.first_ms, zone_ms), _clock(grounds.last_ms, zone_ms)
    if _day(grounds.last_ms, zone_ms) != _day(grounds.first_ms, zone_ms):
        last = moment(grounds.last_ms, zone_ms)
    error = seconds(decision.error_ms or 0)
    business = grounds.business_error_ms
    slack = f"，业务系统时钟误差 {seconds(business)} 秒" if business else ""
    return f"{whose}，按键在 {first} 至 {last} 之间（误差 {error} 秒{slack}）。"


def _token(grounds: Evidence, zone_ms: int) -> str:
    token = grounds.token
    if token is None:
        return "评价不带令牌：按键时评价器没有在邀请评价。"
    if token.issued_ms is None:
        return "评价带有令牌，但不是本网关发给这台评价器的，令牌不作依据。"
    issued = f"网关 {_clock(token.issued_ms, zone_ms)} 发给这台评价器的令牌"
    service = f"{token.window} 窗口，{_service(token.case_no, token.service_no)}"
    return f"评价带有{issued}（{service}），{_TOKENS[token.use]}。"


def _serving(serving: Serving, zone_ms: int) -> str:
    who = f"工作人员 {serving.staff}" if serving.staff else "工作人员不明"
    span = f"{_clock(serving.start_ms, zone_ms)} 至 {_clock(serving.end_ms, zone_ms)}"
    said = [f"{_service(serving.case_no, serving.service_no)} {span} 在 {serving.window} 窗口，{who}"]
    said.append(f"开始依据{_event(serving.begun_by)}")
    if serving.served_ms is not None:
        said.append(f"{_clock(serving.served_ms, zone_ms)} 办完并邀请评价，依据{_event(serving.served_by)}")
    if serving.left_ms is not None:
        said.append(f"{_clock(serving.left_ms, zone_ms)} 工作人员离开，此后只有带令牌的评价算数")
    said.append(f"结束依据{_event(serving.ended_by)}" if serving.ended_by else "到时限自动结束")
    return "；".join(said) + "。"


def _verdict(decision: Binding, grounds: Evidence | None) -> str:
    by = f"规则 {decision.rule}" + (f"，规则第 {grounds.rules} 版" if grounds else "")
    why = _RULES[decision.rule]
    if decision.status is Status.BOUND:
        return f"结论：关联到{_service(decision.case_no, decision.service_no)}，因为{why}（{by}）。"
    if decision.status is Status.AMBIGUOUS:
        named = "、".join(_service(*candidate) for candidate in decision.candidates)
        return f"结论：歧义，可能是{named}；{why}（{by}）。"
    return f"结论：不关联；{why}（{by}）。"


def _staff(decision: Binding, grounds: Evidence | None) -> str:
    people: list[str] = []
    for serving in grounds.servings if grounds else ():
        if serving.key == (decision.case_no, decision.service_no) and serving.staff and serving.staff not in people:
            people.append(serving.staff)
    changed = f"办理中途换过工作人员（{'、'.join(people)}），" if len(people) > 1 else ""
    if decision.staff:
        return f"{changed}按键时由工作人员 {decision.staff} 服务。"
    return f"{changed}按键时由谁服务不能确定，不计到个人。" if changed else "业务系统没有说明由谁服务，不计到个人。"


def _service(case_no: str | None, service_no: int | None) -> str:
    return f"办件 {case_no} 第 {service_no} 次服务"


def _event(name: str | None) -> str:
    if name is None:
        return "旧数据"
    source, _, event = name.rpartition("\n")
    return f" {source} 系统事件 {event}" if source else f"事件 {event}"


def moment(ms: int, zone_ms: int = BEIJING_MS) -> str:
    """A moment by the clock on the wall, with its day."""
    return f"{_day(ms, zone_ms)} {_clock(ms, zone_ms)}"


def seconds(ms: int) -> str:
    """A span in seconds, as short as it is exact."""
    return f"{ms / 1000:.3f}".rstrip("0").rstrip(".")


def _moment(ms: int, zone_ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=max(0, min(ms, times.MAX_MS - zone_ms)) + zone_ms)


def _clock(ms: int, zone_ms: int) -> str:
    when = _moment(ms, zone_ms)
    return when.strftime("%H:%M:%S") + (f".{when.microsecond // 1000:03d}" if when.microsecond else "")


def _day(ms: int, zone_ms: int) -> str:
    return _moment(ms, zone_ms).strftime("%Y-%m-%d")
