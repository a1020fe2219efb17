"""What a citizen's text is about, and the words in which an answer speaks of the same.

A keyword overlap and no more: it can tell that an answer never comes near the subject, not that it is a good one.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from central.core.text_fold import Folded


@dataclass(frozen=True)
class Topic:
    name: str
    raised: re.Pattern[str]
    answered: re.Pattern[str]


def _topic(name: str, raised: str, answered: str) -> Topic:
    return Topic(name, re.compile(raised), re.compile(answered))


ATTITUDE = "服务态度"
_ATTITUDE = "态度|语气|不耐烦|冷漠|推诿|爱理不理|甩脸|吼|骂|恶劣|凶"
TOPICS = (
    _topic(
        ATTITUDE,
        _ATTITUDE,
        _ATTITUDE + "|用语|言语|语言|耐心|礼貌|争执|争吵|服务规范|文明服务|微笑|监控|录音|录像|生硬",
    ),
    _topic(
        "办事系统",
        "系统|白屏|闪退|卡顿|打不开|网页|app|报错|登录不|网站|验证码",
        "系统|平台|程序|服务器|白屏|闪退|卡顿|网页|页面|网站|app|浏览器|接口|登录|验证码",
    ),
    _topic(
        "等候和办理时间",
        "排队|等了|等待|太慢|很慢|效率|拖了|拖延|太久|叫号",
        "排队|等候|等待|时间|时长|效率|叫号|时限|办结|工作日|延误|超时|高峰|分流|进度|拖延|窗口",
    ),
    _topic("申请材料", "材料|证明|复印|来回跑|跑了|一次性告知", "材料|证明|复印|告知|清单|资料|要件|免交|证件"),
    _topic("收费", "收费|多收|乱收|费用|退费", "收费|费用|金额|退|缴|价格|票据|标准"),
    _topic(
        "窗口无人",
        "没人|无人|不在岗|空岗|关门|早退|提前下班",
        "在岗|空岗|离岗|脱岗|顶岗|值班|下班|上班|午休|无人|轮岗|人员",
    ),
)


def unanswered(raised: Folded, answers: Sequence[Folded]) -> Iterator[tuple[Topic, tuple[int, int]]]:
    """Topics of the citizen's text that no part of the answer touches, with their place in the folded text."""
    for topic in TOPICS:
        match = topic.raised.search(raised.text)
        if match and not any(topic.answered.search(answer.text) for answer in answers):
            yield topic, match.span()
