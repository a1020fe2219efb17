"""Opening a sealed identity for a call-back: who may, why not, how often.

The handler of the institution that the rating belongs to, while it is open, with a reason; nobody who is rated or had a
part in the 办件. Everybody else sees that there is a contact and nothing of it: one character of a name and the last
digits of a phone are enough for a colleague who served that person.
"""

from central.core.handling import DAY_MS, TERMINAL, ZONE_MS, Handling
from central.core.parties import Actor, Party, conflict
from central.core.refusal import Refusal
from central.core.who_sees import Sight

MIN_REASON = 4
MAX_REASON = 200
#: Told also to who asks for one that there is not: that a bad rating exists is too much already.
UNSEEN = "没有这一件，或不在您的查看范围内"
_SEALED = "本系统规则：联系方式封存"
_KEEP_OUT = "回避规则（WZ 第五条、MOT 第五条）"


def reason_refusal(reason: str) -> Refusal | None:
    """What is wrong with a reason; None: nothing."""
    if MIN_REASON <= len(reason.strip()) <= MAX_REASON and reason.isprintable():
        return None
    sentence = f"查看联系方式须写明理由：{MIN_REASON} 至 {MAX_REASON} 个字，写在一行内"
    return Refusal("reason", sentence, _SEALED)


def refusal(sight: Sight, handling: Handling, actor: Actor | None, has_contact: bool) -> Refusal | None:
    """Why this person may not see whom to call; None: they may. ``sight``: what they see of the bad rating at all.
    ``actor``: under the hat of a handler, None if they do not wear it here."""
    if sight is not Sight.FILE:
        return Refusal("unseen", UNSEEN, _SEALED)
    if actor is None or actor.party is not Party.HANDLER:
        return Refusal("party", "评价人的联系方式只向该差评归属单位的处置员开放，供回访使用", _SEALED)
    keep_out = conflict(actor, handling.people, third_party=False)
    if keep_out is not None:
        return Refusal("conflict", keep_out, _KEEP_OUT)
    if handling.state in TERMINAL:
        return Refusal("closed", "该差评已经办结，不再查看评价人的联系方式；评价人要求重新处理后可以查看", _SEALED)
    if not has_contact:
        return Refusal("nothing", "无法回访：评价人未提供联系方式，或保存期限已满", _SEALED)
    return None


def limit_refusal(opened_today: int, most: int) -> Refusal | None:
    """Why not one more today; None: one more is fine."""
    if opened_today < most:
        return None
    sentence = f"今日查看联系方式已达 {most} 次上限，本次已记录并报告审计；确有需要，请联系审计人员调整"
    return Refusal("limit", sentence, _SEALED)


def day_start_ms(now_ms: int) -> int:
    """When this Beijing day began."""
    return (now_ms + ZONE_MS) // DAY_MS * DAY_MS - ZONE_MS
