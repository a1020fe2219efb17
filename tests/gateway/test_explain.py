"""What a hall manager reads about a decision."""

from dataclasses import replace

from gateway.core.binding import Press, Token, bind
from gateway.core.explain import sentences
from gateway.core.timeline import Serving

T = 1_772_600_000_000  # 2026-03-04 12:53:20 in Beijing
ONE = Serving("A1", "C1", 1, "1001", T, T + 60_000, T + 30_000, None, "queue\ne1", "queue\ne2", "queue\ne3")
TWO = Serving("A1", "C2", 1, "1001", T + 60_000, T + 120_000, None, None, "queue\ne3")
TOKEN = Token("A1", "C1", 1, T + 30_500, "1001")


def told(*given, number=1, **more):
    return sentences(number, bind(*given, **more), T + 200_000)


def test_a_token_is_told_with_the_events_behind_it():
    assert told(Press(T + 40_000, 1500), "A1", TOKEN, [ONE, TWO]) == [
        "第 1 次判定作出于 2026-03-04 12:56:40。",
        "按评价器自己的时钟，按键在 2026-03-04 12:53:58.500 至 12:54:01.500 之间（误差 1.5 秒）。",
        "评价带有网关 12:53:50.500 发给这台评价器的令牌（A1 窗口，办件 C1 第 1 次服务），按键时令牌有效。",
        "办件 C1 第 1 次服务 12:53:20 至 12:54:20 在 A1 窗口，工作人员 1001；开始依据 queue 系统事件 e1；"
        "12:53:50 办完并邀请评价，依据 queue 系统事件 e2；结束依据 queue 系统事件 e3。",
        "结论：关联到办件 C1 第 1 次服务，因为评价带有效令牌（规则 token，规则第 1 版）。",
        "按键时由工作人员 1001 服务。",
    ]


def test_what_is_not_bound_says_why_and_names_the_candidates():
    late = told(Press(T + 61_000, 2000), "A1", None, [ONE, TWO], 500, number=2)
    assert late[0].endswith("从此以它为准；第 1 次判定原样保留。")
    assert "业务系统时钟误差 0.5 秒" in late[1] and "不带令牌" in late[2]
    assert late[-1] == (
        "结论：歧义，可能是办件 C1 第 1 次服务、办件 C2 第 1 次服务；按键可能属于不止一项服务，系统不作猜测"
        "（规则 several_services，规则第 1 版）。"
    )
    assert "没有正在办理的服务" in told(Press(T - 5000, 100), "A1", None, [ONE])[-1]
    unknown = told(Press(None, None), "A1", None, [ONE], carried=True)
    assert (
        "无法推定" in unknown[1] and "不是本网关发给这台评价器" in unknown[2] and "时间查明后会重新判定" in unknown[-1]
    )
    assert "没有登记窗口" in told(Press(T, 0), None, None, [])[-1]


def test_each_worth_of_a_token_has_its_words():
    assert "早于令牌发放" in told(Press(T + 10_000, 100), "A1", TOKEN, [ONE])[2]
    assert "已经离开本窗口" in told(Press(T + 90_000, 100), "A1", TOKEN, [ONE, TWO])[2]
    elsewhere = told(Press(T + 40_000, 100), "A1", replace(TOKEN, window="B2"), [ONE])
    assert "与评价器所在窗口不符" in elsewhere[2]


def test_a_change_of_staff_names_both():
    before, after = replace(ONE, end_ms=T + 30_000, served_ms=None), replace(ONE, staff="1002", start_ms=T + 30_000)
    assert told(Press(T + 40_000, 10), "A1", None, [before, after])[-1] == (
        "办理中途换过工作人员（1001、1002），按键时由工作人员 1002 服务。"
    )
    assert told(Press(T + 30_000, 10), "A1", None, [before, after])[-1] == (
        "办理中途换过工作人员（1001、1002），按键时由谁服务不能确定，不计到个人。"
    )


def test_any_time_a_device_may_state_has_words():
    for wall_ms, error_ms in ((0, 5), (2**63, 5), (T, 2**62)):
        assert "误差" in told(Press(wall_ms, error_ms), "A1", None, [])[1]
